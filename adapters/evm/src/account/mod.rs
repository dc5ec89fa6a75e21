//! An account that sends transactions: its key's lane of nonces, fees, and the wait for receipts.

mod fees;
mod lane;

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use alloy_consensus::transaction::SignableTransaction;
use alloy_consensus::{TxEip1559, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U64};
use causeway_adapter::AdapterError;
use causeway_protocol::{Hash, Signer};
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};

use crate::rpc::{JsonBlock, JsonReceipt, NodeError, Nodes, RpcError};
use fees::Fees;
pub use fees::Price;
use lane::{Lane, Waiting};

/// How an account sends.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// What a unit of gas is paid with. Nothing: permissioned chains are usually free of gas.
    pub price: Price,
    /// How long a receipt is waited for. 60 s.
    pub timeout: Duration,
    /// After how long without a receipt transactions are sent again, with a higher price where there is one. 10 s.
    pub resend_after: Duration,
    /// How often a receipt is asked for. 200 ms.
    pub poll: Duration,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            price: Price::Fixed(0),
            timeout: Duration::from_mins(1),
            resend_after: Duration::from_secs(10),
            poll: Duration::from_millis(200),
        }
    }
}

/// What to execute on the island.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// The contract; nobody makes a contract.
    pub to: Option<[u8; 20]>,
    /// Call data, or creation code.
    pub data: Vec<u8>,
    /// Gas limit.
    pub gas: u64,
}

/// What came of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Its hash.
    pub transaction: Hash,
    /// Height of its block.
    pub block: u64,
    /// Whether it did what it should; else it reverted.
    pub success: bool,
    /// The contract it made.
    pub created: Option<[u8; 20]>,
    /// Gas it used.
    pub gas_used: Option<u64>,
    /// Its logs: address, topics.
    pub logs: Vec<([u8; 20], Vec<Hash>)>,
}

/// A transaction that nodes have taken, not yet in a block as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    nonce: u64,
    hash: B256,
}

/// A key that pays for and sends transactions on one island. Calls may come from any number of tasks: each transaction
/// takes the next nonce, and one that gets stuck is sent again, or its nonce is used up, so that later ones go on.
pub struct Account {
    nodes: Arc<Nodes>,
    signer: Arc<dyn Signer>,
    settings: AccountSettings,
    chain_id: OnceCell<u64>,
    lane: Mutex<Lane>,
}

impl core::fmt::Debug for Account {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Account").field("address", &self.signer.address()).finish_non_exhaustive()
    }
}

impl Account {
    /// The account of `signer` on the island of `nodes`.
    pub fn new(nodes: Arc<Nodes>, signer: Arc<dyn Signer>, settings: AccountSettings) -> Self {
        Self { nodes, signer, settings, chain_id: OnceCell::new(), lane: Mutex::default() }
    }

    /// The account's address.
    pub fn address(&self) -> [u8; 20] {
        self.signer.address().0
    }

    /// The nodes it sends to.
    pub fn nodes(&self) -> &Arc<Nodes> {
        &self.nodes
    }

    /// Sends a transaction and waits until it is in a block.
    pub async fn execute(&self, call: &Call) -> Result<Executed, AdapterError> {
        let sent = self.send(call).await?;
        self.executed(&sent).await
    }

