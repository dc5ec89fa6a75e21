//! Sending transactions from funded accounts without a wallet: for the sandbox, which deploys contracts, and for tests.

use alloy_consensus::transaction::SignableTransaction as _;
use alloy_consensus::{TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Signature, TxKind, U256};
use causeway_protocol::{Address, Hash};

use crate::{Devnet, DevnetError, Key};

/// What is sent.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// To whom; nobody makes a contract.
    pub to: Option<Address>,
    /// Call data, or a contract's creation code.
    pub data: Vec<u8>,
    /// Wei.
    pub value: u128,
    /// Gas limit; 10 million where not given.
    pub gas: Option<u64>,
    /// The nonce; the account's next one where not given.
    pub nonce: Option<u64>,
}

/// What came of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub transaction: Hash,
    /// Height of its block.
    pub block: u64,
    /// Whether it did what it should.
    pub success: bool,
    /// The contract that it made.
    pub created: Option<Address>,
    /// Gas it used.
    pub gas_used: u64,
}

/// Gas limit of a message that does not say.
const GAS: u64 = 10_000_000;

impl Devnet {
    /// Signs a message with `key`, as a legacy transaction of this chain (EIP-155). Returns its bytes.
    pub fn sign(&self, key: &Key, message: Message) -> Result<Vec<u8>, DevnetError> {
        let transaction = TxLegacy {
            chain_id: Some(self.config().chain_id),
            nonce: message.nonce.unwrap_or_else(|| self.next_nonce(key.address())),
            gas_price: self.config().base_fee.into(),
            gas_limit: message.gas.unwrap_or(GAS),
            to: message.to.map_or(TxKind::Create, |to| TxKind::Call(to.0.into())),
            value: U256::from(message.value),
            input: message.data.into(),
        };
        let signature = key.sign(Hash(transaction.signature_hash().0))?.0;
        let signature = Signature::from_bytes_and_parity(&signature[..64], signature[64] == 28);
        Ok(TxEnvelope::Legacy(transaction.into_signed(signature)).encoded_2718())
    }

    /// Signs a message and puts it among those that wait for a block. Returns the transaction's hash.
    pub fn send(&self, key: &Key, message: Message) -> Result<Hash, DevnetError> {
        let raw = self.sign(key, message)?;
        self.submit(&raw)
    }

    /// Sends a message and waits for its block; under manual mining, makes it.
    pub async fn execute(&self, key: &Key, message: Message) -> Result<Receipt, DevnetError> {
        let transaction = self.send(key, message)?;
        if self.config().mining == crate::Mining::Manual {
            self.mine()?;
        }
        loop {
            // The order matters: a transaction leaves the pool after it entered a block.
            let (waits, height) = (self.is_waiting(transaction), self.height());
            match self.receipt(transaction) {
                Some(receipt) => return Ok(receipt),
                None if waits => self.reached(height + 1).await,
                None => return Err(DevnetError::Refused(format!("{transaction} was dropped from the pool"))),
            };
        }
    }
}
