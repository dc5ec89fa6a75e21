//! The lying relayer: registered, its envelopes signed, and its evidence made up.
//!
//! It takes a real block of the source chain with its real seals, and puts a receipt of its own making into it: a packet
//! nobody sent. Everything fits together, but for what the validators signed.

use causeway_api::{EvidenceAnswer, EvidenceStatus};
use causeway_client::HubClient;
use causeway_protocol::{
    Envelope, GatewayEvent, GatewayEventKind, GatewayId, HubId, LaneTerms, LocalSigner, Packet, keccak256,
};
use causeway_verifier::bft::raw::{RawHeader, SealCollection};
use causeway_verifier::bft::{Block, Evidence};
use causeway_verifier::forge;
use causeway_verifier::prover::prove_block;
use causeway_verifier::{ClientState, light_client};

use crate::SandboxError;
use crate::devnet::DevnetChain;
use crate::island::Island;

/// How often the forger tries again when an honest relayer was faster than it.
const ATTEMPTS: usize = 20;

/// Submits a forged packet from the first devnet to the island after it, and answers what the hub said to it.
pub(crate) async fn submit(
    hub: &HubClient,
    id: HubId,
    signer: &LocalSigner,
    islands: &[Island],
) -> Result<EvidenceAnswer, SandboxError> {
    let place = islands.iter().position(|island| island.chain.devnet().is_some());
    let place = place.ok_or(SandboxError::NoDevnet)?;
    let (source, destination) = (&islands[place], islands[(place + 1) % islands.len()].gateway_id);
    let chain = source.chain.devnet().ok_or(SandboxError::NoDevnet)?;
    for _ in 0..ATTEMPTS {
        let cursor = hub.cursor(&source.name).await?;
        let height = cursor.head.height + 1;
        chain.net.reached(height).await;
        let real = chain.net.block(height).ok_or(SandboxError::Contract("block"))?.header;
        let number = cursor.gateways.first().map_or(0, |gateway| gateway.number) + 1;
        let state = ClientState { family: source.family, bytes: cursor.client_state };
        let evidence = evidence(source, chain, &state, &real, destination, number)?;
        let envelope = Envelope {
            hub: id,
            island: source.id,
            first: height,
            last: height,
            relayer: causeway_protocol::Address::ZERO,
            evidence,
        };
        let results = hub.submit_evidence(&source.name, &envelope.sign(signer)?).await?.results;
        let answer = results.into_iter().next().ok_or(SandboxError::NoAnswer)?;
        // The honest relayer recorded this height meanwhile: a refusal, but not for the forgery.
        let overtaken = matches!(answer.code.as_deref(), Some("not-next-height" | "not-linked-to-head"));
        if answer.status != EvidenceStatus::Refused || !overtaken {
            return Ok(answer);
        }
    }
    Err(SandboxError::NoAnswer)
}

/// The real block at the head, with a receipt that holds a packet nobody sent.
fn evidence(
    source: &Island,
    chain: &DevnetChain,
    state: &ClientState,
    real: &[u8],
    destination: GatewayId,
    number: u64,
) -> Result<Vec<u8>, SandboxError> {
    let (root, receipts) = prove_block(&[receipt(source, chain, destination, number)], &[0]);
    let protocol = chain.net.config().protocol;
    let header = RawHeader::decode(protocol, real)?;
    let mut seals = SealCollection::default();
    seals.add(&header);
    let client = light_client(source.family).map_err(|_| SandboxError::Family(source.family))?;
    let validators = client.summary(state)?.validators;
    let validators: Vec<_> =
        validators.iter().filter_map(|address| address.as_slice().try_into().ok()).collect();
    let seals = seals.best(&validators);
    let mut forged = header.evidence_form(seals.round)?;
    // receiptsRoot is the last of the header's roots; an empty block's transactionsRoot is the same hash.
    let place = forged.windows(32).rposition(|window| window == header.receipts_root.0);
    let place = place.ok_or(SandboxError::Contract("receiptsRoot"))?;
    forged[place..place + 32].copy_from_slice(&root.0);
    let block =
        Block { header: &forged, seals: &seals.bytes, set: None, receipts: Some(receipts.as_proof()) };
    Ok(Evidence::Run(vec![block]).encode(source.family))
}

/// A receipt, as it would stand in the trie, of a transaction that sent a packet to the forger's profit.
fn receipt(source: &Island, chain: &DevnetChain, destination: GatewayId, number: u64) -> Vec<u8> {
    let lane = LaneTerms { name: keccak256(b"messages"), ordered: false };
    let mut packet = Packet {
        source: source.gateway_id,
        destination,
        lane: causeway_protocol::LaneId::default(),
        sequence: 1_000_000,
        sender: source.board.clone(),
        receiver: source.board.clone(),
        timeout: u64::MAX,
        budget: 100_000,
        payload: b"a message nobody posted".to_vec(),
    };
    packet.lane = lane.lane_id(&packet);
    let kind = GatewayEventKind::PacketSent { packet: Box::new(packet), lane };
    let event = GatewayEvent { gateway: source.gateway_id, number, kind };
    forge::receipt(true, 1, &[forge::encode_event(chain.gateway, &event).as_log()])
}

/// What the hub said to it, if it was refused for what it is.
pub(crate) fn refusal(answer: &EvidenceAnswer) -> Option<(String, String)> {
    let refused = answer.status == EvidenceStatus::Refused;
    let code = answer.code.clone().filter(|_| refused)?;
    Some((code, answer.detail.clone().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use causeway_protocol::Hash;

    use super::*;

    #[test]
    fn only_a_refusal_counts_as_refused() {
        let mut answer = EvidenceAnswer {
            digest: Some(Hash::ZERO),
            status: EvidenceStatus::Recorded,
            events: 1,
            code: Some("seal".into()),
            detail: None,
            next: None,
        };
        assert_eq!(refusal(&answer), None);
        answer.status = EvidenceStatus::Refused;
        assert_eq!(refusal(&answer), Some(("seal".into(), String::new())));
    }
}
