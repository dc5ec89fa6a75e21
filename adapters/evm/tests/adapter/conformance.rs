//! The checklist of every family, run on an EVM island.

use async_trait::async_trait;
use causeway_adapter::testkit::{self, Recording};
use causeway_adapter::{Destination, Evidence, Recorded, Source, Standing, Statement};
use causeway_evm::{EvmSource, SourceSettings};
use causeway_protocol::{
    Attestation, AttestationKind, Batch, BatchProof, GatewayId, Hash, LaneId, LaneTerms, Packet, Signer,
    keccak256,
};
use causeway_verifier::bft::Protocol;

use crate::island::{Island, attestors};

/// Where its packets come from and go to.
const ELSEWHERE: GatewayId = GatewayId([9; 32]);

#[async_trait]
impl testkit::Island for Island {
    fn beginning(&self) -> Standing {
        self.book.standing.clone()
    }

    fn source(&self) -> Box<dyn Source> {
        Box::new(self.source())
    }

    fn destination(&self) -> Box<dyn Destination> {
        Box::new(self.destination())
    }

    fn verify(
        &self,
        standing: &Standing,
        recorded: Option<Recorded>,
        evidence: &Evidence,
    ) -> Result<Recording, String> {
        self.book.verify(standing, recorded, evidence).map_err(|refusal| refusal.to_string())
    }

    async fn send(&self, count: usize) {
        for _ in 0..count {
            self.account.send_packet(self.gateway, &self.message(ELSEWHERE)).await.unwrap();
        }
    }

    fn arrivals(&self, count: usize) -> Vec<(Statement, Statement)> {
        (1..=count as u64).map(|sequence| self.arrival(sequence)).collect()
    }

    /// A source that knows of no gateway proves no events.
    async fn leave_out(&self, standing: &Standing, evidence: &Evidence) -> Evidence {
        let most_headers = usize::try_from(evidence.last - evidence.first).unwrap() + 1;
        let settings = SourceSettings { most_headers, idle_headers: 1, ..SourceSettings::default() };
        let standing = Standing { gateways: Vec::new(), ..standing.clone() };
        EvmSource::new(self.nodes.clone(), settings).next(&standing).await.unwrap().unwrap()
    }
}

impl Island {
    /// Statements about a packet from elsewhere: that it was sent, and that policy refuses it.
    fn arrival(&self, sequence: u64) -> (Statement, Statement) {
        let lane = LaneTerms { name: keccak256(b"elsewhere"), ordered: false };
        let mut packet = Packet {
            source: ELSEWHERE,
            destination: self.gateway_id,
            lane: LaneId([0; 32]),
            sequence,
            sender: vec![1; 20],
            receiver: vec![0x42; 20],
            timeout: self.chain.time() + 600,
            budget: 50_000,
            payload: b"hello".to_vec(),
        };
        packet.lane = lane.lane_id(&packet);
        let state = |kind| {
            let attestation = Attestation::plain(kind, packet.id());
            let batch = Batch::of(1, &[attestation]).unwrap();
            let digest: Hash = batch.digest(self.gateway_id);
            Statement {
                gateway: self.gateway_id,
                address: self.gateway.to_vec(),
                packet: packet.clone(),
                lane,
                attestation,
                result: Vec::new(),
                batch,
                proof: BatchProof { index: 0, path: Vec::new() },
                signatures: attestors()[..2].iter().map(|attestor| attestor.sign(digest).unwrap()).collect(),
            }
        };
        (state(AttestationKind::Deliver), state(AttestationKind::Refuse))
    }
}

#[tokio::test]
async fn an_evm_island_keeps_what_every_island_keeps() {
    for protocol in Protocol::ALL {
        testkit::conforms(&Island::of(&format!("conformance {}", protocol.as_str()), protocol).await).await;
    }
}
