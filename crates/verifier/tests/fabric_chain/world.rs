//! A channel with a gateway, and evidence put together by hand, so that it can be wrong in every way.

use causeway_protocol::{
    Address, AttestationKind, AttestorSet, Family, GatewayEventKind, GatewayId, Hash, HubId, Island,
    IslandId, LaneTerms, Packet, PacketId, keccak256,
};
use causeway_verifier::fabric::forge::{
    ANCHOR_TIME, Chain, Endorsed, Network, Signer, role, signature_policy, signed_by, written,
};
use causeway_verifier::fabric::proto::{ApplicationPolicy, ApplicationPolicyType, Metadata, MspRoleType};
use causeway_verifier::fabric::{Block, Evidence, Run, Seal, SealSignature, sha256};
use causeway_verifier::{Advance, ClientState, Gateway, LightClient, Refusal, Verified, light_client};

/// A time at which everything is fine.
pub(crate) const NOW: u64 = ANCHOR_TIME + 3600;
/// The gateway's chaincode.
pub(crate) const NAME: &str = "gateway";

pub(crate) fn client() -> &'static dyn LightClient {
    light_client(Family::Fabric).unwrap()
}

/// Of these organisations' peers, so many.
pub(crate) fn peers_of(n: i32, organisations: &[&str]) -> ApplicationPolicy {
    let principals =
        organisations.iter().map(|name| role(&format!("{name}MSP"), MspRoleType::Peer)).collect();
    let rules = (0..).take(organisations.len()).map(signed_by).collect();
    let policy = signature_policy(n, rules, principals);
    ApplicationPolicy { r#type: Some(ApplicationPolicyType::SignaturePolicy(policy)) }
}

/// A channel of two organisations, and how far its client has come.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) state: ClientState,
    pub(crate) gateways: Vec<Gateway>,
}

impl World {
    /// At block 0.
    pub(crate) fn new() -> Self {
        Self::of(Network::new(2))
    }

    pub(crate) fn of(network: Network) -> Self {
        let chain = Chain::new(network);
        let anchored = client().anchor(&chain.anchor(Vec::new())).unwrap().into_inner();
        Self { chain, state: anchored.state, gateways: Vec::new() }
    }

    /// With the gateway's chaincode defined: both organisations endorse.
    pub(crate) fn defined() -> Self {
        Self::defined_of(Network::new(2))
    }

    pub(crate) fn defined_of(network: Network) -> Self {
        let mut world = Self::of(network);
        // Nobody knows its id yet, but its chaincode is watched.
        let island = world.island();
        let id = GatewayId([0xee; 32]);
        world.gateways = vec![Gateway { island, address: NAME.into(), id }];
        let policy = peers_of(2, &["Org1", "Org2"]);
        let change = world.chain.define(NAME, 1, Some(&policy));
        world.chain.mine(&[(&change, true)]);
        let read = world.read_by_all(GatewayId([0; 32]), &["opened"]);
        world.accept(vec![read]);
        world
    }

    /// With the gateway open.
    pub(crate) fn open() -> Self {
        Self::open_of(Network::new(2))
    }

