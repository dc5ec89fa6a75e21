//! Skips out of headers as nodes serve them.

use causeway_protocol::{Address, Family};

use super::{OwnedSet, SourceBlock};
use crate::bft::raw::{RawHeader, SealCollection};
use crate::bft::{
    Block, Config, Evidence, SetFault, Skip, SkipFault, State, ValidatorSet, check_quorum, more_than_a_third,
    prove_validators,
};
use crate::{ClientState, Refusal};

/// Evidence of a skip from a trusted state to `block`. Where the validators of `block` come from a contract, `parent` is the block
/// before it, with the proof of them; elsewhere it is not looked at. Refuses what a light client would: seals short of a quorum,
/// too few trusted validators among the sealers, a missing proof of validators.
pub fn skip(
    family: Family,
    trusted: &ClientState,
    parent: Option<&SourceBlock>,
    block: &SourceBlock,
) -> Result<Vec<u8>, Refusal> {
    let State { config, head, .. } = State::decode(family, trusted)?;
    let (header, seals) = read(&config, block)?;
    let height = header.number;
    let before = match config.contract(height) {
        None => None,
        Some(contract) => {
            let missing = || Refusal::Skip { height, fault: SkipFault::ParentMissing };
            let parent = parent.ok_or_else(missing)?;
            let (before, _) = read(&config, parent)?;
            if before.hash != header.parent {
                let (expected, came) = (before.hash, header.parent);
                return Err(Refusal::NotLinked { height, expected, came });
            }
            let set = needed_set(before.number, parent)?;
            let proven = prove_validators(before.number, &contract, before.state_root, &set.as_proof())?;
            Some((before.evidence_form(0)?, set, proven))
        }
    };
    let sealing = match &before {
        Some((.., proven)) => proven.clone(),
        None => ValidatorSet::from_addresses(header.extra.validators.clone())
            .map_err(|fault| Refusal::Set { height, fault })?,
    };
    let validators: Vec<Address> = sealing.addresses().collect();
    let seals = seals.best(&validators);
    check_quorum(seals.signers.len(), validators.len())
        .map_err(|fault| Refusal::Sealing { height, fault })?;
    let came = seals.signers.iter().filter(|signer| head.validators.contains(**signer)).count();
    let trusted = head.validators.len();
    if !more_than_a_third(came, trusted) {
        return Err(Refusal::Skip { height, fault: SkipFault::OverlapShort { came, trusted } });
    }
    let set = match config.contract(height.saturating_add(1)) {
        None => None,
        Some(_) => Some(needed_set(height, block)?),
    };
    let form = header.evidence_form(seals.round)?;
    let parent = before.as_ref().map(|(header, set, _)| Block {
        header,
        set: Some(set.as_proof()),
        ..Block::default()
    });
    let block =
        Block { header: &form, seals: &seals.bytes, set: set.map(OwnedSet::as_proof), receipts: None };
    Ok(Evidence::Skip(Box::new(Skip { parent, block })).encode(family))
}

fn read(config: &Config, block: &SourceBlock) -> Result<(RawHeader, SealCollection), Refusal> {
    let decode = |raw: &[u8]| {
        let number = crate::bft::Header::decode(raw)?.number;
        RawHeader::decode(config.protocol(number), raw)
    };
    let header = decode(&block.raw)?;
    let mut seals = SealCollection::default();
    seals.add(&header);
    for copy in &block.copies {
        let copy = decode(copy)?;
        if copy.hash == header.hash {
            seals.add(&copy);
        }
    }
    Ok((header, seals))
}

fn needed_set(height: u64, block: &SourceBlock) -> Result<&OwnedSet, Refusal> {
    block.set.as_ref().ok_or(Refusal::Set { height, fault: SetFault::ProofMissing })
}
