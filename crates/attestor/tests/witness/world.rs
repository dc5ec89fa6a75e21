//! Two islands with keys of the test's own, a gateway on each, and packets between them.

use causeway_protocol::{
    Address, Attestation, AttestationKind, AttestorSet, Family, GatewayEvent, GatewayEventKind, GatewayId,
    Hash, HubId, Lane, LaneOrder, LaneTerms, LocalSigner, Packet, Signer as _, keccak256,
};
use causeway_verifier::forge::{Forge, GENESIS_TIME};
use causeway_verifier::prover::RunBuilder;
use causeway_verifier::{ClientState, Gateway, light_client};

/// An island, the client state its evidence has reached, and the gateway on it.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) forge: Forge,
    pub(crate) contract: Address,
    pub(crate) gateway: Gateway,
    pub(crate) state: ClientState,
    number: u64,
}

/// The attestor's key in every test.
pub(crate) fn signer() -> LocalSigner {
    LocalSigner::from_bytes(&[7; 32]).unwrap()
}

/// A set of `epoch` that holds the attestor.
pub(crate) fn set(epoch: u64) -> AttestorSet {
    let mut attestors = vec![signer().address(), Address([0x99; 20])];
    attestors.sort_unstable();
    AttestorSet { epoch, threshold: 2, attestors }
}

/// A set of `epoch` without the attestor.
pub(crate) fn set_of_others(epoch: u64) -> AttestorSet {
    AttestorSet { epoch, threshold: 1, attestors: vec![Address([0x99; 20])] }
}

impl Side {
    /// An island of `validators` validators whose gateway opens in its first block.
    pub(crate) fn new(name: &'static str, validators: u64, contract: u8) -> Self {
        let mut forge = Forge::new(Family::Qbft, validators);
        let contract = Address([contract; 20]);
        let gateway = forge.gateway(contract);
        let state = light_client(Family::Qbft).unwrap().anchor(&forge.anchor()).unwrap().state.clone();
        let opened = GatewayEventKind::Opened {
            island: forge.island().id(),
            hub: HubId([0; 32]),
            owner: Address([1; 20]),
            attestors: set(1),
        };
        forge.mine_events(contract, &[GatewayEvent { gateway: gateway.id, number: 1, kind: opened }]);
        Self { name, forge, contract, gateway, state, number: 1 }
    }

    pub(crate) fn id(&self) -> GatewayId {
        self.gateway.id
    }

    /// Mines a block with these events, numbered in order.
    pub(crate) fn emit(&mut self, kinds: Vec<GatewayEventKind>) {
        let mut events = Vec::new();
        for kind in kinds {
            self.number += 1;
            events.push(GatewayEvent { gateway: self.gateway.id, number: self.number, kind });
        }
        self.forge.mine_events(self.contract, &events);
    }

    /// Everything mined since the last call, as one run.
    pub(crate) fn evidence(&mut self) -> Vec<u8> {
        let gateway = self.gateway.clone();
        self.evidence_of(&[gateway])
    }

    /// The same, of these gateways.
    pub(crate) fn evidence_of(&mut self, gateways: &[Gateway]) -> Vec<u8> {
        let evidence = self.forge.run(&self.state);
        self.advance(&evidence, gateways);
        evidence
    }

    /// Moves the client state past `evidence`, which has to hold events of these gateways only.
    pub(crate) fn advance(&mut self, evidence: &[u8], gateways: &[Gateway]) {
        let client = light_client(Family::Qbft).unwrap();
        let advance = client.advance(&self.state, gateways, None, evidence, self.now()).unwrap();
        self.state = advance.state.clone();
    }

    /// The same, with the events of one block left unproven, as a relayer would that hides them.
    pub(crate) fn evidence_without_receipts_of(&mut self, height: u64) -> Vec<u8> {
        let mut builder = RunBuilder::new(Family::Qbft, &self.state).unwrap();
        while builder.next_height() <= self.forge.head().number {
            let mut block = self.forge.source(builder.next_height());
            if builder.next_height() == height {
                block.receipts = None;
            }
            builder.push(block).unwrap();
        }
        builder.take_run().unwrap().unwrap().evidence
    }

    /// The time of its newest block, Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        self.forge.head().time
    }
}

/// The islands `harbour` and `customs`, evidence from the first to the newest block not yet taken.
pub(crate) fn islands() -> (Side, Side) {
    (Side::new("harbour", 4, 0xaa), Side::new("customs", 5, 0xbb))
}

/// The lane of every test's packets between two gateways, unordered.
const LANE: &str = "orders";

/// A packet from one side to the other.
pub(crate) fn packet(from: GatewayId, to: GatewayId, sequence: u64, payload: &[u8]) -> Packet {
    let lane = Lane { source: from, destination: to, name: LANE.into(), order: LaneOrder::Unordered };
    Packet {
        source: from,
        destination: to,
        lane: lane.id(),
        sequence,
        sender: vec![0x51; 20],
        receiver: vec![0x52; 20],
        timeout: GENESIS_TIME + 3600,
        budget: 100_000,
        payload: payload.to_vec(),
    }
}

pub(crate) fn sent(packet: &Packet) -> GatewayEventKind {
    let lane = LaneTerms { name: keccak256(LANE.as_bytes()), ordered: false };
    GatewayEventKind::PacketSent { packet: Box::new(packet.clone()), lane }
}

pub(crate) fn delivered(packet: &Packet, success: bool, result: &[u8]) -> GatewayEventKind {
    GatewayEventKind::PacketDelivered { packet: packet.id(), success, result: result.to_vec() }
}

pub(crate) fn deliver(packet: &Packet) -> Attestation {
    Attestation::plain(AttestationKind::Deliver, packet.id())
}

pub(crate) fn expired(packet: &Packet) -> Attestation {
    Attestation::plain(AttestationKind::Expired, packet.id())
}

pub(crate) fn result(packet: &Packet, success: bool, result: &[u8]) -> Attestation {
    Attestation::result(packet.id(), success, result)
}

/// The fingerprint of a side's island.
pub(crate) fn fingerprint(side: &Side) -> Hash {
    side.forge.island().fingerprint
}