    /// Signs a transaction under the next nonce and hands it to a node.
    pub async fn send(&self, call: &Call) -> Result<Sent, AdapterError> {
        const ATTEMPTS: usize = 4;
        let fees = Fees::now(&self.nodes, self.settings.price).await?;
        let mut lane = self.lane.lock().await;
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let nonce = match lane.next {
                Some(nonce) => nonce,
                None => self.nonce("pending").await?.max(lane.after_waiting()),
            };
            let (raw, hash) = self.sign(nonce, call, fees).await?;
            let waiting = Waiting { hash, call: call.clone(), fees };
            match self.hand_over(&raw).await {
                Ok(()) => {}
                Err(RpcError::Refused { error: NodeError::Refused { message, .. }, .. }) => {
                    last = message;
                    if !lane.recover(nonce, &last) {
                        return Err(AdapterError::Unreachable {
                            call: "eth_sendRawTransaction".into(),
                            last,
                        });
                    }
                    continue;
                }
                // It may have arrived all the same: it keeps its nonce and is sent again.
                Err(error) => tracing::warn!(nonce, %error, "no node took a transaction"),
            }
            lane.next = Some(nonce + 1);
            lane.waiting.insert(nonce, waiting);
            return Ok(Sent { nonce, hash });
        }
        Err(AdapterError::Unreachable { call: "eth_sendRawTransaction".into(), last })
    }

    /// Waits until a transaction is in a block, and keeps the lane of nonces moving meanwhile.
    pub async fn executed(&self, sent: &Sent) -> Result<Executed, AdapterError> {
        let (start, mut resent) = (Instant::now(), Instant::now());
        let mut hashes = vec![sent.hash];
        loop {
            // A transaction that was sent again at a higher price has another hash, and either may be in a block.
            let latest = self.lane.lock().await.waiting.get(&sent.nonce).map(|waiting| waiting.hash);
            hashes.extend(latest.filter(|hash| !hashes.contains(hash)));
            for hash in hashes.iter().copied() {
                if let Some(receipt) = self.receipt(hash).await? {
                    self.lane.lock().await.waiting.remove(&sent.nonce);
                    return Ok(executed(hash, &receipt));
                }
            }
            if start.elapsed() >= self.settings.timeout {
                let last =
                    format!("transaction {} is in no block after {:?}", sent.hash, self.settings.timeout);
                return Err(AdapterError::Unreachable { call: "eth_getTransactionReceipt".into(), last });
            }
            if resent.elapsed() >= self.settings.resend_after {
                self.repair().await?;
                resent = Instant::now();
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    /// Sends again what waits for a block, in order, and uses up a nonce that nothing is known to wait under: nodes lose
    /// their pools when they restart, and drop what was paid too little.
    async fn repair(&self) -> Result<(), AdapterError> {
        let mut lane = self.lane.lock().await;
        let next = self.nonce("latest").await?;
        lane.waiting.retain(|nonce, _| *nonce >= next); // the others are in blocks: their receipts tell
        let Some(last) = lane.waiting.keys().next_back().copied() else { return Ok(()) };
        let fees = Fees::now(&self.nodes, self.settings.price).await?;
        for nonce in next..=last {
            let (call, fees) = match lane.waiting.get(&nonce) {
                Some(waiting) => (waiting.call.clone(), waiting.fees.raised(fees)),
                // A hole: a transaction to ourselves that does nothing closes it.
                None => (Call { to: Some(self.address()), data: Vec::new(), gas: 21_000 }, fees),
            };
            tracing::info!(nonce, "sending a stuck transaction again");
            let (raw, hash) = self.sign(nonce, &call, fees).await?;
            lane.waiting.insert(nonce, Waiting { hash, call, fees });
            // Every node: the one that lost it may be the one that makes blocks.
            let params = json!([Bytes::from(raw)]);
            self.nodes
                .ask_all(|node| {
                    let params = params.clone();
                    async move { node.call::<B256>("eth_sendRawTransaction", params).await }
                })
                .await;
        }
        Ok(())
    }

    /// Calls a contract without a transaction, at the newest block.
    pub async fn call(&self, call: &Call) -> Result<Vec<u8>, RpcError> {
        let answer: Bytes =
            self.nodes.call("eth_call", json!([self.call_object(call, true), "latest"])).await?;
        Ok(answer.to_vec())
    }

    /// How much gas a node thinks a call takes.
    pub async fn estimate(&self, call: &Call) -> Result<u64, RpcError> {
        let params = json!([self.call_object(call, false)]);
        Ok(self.nodes.call::<U64>("eth_estimateGas", params).await?.to())
    }

    /// The newest block, without its transactions.
    pub(crate) async fn newest_block(&self) -> Result<JsonBlock, RpcError> {
        self.nodes.call("eth_getBlockByNumber", json!(["latest", false])).await
    }

    fn call_object(&self, call: &Call, with_gas: bool) -> serde_json::Value {
        let mut object = json!({
            "from": Address::from(self.address()),
            "data": Bytes::copy_from_slice(&call.data),
        });
        if let Some(to) = call.to {
            object["to"] = json!(Address::from(to));
        }
        if with_gas {
            object["gas"] = json!(U64::from(call.gas));
        }
        object
    }

    async fn hand_over(&self, raw: &[u8]) -> Result<(), RpcError> {
        let params = json!([Bytes::copy_from_slice(raw)]);
        match self.nodes.call::<B256>("eth_sendRawTransaction", params).await {
            Ok(_) => Ok(()),
            // It is there already: an answer was lost before.
            Err(error) if error.refusal().is_some_and(lane::is_known) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn nonce(&self, at: &str) -> Result<u64, RpcError> {
        let params = json!([Address::from(self.address()), at]);
        Ok(self.nodes.call::<U64>("eth_getTransactionCount", params).await?.to())
    }

    async fn receipt(&self, hash: B256) -> Result<Option<JsonReceipt>, AdapterError> {
        let asked = self.nodes.ask(None, "eth_getTransactionReceipt", |node| async move {
            match node.receipt(hash).await {
                Ok(receipt) => Ok(Some(receipt)),
                // GoQuorum says "unknown transaction" where others say null.
                Err(NodeError::Missing(_) | NodeError::Refused { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        match asked.await {
            Ok(receipt) => Ok(receipt),
            Err(error) => {
                tracing::debug!(%error, "no node to ask for a receipt");
                Ok(None) // the wait goes on until its time is up
            }
        }
    }

    async fn sign(&self, nonce: u64, call: &Call, fees: Fees) -> Result<(Vec<u8>, B256), AdapterError> {
        let chain_id = self
            .chain_id
            .get_or_try_init(|| async {
                Ok::<_, RpcError>(self.nodes.call::<U64>("eth_chainId", json!([])).await?.to::<u64>())
            })
            .await?;
        let to = call.to.map_or(TxKind::Create, |to| TxKind::Call(to.into()));
        let input = Bytes::copy_from_slice(&call.data);
        let envelope = match fees {
            Fees::Legacy { price } => TxEnvelope::Legacy(self.signed(TxLegacy {
                chain_id: Some(*chain_id),
                nonce,
                gas_price: price,
                gas_limit: call.gas,
                to,
                input,
                ..TxLegacy::default()
            })?),
            Fees::Dynamic { most, tip } => TxEnvelope::Eip1559(self.signed(TxEip1559 {
                chain_id: *chain_id,
                nonce,
                gas_limit: call.gas,
                max_fee_per_gas: most,
                max_priority_fee_per_gas: tip,
                to,
                input,
                ..TxEip1559::default()
            })?),
        };
        Ok((envelope.encoded_2718(), *envelope.tx_hash()))
    }

    fn signed<T: SignableTransaction<Signature>>(
        &self,
        transaction: T,
    ) -> Result<alloy_consensus::Signed<T>, AdapterError> {
        let signature = self
            .signer
            .sign(Hash(transaction.signature_hash().0))
            .map_err(|error| AdapterError::Configuration(format!("the account's key: {error}")))?;
        let signature = Signature::from_bytes_and_parity(&signature.0[..64], signature.0[64] == 28);
        Ok(transaction.into_signed(signature))
    }
}

fn executed(hash: B256, receipt: &JsonReceipt) -> Executed {
    let log = |log: &crate::rpc::JsonLog| {
        (log.address.into_array(), log.topics.iter().map(|topic| Hash(topic.0)).collect())
    };
    Executed {
        transaction: Hash(hash.0),
        block: receipt.block_number.to(),
        success: receipt.succeeded(),
        created: receipt.contract_address.map(Address::into_array),
        gas_used: receipt.gas_used.map(|gas| gas.to()),
        logs: receipt.logs.iter().map(log).collect(),
    }
}
