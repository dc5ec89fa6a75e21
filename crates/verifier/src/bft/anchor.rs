//! Trust anchors: the header and the validators that people decided to trust.

use causeway_protocol::{Family, Reader, Writer};

use super::config::Config;
use super::contract::prove_validators;
use super::evidence::{SetProof, encode_set, set_proof};
use super::run::read_header;
use super::state::{Head, State};
use super::{SetFault, ValidatorSet};
use crate::client::{MAX_ANCHOR, VERSION};
use crate::{Anchored, Refusal};

/// A trust anchor's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor<'a> {
    /// The island's parameters.
    pub config: Config,
    /// The header in evidence form; at height 0 exactly as it is.
    pub header: &'a [u8],
    /// Proof of the validators of the next header, if they come from a contract.
    pub set: Option<SetProof<'a>>,
}

impl<'a> Anchor<'a> {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let anchor: Writer = self.config.encode().bytes(self.header).list(&encode_set(self.set.as_ref()));
        anchor.versioned(VERSION)
    }

    /// Decodes an anchor of `family`.
    pub fn decode(family: Family, bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_ANCHOR {
            return Err(Refusal::TooLarge { what: "anchor", came: bytes.len(), most: MAX_ANCHOR });
        }
        let mut items = Reader::versioned("anchor", VERSION, bytes)?;
        let config = Config::decode(family, &mut items)?;
        let header = items.bytes("header")?;
        let set = set_proof(items.list("set")?)?;
        items.end("anchor")?;
        Ok(Self { config, header, set })
    }

    /// The client state that starts here.
    pub(super) fn start(self) -> Result<Anchored, Refusal> {
        let read = read_header(&self.config, self.header, false)?;
        let height = read.fact.height;
        let refuse = |fault| Refusal::Set { height, fault };
        let listed = &read.extra.validators;
        if height > 0 && self.config.contract(height).is_some() && !listed.is_empty() {
            return Err(refuse(SetFault::ListedInContractMode));
        }
        let next = height.checked_add(1).and_then(|next| self.config.contract(next));
        let validators = match (&next, &self.set) {
            (Some(contract), Some(proof)) => {
                prove_validators(height, contract, read.header.state_root, proof)?
            }
            (Some(_), None) => return Err(refuse(SetFault::ProofMissing)),
            (None, Some(_)) => return Err(refuse(SetFault::ProofUnexpected)),
            (None, None) => ValidatorSet::from_addresses(listed.clone()).map_err(refuse)?,
        };
        let head = Head {
            height,
            hash: read.fact.hash,
            time: read.fact.time,
            state_root: read.header.state_root,
            validators,
        };
        let state = State { config: self.config, head, frozen: false };
        Ok(Anchored {
            header: read.fact,
            validators: state.summary().validators,
            fingerprint: (height == 0).then_some(read.fact.hash),
            state: state.encode(),
        })
    }
}
