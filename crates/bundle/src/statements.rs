//! What attestors signed about the packet.

use causeway_protocol::{Address, AttestationKind};

use crate::fault::Fault;
use crate::format::StatementPart;
use crate::life::{End, Life};

/// A statement with its signers.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) part: &'a StatementPart,
    pub(crate) signers: Vec<Address>,
    /// How many its gateway needs.
    pub(crate) threshold: u8,
    /// How many may sign.
    pub(crate) attestors: usize,
}

impl Signed<'_> {
    /// Whether its gateway accepts it.
    pub(crate) fn is_enough(&self) -> bool {
        self.signers.len() >= usize::from(self.threshold)
    }
}

/// Checks the statement at place `statement` of a bundle.
pub(crate) fn check<'a>(
    statement: usize,
    part: &'a StatementPart,
    life: &Life<'_>,
) -> Result<Signed<'a>, Fault> {
    let StatementPart { attestation, batch, proof, signatures } = part;
    let kind = attestation.kind;
    if attestation.packet != life.packet.id() || !attestation.is_canonical() {
        return Err(Fault::OtherStatement { statement });
    }
    let is_proven = match (kind, &life.end) {
        (AttestationKind::Result, Some(End::Delivered { success, result })) => {
            (attestation.success, attestation.result) == (*success, *result)
        }
        (AttestationKind::Result, _) => false,
        (AttestationKind::Expired, end) => *end == Some(End::Expired),
        (AttestationKind::Deliver | AttestationKind::Refuse | AttestationKind::Void, _) => true,
    };
    if !is_proven {
        return Err(Fault::Unproven { statement, kind });
    }
    let included = batch.includes(attestation, proof).map_err(|fault| Fault::Place { statement, fault })?;
    if !included {
        return Err(Fault::NotInBatch { statement });
    }
    let (gateway, chain) = life.checker(kind);
    let epoch = batch.epoch;
    let set = chain.and_then(|chain| chain.set(gateway, epoch));
    let set = set.ok_or(Fault::NoSet { statement, gateway, epoch })?;
    let digest = batch.digest(gateway);
    let mut signers: Vec<Address> = Vec::new();
    for (signature, bytes) in signatures.iter().enumerate() {
        let signer = bytes.signer(digest);
        let signer = signer.map_err(|fault| Fault::Signature { statement, signature, fault })?;
        let in_order = signers.last().is_none_or(|last| *last < signer);
        if !in_order || !set.attestors.contains(&signer) {
            return Err(Fault::Signer { statement, signature, signer });
        }
        signers.push(signer);
    }
    if signers.is_empty() {
        return Err(Fault::Unsigned { statement });
    }
    Ok(Signed { part, signers, threshold: set.threshold, attestors: set.attestors.len() })
}
