//! Made-up islands whose events tests write by hand.

use causeway_api::{CreateToken, PendingBatch, RegisterGateway, Role};
use causeway_protocol::{
    Address, Attestation, AttestationKind, AttestorSet, Batch, Family, GatewayEvent, GatewayEventKind,
    GatewayId, Hash, HubId, Island, IslandId, LaneTerms, LocalSigner, Packet, PacketId, Signature, Signer,
    keccak256,
};
use causeway_verifier::{Advance, Anchored, ClientState, EventFact, EvidenceKind, HeaderFact};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::record::{Piece, RecordRefusal, Recorded};
use crate::testkit::{TestLedger, activate, fresh};
use crate::{Actor, Attested, CheckedSignature, Registration, Way};

/// The hub of these tests.
pub(super) const HUB: HubId = HubId([8; 32]);
/// Who owns the gateways.
pub(super) const OWNER: Address = Address([5; 20]);
/// A moment that tests count from.
/// When every packet times out.
pub(super) const TIMEOUT: OffsetDateTime = T0.saturating_add(Duration::hours(1));
pub(super) const T0: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::days(20_000));

pub(super) fn operator() -> Actor {
    Actor { token: None, name: "operator".into() }
}

/// A chain with one gateway, made up block by block.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) name: String,
    family: Family,
    pub(super) island: IslandId,
    pub(super) gateway: GatewayId,
    anchor: Hash,
    pub(super) head: HeaderFact,
    /// The number of the next event.
    pub(super) next: u64,
}

/// Evidence in the making: owned, so that it can be recorded more than once.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub(super) island: IslandId,
    pub(super) bytes: Vec<u8>,
    pub(super) advance: Advance,
    pub(super) at: OffsetDateTime,
    pub(super) token: Option<Uuid>,
    pub(super) way: Way,
    signature: Signature,
}

impl Evidence {
    pub(super) fn piece(&self) -> Piece<'_> {
        Piece {
            hub: HUB,
            island: self.island,
            digest: keccak256(&self.bytes),
            relayer: Address([9; 20]),
            signature: &self.signature,
            evidence: &self.bytes,
            advance: &self.advance,
            recorded_at: self.at,
            token: self.token,
            way: self.way,
        }
    }
}

impl Chain {
    pub(super) fn new(name: &str) -> Self {
        Self::of(Family::Qbft, name)
    }

    pub(super) fn of(family: Family, name: &str) -> Self {
        let anchor = keccak256(format!("{name} genesis").as_bytes());
        let island = Island { family, fingerprint: anchor, anchor }.id();
        let gateway = GatewayId::derive(island, &[1; 20], anchor);
        let head = HeaderFact { height: 0, hash: anchor, parent: Hash::ZERO, time: 1000 };
        Self { name: name.into(), family, island, gateway, anchor, head, next: 1 }
    }

    pub(super) fn registration(&self) -> (Registration, Anchored) {
        let registration = Registration {
            name: self.name.clone(),
            family: self.family,
            fingerprint: self.anchor,
            anchor: vec![1, 2, 3],
            gateway: self.claim(OWNER),
            by: operator(),
        };
        let header = HeaderFact { height: 0, hash: self.anchor, parent: Hash::ZERO, time: 1000 };
        let state = ClientState { family: self.family, bytes: vec![0] };
        let fingerprint = Some(self.anchor);
        (registration, Anchored { state, header, validators: Vec::new(), fingerprint })
    }

    pub(super) fn claim(&self, owner: Address) -> RegisterGateway {
        RegisterGateway { address: vec![1; 20], id: self.gateway, birth: self.anchor, owner }
    }

    /// The next block, with events under the next numbers; a run that moves the head.
    pub(super) fn block(&mut self, kinds: Vec<GatewayEventKind>) -> Evidence {
        let numbered = kinds
            .into_iter()
            .map(|kind| {
                self.next += 1;
                (self.next - 1, kind)
            })
            .collect();
        self.numbered_block(numbered)
    }

    /// The next block, with events under numbers of the test's choice.
    pub(super) fn numbered_block(&mut self, events: Vec<(u64, GatewayEventKind)>) -> Evidence {
        let parent = self.head;
        let height = parent.height + 1;
        let hash = keccak256(&[parent.hash.0.as_slice(), &height.to_be_bytes()].concat());
        self.head = HeaderFact { height, hash, parent: parent.hash, time: parent.time + 1 };
        self.evidence(EvidenceKind::Run, vec![self.head], self.head, events)
    }

