//! The load: two islands, and requests with evidence of many packets, forged in advance.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use causeway_api::{CreatedToken, EvidenceResults, EvidenceStatus};
use causeway_protocol::{
    Address, Envelope, Family, GatewayId, HubId, IslandId, LocalSigner, MEDIA_TYPE, Signer,
};
use causeway_verifier::{ClientState, Gateway, light_client};
use serde_json::{Value, json};

use crate::forge::Chain;
use crate::{BLOCKS_AN_ENVELOPE, ENVELOPES_A_REQUEST, PACKETS_A_BLOCK};

pub(crate) const ORIGIN: &str = "ingest.example/log";
pub(crate) const OPERATOR: &str = "causeway_operator_of_this_measurement";
const STREAM: &str = "application/vnd.causeway.envelopes";

/// Requests that are ready to be posted.
pub(crate) struct Load {
    hub: String,
    island: IslandId,
    token: String,
    http: reqwest::Client,
    pub(crate) requests: Vec<Vec<u8>>,
}

impl Load {
    /// Registers both islands and forges `packets` packets from the first to the second.
    pub(crate) async fn new(hub: &str, packets: usize) -> Self {
        let http = reqwest::Client::new();
        let relayer = LocalSigner::from_bytes(&[1; 32]).unwrap();
        let wanted = json!({ "name": "load", "role": "relayer", "address": relayer.address() });
        let made = post(&http, &format!("{hub}/v1/tokens"), &wanted).await;
        let token = serde_json::from_value::<CreatedToken>(made).unwrap().secret;

        let blocks = packets.div_ceil(PACKETS_A_BLOCK);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let genesis = now - blocks as u64 - 60;
        let (mut from, mut to) = (Chain::new(1, genesis), Chain::new(2, genesis));
        let mut load = Self { hub: hub.to_owned(), island: from.island, token, http, requests: Vec::new() };
        for (chain, name) in [(&mut from, "from"), (&mut to, "to")] {
            load.join(chain, name).await;
            chain.open(HubId::of_origin(ORIGIN), 1, &[Address([8; 20])]);
            chain.seal();
        }
        let opened = seal(&to, &to.start(), &relayer);
        load.submit(to.island, MEDIA_TYPE, opened.0).await;

        let mut state = from.start();
        let mut envelopes = Vec::new();
        let mut left = packets;
        let destination: GatewayId = to.gateway;
        while left > 0 {
            for _ in 0..BLOCKS_AN_ENVELOPE {
                for _ in 0..left.min(PACKETS_A_BLOCK) {
                    from.send(destination, &[7; 64]);
                }
                left -= left.min(PACKETS_A_BLOCK);
                from.seal();
            }
            let (envelope, next) = seal(&from, &state, &relayer);
            envelopes.push(envelope);
            state = next;
        }
        load.requests = envelopes.chunks(ENVELOPES_A_REQUEST).map(stream).collect();
        load
    }

    pub(crate) fn megabytes(&self) -> f64 {
        let bytes: usize = self.requests.iter().map(Vec::len).sum();
        f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
    }

    /// Posts everything, one request after the other; how long it took until the last was durable.
    pub(crate) async fn post(&self) -> Duration {
        let begun = Instant::now();
        for request in &self.requests {
            self.submit(self.island, STREAM, request.clone()).await;
        }
        begun.elapsed()
    }

    async fn submit(&self, island: IslandId, media: &str, body: Vec<u8>) {
        let url = format!("{}/v1/islands/{island}/evidence", self.hub);
        let request = self.http.post(url).bearer_auth(&self.token).header("content-type", media).body(body);
        let response = request.send().await.unwrap().error_for_status().unwrap();
        for result in response.json::<EvidenceResults>().await.unwrap().results {
            assert_eq!(result.status, EvidenceStatus::Recorded, "{result:?}");
        }
    }

    async fn join(&self, chain: &Chain, name: &str) {
        let registration = json!({
            "name": name,
            "family": "qbft",
            "fingerprint": chain.fingerprint,
            "anchor": const_hex::encode_prefixed(chain.anchor()),
            "gateway": { "address": const_hex::encode_prefixed(chain.address()), "id": chain.next_gateway() },
        });
        post(&self.http, &format!("{}/v1/islands", self.hub), &registration).await;
        let approval = json!({ "anchor_digest": causeway_protocol::anchor_digest(&chain.anchor()), "reason": "a measurement" });
        post(&self.http, &format!("{}/v1/islands/{name}/approve", self.hub), &approval).await;
    }
}

/// An envelope of everything after `state`, and the state after it.
fn seal(chain: &Chain, state: &ClientState, relayer: &LocalSigner) -> (Vec<u8>, ClientState) {
    let (first, last, evidence) = chain.run_from(state);
    let gateway = Gateway { island: chain.island, address: chain.address(), id: chain.gateway };
    let client = light_client(Family::Qbft).unwrap();
    let advance = client.advance(state, &[gateway], None, &evidence, chain.time + 1).unwrap().into_inner();
    let (hub, island) = (HubId::of_origin(ORIGIN), chain.island);
    let envelope = Envelope { hub, island, first, last, relayer: relayer.address(), evidence };
    (envelope.sign(relayer).unwrap().encode(), advance.state)
}

fn stream(envelopes: &[Vec<u8>]) -> Vec<u8> {
    let framed = envelopes.iter().map(|envelope| {
        let length = u32::try_from(envelope.len()).unwrap().to_be_bytes();
        [length.as_slice(), envelope].concat()
    });
    framed.collect::<Vec<_>>().concat()
}

async fn post(http: &reqwest::Client, url: &str, body: &Value) -> Value {
    for _ in 0..100 {
        match http.post(url).bearer_auth(OPERATOR).json(body).send().await {
            Ok(response) => return response.error_for_status().unwrap().json().await.unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // the hub is still starting
        }
    }
    panic!("the hub does not answer");
}
