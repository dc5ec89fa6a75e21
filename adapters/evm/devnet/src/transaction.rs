//! Signed transactions as a node receives them: decoding, and who signed.

use alloy_consensus::transaction::Transaction as _;
use alloy_consensus::{TxEnvelope, Typed2718 as _};
use alloy_eips::eip2718::{Decodable2718 as _, Encodable2718 as _};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use causeway_protocol::{Hash, Signature};
use revm::context::TxEnv;

use crate::rules::Rules;

/// The largest transaction a node takes, in bytes (geth's limit).
const MAX_BYTES: usize = 128 * 1024;

/// A transaction whose signature has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) envelope: TxEnvelope,
    /// The canonical bytes (EIP-2718), as hashed into the transactions trie.
    pub(crate) raw: Bytes,
    pub(crate) hash: B256,
    pub(crate) sender: Address,
}

/// Why bytes are not a transaction of this chain. The texts are geth's, since clients look for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransactionError {
    #[error("oversized data: transaction size {came}, limit {MAX_BYTES}")]
    Oversized { came: usize },
    #[error("rlp: {0}")]
    Malformed(String),
    #[error("transaction type not supported: {came}, this chain knows types up to {highest}")]
    UnsupportedType { came: u8, highest: u8 },
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    #[error("invalid chain id for signer: have {came} want {expected}")]
    ChainId { came: u64, expected: u64 },
    #[error("invalid transaction v, r, s values")]
    Signature,
}

impl Transaction {
    /// Decodes one transaction of `rules`' chain, to its last byte, and recovers its sender.
    pub(crate) fn decode(raw: &[u8], rules: &Rules) -> Result<Self, TransactionError> {
        if raw.len() > MAX_BYTES {
            return Err(TransactionError::Oversized { came: raw.len() });
        }
        let envelope = TxEnvelope::decode_2718_exact(raw)
            .map_err(|error| TransactionError::Malformed(error.to_string()))?;
        let (came, highest) = (envelope.ty(), rules.hardfork.highest_transaction_type());
        if came > highest {
            return Err(TransactionError::UnsupportedType { came, highest });
        }
        match envelope.chain_id() {
            Some(id) if id == rules.chain_id => {}
            Some(came) => return Err(TransactionError::ChainId { came, expected: rules.chain_id }),
            None => return Err(TransactionError::Unprotected),
        }
        let sender = recover(&envelope).ok_or(TransactionError::Signature)?;
        let raw: Bytes = envelope.encoded_2718().into();
        Ok(Self { hash: keccak256(&raw), envelope, raw, sender })
    }

    pub(crate) fn nonce(&self) -> u64 {
        self.envelope.nonce()
    }

    pub(crate) fn gas_limit(&self) -> u64 {
        self.envelope.gas_limit()
    }

    /// The most that executing this can cost its sender.
    pub(crate) fn cost(&self) -> U256 {
        let gas = U256::from(self.gas_limit()).saturating_mul(U256::from(self.envelope.max_fee_per_gas()));
        gas.saturating_add(self.envelope.value())
    }

    /// Wei per gas paid when the base fee is `base_fee`.
    pub(crate) fn price(&self, base_fee: Option<u64>) -> u128 {
        self.envelope.effective_gas_price(base_fee)
    }

    /// The address of the contract that this creates, or would if it succeeded.
    pub(crate) fn creates(&self) -> Option<Address> {
        self.envelope.kind().is_create().then(|| self.sender.create(self.nonce()))
    }

    /// What the EVM executes.
    pub(crate) fn environment(&self) -> TxEnv {
        TxEnv {
            tx_type: self.envelope.ty(),
            caller: self.sender,
            gas_limit: self.gas_limit(),
            gas_price: self.envelope.max_fee_per_gas(),
            kind: self.envelope.kind(),
            value: self.envelope.value(),
            data: self.envelope.input().clone(),
            nonce: self.nonce(),
            chain_id: self.envelope.chain_id(),
            access_list: self.envelope.access_list().cloned().unwrap_or_default(),
            gas_priority_fee: self.envelope.max_priority_fee_per_gas(),
            ..TxEnv::default()
        }
    }
}

/// The signer's address; `None` for a signature outside the curve's order, with a high s (EIP-2), or of no key.
fn recover(envelope: &TxEnvelope) -> Option<Address> {
    let signature = envelope.signature();
    let mut bytes = [0; 65];
    bytes[..32].copy_from_slice(&signature.r().to_be_bytes::<32>());
    bytes[32..64].copy_from_slice(&signature.s().to_be_bytes::<32>());
    bytes[64] = 27 + u8::from(signature.v());
    let signer = Signature(bytes).signer(Hash(envelope.signature_hash().0)).ok()?;
    Some(Address(signer.0.into()))
}

#[cfg(test)]
mod tests {
    use alloy_consensus::TxLegacy;
    use alloy_consensus::transaction::SignableTransaction as _;
    use proptest::prelude::*;

    use super::*;
    use crate::{Hardfork, Key};

    const RULES: Rules =
        Rules { chain_id: 7, hardfork: Hardfork::Shanghai, gas_limit: 1_000_000, base_fee: 0 };

    fn signed(chain_id: Option<u64>, malleate: bool) -> Vec<u8> {
        let transaction = TxLegacy { chain_id, gas_limit: 21_000, ..TxLegacy::default() };
        let signature =
            Key::from_secret([7; 32]).unwrap().sign(Hash(transaction.signature_hash().0)).unwrap().0;
        let mut signature =
            alloy_primitives::Signature::from_bytes_and_parity(&signature[..64], signature[64] == 28);
        if malleate {
            let order = alloy_primitives::uint!(
                0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256
            );
            signature =
                alloy_primitives::Signature::new(signature.r(), order - signature.s(), !signature.v());
        }
        TxEnvelope::Legacy(transaction.into_signed(signature)).encoded_2718()
    }

    #[test]
    fn a_transaction_names_its_sender() {
        let transaction = Transaction::decode(&signed(Some(7), false), &RULES).unwrap();
        assert_eq!(transaction.sender.0.0, Key::from_secret([7; 32]).unwrap().address().0);
    }

    #[test]
    fn one_without_chain_id_of_another_chain_or_with_a_high_s_is_refused() {
        let refusal =
            |chain_id, malleate| Transaction::decode(&signed(chain_id, malleate), &RULES).unwrap_err();
        assert_eq!(refusal(None, false), TransactionError::Unprotected);
        assert_eq!(refusal(Some(8), false), TransactionError::ChainId { came: 8, expected: 7 });
        assert_eq!(refusal(Some(7), true), TransactionError::Signature);
    }

    proptest! {
        #[test]
        fn another_byte_is_another_transaction(at in 0usize..100, flip in 1u8..) {
            let raw = signed(Some(7), false);
            let original = Transaction::decode(&raw, &RULES).unwrap();
            let mut other = raw.clone();
            let at = at % raw.len();
            other[at] ^= flip;
            if let Ok(other) = Transaction::decode(&other, &RULES) {
                prop_assert!(other.sender != original.sender);
            }
        }

        #[test]
        fn any_bytes_are_refused_or_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(transaction) = Transaction::decode(&bytes, &RULES) {
                prop_assert_eq!(&transaction.raw[..], &bytes[..]);
            }
        }
    }
}
