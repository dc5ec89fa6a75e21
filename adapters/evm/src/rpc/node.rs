//! One node: calls with a time limit, and what its client needs to be asked differently for.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use core::time::Duration;
use std::borrow::Cow;

use alloy_primitives::Bytes;
use alloy_provider::{Provider as _, RootProvider};
use causeway_protocol::Reader;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::{JsonBlock, JsonReceipt, NodeError, hex_quantity};

/// Receipts asked for at once, where they come one by one.
const AT_ONCE: usize = 8;

/// How many times longer than other answers those about receipts may take: a few megabytes of logs are many more of JSON.
const RECEIPTS_PATIENCE: u32 = 6;

/// How a node gives raw headers out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeaderMethod {
    /// `debug_getRawHeader`: Besu, newer geth.
    RawHeader = 1,
    /// `debug_getBlockRlp`: GoQuorum; the header is the block's first item.
    BlockRlp = 2,
    /// `eth_getBlockByNumber`, put together from its fields.
    Fields = 3,
}

const HEADER_METHODS: [HeaderMethod; 3] =
    [HeaderMethod::RawHeader, HeaderMethod::BlockRlp, HeaderMethod::Fields];

/// One JSON-RPC endpoint.
#[derive(Debug)]
pub struct Node {
    name: String,
    provider: RootProvider,
    timeout: Duration,
    /// The [`HeaderMethod`] that worked last; 0 before the first.
    header_method: AtomicU8,
    /// Its newest block, when asked last.
    height: AtomicU64,
}

