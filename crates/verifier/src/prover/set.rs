//! Proofs of a validator contract's array out of `eth_getProof` answers.

use causeway_protocol::{Hash, keccak256};

use crate::Refusal;
use crate::bft::{
    MAX_VALIDATORS, SetFault, SetProof, ValidatorContract, account_storage_root, array_keys, array_length,
    array_slots, prove_validators,
};
use crate::evm::{Node, lookup, select};

/// A proof of validators that owns its nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedSet {
    /// Nodes from the state root to the contract's account.
    pub account: Vec<Vec<u8>>,
    /// Nodes from the account's storage root to the length and every element, depth-first.
    pub storage: Vec<Vec<u8>>,
}

impl OwnedSet {
    /// The proof as evidence takes it.
    pub fn as_proof(&self) -> SetProof<'_> {
        SetProof { account: slices(&self.account), storage: slices(&self.storage) }
    }

    /// Makes the proof out of the nodes of an `eth_getProof` answer: `account_proof` as it is, and every node of the
    /// `storageProof` entries of [`validator_slots`], in any order, more than needed and several times.
    pub fn from_nodes(
        height: u64,
        contract: &ValidatorContract,
        state_root: Hash,
        account_proof: &[Vec<u8>],
        storage_nodes: &[Vec<u8>],
    ) -> Result<Self, Refusal> {
        let refuse = |what| move |fault| Refusal::Proof { height, what, fault };
        let (account, storage) = (nodes(account_proof), nodes(storage_nodes));
        let key = keccak256(&contract.address.0);
        let account =
            select(state_root, &[&key.0], &account).map_err(refuse("validator contract's account"))?;
        let storage_root = account_storage_root(height, contract, state_root, &account)?;
        let length_key = keccak256(&contract.slot.0);
        let length = lookup(storage_root, &length_key.0, &storage)
            .and_then(array_length)
            .map_err(refuse("validator storage"))?;
        let most = MAX_VALIDATORS as u64;
        if length > most {
            return Err(Refusal::Set { height, fault: SetFault::TooMany(length) });
        }
        let length = usize::try_from(length).unwrap_or(MAX_VALIDATORS);
        let keys = array_keys(contract.slot, length);
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key.0[..]).collect();
        let storage = select(storage_root, &keys, &storage).map_err(refuse("validator storage"))?;
        let owned = |nodes: Vec<&[u8]>| nodes.into_iter().map(<[u8]>::to_vec).collect();
        let proof = Self { account: owned(account), storage: owned(storage) };
        prove_validators(height, contract, state_root, &proof.as_proof())?;
        Ok(proof)
    }
}

/// The storage slots to ask `eth_getProof` for when the contract holds `length` validators. The length is the value of the
/// first, so a caller that does not know it asks for that one alone before.
pub fn validator_slots(contract: &ValidatorContract, length: usize) -> Vec<Hash> {
    array_slots(contract.slot, length)
}

fn slices(nodes: &[Vec<u8>]) -> Vec<&[u8]> {
    nodes.iter().map(Vec::as_slice).collect()
}

fn nodes(nodes: &[Vec<u8>]) -> Vec<Node<'_>> {
    nodes.iter().map(|node| Node::new(node)).collect()
}