    /// A back-fill of one old block that ends in it.
    pub(super) fn back_fill(&self, block: HeaderFact, events: Vec<(u64, GatewayEventKind)>) -> Evidence {
        self.evidence(EvidenceKind::BackFill, vec![block], block, events)
    }

    fn evidence(
        &self,
        kind: EvidenceKind,
        headers: Vec<HeaderFact>,
        block: HeaderFact,
        events: Vec<(u64, GatewayEventKind)>,
    ) -> Evidence {
        let events: Vec<EventFact> = (0u64..)
            .zip(events)
            .map(|(log, (number, kind))| EventFact {
                height: block.height,
                block: block.hash,
                time: block.time,
                transaction: 0,
                log,
                event: GatewayEvent { gateway: self.gateway, number, kind },
            })
            .collect();
        let state = ClientState { family: self.family, bytes: block.hash.0.to_vec() };
        let (first, last) = (headers[0].height, block.height);
        let advance = Advance { kind, first, last, state, headers, events };
        let bytes = format!("{advance:?}").into_bytes();
        Evidence {
            island: self.island,
            bytes,
            advance,
            at: T0 + Duration::seconds(i64::try_from(block.height).unwrap()),
            token: None,
            way: Way::Evidence,
            signature: Signature([7; 65]),
        }
    }

    /// A packet to `to`, in a lane without order.
    pub(super) fn packet(&self, to: &Self, sequence: u64) -> Packet {
        let mut packet = Packet {
            source: self.gateway,
            destination: to.gateway,
            lane: Hash::ZERO.into(),
            sequence,
            sender: vec![3; 20],
            receiver: vec![4; 20],
            timeout: u64::try_from(TIMEOUT.unix_timestamp()).unwrap(),
            budget: 100_000,
            payload: b"hello".to_vec(),
        };
        packet.lane = terms().lane_id(&packet);
        packet
    }
}

pub(super) fn terms() -> LaneTerms {
    LaneTerms { name: keccak256(b"letters"), ordered: false }
}

pub(super) fn sent(packet: &Packet) -> GatewayEventKind {
    GatewayEventKind::PacketSent { packet: Box::new(packet.clone()), lane: terms() }
}

pub(super) fn delivered(packet: PacketId, success: bool, result: &[u8]) -> GatewayEventKind {
    GatewayEventKind::PacketDelivered { packet, success, result: result.to_vec() }
}

pub(super) fn expired(packet: PacketId) -> GatewayEventKind {
    GatewayEventKind::PacketExpired { packet }
}

pub(super) fn settled(packet: PacketId, outcome: AttestationKind) -> GatewayEventKind {
    GatewayEventKind::PacketSettled { packet, outcome, success: outcome == AttestationKind::Result }
}

/// Two active islands with open gateways, and the attestors of both: two of three.
pub(super) struct World {
    pub(super) ledger: TestLedger,
    pub(super) east: Chain,
    pub(super) west: Chain,
    pub(super) attestors: Vec<LocalSigner>,
}

pub(super) fn signers(first: u8) -> Vec<LocalSigner> {
    let mut signers: Vec<_> =
        (first..first + 3).map(|seed| LocalSigner::from_bytes(&[seed; 32]).unwrap()).collect();
    signers.sort_by_key(Signer::address);
    signers
}

pub(super) fn set(epoch: u64, signers: &[LocalSigner]) -> AttestorSet {
    AttestorSet { epoch, threshold: 2, attestors: signers.iter().map(Signer::address).collect() }
}

impl World {
    /// Registered, approved and opened.
    pub(super) async fn new() -> Self {
        Self::opened_between(Chain::new("east"), Chain::new("west")).await
    }

    pub(super) async fn opened_between(east: Chain, west: Chain) -> Self {
        let mut world = Self::between(east, west).await;
        world.open_east().await;
        world.open_west().await;
        world
    }

    /// Registered and approved; no gateway is open.
    pub(super) async fn registered() -> Self {
        Self::between(Chain::new("east"), Chain::new("west")).await
    }

