//! Sealing: from a block's content to a header that validators have signed.
//!
//! `extraData`, block hash and the digest that seals sign come from the verifier's codec, so a devnet cannot agree
//! with itself on a form that the verifier does not have.

use alloy_primitives::B256;
use causeway_protocol::{Hash, keccak256};
use causeway_verifier::bft::{ExtraData, ExtraForm, Header as RawHeader, Protocol, RAW_SEAL};

use crate::DevnetError;
use crate::key::Key;

/// Who seals a block, and in which round.
#[derive(Debug, Clone)]
pub(crate) struct SealPlan<'a> {
    pub(crate) protocol: Protocol,
    /// The set that the header lists, ascending by address; none where a contract holds it.
    pub(crate) listed: &'a [Key],
    /// The validator whose turn it was to propose.
    pub(crate) proposer: &'a Key,
    /// Those whose commit seals the header carries, in order of arrival.
    pub(crate) sealers: Vec<&'a Key>,
    pub(crate) round: u32,
}

/// A header with its seals.
#[derive(Debug, Clone)]
pub(crate) struct SealedHeader {
    pub(crate) header: alloy_consensus::Header,
    pub(crate) raw: Vec<u8>,
    pub(crate) hash: B256,
}

/// The genesis header: its extraData lists the validators and holds no seal.
pub(crate) fn genesis(
    protocol: Protocol,
    mut header: alloy_consensus::Header,
    listed: &[Key],
) -> Result<SealedHeader, DevnetError> {
    let extra = ExtraData { validators: addresses(listed), ..ExtraData::default() };
    header.extra_data = extra.encode(protocol, ExtraForm::Sealed).into();
    let raw = alloy_rlp::encode(&header);
    let hash = RawHeader::decode(&raw).map_err(DevnetError::Header)?.block_hash(protocol, &extra);
    Ok(SealedHeader { header, hash: hash.0.into(), raw })
}

/// Seals `header` as `plan` says.
pub(crate) fn seal(
    mut header: alloy_consensus::Header,
    plan: &SealPlan<'_>,
) -> Result<SealedHeader, DevnetError> {
    let protocol = plan.protocol;
    let mut extra = ExtraData {
        validators: addresses(plan.listed),
        round: if protocol == Protocol::Ibft { 0 } else { plan.round },
        ..ExtraData::default()
    };
    let unsealed = alloy_rlp::encode(&header);
    let raw = RawHeader::decode(&unsealed).map_err(DevnetError::Header)?;
    if protocol == Protocol::Ibft {
        // With both kinds of seal empty, the form of the block hash is the one that the proposer signs, hashed twice.
        let digest = keccak256(&raw.block_hash(protocol, &extra).0);
        extra.proposer_seal = raw_seal(plan.proposer, digest)?.to_vec();
    }
    let digest = raw.seal_digest(protocol, &extra);
    extra.seals = plan.sealers.iter().map(|sealer| raw_seal(sealer, digest)).collect::<Result<_, _>>()?;
    let hash = raw.block_hash(protocol, &extra);
    let sealed = extra.encode(protocol, ExtraForm::Sealed);
    let raw = raw.with_extra(&sealed);
    header.extra_data = sealed.into();
    Ok(SealedHeader { header, raw, hash: hash.0.into() })
}

fn addresses(keys: &[Key]) -> Vec<causeway_protocol::Address> {
    keys.iter().map(Key::address).collect()
}

/// A seal as nodes store it: r ‖ s ‖ v with v 0 or 1.
fn raw_seal(key: &Key, digest: Hash) -> Result<[u8; RAW_SEAL], DevnetError> {
    let mut seal = key.sign(digest)?.0;
    seal[RAW_SEAL - 1] -= 27;
    Ok(seal)
}
