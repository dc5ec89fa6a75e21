//! One packet's whole life, through the interface alone.

use causeway_api::{self as api, AttestationStatus, EvidenceStatus, PacketState, Role};
use causeway_protocol::{
    Address, Attestation, AttestationKind, Batch, GatewayId, HubId, LocalSigner, PacketId, Signer,
};
use serde_json::json;

use crate::forge::Chain;
use crate::world::{GENESIS, ORIGIN, World};

/// Two islands with open gateways, one relayer, three attestors of whom two are needed.
pub(crate) struct Bridge {
    pub(crate) world: World,
    pub(crate) chains: [Chain; 2],
    relayer: (LocalSigner, String),
    attestors: Vec<(LocalSigner, String)>,
}

impl Bridge {
    async fn new() -> Self {
        Self::over(World::start().await).await
    }

    pub(crate) async fn over(world: World) -> Self {
        let mut chains = [Chain::new(1, GENESIS), Chain::new(2, GENESIS)];
        let relayer = world.keyed(Role::Relayer, 1).await;
        let mut attestors = Vec::new();
        for key in [21, 22, 23] {
            attestors.push(world.keyed(Role::Attestor, key).await);
        }
        let mut addresses: Vec<Address> = attestors.iter().map(|(key, _)| key.address()).collect();
        addresses.sort_unstable();
        for (chain, name) in chains.iter_mut().zip(["harbour", "port"]) {
            world.join(chain, name).await;
            chain.open(HubId::of_origin(ORIGIN), 2, &addresses);
            chain.seal();
        }
        let bridge = Self { world, chains, relayer, attestors };
        bridge.relay().await;
        bridge
    }

    /// Submits what is new on both chains.
    pub(crate) async fn relay(&self) {
        for chain in &self.chains {
            let state = self.world.state(chain.island, &self.relayer.1).await;
            if state != chain.start() && chain.tip().number == 0 {
                continue;
            }
            let cursor: api::Cursor =
                self.world.get(&format!("/v1/islands/{}/cursor", chain.island), &self.relayer.1).await.ok();
            if cursor.head.height < chain.tip().number {
                let answer = self.world.catch_up(chain, &self.relayer.0, &self.relayer.1).await;
                assert_eq!(answer.status, EvidenceStatus::Recorded, "{answer:?}");
            }
        }
    }

    /// Lets attestor `which` sign everything that waits for it.
    pub(crate) async fn sign(&self, which: usize) -> Vec<Attestation> {
        self.sign_only(which, |_| true).await
    }

    /// The same, of the statements it agrees with: a batch with another one gets no signature.
    async fn sign_only(&self, which: usize, agrees: impl Fn(&Attestation) -> bool) -> Vec<Attestation> {
        let (signer, token) = &self.attestors[which];
        let pending: api::PendingBatches =
            self.world.get("/v1/attestations/pending?wait=10", token).await.ok();
        let mut leaves = Vec::new();
        let mut items = Vec::new();
        for item in pending.items.into_iter().filter(|item| item.leaves.iter().all(&agrees)) {
            let batch = Batch::of(item.epoch, &item.leaves).unwrap();
            let signature = signer.sign(batch.digest(item.gateway)).unwrap();
            items.push(json!({ "gateway": item.gateway, "batch": batch, "signature": signature }));
            leaves.extend(item.leaves);
        }
        if items.is_empty() {
            return leaves;
        }
        let answer = self.world.post("/v1/attestations", token, &json!({ "items": items })).await;
        for result in answer.ok::<api::AttestationsAnswer>().results {
            assert_eq!(result.status, AttestationStatus::Recorded, "{result:?}");
        }
        leaves
    }

    async fn deliveries(&self, island: &str) -> Vec<api::Delivery> {
        let path = format!("/v1/islands/{island}/deliveries");
        self.world.get(&path, &self.relayer.1).await.ok::<api::Deliveries>().items
    }

    async fn packet(&self, id: PacketId) -> api::Packet {
        self.world.get(&format!("/v1/packets/{id}"), &self.world.operator).await.ok()
    }
}

