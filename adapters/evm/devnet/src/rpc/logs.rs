//! `eth_getLogs`: filters over ranges of blocks.

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use serde_json::Value;

use super::answer;
use super::envelope::RpcError;
use super::methods::Node;
use super::params::{self, BlockId};
use crate::block::Block;

/// How many blocks a query may look at.
const MAX_BLOCKS: u64 = 100_000;
/// How many logs a query may answer.
const MAX_LOGS: usize = 20_000;
/// How many alternatives a filter may list at one place.
const MAX_ALTERNATIVES: usize = 1_000;

/// Which logs are wanted. An empty list of alternatives matches anything.
#[derive(Debug, Clone, Default)]
struct Filter {
    addresses: Vec<Address>,
    topics: Vec<Vec<B256>>,
}

/// Answers `eth_getLogs`.
pub(super) fn logs(node: &Node<'_>, query: &Value) -> Result<Value, RpcError> {
    let Value::Object(object) = query else {
        return Err(RpcError::params("expected a filter object"));
    };
    let get = |name: &str| object.get(name).unwrap_or(&Value::Null);
    let filter = Filter::read(get("address"), get("topics"))?;
    let (first, last) = match params::optional(get("blockHash"), "blockHash", params::hash)? {
        Some(_) if object.contains_key("fromBlock") || object.contains_key("toBlock") => {
            return Err(RpcError::params("cannot specify both BlockHash and FromBlock/ToBlock"));
        }
        Some(hash) => {
            let block = node.block(BlockId::Hash(hash)).ok_or_else(|| RpcError::server("unknown block"))?;
            (block.header.number, block.header.number)
        }
        None => {
            let head = node.head().header.number;
            let height = |name: &str| match params::block_id(get(name), name)? {
                BlockId::Latest => Ok(head),
                BlockId::Number(number) => Ok(number),
                BlockId::Hash(_) => Err(RpcError::params(format!("{name}: expected a tag or a number"))),
            };
            (height("fromBlock")?, height("toBlock")?.min(head))
        }
    };
    if last.saturating_sub(first) >= MAX_BLOCKS {
        return Err(RpcError::limit(format!("block range of more than {MAX_BLOCKS} blocks")));
    }
    let mut found = Vec::new();
    for number in first..=last {
        let Some(block) = node.block(BlockId::Number(number)) else { break };
        filter.collect(&block, &mut found);
        if found.len() > MAX_LOGS {
            return Err(RpcError::limit(format!("query returned more than {MAX_LOGS} results")));
        }
    }
    Ok(Value::Array(found))
}

impl Filter {
    fn read(address: &Value, topics: &Value) -> Result<Self, RpcError> {
        let addresses = alternatives(address, "address", params::address)?;
        let topics = match topics {
            Value::Null => Vec::new(),
            Value::Array(places) if places.len() <= 4 => places
                .iter()
                .map(|place| alternatives(place, "topics", params::hash))
                .collect::<Result<_, _>>()?,
            _ => return Err(RpcError::params("topics: expected a list of at most 4")),
        };
        Ok(Self { addresses, topics })
    }

    fn collect(&self, block: &Block, found: &mut Vec<Value>) {
        if !self.may_be_in(&block.header.logs_bloom) {
            return;
        }
        for (index, (transaction, outcome)) in block.transactions.iter().zip(&block.outcomes).enumerate() {
            let logs = outcome.logs().iter().enumerate().filter(|(_, log)| self.matches(log));
            found.extend(logs.map(|(position, log)| {
                answer::log(block, index, transaction.hash, outcome.first_log + position, log)
            }));
        }
    }

    fn may_be_in(&self, bloom: &Bloom) -> bool {
        let contains = |input: &[u8]| bloom.contains_input(BloomInput::Raw(input));
        (self.addresses.is_empty() || self.addresses.iter().any(|address| contains(address.as_slice())))
            && self
                .topics
                .iter()
                .all(|place| place.is_empty() || place.iter().any(|topic| contains(topic.as_slice())))
    }

    fn matches(&self, log: &Log) -> bool {
        let topics = log.topics();
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.len() <= topics.len()
            && self.topics.iter().zip(topics).all(|(place, topic)| place.is_empty() || place.contains(topic))
    }
}

/// One value, a list of alternatives, or nothing, which allows anything.
fn alternatives<T>(
    value: &Value,
    what: &str,
    read: impl Fn(&Value, &str) -> Result<T, RpcError>,
) -> Result<Vec<T>, RpcError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) if list.len() > MAX_ALTERNATIVES => {
            Err(RpcError::limit(format!("{what}: more than {MAX_ALTERNATIVES} alternatives")))
        }
        Value::Array(list) => list.iter().map(|item| read(item, what)).collect(),
        one => Ok(vec![read(one, what)?]),
    }
}
