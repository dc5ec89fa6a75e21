//! Contract mode: the validators of the next header, proven from the state of this one.
//!
//! Besu and GoQuorum call `getValidators()` of a contract on the state of N − 1 to know who seals N. A light client cannot run
//! the contract, so its code is pinned by hash, together with the slot where that code keeps its `address[]`.

use causeway_protocol::{Address, Hash, Reader, keccak256};

use super::config::ValidatorContract;
use super::evidence::SetProof;
use super::{MAX_VALIDATORS, SetFault, ValidatorSet};
use crate::Refusal;
use crate::evm::{Node, TrieFault, lookup, prove};

/// The storage slots of an array of `length` elements: its length's first, then those of the elements.
pub(crate) fn array_slots(slot: Hash, length: usize) -> Vec<Hash> {
    let first = keccak256(&slot.0);
    core::iter::once(slot).chain((0..length as u64).map(|index| add(first, index))).collect()
}

/// The keys of those slots in the storage trie, ascending.
pub(crate) fn array_keys(slot: Hash, length: usize) -> Vec<Hash> {
    let mut keys: Vec<Hash> = array_slots(slot, length).iter().map(|slot| keccak256(&slot.0)).collect();
    keys.sort_unstable();
    keys
}

/// A 256-bit slot and a small offset, wrapping as the EVM's addition does.
fn add(slot: Hash, offset: u64) -> Hash {
    let mut sum = slot.0;
    let mut carry = u128::from(offset);
    for byte in sum.iter_mut().rev() {
        carry += u128::from(*byte);
        *byte = (carry & 0xff) as u8;
        carry >>= 8;
    }
    Hash(sum)
}

/// Verifies that the contract's array, in the state of `state_root`, lists the returned validators.
pub(crate) fn prove_validators(
    height: u64,
    contract: &ValidatorContract,
    state_root: Hash,
    proof: &SetProof<'_>,
) -> Result<ValidatorSet, Refusal> {
    let storage_root = account_storage_root(height, contract, state_root, &proof.account)?;
    let refuse = |fault| Refusal::Proof { height, what: "validator storage", fault };
    let nodes: Vec<Node<'_>> = proof.storage.iter().map(|node| Node::new(node)).collect();
    // The length says which slots the proof has to cover, so it is looked up first and proven again with the rest.
    let length_key = keccak256(&contract.slot.0);
    let length = lookup(storage_root, &length_key.0, &nodes).and_then(array_length).map_err(refuse)?;
    let set_fault = |fault| Refusal::Set { height, fault };
    let count = usize::try_from(length).ok().filter(|count| *count <= MAX_VALIDATORS);
    let count = count.ok_or_else(|| set_fault(SetFault::TooMany(length)))?;
    if count == 0 {
        return Err(set_fault(SetFault::Empty));
    }
    let keys = array_keys(contract.slot, count);
    let sorted: Vec<&[u8]> = keys.iter().map(|key| &key.0[..]).collect();
    let values = prove(storage_root, &sorted, &nodes).map_err(refuse)?;
    let mut addresses = Vec::with_capacity(count);
    for (key, value) in keys.iter().zip(values) {
        if *key != length_key {
            addresses.push(address(value).map_err(refuse)?);
        }
    }
    ValidatorSet::from_addresses(addresses).map_err(set_fault)
}

/// The storage root of the contract's account, whose code has to be the pinned one.
pub(crate) fn account_storage_root(
    height: u64,
    contract: &ValidatorContract,
    state_root: Hash,
    account: &[&[u8]],
) -> Result<Hash, Refusal> {
    let refuse = |fault| Refusal::Proof { height, what: "validator contract's account", fault };
    let nodes: Vec<Node<'_>> = account.iter().map(|node| Node::new(node)).collect();
    let key = keccak256(&contract.address.0);
    let values = prove(state_root, &[&key.0], &nodes).map_err(refuse)?;
    let value = values.first().copied().unwrap_or_default();
    let (storage_root, code_hash) =
        account_roots(value).map_err(|_| refuse(TrieFault::Value("not an account")))?;
    if code_hash != contract.code_hash {
        let fault = SetFault::CodeHash { expected: contract.code_hash, came: code_hash };
        return Err(Refusal::Set { height, fault });
    }
    Ok(storage_root)
}

fn account_roots(value: &[u8]) -> Result<(Hash, Hash), causeway_protocol::DecodeError> {
    let mut items = Reader::sole("account", value)?;
    items.uint("nonce")?;
    items.bytes("balance")?;
    let roots = (Hash(items.array("storage root")?), Hash(items.array("code hash")?));
    items.end("account")?;
    Ok(roots)
}

/// A storage value: the RLP of a word without its leading zeros.
fn word(value: &[u8]) -> Result<&[u8], TrieFault> {
    let mut rest = value;
    let bytes = alloy_rlp::Header::decode_bytes(&mut rest, false).map_err(|_| TrieFault::Value("not RLP"))?;
    if !rest.is_empty() || bytes.len() > 32 || bytes.first() == Some(&0) {
        return Err(TrieFault::Value("not a minimal word"));
    }
    Ok(bytes)
}

/// The value of an array's length slot.
pub(crate) fn array_length(value: &[u8]) -> Result<u64, TrieFault> {
    let bytes = word(value)?;
    if bytes.len() > 8 {
        return Err(TrieFault::Value("an array's length above 64 bits"));
    }
    Ok(bytes.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte)))
}

fn address(value: &[u8]) -> Result<Address, TrieFault> {
    let bytes = word(value)?;
    let mut address = [0; 20];
    let place =
        20usize.checked_sub(bytes.len()).ok_or(TrieFault::Value("an array's element is no address"))?;
    address[place..].copy_from_slice(bytes);
    Ok(Address(address))
}