#[tokio::test]
async fn a_packet_is_sent_attested_delivered_and_settled() {
    let mut bridge = Bridge::new().await;
    let destination = bridge.chains[1].gateway;
    let packet = bridge.chains[0].send(destination, b"hello");
    let id = packet.id();
    bridge.chains[0].seal();
    bridge.relay().await;
    assert_eq!(bridge.packet(id).await.state, PacketState::Verified);

    assert_eq!(bridge.sign(0).await, [Attestation::plain(AttestationKind::Deliver, id)]);
    assert!(bridge.deliveries("port").await.is_empty(), "one signature of two is not enough");
    // A relayer that waits is woken by the second signature.
    let path = "/v1/islands/port/deliveries?wait=20";
    let (waited, _) = tokio::join!(bridge.world.get(path, &bridge.relayer.1), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        bridge.sign(2).await
    });
    let ready = waited.ok::<api::Deliveries>();
    let [delivery] = ready.items.as_slice() else { panic!("{ready:?}") };
    assert_eq!((delivery.packet.id(), delivery.gateway), (id, destination));
    assert_eq!(ready.after, delivery.sequence);
    assert!(delivery.batch.includes(&delivery.attestation, &delivery.proof).unwrap());
    let digest = delivery.batch.digest(destination);
    let signers: Vec<_> = delivery.signatures.iter().map(|s| s.signer(digest).unwrap()).collect();
    assert!(signers.len() == 2 && signers.is_sorted());
    assert_eq!(bridge.packet(id).await.state, PacketState::Attested);

    bridge.chains[1].deliver(&packet, true, b"thanks");
    bridge.chains[1].seal();
    bridge.relay().await;
    let delivered = bridge.packet(id).await;
    assert_eq!((delivered.state, delivered.success), (PacketState::Delivered, Some(true)));
    assert!(bridge.deliveries("port").await.is_empty(), "proven done");

    let result = Attestation::result(id, true, b"thanks");
    assert_eq!(bridge.sign(0).await, [result]);
    bridge.sign(1).await;
    let home = bridge.deliveries("harbour").await;
    assert_eq!((home[0].attestation, home[0].result.as_slice()), (result, b"thanks".as_slice()));
    bridge.chains[0].settle(&packet, &result);
    bridge.chains[0].seal();
    bridge.relay().await;
    assert_eq!(bridge.packet(id).await.state, PacketState::Settled);
    assert!(bridge.deliveries("harbour").await.is_empty());

    let path = format!("/v1/packets/{id}/timeline");
    let timeline: api::Timeline = bridge.world.get(&path, &bridge.world.operator).await.ok();
    let names: Vec<_> = timeline.events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(names, ["PacketSent", "PacketDelivered", "PacketSettled"]);
    assert_eq!(timeline.attestations.len(), 4);
    let stats: api::Stats = bridge.world.get("/v1/stats", &bridge.world.operator).await.ok();
    assert_eq!(stats.packets.get("settled"), Some(&1));
    assert_eq!(stats.attestors.len(), 3);
}