    async fn between(east: Chain, west: Chain) -> Self {
        let ledger = fresh().await;
        for chain in [&east, &west] {
            let (registration, anchored) = chain.registration();
            ledger.register(registration, anchored, T0).await.unwrap();
            activate(&ledger, chain.island).await;
        }
        Self { ledger, east, west, attestors: signers(1) }
    }

    pub(super) fn opened(&self, chain: &Chain) -> GatewayEventKind {
        GatewayEventKind::Opened {
            island: chain.island,
            hub: HUB,
            owner: OWNER,
            attestors: set(1, &self.attestors),
        }
    }

    pub(super) async fn open_east(&mut self) {
        let opened = self.opened(&self.east);
        let block = self.east.block(vec![opened]);
        self.record(&block).await.unwrap();
    }

    pub(super) async fn open_west(&mut self) {
        let opened = self.opened(&self.west);
        let block = self.west.block(vec![opened]);
        self.record(&block).await.unwrap();
    }

    pub(super) async fn record(&self, evidence: &Evidence) -> Result<Recorded, RecordRefusal> {
        self.ledger.record_pieces(&[evidence.piece()]).await.unwrap().pop().unwrap()
    }

    pub(super) async fn east(&mut self, kinds: Vec<GatewayEventKind>) -> Recorded {
        let block = self.east.block(kinds);
        self.record(&block).await.unwrap()
    }

    pub(super) async fn west(&mut self, kinds: Vec<GatewayEventKind>) -> Recorded {
        let block = self.west.block(kinds);
        self.record(&block).await.unwrap()
    }

    pub(super) async fn state(&self, packet: PacketId) -> causeway_api::PacketState {
        self.ledger.packet(packet).await.unwrap().expect("the packet is recorded").state
    }

    pub(super) async fn pending(&self, attestor: usize) -> Vec<PendingBatch> {
        self.pending_at(attestor, T0).await
    }

    pub(super) async fn pending_at(&self, attestor: usize, now: OffsetDateTime) -> Vec<PendingBatch> {
        self.ledger.form_batches(now).await.unwrap();
        self.ledger.pending_batches(self.attestors[attestor].address(), 100, now).await.unwrap()
    }

    /// Every attestor given signs everything that waits for it.
    pub(super) async fn sign(&self, attestors: &[usize]) {
        for &attestor in attestors {
            for batch in self.pending(attestor).await {
                let signed = self.signature(attestor, &batch);
                let answers = self.ledger.attest(vec![signed], T0).await.unwrap();
                assert_eq!(answers, [Ok(Attested::Recorded)]);
            }
        }
    }

    pub(super) fn signature(&self, attestor: usize, pending: &PendingBatch) -> CheckedSignature {
        let batch = Batch::of(pending.epoch, &pending.leaves).unwrap();
        let signer = &self.attestors[attestor];
        CheckedSignature {
            gateway: pending.gateway,
            batch,
            attestor: signer.address(),
            signature: signer.sign(batch.digest(pending.gateway)).unwrap(),
            token: None,
        }
    }

    /// What is ready for the chain's island, checked as its gateway would.
    pub(super) async fn ready(&self, chain: &Chain) -> Vec<Attestation> {
        let deliveries = self.ledger.deliveries(chain.island, 0, 500).await.unwrap();
        for delivery in &deliveries.items {
            assert_eq!(delivery.batch.includes(&delivery.attestation, &delivery.proof), Ok(true));
            assert_eq!(delivery.packet.id(), delivery.attestation.packet);
            assert_eq!(delivery.lane.lane_id(&delivery.packet), delivery.packet.lane);
            assert_eq!(delivery.signatures.len(), 2);
            let digest = delivery.batch.digest(delivery.gateway);
            let signers: Vec<_> = delivery.signatures.iter().map(|s| s.signer(digest).unwrap()).collect();
            assert!(signers.is_sorted() && signers[0] != signers[1]);
        }
        deliveries.items.into_iter().map(|delivery| delivery.attestation).collect()
    }
}

pub(super) fn token(role: Role) -> CreateToken {
    CreateToken {
        name: "a token".into(),
        role,
        address: None,
        island: None,
        held_by_hub: false,
        expires_at: None,
    }
}
