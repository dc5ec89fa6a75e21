//! The methods, by name.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};

use super::answer::{self, data, quantity};
use super::envelope::RpcError;
use super::params::{self, BlockId, Params};
use super::{call, logs};
use crate::block::Block;
use crate::chain::Chain;
use crate::state::{Account, slot_key};

/// The chain as one endpoint shows it.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) chain: &'a Chain,
    /// How many of the newest blocks this endpoint has not heard of.
    pub(super) behind: u64,
}

/// How many storage proofs one `eth_getProof` may ask for.
const MAX_PROOFS: usize = 1_024;
/// How many blocks one `eth_feeHistory` may ask for.
const MAX_FEE_HISTORY: u64 = 1_024;

impl Node<'_> {
    /// Answers one request.
    pub(super) fn call(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let params = Params::new(params)?;
        match method {
            "web3_clientVersion" => {
                Ok(Value::String(concat!("causeway-devnet/v", env!("CARGO_PKG_VERSION")).into()))
            }
            "net_version" => Ok(Value::String(self.chain.rules.chain_id.to_string())),
            "net_listening" => Ok(Value::Bool(true)),
            "eth_syncing" => Ok(Value::Bool(false)),
            "eth_accounts" => Ok(json!([])),
            "eth_chainId" => Ok(quantity(self.chain.rules.chain_id)),
            "eth_blockNumber" => Ok(quantity(self.head().header.number)),
            "eth_gasPrice" => Ok(quantity(self.chain.rules.price_floor())),
            "net_peerCount" | "eth_maxPriorityFeePerGas" => Ok(quantity(0)),
            "eth_feeHistory" => self.fee_history(params),

            "eth_getBlockByNumber" | "eth_getBlockByHash" => {
                let block = self.block(params.required(0, "block", params::block_id)?);
                Ok(block.map_or(Value::Null, |block| answer::block(&block, params.flag(1))))
            }
            "eth_getBlockTransactionCountByNumber" | "eth_getBlockTransactionCountByHash" => {
                let block = self.block(params.required(0, "block", params::block_id)?);
                Ok(block.map_or(Value::Null, |block| quantity(block.transactions.len())))
            }
            "eth_getTransactionByHash" => Ok(self.transaction(params.required(0, "hash", params::hash)?)),
            "eth_getTransactionByBlockHashAndIndex" | "eth_getTransactionByBlockNumberAndIndex" => {
                let block = self.block(params.required(0, "block", params::block_id)?);
                let index =
                    usize::try_from(params.required(1, "index", params::number)?).unwrap_or(usize::MAX);
                Ok(block
                    .and_then(|block| {
                        let one = block.transactions.get(index)?;
                        Some(answer::transaction(one, Some((&block, index))))
                    })
                    .unwrap_or_default())
            }
            "eth_getTransactionReceipt" => {
                let place = self.place(&params.required(0, "hash", params::hash)?);
                Ok(place.and_then(|(block, index)| answer::receipt(&block, index)).unwrap_or_default())
            }
            "eth_getBlockReceipts" => {
                let block = self.block(params.required(0, "block", params::block_id)?);
                Ok(block.map_or(Value::Null, |block| {
                    (0..block.transactions.len()).filter_map(|index| answer::receipt(&block, index)).collect()
                }))
            }
            "eth_getLogs" => logs::logs(self, params.get(0)),

            "eth_getBalance" => self.account(params, 1, |account| {
                quantity(account.map_or(U256::ZERO, |account| account.balance))
            }),
            "eth_getCode" => self.account(params, 1, |account| {
                data(account.map(|account| account.code.original_byte_slice()).unwrap_or_default())
            }),
            "eth_getStorageAt" => {
                let slot = params.required(1, "slot", params::word)?;
                self.account(params, 2, |account| {
                    data(B256::from(account.map_or(U256::ZERO, |account| account.slot(slot))))
                })
            }
            "eth_getTransactionCount" => {
                let address = params.required(0, "address", params::address)?;
                if params.get(1).as_str() == Some("pending") {
                    return Ok(quantity(self.chain.pending_nonce(&address)));
                }
                self.account(params, 1, |account| quantity(account.map_or(0, |account| account.nonce)))
            }
            "eth_getProof" => self.proof(params),

            "eth_call" => call::output(self, params.get(0), self.existing(params, 1)?.as_ref()),
            "eth_estimateGas" => call::estimate(self, params.get(0), self.existing(params, 1)?.as_ref()),
            "eth_sendRawTransaction" => {
                let raw = params.required(0, "transaction", params::data)?;
                self.chain.submit(&raw).map(data).map_err(|error| RpcError::server(error.to_string()))
            }

            "debug_getRawHeader" => Ok(data(&self.existing(params, 0)?.raw_header)),
            "debug_getRawBlock" => Ok(data(self.existing(params, 0)?.raw())),
            // GoQuorum's form: the number as a JSON number, and no prefix on the answer.
            "debug_getBlockRlp" => {
                let number = match params.get(0) {
                    Value::Number(number) => {
                        number.as_u64().ok_or_else(|| RpcError::params("number: not a height"))?
                    }
                    value => params::number(value, "number")?,
                };
                let block = self.block(BlockId::Number(number));
                let block = block.ok_or_else(|| RpcError::server(format!("block #{number} not found")))?;
                Ok(Value::String(alloy_primitives::hex::encode(block.raw())))
            }
            "debug_getRawReceipts" => {
                let block = self.existing(params, 0)?;
                Ok(block.outcomes.iter().map(|outcome| data(outcome.raw())).collect())
            }
            "debug_getRawTransaction" => {
                let hash = params.required(0, "hash", params::hash)?;
                let raw = self.place(&hash).map(|(block, index)| data(&block.transactions[index].raw));
                Ok(raw.unwrap_or_else(|| data([])))
            }
            _ => Err(RpcError::method(method)),
        }
    }

    /// The newest block that this endpoint knows.
    pub(super) fn head(&self) -> Arc<Block> {
        self.chain.read(|history| {
            let head = history.head();
            history.block(head.header.number.saturating_sub(self.behind)).unwrap_or(head).clone()
        })
    }

    /// A block, if this endpoint knows it.
    pub(super) fn block(&self, id: BlockId) -> Option<Arc<Block>> {
        let head = self.head();
        let block = match id {
            BlockId::Latest => return Some(head),
            BlockId::Number(number) => self.chain.read(|history| history.block(number).cloned()),
            BlockId::Hash(hash) => self.chain.read(|history| history.by_hash(&hash).cloned()),
        };
        block.filter(|block| block.header.number <= head.header.number)
    }

    /// The block named by the parameter at `index`, which has to exist.
    fn existing(&self, params: Params<'_>, index: usize) -> Result<Arc<Block>, RpcError> {
        let id = params::block_id(params.get(index), "block")?;
        self.block(id).ok_or_else(|| RpcError::server("header not found"))
    }

    /// Where a transaction is.
    fn place(&self, hash: &B256) -> Option<(Arc<Block>, usize)> {
        let position = self.chain.read(|history| history.transaction(hash))?;
        Some((self.block(BlockId::Number(position.block))?, position.index))
    }

    fn transaction(&self, hash: B256) -> Value {
        if let Some((block, index)) = self.place(&hash) {
            return answer::transaction(&block.transactions[index], Some((&block, index)));
        }
        self.chain.waiting(&hash).map_or(Value::Null, |waiting| answer::transaction(&waiting, None))
    }

    /// Reads the account named first on the state after the block named at `block`.
    fn account(
        &self,
        params: Params<'_>,
        block: usize,
        read: impl FnOnce(Option<&Account>) -> Value,
    ) -> Result<Value, RpcError> {
        let address = params.required(0, "address", params::address)?;
        Ok(read(self.existing(params, block)?.state.account(&address)))
    }

    fn proof(&self, params: Params<'_>) -> Result<Value, RpcError> {
        let address: Address = params.required(0, "address", params::address)?;
        let slots = match params.get(1) {
            Value::Array(slots) if slots.len() <= MAX_PROOFS => slots,
            _ => {
                return Err(RpcError::params(format!(
                    "expected a list of at most {MAX_PROOFS} storage keys"
                )));
            }
        };
        let block = self.existing(params, 2)?;
        let account = block.state.account(&address).cloned().unwrap_or_default();
        let nodes = |proof: Vec<Vec<u8>>| proof.into_iter().map(data).collect::<Value>();
        let storage = slots
            .iter()
            .map(|slot| {
                let key = params::word(slot, "storage key")?;
                Ok(json!({
                    "key": slot,
                    "value": quantity(account.slot(key)),
                    "proof": nodes(account.storage.proof(&slot_key(key))),
                }))
            })
            .collect::<Result<Vec<_>, RpcError>>()?;
        Ok(json!({
            "address": data(address),
            "accountProof": nodes(block.state.proof(&address)),
            "balance": quantity(account.balance),
            "nonce": quantity(account.nonce),
            "codeHash": data(account.code_hash),
            "storageHash": data(account.storage.root()),
            "storageProof": storage,
        }))
    }

    fn fee_history(&self, params: Params<'_>) -> Result<Value, RpcError> {
        let count = match params.get(0) {
            Value::Number(number) => number.as_u64().unwrap_or(0),
            value => params::number(value, "blockCount")?,
        };
        let newest = self.existing(params, 1)?.header.number;
        let count = count.min(MAX_FEE_HISTORY).min(newest + 1);
        let oldest = newest + 1 - count;
        let rewards = params.get(2).as_array().map_or(0, |percentiles| percentiles.len().min(100));
        let base_fee = quantity(self.chain.rules.price_floor());
        let ratios: Vec<_> = (oldest..=newest)
            .take(usize::try_from(count).unwrap_or(0))
            .filter_map(|number| self.block(BlockId::Number(number)))
            .map(|block| {
                #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
                let ratio = block.header.gas_used as f64 / block.header.gas_limit as f64;
                json!(ratio)
            })
            .collect();
        let mut answer = json!({
            "oldestBlock": quantity(oldest),
            "baseFeePerGas": vec![base_fee; ratios.len() + 1],
            "gasUsedRatio": ratios,
        });
        if rewards > 0 {
            answer["reward"] = json!(vec![vec![quantity(0); rewards]; ratios.len()]);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::DevnetConfig;

    const METHODS: [&str; 24] = [
        "eth_feeHistory",
        "eth_getBlockByNumber",
        "eth_getBlockByHash",
        "eth_getBlockTransactionCountByNumber",
        "eth_getTransactionByHash",
        "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionReceipt",
        "eth_getBlockReceipts",
        "eth_getLogs",
        "eth_getBalance",
        "eth_getCode",
        "eth_getStorageAt",
        "eth_getTransactionCount",
        "eth_getProof",
        "eth_call",
        "eth_estimateGas",
        "eth_sendRawTransaction",
        "debug_getRawHeader",
        "debug_getRawBlock",
        "debug_getBlockRlp",
        "debug_getRawReceipts",
        "debug_getRawTransaction",
        "eth_chainId",
        "eth_nothing",
    ];

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            prop::sample::select(vec!["latest", "earliest", "pending", "0x", "0x0", "0x1", "", "é"])
                .prop_map(Value::from),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(data),
            any::<u64>().prop_map(quantity),
            any::<[u8; 20]>().prop_map(data),
            any::<[u8; 32]>().prop_map(data),
        ]
    }

    fn param() -> impl Strategy<Value = Value> {
        let keys = vec![
            "fromBlock",
            "toBlock",
            "blockHash",
            "blockNumber",
            "address",
            "topics",
            "to",
            "from",
            "data",
            "input",
            "gas",
            "gasPrice",
            "value",
        ];
        let list = prop::collection::vec(scalar(), 0..4).prop_map(Value::from);
        let object = prop::collection::vec((prop::sample::select(keys), scalar()), 0..4)
            .prop_map(|entries| entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        prop_oneof![scalar(), list, object]
    }

    proptest! {
        #[test]
        fn any_parameters_are_answered_or_refused(
            method in prop::sample::select(METHODS.to_vec()),
            params in prop::collection::vec(param(), 0..4),
            behind in 0u64..3,
        ) {
            let chain = Chain::genesis(&DevnetConfig::new("fuzz", 7, 1).unwrap()).unwrap();
            chain.mine().unwrap();
            let node = Node { chain: &chain, behind };
            // Whatever it is, it does not panic, and the node goes on.
            let _ = node.call(method, &Value::from(params));
            prop_assert!(node.call("eth_blockNumber", &Value::Null).is_ok());
        }
    }
}
