//! Headers as nodes serve them, with their seals, made into what evidence carries.
//!
//! Nodes store seals as r ‖ s ‖ v in the order they arrived, and each node may hold another selection of them, even from
//! another round. Here every seal is recovered once, s normalised, v dropped; seals of one round from several copies of
//! one block are merged.

use std::collections::BTreeMap;

use causeway_protocol::{Address, DecodeError, Hash};

use super::secp::{address_of, key_bytes, recover_raw};
use super::{ExtraData, ExtraForm, Header, Protocol, PublicKey};

/// A header as a node serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawHeader {
    protocol: Protocol,
    rlp: Vec<u8>,
    /// Its `extraData`, seals included.
    pub extra: ExtraData,
    /// Height.
    pub number: u64,
    /// Unix seconds.
    pub time: u64,
    /// Hash of the block before.
    pub parent: Hash,
    /// Root of the state after the block.
    pub state_root: Hash,
    /// Root of the block's receipts.
    pub receipts_root: Hash,
    /// The block hash.
    pub hash: Hash,
    /// What its commit seals sign.
    pub seal_digest: Hash,
}

impl RawHeader {
    /// Decodes a header's RLP, seals included.
    pub fn decode(protocol: Protocol, rlp: &[u8]) -> Result<Self, DecodeError> {
        let header = Header::decode(rlp)?;
        let extra = ExtraData::decode(protocol, header.extra)?;
        Ok(Self {
            protocol,
            number: header.number,
            time: header.time,
            parent: header.parent,
            state_root: header.state_root,
            receipts_root: header.receipts_root,
            hash: header.block_hash(protocol, &extra),
            seal_digest: header.seal_digest(protocol, &extra),
            rlp: rlp.to_vec(),
            extra,
        })
    }

    /// The header's RLP, as it was served.
    pub fn rlp(&self) -> &[u8] {
        &self.rlp
    }

    /// The evidence form of this header when it carries seals of `round`, or none (round 0). A genesis header stays as it is.
    pub fn evidence_form(&self, round: u32) -> Result<Vec<u8>, DecodeError> {
        if self.number == 0 {
            return Ok(self.rlp.clone());
        }
        let extra = ExtraData { round, ..self.extra.clone() };
        let header = Header::decode(&self.rlp)?;
        Ok(header.with_extra(&extra.encode(self.protocol, ExtraForm::Evidence)))
    }

    /// Its seals, recovered. One that recovers to nobody is left out: whether the rest make a quorum is asked later.
    pub fn seals(&self) -> Vec<RecoveredSeal> {
        let recovered = self.extra.seals.iter().filter_map(|raw| recover_raw(raw, self.seal_digest).ok());
        let sealed = recovered.map(|(key, signature)| RecoveredSeal {
            signer: address_of(&key),
            key: key_bytes(&key),
            signature: signature.to_bytes(),
        });
        sealed.collect()
    }
}

/// One seal, its signer known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredSeal {
    /// Who signed.
    pub signer: Address,
    /// With which key.
    pub key: PublicKey,
    /// r ‖ s, s in the lower half.
    pub signature: [u8; 64],
}

/// The seals of one block hash, from as many copies of the header as were found, by round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealCollection {
    rounds: BTreeMap<u32, BTreeMap<Address, RecoveredSeal>>,
}

impl SealCollection {
    /// Adds the seals of one copy.
    pub fn add(&mut self, copy: &RawHeader) {
        let round = self.rounds.entry(copy.extra.round).or_default();
        for seal in copy.seals() {
            round.entry(seal.signer).or_insert(seal);
        }
    }

    /// The round with the most seals of `validators` (ascending), and those seals in the form evidence carries: index ‖ r ‖ s
    /// each, ascending. With no seals at all: round 0 and nothing.
    pub fn best(&self, validators: &[Address]) -> CollectedSeals {
        let collected = self.rounds.iter().map(|(round, seals)| {
            let mut found = CollectedSeals { round: *round, ..CollectedSeals::default() };
            for (index, validator) in (0u8..).zip(validators) {
                if let Some(seal) = seals.get(validator) {
                    found.signers.push(*validator);
                    found.bytes.push(index);
                    found.bytes.extend_from_slice(&seal.signature);
                }
            }
            found
        });
        collected.filter(|found| !found.signers.is_empty()).fold(CollectedSeals::default(), |best, found| {
            if found.signers.len() > best.signers.len() { found } else { best }
        })
    }
}

/// Seals of one round, ready for evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectedSeals {
    /// The round they were made in.
    pub round: u32,
    /// Who made them, ascending.
    pub signers: Vec<Address>,
    /// index ‖ r ‖ s each, ascending by index.
    pub bytes: Vec<u8>,
}
