//! The seals of one header against the set that has to seal it.

use causeway_protocol::{Address, Hash};

use super::evidence::SEAL;
use super::secp::{LowSignature, key_bytes, known_key};
use super::validators::two_f_plus_one;
use super::{MAX_VALIDATORS, SealingFault, ValidatorSet};

/// Verifies every seal given and requires a quorum of them. Answers who sealed, ascending; keys seen for the first time
/// are remembered in the set.
///
/// Every seal has to verify: evidence can be trimmed to a quorum, never padded.
pub(super) fn verify_seals(
    seals: &[u8],
    digest: Hash,
    set: &mut ValidatorSet,
) -> Result<Vec<Address>, SealingFault> {
    let (chunks, rest) = seals.as_chunks::<SEAL>();
    if !rest.is_empty() || chunks.len() > MAX_VALIDATORS {
        return Err(SealingFault::Length(seals.len()));
    }
    check_order(chunks, set)?;
    check_quorum(chunks.len(), set.len())?;
    chunks.iter().map(|seal| verify_seal(seal, digest, set)).collect()
}

/// Indices ascend strictly and stay inside the set: so every seal is another member's.
fn check_order(seals: &[[u8; SEAL]], set: &ValidatorSet) -> Result<(), SealingFault> {
    if let Some(pair) = seals.windows(2).find(|pair| pair[0][0] >= pair[1][0]) {
        return Err(SealingFault::Order(pair[1][0]));
    }
    match seals.last() {
        Some(last) if usize::from(last[0]) >= set.len() => {
            Err(SealingFault::Index { index: last[0], validators: set.len() })
        }
        _ => Ok(()),
    }
}

/// ceil(2N/3) distinct members, whatever smaller quorum the chain is configured for.
pub(crate) fn check_quorum(came: usize, validators: usize) -> Result<(), SealingFault> {
    let expected = super::quorum(validators);
    if came >= expected {
        Ok(())
    } else if came >= two_f_plus_one(validators) {
        Err(SealingFault::TwoFPlusOne { expected, came, validators })
    } else {
        Err(SealingFault::QuorumShort { expected, came, validators })
    }
}

fn verify_seal(seal: &[u8; SEAL], digest: Hash, set: &mut ValidatorSet) -> Result<Address, SealingFault> {
    let index = seal[0];
    let mut signature = [0; 64];
    signature.copy_from_slice(&seal[1..]);
    let Some(validator) = set.get(index) else {
        return Err(SealingFault::Index { index, validators: set.len() });
    };
    let address = validator.address;
    let refuse = |fault| SealingFault::Seal { validator: address, fault };
    let signature = LowSignature::from_bytes(&signature).map_err(refuse)?;
    if let Some(known) = &validator.key {
        let key = known_key(known, address).map_err(refuse)?;
        signature.verify(&key, digest).map_err(refuse)?;
    } else {
        let key = signature.recover(address, digest).map_err(refuse)?;
        set.learn(index, key_bytes(&key));
    }
    Ok(address)
}