    pub(crate) fn open_of(network: Network) -> Self {
        let mut world = Self::defined_of(network);
        let opening = world.opening();
        world.register(&opening);
        world.chain.mine(&[(&opening, true)]);
        let read = world.read(&["opened"]);
        let events = world.accept(vec![read]).events;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].event.number, 1);
        world
    }

    pub(crate) fn island(&self) -> IslandId {
        let genesis = self.chain.hash(0);
        Island { family: Family::Fabric, fingerprint: genesis, anchor: genesis }.id()
    }

    pub(crate) fn gateway(&self) -> GatewayId {
        self.gateways[0].id
    }

    /// Registers the gateway that opens by this transaction.
    pub(crate) fn register(&mut self, opening: &Endorsed) {
        let id = opened_by(self.island(), opening);
        self.gateways = vec![Gateway { island: self.island(), address: NAME.into(), id }];
    }

    /// A transaction that opens the gateway, endorsed by both.
    pub(crate) fn opening(&mut self) -> Endorsed {
        let peers: Vec<Signer> = self.chain.peers().into_iter().cloned().collect();
        self.opening_by(NAME, &peers.iter().collect::<Vec<_>>())
    }

    /// A transaction that opens a gateway which `chaincode` is, or writes what one that opens would.
    pub(crate) fn opening_by(&mut self, chaincode: &str, endorsers: &[&Signer]) -> Endorsed {
        let island = self.island();
        let call = self.chain.call(chaincode, &[b"open"]);
        let birth = Hash(sha256(&[call.transaction.as_bytes()]));
        let id = GatewayId::derive(island, chaincode.as_bytes(), birth);
        let kind = GatewayEventKind::Opened {
            island,
            hub: HubId([3; 32]),
            owner: Address([4; 20]),
            attestors: attestors(1),
        };
        let (key, value) = written(id, &kind, &call.transaction, 0);
        let simulation = self.chain.simulation(chaincode).write(chaincode, "gateway", b"record");
        call.endorse(&simulation.write(chaincode, &key, &value), endorsers)
    }

    /// A transaction that writes these events, endorsed by both.
    pub(crate) fn events(&mut self, events: &[GatewayEventKind]) -> Endorsed {
        let peers: Vec<Signer> = self.chain.peers().into_iter().cloned().collect();
        self.events_by(events, &peers.iter().collect::<Vec<_>>())
    }

    pub(crate) fn events_by(&mut self, events: &[GatewayEventKind], endorsers: &[&Signer]) -> Endorsed {
        let call = self.chain.call(NAME, &[b"call"]);
        let mut simulation = self.chain.simulation(NAME);
        for (act, event) in (1..).zip(events) {
            let (key, value) = written(self.gateway(), event, &call.transaction, act);
            simulation = simulation.write(NAME, &key, &value);
        }
        call.endorse(&simulation, endorsers)
    }

    /// A sign of life, endorsed by both.
    pub(crate) fn beat(&mut self) -> Endorsed {
        self.events(&[GatewayEventKind::Beat])
    }

    /// Adds a block that concerns nobody.
    pub(crate) fn idle(&mut self) {
        let call = self.chain.call("other", &[b"write"]);
        let simulation = self.chain.simulation("other").write("other", "key", b"value");
        let other = call.endorse(&simulation, &self.chain.peers());
        self.chain.mine(&[(&other, true)]);
    }

    /// What one peer of each organisation reads of the gateway now.
    pub(crate) fn read(&mut self, keys: &[&str]) -> Endorsed {
        self.read_by_all(self.gateway(), keys)
    }

    pub(crate) fn read_by_all(&mut self, gateway: GatewayId, keys: &[&str]) -> Endorsed {
        let peers: Vec<Signer> = self.chain.peers().into_iter().cloned().collect();
        self.chain.read(NAME, gateway, keys, &peers.iter().collect::<Vec<_>>())
    }

    /// Every block behind the head, with these reads.
    pub(crate) fn parts(&self, reads: Vec<Endorsed>) -> Parts {
        let head = client().summary(&self.state).unwrap();
        let first = head.height + 1;
        let blocks = (first..=self.chain.height()).map(|number| {
            let at = usize::try_from(number).unwrap();
            let data = self.chain.blocks[at].data.clone().unwrap().data;
            let seal = (number == self.chain.height()).then(|| self.chain.seal_of(number));
            Piece { data: data.concat(), seal }
        });
        Parts { first, parent: head.hash, blocks: blocks.collect(), reads }
    }

    /// Advances a copy by a run.
    pub(crate) fn judge(&self, parts: &Parts) -> Result<Advance, Refusal> {
        self.judge_bytes(&parts.encode())
    }

    pub(crate) fn judge_bytes(&self, evidence: &[u8]) -> Result<Advance, Refusal> {
        client().advance(&self.state, &self.gateways, None, evidence, NOW).map(Verified::into_inner)
    }

    /// The code of the refusal that the blocks behind the head meet with these reads.
    pub(crate) fn refusal(&self, reads: Vec<Endorsed>) -> &'static str {
        self.judge(&self.parts(reads)).unwrap_err().code()
    }

    /// The events that the blocks behind the head prove with these reads.
    pub(crate) fn found(&self, reads: Vec<Endorsed>) -> Vec<GatewayEventKind> {
        let events = self.judge(&self.parts(reads)).unwrap().events;
        events.into_iter().map(|fact| fact.event.kind).collect()
    }

    /// Advances over the blocks behind the head.
    pub(crate) fn accept(&mut self, reads: Vec<Endorsed>) -> Advance {
        let advance = self.judge(&self.parts(reads)).unwrap();
        self.state = advance.state.clone();
        advance
    }
}

