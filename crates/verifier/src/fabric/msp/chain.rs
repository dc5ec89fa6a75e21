//! Certification chains, as Go's `Certificate.Verify` builds them out of an MSP's authorities.

use super::Msp;
use crate::fabric::certificate::{Certificate, Extensions};

/// Why a certificate is none of an MSP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChainFault {
    #[error("no chain to a root of the MSP")]
    None,
    #[error("more than one chain to a root of the MSP")]
    Ambiguous,
    #[error("it was never valid, or an unknown extension is critical")]
    Leaf,
    #[error("more than {MAX_CHECKS} signatures to check")]
    TooLong,
    /// Not implemented here, and peers may judge either way.
    #[error("constraints on names or policies are not supported")]
    Unsupported,
}

/// Signatures that Go checks at most for one certificate.
const MAX_CHECKS: usize = 100;

impl Msp {
    /// The one chain from a certificate up to a root, without the certificate; empty if it is a root itself
    /// (`getUniqueValidationChain`).
    ///
    /// Validity is judged at one second after the certificate's own beginning (`getValidityOptsForCert`), so that expiry
    /// never counts, but an authority has to have been valid then.
    pub(super) fn chain<'a>(&'a self, certificate: &Certificate) -> Result<Vec<&'a Certificate>, ChainFault> {
        let at = certificate.not_before.saturating_add(1);
        if certificate.extensions.unknown_critical || at > certificate.not_after {
            return Err(ChainFault::Leaf);
        }
        if certificate.extensions.constraints {
            return Err(ChainFault::Unsupported);
        }
        if self.roots.iter().any(|root| root.der == certificate.der) {
            return if serves(certificate, &[]) { Ok(Vec::new()) } else { Err(ChainFault::Leaf) };
        }
        let mut walk = Walk { msp: self, leaf: certificate, at, checks: 0, chains: Vec::new() };
        walk.climb(&mut Vec::new())?;
        walk.chains.retain(|chain| serves(certificate, chain));
        match walk.chains.len() {
            0 => Err(ChainFault::None),
            1 => Ok(walk.chains.swap_remove(0)),
            _ => Err(ChainFault::Ambiguous),
        }
    }
}

struct Walk<'a, 'b> {
    msp: &'a Msp,
    leaf: &'b Certificate,
    at: i64,
    checks: usize,
    chains: Vec<Vec<&'a Certificate>>,
}

impl<'a> Walk<'a, '_> {
    fn climb(&mut self, chain: &mut Vec<&'a Certificate>) -> Result<(), ChainFault> {
        let child: &Certificate = chain.last().copied().unwrap_or(self.leaf);
        let msp = self.msp;
        let roots = msp.roots.iter().map(|root| (root, true));
        let candidates = roots.chain(msp.intermediates.iter().map(|intermediate| (intermediate, false)));
        for (candidate, is_root) in candidates.filter(|(candidate, _)| candidate.subject == child.issuer) {
            self.checks += 1;
            if self.checks > MAX_CHECKS {
                return Err(ChainFault::TooLong);
            }
            let known = chain.iter().copied().chain([self.leaf]).any(|member| is_same(candidate, member));
            if known || !candidate.issued(child) || !is_valid(candidate, is_root, chain.len(), self.at) {
                continue;
            }
            chain.push(candidate);
            if is_root {
                self.chains.push(chain.clone());
            } else {
                self.climb(chain)?;
            }
            chain.pop();
        }
        Ok(())
    }
}

/// The same subject with the same key and the same alternative names (`alreadyInChain`).
fn is_same(one: &Certificate, other: &Certificate) -> bool {
    one.subject == other.subject
        && one.key_info == other.key_info
        && one.extensions.alternative_name == other.extensions.alternative_name
}

/// Whether an authority may stand above `below` others and a leaf, at this time (`isValid`).
fn is_valid(authority: &Certificate, is_root: bool, below: usize, at: i64) -> bool {
    let Extensions { basic, unknown_critical, .. } = authority.extensions;
    let long = basic
        .and_then(|basic| basic.path_length)
        .is_some_and(|most| u64::try_from(below).is_ok_and(|below| below > most));
    !unknown_critical
        && (authority.not_before..=authority.not_after).contains(&at)
        && (is_root || authority.is_ca())
        && !long
}

/// Whether no certificate of a chain excludes server authentication: what Go asks for where a caller names no usage, as
/// Fabric does not (`checkChainForKeyUsage`).
fn serves(leaf: &Certificate, chain: &[&Certificate]) -> bool {
    let usages =
        chain.iter().copied().chain([leaf]).filter_map(|certificate| certificate.extensions.extended_usage);
    usages.into_iter().all(|usage| usage.any || usage.server)
}