#[tokio::test]
async fn a_packet_that_policy_refuses_is_expired_at_once_and_refunded() {
    let mut bridge = Bridge::new().await;
    let [harbour, port] = [bridge.chains[0].gateway, bridge.chains[1].gateway];
    let packet = bridge.chains[0].send(port, b"unwanted");
    let id = packet.id();
    bridge.chains[0].seal();
    bridge.relay().await;
    let [delivery, refusal] =
        [AttestationKind::Deliver, AttestationKind::Refuse].map(|kind| Attestation::plain(kind, id));
    assert_eq!(bridge.sign(2).await, [delivery], "one attestor would deliver it");
    assert_eq!(
        bridge.sign_only(0, |leaf| *leaf != delivery).await,
        [],
        "two would not, and are asked nothing else yet"
    );

    // A minute later; a packet the other way, which nobody minds, gives the hub something to do.
    bridge.world.clock.set(GENESIS + 200);
    let welcome =
        Attestation::plain(AttestationKind::Deliver, bridge.chains[1].send(harbour, b"welcome").id());
    bridge.chains[1].seal();
    bridge.relay().await;
    for attestor in [0, 1] {
        let mut signed = Vec::new();
        for _ in 0..200 {
            signed.extend(bridge.sign_only(attestor, |leaf| *leaf != delivery).await);
            if signed.len() == 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(signed.contains(&refusal) && signed.contains(&welcome), "{signed:?}");
    }
    let asked: api::PendingBatches =
        bridge.world.get("/v1/attestations/pending", &bridge.attestors[2].1).await.ok();
    assert!(asked.items.is_empty(), "who signed DELIVER is not asked for REFUSE");
    let ready = bridge.deliveries("port").await;
    assert_eq!(ready.iter().map(|item| item.attestation).collect::<Vec<_>>(), [refusal]);

    // Long before its timeout, the relayer calls `expire` with it.
    bridge.chains[1].expire(&packet);
    bridge.chains[1].seal();
    bridge.relay().await;
    assert_eq!(bridge.packet(id).await.state, PacketState::Expired);
    assert!(bridge.deliveries("port").await.is_empty());
    let expired = Attestation::plain(AttestationKind::Expired, id);
    for attestor in [0, 1] {
        assert_eq!(bridge.sign(attestor).await, [expired]);
    }
    let home = bridge.deliveries("harbour").await;
    assert!(home.iter().any(|item| item.attestation == expired));
    bridge.chains[0].settle(&packet, &expired);
    bridge.chains[0].seal();
    bridge.relay().await;
    assert_eq!(bridge.packet(id).await.state, PacketState::Refunded);
}

#[tokio::test]
async fn attestations_count_only_from_their_attestor_for_the_right_batch() {
    let mut bridge = Bridge::new().await;
    let destination = bridge.chains[1].gateway;
    let id = bridge.chains[0].send(destination, b"hello").id();
    bridge.chains[0].seal();
    bridge.relay().await;
    let leaf = Attestation::plain(AttestationKind::Deliver, id);
    let (signer, token) = &bridge.attestors[0];
    let pending: api::PendingBatches = bridge.world.get("/v1/attestations/pending?wait=10", token).await.ok();
    assert_eq!(pending.items[0].leaves, [leaf]);
    let right = Batch::of(1, &[leaf]).unwrap();
    let stranger = bridge.world.keyed(Role::Attestor, 99).await;
    let by = |signer: &LocalSigner, gateway: GatewayId, batch: Batch| {
        let signature = signer.sign(batch.digest(gateway)).unwrap();
        json!({ "items": [{ "gateway": gateway, "batch": batch, "signature": signature }] })
    };
    let invented = Batch::of(1, &[Attestation::plain(AttestationKind::Refuse, id)]).unwrap();
    for (token, body, code) in [
        (token, by(&stranger.0, destination, right), "other-attestor"),
        (&stranger.1, by(&stranger.0, destination, right), "not-an-attestor"),
        (token, by(signer, destination, invented), "unknown-batch"),
        (token, by(signer, bridge.chains[0].gateway, right), "unknown-batch"),
        (token, by(signer, destination, Batch { epoch: 2, ..right }), "unknown-batch"),
    ] {
        let answer: api::AttestationsAnswer = bridge.world.post("/v1/attestations", token, &body).await.ok();
        assert_eq!(answer.results[0].code.as_deref(), Some(code), "{body} {answer:?}");
    }
    let good = by(signer, destination, right);
    for status in [AttestationStatus::Recorded, AttestationStatus::Known] {
        let answer: api::AttestationsAnswer = bridge.world.post("/v1/attestations", token, &good).await.ok();
        assert_eq!(answer.results[0].status, status);
    }
    let none = bridge.world.post("/v1/attestations", token, &json!({ "items": [] })).await;
    assert_eq!(none.problem(), "invalid-body");
}

#[tokio::test]
async fn packets_are_found_by_what_they_say() {
    let mut bridge = Bridge::new().await;
    let destination = bridge.chains[1].gateway;
    let one = bridge.chains[0].send(destination, b"one");
    bridge.chains[0].send(GatewayId([5; 32]), b"to nobody");
    bridge.chains[0].seal();
    bridge.relay().await;
    let count = async |filter: &str| {
        let answer = bridge.world.get(&format!("/v1/packets?{filter}"), &bridge.world.operator).await;
        answer.ok::<api::Page<api::Packet>>().items.len()
    };
    for (filter, expected) in [
        ("island=port".to_owned(), 1),
        ("island=harbour".to_owned(), 2),
        ("source=harbour".to_owned(), 2),
        ("destination=port".to_owned(), 1),
        (format!("destination={destination}"), 1),
        (format!("lane={}", one.lane), 1),
        ("state=verified".to_owned(), 2),
        ("state=settled".to_owned(), 0),
        ("sender=0x0303030303030303030303030303030303030303".to_owned(), 2),
        ("receiver=0x04".to_owned(), 0),
        ("since=2000-01-01T00:00:00Z".to_owned(), 2),
        ("until=2000-01-01T00:00:00Z".to_owned(), 0),
        ("limit=1".to_owned(), 1),
    ] {
        assert_eq!(count(&filter).await, expected, "{filter}");
    }
    for odd in ["colour=red", "state=lost", "sender=12", "since=yesterday", "next=abc", "source=no-such"] {
        let answer = bridge.world.get(&format!("/v1/packets?{odd}"), &bridge.world.operator).await;
        assert_eq!(answer.problem(), "invalid-query", "{odd}");
    }
    let first: api::Page<api::Packet> =
        bridge.world.get("/v1/packets?limit=1", &bridge.world.operator).await.ok();
    let path = format!("/v1/packets?limit=1&next={}", first.next.unwrap());
    let second: api::Page<api::Packet> = bridge.world.get(&path, &bridge.world.operator).await.ok();
    assert_eq!(second.items[0].id, one.id(), "newest first");
    assert_eq!(second.next, None);

    let bound = bridge.world.token(Role::Owner, None, Some(bridge.chains[1].island)).await;
    let seen: api::Page<api::Packet> = bridge.world.get("/v1/packets", &bound).await.ok();
    assert_eq!(seen.items.len(), 1, "an owner of one island sees its packets only");
    let nowhere = bridge.world.get(&format!("/v1/packets/{}", PacketId([1; 32])), &bound).await;
    assert_eq!(nowhere.problem(), "not-found");
    assert_eq!(bridge.world.get("/v1/packets/xyz", &bound).await.problem(), "invalid-path");
}
