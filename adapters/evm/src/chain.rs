//! One chain as evidence sees it: its blocks with what has to be proven about them.

use core::sync::atomic::{AtomicUsize, Ordering};

use alloy_primitives::{Address, B256, Bytes};
use causeway_adapter::AdapterError;
use causeway_protocol::Hash;
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{Config, MAX_VALIDATORS, ValidatorContract};
use causeway_verifier::prover::{OwnedReceipts, OwnedSet, SourceBlock, validator_slots};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::events::may_hold_events;
use crate::fit::{Choice, TooLarge, Wanted};
use crate::rpc::{JsonProof, JsonReceipt, NodeError, Nodes, RpcError, hex_quantity};

/// Blocks fetched at the same time.
const AT_ONCE: usize = 8;

/// A block, checked as far as it can be without its ancestors.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) hash: Hash,
    pub(crate) block: SourceBlock,
    /// Whether wanted receipts are left out of it.
    pub(crate) partial: bool,
    /// What no evidence can take.
    pub(crate) too_large: Vec<TooLarge>,
}

impl Fetched {
    /// Whether it holds gateway events.
    pub(crate) fn has_events(&self) -> bool {
        self.block.receipts.is_some()
    }

    /// How many bytes it adds to evidence, nearly.
    pub(crate) fn size(&self) -> usize {
        let nodes = |nodes: &[Vec<u8>]| nodes.iter().map(Vec::len).sum::<usize>();
        let set = self.block.set.as_ref().map_or(0, |set| nodes(&set.account) + nodes(&set.storage));
        self.block.raw.len() + self.receipts_size() + set
    }

    /// How many of those are receipts.
    pub(crate) fn receipts_size(&self) -> usize {
        self.block.receipts.as_ref().map_or(0, |receipts| receipts.nodes.iter().map(Vec::len).sum())
    }
}

/// Reads blocks from an island's nodes. Nothing a node says is taken for true: a header's fields are covered by its hash,
/// which links it to the others, and receipts and storage are proven against its roots.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    pub(crate) nodes: &'a Nodes,
    /// How many validators the contract held last: which slots to ask for.
    pub(crate) contract_size: &'a AtomicUsize,
}

impl Chain<'_> {
    /// The blocks of `heights`, in order, with proofs of the events that are `wanted`, and, where the next block's validators
    /// come from a contract, a proof of them.
    pub(crate) async fn blocks(
        &self,
        config: &Config,
        heights: core::ops::RangeInclusive<u64>,
        wanted: Wanted<'_>,
        with_sets: bool,
    ) -> Result<Vec<Fetched>, AdapterError> {
        let blocks: Vec<_> = heights.map(|height| self.block(config, height, wanted, with_sets)).collect();
        stream::iter(blocks).buffered(AT_ONCE).try_collect().await
    }

    async fn block(
        &self,
        config: &Config,
        height: u64,
        wanted: Wanted<'_>,
        with_sets: bool,
    ) -> Result<Fetched, AdapterError> {
        let raw = self
            .nodes
            .ask(Some(height), "the raw header", |node| async move {
                let raw = node.raw_header(height).await?;
                // A header whose fields a node does not show in full is not the header: another node may show it.
                let decoded =
                    decode(config, height, &raw).map_err(|error| NodeError::Failed(error.to_string()))?;
                Ok((raw, decoded))
            })
            .await;
        let (raw, header) = raw?;
        let (receipts, choice) = match may_hold_events(&raw, wanted.gateways) {
            Ok(true) => self.receipts(&header, wanted).await?,
            Ok(false) => (None, Choice::default()),
            Err(cause) => return Err(AdapterError::Unprovable { height, detail: cause.to_string() }),
        };
        let contract = with_sets.then(|| config.contract(height + 1)).flatten();
        let set = match contract {
            Some(contract) => self.set(&contract, &header).await?,
            None => None,
        };
        let block = SourceBlock { raw, copies: Vec::new(), set, receipts };
        Ok(Fetched { hash: header.hash, block, partial: choice.partial, too_large: choice.too_large })
    }

    /// A proof of the receipts with wanted events, as many as fit, checked against the header's root.
    async fn receipts(
        &self,
        header: &RawHeader,
        wanted: Wanted<'_>,
    ) -> Result<(Option<OwnedReceipts>, Choice), AdapterError> {
        let (proof, choice) = self
            .nodes
            .ask(Some(header.number), "the block's receipts", |node| async move {
                let receipts = node.receipts(header.number).await?;
                let bytes: Vec<Vec<u8>> = receipts.iter().map(JsonReceipt::trie_bytes).collect();
                let (root, proof, choice) = wanted.prove(&bytes, wanted.choose(&receipts, &bytes));
                if root == header.receipts_root {
                    return Ok((proof, choice));
                }
                let expected = header.receipts_root;
                Err(NodeError::Failed(format!(
                    "receipts of block {}: root {root}, expected {expected}",
                    header.number
                )))
            })
            .await?;
        Ok(((!proof.indices.is_empty()).then_some(proof), choice)) // the filter says yes also where there is nothing
    }

    /// A proof of the validators of the next block. None where nodes have pruned the state: it is needed only where the
    /// set changes and at the end of a run.
    pub(crate) async fn set(
        &self,
        contract: &ValidatorContract,
        header: &RawHeader,
    ) -> Result<Option<OwnedSet>, AdapterError> {
        let height = header.number;
        let mut length = self.contract_size.load(Ordering::Relaxed);
        for _ in 0..2 {
            let slots = validator_slots(contract, length);
            let keys: Vec<B256> = slots.iter().map(|slot| B256::from(slot.0)).collect();
            let params = json!([Address::from(contract.address.0), keys, hex_quantity(height)]);
            let proof: JsonProof = match self.nodes.call_at(height, "eth_getProof", params).await {
                Ok(proof) => proof,
                Err(error @ RpcError::Refused { .. }) => {
                    tracing::debug!(height, %error, "no proof of the validators");
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            if proof.code_hash.0 != contract.code_hash.0 {
                return Err(AdapterError::Inconsistent {
                    what: "code of the validator contract",
                    expected: contract.code_hash.to_string(),
                    came: proof.code_hash.to_string(),
                });
            }
            let came = proof.storage_proof.first().map_or(0, |slot| slot.value.saturating_to::<usize>());
            if came != length && came <= MAX_VALIDATORS {
                length = came;
                self.contract_size.store(length, Ordering::Relaxed);
                continue; // other slots are needed
            }
            let owned = |nodes: &[Bytes]| nodes.iter().map(|node| node.to_vec()).collect::<Vec<_>>();
            let storage: Vec<Vec<u8>> =
                proof.storage_proof.iter().flat_map(|slot| owned(&slot.proof)).collect();
            let account = owned(&proof.account_proof);
            return OwnedSet::from_nodes(height, contract, header.state_root, &account, &storage)
                .map(Some)
                .map_err(|refusal| AdapterError::Unprovable { height, detail: refusal.to_string() });
        }
        Ok(None) // the set changed between two calls about one block: nodes that disagree
    }
}

/// Decodes the header that a node gave for `height`.
pub(crate) fn decode(config: &Config, height: u64, raw: &[u8]) -> Result<RawHeader, AdapterError> {
    let header = RawHeader::decode(config.protocol(height), raw)
        .map_err(|cause| AdapterError::Unprovable { height, detail: cause.to_string() })?;
    if header.number == height {
        return Ok(header);
    }
    let (expected, came) = (height.to_string(), header.number.to_string());
    Err(AdapterError::Inconsistent { what: "a header's height", expected, came })
}
