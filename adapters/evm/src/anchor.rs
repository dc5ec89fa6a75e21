//! Trust anchors out of what nodes serve: for people to compare and approve, not to be believed.

use core::sync::atomic::AtomicUsize;

use causeway_adapter::AdapterError;
use causeway_protocol::{Family, Hash};
use causeway_verifier::bft::{Anchor, Config};
use causeway_verifier::light_client;

use crate::chain::{Chain, decode};
use crate::rpc::Nodes;

/// A trust anchor, and what an island is registered under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedAnchor {
    /// The island's family.
    pub family: Family,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// The anchor's canonical bytes.
    pub bytes: Vec<u8>,
    /// The anchor's height.
    pub height: u64,
    /// The anchor's block hash: what an operator compares with the island's owner.
    pub block: Hash,
    /// The validators it starts with, 20 bytes each.
    pub validators: Vec<Vec<u8>>,
}

/// Makes the trust anchor at `height` for an island with the parameters of `config`.
pub async fn propose_anchor(
    nodes: &Nodes,
    config: Config,
    height: u64,
) -> Result<ProposedAnchor, AdapterError> {
    let family = config.family;
    let header = async |height: u64| {
        let raw =
            nodes.ask(Some(height), "the raw header", |node| async move { node.raw_header(height).await });
        decode(&config, height, &raw.await?)
    };
    let fingerprint = header(0).await?.hash;
    let header = header(height).await?;
    let unprovable = |detail: String| AdapterError::Unprovable { height, detail };
    let set = match config.contract(height + 1) {
        None => None,
        Some(contract) => {
            let chain = Chain { nodes, contract_size: &AtomicUsize::new(0) };
            let set = chain.set(&contract, &header).await?;
            Some(set.ok_or_else(|| unprovable("nodes have no proof of the validators there".into()))?)
        }
    };
    let evidence_form = header.evidence_form(0).map_err(|cause| unprovable(cause.to_string()))?;
    let anchor = Anchor { config, header: &evidence_form, set: set.as_ref().map(|set| set.as_proof()) };
    let bytes = anchor.encode();
    let client = light_client(family).map_err(|cause| AdapterError::Configuration(cause.to_string()))?;
    let anchored = client.anchor(&bytes).map_err(|refusal| unprovable(refusal.to_string()))?;
    Ok(ProposedAnchor {
        family,
        fingerprint,
        height,
        block: anchored.header.hash,
        validators: anchored.validators.clone(),
        bytes,
    })
}
