//! `eth_getProof` answers, checked node by node: nothing in them is left unread.

use causeway_protocol::{Hash, Reader, Writer, keccak256};
use causeway_verifier::evm::{Node, TrieFault, prove};
use serde_json::Value;

use super::field::{FieldError, address, at, bytes, list, word};

/// The nodes of a proof.
pub(crate) struct ProofNodes {
    /// From the state root to the account.
    pub(crate) account: Vec<Vec<u8>>,
    /// From the storage root to every slot, each slot's after another.
    pub(crate) storage: Vec<Vec<u8>>,
}

/// A proof that does not prove what the answer says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofError {
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("{what} of the proof: {fault}")]
    Trie { what: &'static str, fault: TrieFault },
    #[error("{0} of the proof is not what its nodes prove")]
    Differs(&'static str),
}

/// The nodes of `proof`, each of which has to lead from `state_root` to what the answer states.
pub(crate) fn read(proof: &Value, state_root: Hash) -> Result<ProofNodes, ProofError> {
    let account = nodes(at(proof, "accountProof")?, "accountProof")?;
    let key = keccak256(&address(at(proof, "address")?, "address")?.0);
    let stated = Writer::new()
        .bytes(&minimal(at(proof, "nonce")?, "nonce")?)
        .bytes(&minimal(at(proof, "balance")?, "balance")?)
        .bytes(&word(at(proof, "storageHash")?, "storageHash")?.0)
        .bytes(&word(at(proof, "codeHash")?, "codeHash")?.0)
        .finish();
    let proven = prove(state_root, &[&key.0], &hashed(&account));
    if proven.map_err(|fault| ProofError::Trie { what: "account", fault })?[0] != stated {
        return Err(ProofError::Differs("account"));
    }
    let root = word(at(proof, "storageHash")?, "storageHash")?;
    let mut storage = Vec::new();
    for slot in list(at(proof, "storageProof")?, "storageProof")? {
        let path = nodes(at(slot, "proof")?, "storageProof.proof")?;
        slot_holds(root, slot, &path)?;
        storage.extend(path);
    }
    Ok(ProofNodes { account, storage })
}

fn slot_holds(root: Hash, slot: &Value, path: &[Vec<u8>]) -> Result<(), ProofError> {
    let key = keccak256(&padded(&bytes_of(at(slot, "key")?, "key")?).0);
    let value = minimal(at(slot, "value")?, "value")?;
    match prove(root, &[&key.0], &hashed(path)) {
        Ok(proven) if !value.is_empty() && value_of(proven[0]).as_deref() == Some(&value) => Ok(()),
        // Zero is absence: the path ends in a node that holds nothing there, or in an empty trie.
        Err(TrieFault::Absent) if value.is_empty() => Ok(()),
        Err(TrieFault::NodeMissing(_)) if value.is_empty() && path.is_empty() => Ok(()),
        Ok(_) | Err(TrieFault::Absent) => Err(ProofError::Differs("storage")),
        Err(fault) => Err(ProofError::Trie { what: "storage", fault }),
    }
}

fn value_of(rlp: &[u8]) -> Option<Vec<u8>> {
    // A value is one RLP string; the reader opens lists, so it is put into one.
    let list = Writer::new().raw(rlp).finish();
    let mut items = Reader::sole("value", &list).ok()?;
    let value = items.bytes("value").ok()?.to_vec();
    items.end("value").ok()?;
    Some(value)
}

fn nodes(value: &Value, name: &str) -> Result<Vec<Vec<u8>>, FieldError> {
    list(value, name)?.iter().map(|node| bytes(node, name)).collect()
}

fn hashed(nodes: &[Vec<u8>]) -> Vec<Node<'_>> {
    nodes.iter().map(|node| Node::new(node)).collect()
}

/// A quantity of any size, as its bytes without leading zeros.
fn minimal(value: &Value, name: &str) -> Result<Vec<u8>, FieldError> {
    let bytes = bytes_of(value, name)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Ok(bytes[zeros..].to_vec())
}

/// 0x-hex with an even or an odd number of digits.
fn bytes_of(value: &Value, name: &str) -> Result<Vec<u8>, FieldError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let even =
        digits.map(|digits| if digits.len() % 2 == 0 { digits.to_owned() } else { format!("0{digits}") });
    bytes(&even.map_or(Value::Null, |digits| Value::String(format!("0x{digits}"))), name)
}

/// A storage key, left-padded to 32 bytes.
fn padded(bytes: &[u8]) -> Hash {
    let mut word = [0; 32];
    let tail = &bytes[bytes.len().saturating_sub(32)..];
    word[32 - tail.len()..].copy_from_slice(tail);
    Hash(word)
}
