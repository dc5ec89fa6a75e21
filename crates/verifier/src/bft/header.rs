//! Headers: kept as the bytes that came, so that no fork's fields have to be understood to hash them.

use causeway_protocol::{DecodeError, Hash, Hasher, Reader, Writer, keccak256};

use super::{ExtraData, ExtraForm, Protocol};

/// Hash of an empty list of ommers: BFT blocks have none.
pub const EMPTY_OMMERS: Hash = Hash([
    0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a, 0xd3,
    0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47,
]);
/// `mixHash` of every BFT block: "ctical byzantine fault tolerance" in ASCII.
pub const BFT_MIX_HASH: Hash = Hash(*b"ctical byzantine fault tolerance");
/// `difficulty` of every BFT block.
pub const BFT_DIFFICULTY: u64 = 1;
/// Message code of a commit, appended to the block hash that IBFT seals sign.
const IBFT_COMMIT: u8 = 2;

/// A header's RLP, checked field by field, with what the verifier reads of it.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    rlp: &'a [u8],
    before: &'a [u8],
    after: &'a [u8],
    /// Item 12, as it is.
    pub extra: &'a [u8],
    /// Hash of the block before.
    pub parent: Hash,
    /// Hash of the list of ommers.
    pub ommers: Hash,
    /// Root of the state after the block.
    pub state_root: Hash,
    /// Root of the block's receipts.
    pub receipts_root: Hash,
    /// Difficulty, if it fits into 64 bits (that of a genesis block is free).
    pub difficulty: Option<u64>,
    /// Height.
    pub number: u64,
    /// Unix seconds.
    pub time: u64,
    /// Item 13.
    pub mix_hash: Hash,
}

impl<'a> Header<'a> {
    /// Decodes a header of any fork: 15, 16 (base fee), 17 (withdrawals), 20 (Cancun), 21 (Prague), 22 or 23 (the next)
    /// items. Every item has to be of its type and in its shortest form.
    pub fn decode(rlp: &'a [u8]) -> Result<Self, DecodeError> {
        let mut items = Reader::sole("header", rlp)?;
        let whole = items.rest();
        let parent = Hash(items.array("parentHash")?);
        let ommers = Hash(items.array("ommersHash")?);
        items.array::<20>("coinbase")?;
        let state_root = Hash(items.array("stateRoot")?);
        items.array::<32>("transactionsRoot")?;
        let receipts_root = Hash(items.array("receiptsRoot")?);
        items.array::<256>("logsBloom")?;
        let difficulty = scalar("difficulty", items.bytes("difficulty")?)?;
        let number = items.uint("number")?;
        items.uint("gasLimit")?;
        items.uint("gasUsed")?;
        let time = items.uint("timestamp")?;
        let before = &whole[..whole.len() - items.rest().len()];
        let extra = items.bytes("extraData")?;
        let after = items.rest();
        let mix_hash = Hash(items.array("mixHash")?);
        items.array::<8>("nonce")?;
        Self::check_forks(items)?;
        Ok(Self {
            rlp,
            before,
            after,
            extra,
            parent,
            ommers,
            state_root,
            receipts_root,
            difficulty,
            number,
            time,
            mix_hash,
        })
    }

    /// The fields that later forks added, each fork's after those of the one before.
    fn check_forks(mut items: Reader<'_>) -> Result<(), DecodeError> {
        if items.is_empty() {
            return Ok(());
        }
        scalar("baseFeePerGas", items.bytes("baseFeePerGas")?)?;
        if items.is_empty() {
            return Ok(());
        }
        items.array::<32>("withdrawalsRoot")?;
        if items.is_empty() {
            return Ok(());
        }
        items.uint("blobGasUsed")?;
        items.uint("excessBlobGas")?;
        items.array::<32>("parentBeaconBlockRoot")?;
        if items.is_empty() {
            return Ok(());
        }
        items.array::<32>("requestsHash")?;
        if items.is_empty() {
            return Ok(());
        }
        items.array::<32>("blockAccessListHash")?;
        if items.is_empty() {
            return Ok(());
        }
        items.uint("slotNumber")?;
        items.end("header")
    }

    /// The header's bytes.
    pub fn rlp(&self) -> &'a [u8] {
        self.rlp
    }

    /// The header's bytes with another `extraData`.
    pub fn with_extra(&self, extra: &[u8]) -> Vec<u8> {
        Writer::new().raw(self.before).bytes(extra).raw(self.after).finish()
    }

    /// The block hash: what JSON-RPC calls `hash`, and the next header's `parentHash`. A genesis header is hashed as it is.
    pub fn block_hash(&self, protocol: Protocol, extra: &ExtraData) -> Hash {
        if self.number == 0 {
            return keccak256(self.rlp);
        }
        self.hash_in_form(protocol, extra, ExtraForm::BlockHash)
    }

    /// The digest that commit seals sign.
    pub fn seal_digest(&self, protocol: Protocol, extra: &ExtraData) -> Hash {
        let hash = self.hash_in_form(protocol, extra, ExtraForm::Digest);
        match protocol {
            Protocol::Qbft | Protocol::Ibft2 => hash,
            Protocol::Ibft => Hasher::new().word(hash).bytes(&[IBFT_COMMIT]).finish(),
        }
    }

    fn hash_in_form(&self, protocol: Protocol, extra: &ExtraData, form: ExtraForm) -> Hash {
        let encoded = extra.encode(protocol, form);
        if encoded == self.extra { keccak256(self.rlp) } else { keccak256(&self.with_extra(&encoded)) }
    }
}

/// A minimal integer of at most 256 bits; its value if it fits into 64.
fn scalar(what: &'static str, bytes: &[u8]) -> Result<Option<u64>, DecodeError> {
    if bytes.len() > 32 || bytes.first() == Some(&0) {
        return Err(DecodeError::Value { what, came: "not a minimal integer of at most 256 bits".into() });
    }
    let fits = bytes.len() <= 8;
    Ok(fits.then(|| bytes.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte))))
}
