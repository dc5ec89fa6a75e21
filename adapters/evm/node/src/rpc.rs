//! The few JSON-RPC calls that running a network takes.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::NodeError;

/// JSON-RPC of one node.
#[derive(Debug, Clone)]
pub struct Rpc {
    url: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
}

impl Rpc {
    /// A client of the node at this URL. An answer may take five seconds: a paused node gives none.
    pub(crate) fn new(url: String) -> Result<Self, NodeError> {
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().map_err(
                |source| NodeError::Http { method: "(client)".to_owned(), url: url.clone(), source },
            )?;
        Ok(Self { url, client })
    }

    /// Where the node listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls `method` and reads its result as `T`.
    ///
    /// # Errors
    /// [`NodeError::Http`] when there is no answer, [`NodeError::Refused`] when the node answers with an error,
    /// [`NodeError::Shape`] when the result is no `T`.
    pub async fn call<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, NodeError> {
        let http = |source| NodeError::Http { method: method.to_owned(), url: self.url.clone(), source };
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let response = self.client.post(&self.url).json(&request).send().await.map_err(http)?;
        let answer: Answer = response.json().await.map_err(http)?;
        if let Some(Refusal { code, message }) = answer.error {
            return Err(NodeError::Refused { method: method.to_owned(), code, message });
        }
        let got = answer.result.to_string();
        serde_json::from_value(answer.result).map_err(|error| shape(method, &error.to_string(), &got))
    }

    /// The newest block's number.
    pub async fn block_number(&self) -> Result<u64, NodeError> {
        let answer: String = self.call("eth_blockNumber", json!([])).await?;
        answer
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| shape("eth_blockNumber", "a 64-bit quantity", &answer))
    }

    /// The validators that seal the block after `number`, ascending.
    pub async fn validators_after(&self, number: u64) -> Result<Vec<[u8; 20]>, NodeError> {
        let method = "istanbul_getValidators";
        let answer: Vec<String> = self.call(method, json!([format!("{number:#x}")])).await?;
        let mut validators = answer
            .iter()
            .map(|address| {
                const_hex::decode_to_array(address).map_err(|_| shape(method, "addresses", address))
            })
            .collect::<Result<Vec<[u8; 20]>, _>>()?;
        validators.sort_unstable();
        Ok(validators)
    }

    /// RLP of block `number` as this node stores it: `[header, transactions, uncles]`.
    pub async fn raw_block(&self, number: u64) -> Result<Vec<u8>, NodeError> {
        let answer: String = self.call("debug_getBlockRlp", json!([number])).await?;
        const_hex::decode(&answer).map_err(|_| shape("debug_getBlockRlp", "hex", &answer))
    }

    /// RLP of the header of block `number`, with the seals this node stores.
    pub async fn raw_header(&self, number: u64) -> Result<Vec<u8>, NodeError> {
        let block = self.raw_block(number).await?;
        first_item(&block)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| shape("debug_getBlockRlp", "RLP of a block", &const_hex::encode(&block)))
    }
}

/// The first item of an RLP list, header byte included.
fn first_item(list: &[u8]) -> Option<&[u8]> {
    let mut rest = list;
    let outer = alloy_rlp::Header::decode(&mut rest).ok()?;
    let items = rest;
    let inner = alloy_rlp::Header::decode(&mut rest).ok()?;
    let length = items.len() - rest.len() + inner.payload_length;
    (outer.list && inner.list).then(|| items.get(..length)).flatten()
}

pub(crate) fn shape(method: &str, expected: &str, got: &str) -> NodeError {
    let got = got.chars().take(200).collect();
    NodeError::Shape { method: method.to_owned(), expected: expected.to_owned(), got }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_item_of_a_block_is_its_header() {
        assert_eq!(first_item(&[0xc4, 0xc2, 1, 2, 0xc0]), Some(&[0xc2, 1, 2][..]));
        assert_eq!(first_item(&[0xc2, 1, 2]), None);
        assert_eq!(first_item(&[0x82, 1, 2]), None);
        assert_eq!(first_item(&[]), None);
    }
}