/// The id of the gateway that opens by a transaction.
pub(crate) fn opened_by(island: IslandId, opening: &Endorsed) -> GatewayId {
    let birth = Hash(sha256(&[opening.call.transaction.as_bytes()]));
    GatewayId::derive(island, NAME.as_bytes(), birth)
}

pub(crate) fn attestors(epoch: u64) -> AttestorSet {
    AttestorSet { epoch, threshold: 2, attestors: vec![Address([5; 20]), Address([6; 20])] }
}

/// A packet of this gateway.
pub(crate) fn sent(source: GatewayId, sequence: u64) -> GatewayEventKind {
    let lane = LaneTerms { name: keccak256(b"orders"), ordered: false };
    let mut packet = Packet {
        source,
        destination: GatewayId([9; 32]),
        lane: Hash::ZERO.into(),
        sequence,
        sender: b"board".to_vec(),
        receiver: vec![8; 20],
        timeout: 1_800_000_000,
        budget: 1,
        payload: b"hello".to_vec(),
    };
    packet.lane = lane.lane_id(&packet);
    GatewayEventKind::PacketSent { packet: Box::new(packet), lane }
}

/// One event of every kind but the opening.
pub(crate) fn every_kind(source: GatewayId) -> Vec<GatewayEventKind> {
    let (packet, other) = (PacketId([0xa; 32]), PacketId([0xb; 32]));
    let result = AttestationKind::Result;
    vec![
        sent(source, 1),
        GatewayEventKind::PacketDelivered { packet, success: true, result: b"done".to_vec() },
        GatewayEventKind::PacketExpired { packet: other },
        GatewayEventKind::PacketSettled { packet, outcome: result, success: true },
        GatewayEventKind::AttestorsRotated(attestors(2)),
        GatewayEventKind::RotationNoticed { attestors: attestors(3), effective: 1_900_000_000 },
        GatewayEventKind::Paused,
        GatewayEventKind::Unpaused,
        GatewayEventKind::Blocked { source: GatewayId([7; 32]) },
        GatewayEventKind::Unblocked { source: GatewayId([7; 32]) },
        GatewayEventKind::Beat,
        GatewayEventKind::Closed,
    ]
}

/// The key of a transaction's sign of life.
pub(crate) fn beat_key(beat: &Endorsed) -> String {
    format!("beat/{}", beat.call.transaction)
}

/// A run that owns its parts.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) first: u64,
    pub(crate) parent: Hash,
    pub(crate) blocks: Vec<Piece>,
    pub(crate) reads: Vec<Endorsed>,
}

#[derive(Clone)]
pub(crate) struct Piece {
    pub(crate) data: Vec<u8>,
    pub(crate) seal: Option<Metadata>,
}

impl Parts {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let blocks = self
            .blocks
            .iter()
            .map(|piece| Block { data: &piece.data, seal: piece.seal.as_ref().map(as_seal) });
        let mut reads: Vec<_> = self.reads.iter().map(Endorsed::as_read).collect();
        reads.sort_by_key(|read| read.channel_header);
        let (first, parent) = (self.first, self.parent);
        Evidence::Run(Run { first, parent, blocks: blocks.collect(), reads }).encode()
    }

    pub(crate) fn last(&mut self) -> &mut Piece {
        self.blocks.last_mut().unwrap()
    }
}

pub(crate) fn as_seal(metadata: &Metadata) -> Seal<'_> {
    let signatures = metadata.signatures.iter().map(|signature| SealSignature {
        signature_header: &signature.signature_header,
        identifier_header: &signature.identifier_header,
        signature: &signature.signature,
    });
    let mut signatures: Vec<SealSignature<'_>> = signatures.collect();
    signatures.sort_by_key(|signature| (signature.signature_header, signature.identifier_header));
    Seal { value: &metadata.value, signatures }
}