impl Node {
    /// The node at `url`; every call may take `timeout`.
    pub fn new(url: &Url, timeout: Duration) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            name: format!("{}://{host}{port}", url.scheme()), // without path and credentials: keys stand there
            provider: RootProvider::new_http(url.clone()),
            timeout,
            header_method: AtomicU8::new(0),
            height: AtomicU64::new(0),
        }
    }

    /// Its address, without anything secret.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its newest block, when it was asked last.
    pub(super) fn known_height(&self) -> u64 {
        self.height.load(Ordering::Relaxed)
    }

    /// Calls `method`; an answer of `null` is [`NodeError::Missing`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, NodeError> {
        self.call_within(self.timeout, method, params).await
    }

    async fn call_within<T: DeserializeOwned>(
        &self,
        timeout: Duration,
        method: &'static str,
        params: Value,
    ) -> Result<T, NodeError> {
        let call = self.provider.raw_request::<_, Value>(Cow::Borrowed(method), params);
        let answer = match tokio::time::timeout(timeout, call).await {
            Err(_) => return Err(NodeError::Failed(format!("no answer in {timeout:?}"))),
            Ok(Err(error)) => return Err(NodeError::of_transport(error)),
            Ok(Ok(Value::Null)) => return Err(NodeError::Missing(format!("answer to {method}"))),
            Ok(Ok(answer)) => answer,
        };
        serde_json::from_value(answer)
            .map_err(|cause| NodeError::Failed(format!("{method}: unexpected answer: {cause}")))
    }

    /// Asks for its newest block's height.
    pub async fn newest(&self) -> Result<u64, NodeError> {
        let height = self.call::<alloy_primitives::U64>("eth_blockNumber", json!([])).await?.to();
        self.height.store(height, Ordering::Relaxed);
        Ok(height)
    }

    /// The block's fields, without its transactions.
    pub(crate) async fn block(&self, number: u64) -> Result<JsonBlock, NodeError> {
        self.call("eth_getBlockByNumber", json!([hex_quantity(number), false])).await
    }

    /// The header's RLP with the seals this node stores, by whatever method the node has.
    pub async fn raw_header(&self, number: u64) -> Result<Vec<u8>, NodeError> {
        let known = self.header_method.load(Ordering::Relaxed);
        if let Some(method) = HEADER_METHODS.into_iter().find(|method| *method as u8 == known) {
            return self.raw_header_by(method, number).await;
        }
        let mut last = NodeError::Missing("method for raw headers".into());
        for method in HEADER_METHODS {
            match self.raw_header_by(method, number).await {
                Ok(header) => {
                    self.header_method.store(method as u8, Ordering::Relaxed);
                    return Ok(header);
                }
                Err(error @ NodeError::Refused { .. }) => last = error, // unknown there, or switched off: the next
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    async fn raw_header_by(&self, method: HeaderMethod, number: u64) -> Result<Vec<u8>, NodeError> {
        match method {
            HeaderMethod::RawHeader => {
                let params = json!([hex_quantity(number)]);
                self.call::<Bytes>("debug_getRawHeader", params).await.map(|bytes| bytes.to_vec())
            }
            HeaderMethod::BlockRlp => {
                let digits = self.call::<String>("debug_getBlockRlp", json!([number])).await?; // a plain number; no 0x
                let odd = || NodeError::Failed("debug_getBlockRlp: expected the RLP of a block".into());
                let block = const_hex::decode(digits).map_err(|_| odd())?;
                let mut items = Reader::sole("block", &block).map_err(|_| odd())?;
                items.raw("header").map(<[u8]>::to_vec).map_err(|_| odd())
            }
            HeaderMethod::Fields => self.block(number).await.map(|block| block.header_rlp()),
        }
    }

    /// Every receipt of a block, in transaction order.
    pub(crate) async fn receipts(&self, number: u64) -> Result<Vec<JsonReceipt>, NodeError> {
        let (timeout, params) = (self.timeout * RECEIPTS_PATIENCE, json!([hex_quantity(number)]));
        let all = self.call_within::<Vec<JsonReceipt>>(timeout, "eth_getBlockReceipts", params).await;
        let mut receipts = match all {
            Err(error) if error.is_unknown_method() => self.receipts_one_by_one(number).await?,
            all => all?,
        };
        receipts.sort_by_key(|receipt| receipt.transaction_index);
        Ok(receipts)
    }

    /// GoQuorum has no `eth_getBlockReceipts`.
    async fn receipts_one_by_one(&self, number: u64) -> Result<Vec<JsonReceipt>, NodeError> {
        #[derive(serde::Deserialize)]
        struct Transactions {
            transactions: Vec<alloy_primitives::B256>,
        }
        let block: Transactions =
            self.call("eth_getBlockByNumber", json!([hex_quantity(number), false])).await?;
        let timeout = self.timeout * RECEIPTS_PATIENCE;
        let receipt = |hash| self.call_within(timeout, "eth_getTransactionReceipt", json!([hash]));
        let calls = block.transactions.into_iter().map(receipt);
        stream::iter(calls).buffered(AT_ONCE).try_collect().await
    }

    /// One transaction's receipt.
    pub(crate) async fn receipt(
        &self,
        transaction: alloy_primitives::B256,
    ) -> Result<JsonReceipt, NodeError> {
        self.call("eth_getTransactionReceipt", json!([transaction])).await
    }
}

#[cfg(test)]
mod tests {
    use causeway_evm_devnet::{Devnet, DevnetConfig, Hardfork};

    use super::*;

    #[tokio::test]
    async fn a_raw_header_is_the_same_by_every_method_and_for_every_fork() {
        for hardfork in [Hardfork::Istanbul, Hardfork::London, Hardfork::Shanghai] {
            let mut config = DevnetConfig::new("headers", 1337, 4).unwrap();
            config.hardfork = hardfork;
            let devnet = Devnet::start(config).await.unwrap();
            let block = devnet.mine().unwrap();
            let node = Node::new(&devnet.url().parse().unwrap(), Duration::from_secs(5));
            for method in HEADER_METHODS {
                let header = node.raw_header_by(method, block.number).await.unwrap();
                assert_eq!(header, block.header, "{method:?} {hardfork:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_name_shows_nothing_secret() {
        let url = "https://user:word@node.example:8545/key/secret?token=secret".parse().unwrap();
        assert_eq!(Node::new(&url, Duration::ZERO).name(), "https://node.example:8545");
    }
}
