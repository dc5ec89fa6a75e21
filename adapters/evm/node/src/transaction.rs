//! Legacy transactions with a gas price of zero, which is all that a test network needs.

use alloy_rlp::{Encodable, Header};

use crate::Key;
use crate::keys::keccak256;

/// A call (`to`) or a creation (no `to`), unsigned.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) chain_id: u64,
    pub(crate) nonce: u64,
    pub(crate) gas: u64,
    pub(crate) to: Option<[u8; 20]>,
    pub(crate) data: Vec<u8>,
}

impl Transaction {
    /// RLP of the transaction, signed as EIP-155 says.
    pub(crate) fn sign(&self, key: &Key) -> Vec<u8> {
        let digest = keccak256(&self.rlp(self.chain_id, &[], &[]));
        let (signature, odd) = key.sign(&digest);
        let (r, s) = signature.split_at(32);
        self.rlp(self.chain_id * 2 + 35 + u64::from(odd), minimal(r), minimal(s))
    }

    fn rlp(&self, v: u64, r: &[u8], s: &[u8]) -> Vec<u8> {
        let mut items = Vec::new();
        self.nonce.encode(&mut items);
        0_u64.encode(&mut items);
        self.gas.encode(&mut items);
        self.to.as_ref().map_or(&[][..], |address| &address[..]).encode(&mut items);
        0_u64.encode(&mut items);
        self.data.as_slice().encode(&mut items);
        v.encode(&mut items);
        r.encode(&mut items);
        s.encode(&mut items);
        let mut list = Vec::new();
        Header { list: true, payload_length: items.len() }.encode(&mut list);
        list.extend_from_slice(&items);
        list
    }
}

/// An integer's bytes without leading zeros, as RLP wants them.
fn minimal(integer: &[u8]) -> &[u8] {
    let start = integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len());
    &integer[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of EIP-155, but for its gas price and value, which are zero here.
    #[test]
    fn an_unsigned_transaction_ends_with_the_chain_id_and_two_zeros() {
        let transaction =
            Transaction { chain_id: 1, nonce: 9, gas: 21_000, to: Some([0x35; 20]), data: Vec::new() };
        assert_eq!(
            const_hex::encode(transaction.rlp(1, &[], &[])),
            format!("df098082520894{}8080018080", "35".repeat(20))
        );
    }

    #[test]
    fn integers_lose_their_leading_zeros() {
        assert_eq!(minimal(&[0, 0, 1, 0]), [1, 0]);
        assert_eq!(minimal(&[0, 0]), [0_u8; 0]);
    }
}
