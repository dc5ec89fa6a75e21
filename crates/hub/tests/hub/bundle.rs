//! A packet's proof to take away, and everything that breaks it.

use causeway_api::Role;
use causeway_bundle::{Bundle, Report, Trust, verify};
use causeway_protocol::{Attestation, PacketId, anchor_digest};
use reqwest::{Method, StatusCode};

use crate::journey::Bridge;
use crate::log::{Disk, settled, verifier};
use crate::world::World;

/// A packet that was sent, attested, delivered and settled, of two islands whose log is written.
async fn settled_packet() -> (Disk, Bridge, PacketId) {
    let disk = Disk::new();
    let mut bridge = Bridge::over(World::with(disk.log(&[1])).await).await;
    let destination = bridge.chains[1].gateway;
    let packet = bridge.chains[0].send(destination, b"hello");
    let id = packet.id();
    bridge.chains[0].seal();
    bridge.relay().await;
    bridge.sign(0).await;
    bridge.sign(2).await;
    bridge.chains[1].deliver(&packet, true, b"thanks");
    bridge.chains[1].seal();
    bridge.relay().await;
    bridge.sign(0).await;
    bridge.sign(1).await;
    bridge.chains[0].settle(&packet, &Attestation::result(id, true, b"thanks"));
    bridge.chains[0].seal();
    bridge.relay().await;
    settled(&bridge.world, 1).await;
    (disk, bridge, id)
}

async fn fetch(world: &World, id: PacketId) -> Vec<u8> {
    let request = world.request(Method::GET, &format!("/v1/packets/{id}/bundle"), &world.operator);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/vnd.causeway.bundle");
    answer.bytes().await.unwrap().to_vec()
}

/// What somebody knows who compared anchors with both islands' owners, and took the log's key from its operator.
fn trust(bridge: &Bridge) -> Trust {
    let anchors = bridge.chains.iter().map(|chain| anchor_digest(&chain.anchor()));
    Trust { anchors: anchors.collect(), log_keys: vec![verifier(1)], witnesses: Vec::new() }
}

fn judge(bytes: &[u8], trust: &Trust) -> Result<Report, (String, String)> {
    let bundle = Bundle::decode(bytes).map_err(|error| ("malformed".to_owned(), error.to_string()))?;
    assert_eq!(bundle.encode(), bytes, "it has one form");
    verify(&bundle, trust).map_err(|fault| (fault.code().to_owned(), fault.to_string()))
}

#[tokio::test]
async fn a_settled_packets_bundle_proves_its_life_to_somebody_who_trusts_the_anchors() {
    let (_disk, bridge, id) = settled_packet().await;
    let bytes = fetch(&bridge.world, id).await;
    let report = judge(&bytes, &trust(&bridge)).unwrap();
    assert_eq!((report.id, report.state), (id, "settled"));
    assert_eq!(report.packet.payload, b"hello");
    let events: Vec<_> = report.events.iter().map(|event| event.event).collect();
    assert_eq!(events, ["PacketSent", "PacketDelivered", "PacketSettled"]);
    let names: Vec<_> = report.islands.iter().map(|island| (&*island.name, island.anchor_trusted)).collect();
    assert_eq!(names, [("harbour", true), ("port", true)]);
    let enough: Vec<_> = report.statements.iter().map(|statement| (statement.enough, statement.of)).collect();
    assert_eq!(enough, [(true, 3), (true, 3)]);
    assert!(report.log.signed);
    assert!(!report.believed.iter().any(|said| said.contains("trust anchor")), "{:?}", report.believed);

    // Without anchors and keys it verifies too, and says whom one believes then.
    let report = judge(&bytes, &Trust::default()).unwrap();
    let believed = report.believed.join("\n");
    assert!(believed.contains("approved by") && believed.contains("no key of the log"), "{believed}");
    insta::assert_snapshot!("words", masked(&report));
}

/// The report's sentences without what differs from run to run.
fn masked(report: &Report) -> String {
    let lines = report.proven.iter().map(|said| format!("+ {said}"));
    let lines = lines.chain(report.believed.iter().map(|said| format!("? {said}")));
    let words = lines.map(|line| {
        let words = line.split(' ').map(|word| if word.contains("0x") { "0x…" } else { word });
        words.collect::<Vec<_>>().join(" ")
    });
    words.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_bundle_of_a_packet_on_its_way_says_how_far_it_came() {
    let disk = Disk::new();
    let mut bridge = Bridge::over(World::with(disk.log(&[1])).await).await;
    let destination = bridge.chains[1].gateway;
    let id = bridge.chains[0].send(destination, b"hello").id();
    bridge.chains[0].seal();
    bridge.relay().await;
    settled(&bridge.world, 1).await;
    let report = judge(&fetch(&bridge.world, id).await, &trust(&bridge)).unwrap();
    assert_eq!((report.state, report.statements.len()), ("verified", 0));
    bridge.sign(0).await;
    settled(&bridge.world, 1).await;
    let report = judge(&fetch(&bridge.world, id).await, &trust(&bridge)).unwrap();
    assert_eq!((report.state, report.statements[0].enough), ("verified", false), "one of two is not enough");
    bridge.sign(1).await;
    settled(&bridge.world, 1).await;
    let report = judge(&fetch(&bridge.world, id).await, &trust(&bridge)).unwrap();
    assert_eq!(report.state, "attested");
}

#[tokio::test]
async fn without_a_log_there_is_no_bundle_and_the_answer_says_why() {
    let mut bridge = Bridge::over(World::start().await).await;
    let destination = bridge.chains[1].gateway;
    let id = bridge.chains[0].send(destination, b"hello").id();
    bridge.chains[0].seal();
    bridge.relay().await;
    let path = format!("/v1/packets/{id}/bundle");
    assert_eq!(bridge.world.get(&path, &bridge.world.operator).await.problem(), "not-logged");
    let relayer = bridge.world.token(Role::Owner, None, Some(bridge.chains[0].island)).await;
    assert_eq!(bridge.world.get(&path, &relayer).await.problem(), "not-logged");
    let unknown = format!("/v1/packets/{}/bundle", PacketId([9; 32]));
    assert_eq!(bridge.world.get(&unknown, &bridge.world.operator).await.problem(), "not-found");
}

#[tokio::test]
async fn a_bundle_with_any_byte_changed_proves_nothing() {
    let (_disk, bridge, id) = settled_packet().await;
    let good = fetch(&bridge.world, id).await;
    let trust = trust(&bridge);
    let begun = std::time::Instant::now();
    // Each run takes another selection; all of them together are every byte.
    let (step, mut flipped) = (13, 0);
    let offset = usize::from(good[good.len() / 2]) % step;
    for at in (offset..good.len()).step_by(step) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        if let Ok(report) = judge(&bad, &trust) {
            panic!("byte {at} of {} was changed: {report:?}", good.len());
        }
        flipped += 1;
    }
    println!("{flipped} of {} bytes, {:?}", good.len(), begun.elapsed());
}

#[tokio::test]
async fn a_bundle_with_a_part_removed_or_swapped_proves_nothing_and_says_which() {
    let (_disk, bridge, id) = settled_packet().await;
    let good = Bundle::decode(&fetch(&bridge.world, id).await).unwrap();
    let trust = trust(&bridge);
    let code = |change: &dyn Fn(&mut Bundle)| {
        let mut bad = good.clone();
        change(&mut bad);
        judge(&bad.encode(), &trust).map(|report| report.state).unwrap_err()
    };
    for (island, part) in good.islands.iter().enumerate() {
        for piece in 0..part.pieces.len() {
            let (code, detail) = code(&|bundle| drop(bundle.islands[island].pieces.remove(piece)));
            let named = format!("islands[{island}]");
            let last = piece + 1 == part.pieces.len();
            assert!(last || detail.contains(&named), "{island} {piece}: {code}: {detail}");
        }
        let (_, detail) = code(&|bundle| bundle.islands[island].pieces.swap(0, 1));
        assert!(detail.contains(&format!("islands[{island}].pieces[0]")), "{detail}");
        let (name, _) = code(&|bundle| bundle.islands[island].pieces.last_mut().unwrap().at += 1);
        assert_eq!(name, "log-contradicts");
        let (name, _) = code(&|bundle| bundle.islands[island].pieces[0].at += 1);
        assert_eq!(name, "clock-went-back");
    }
    for leaf in 0..good.leaves.len() {
        let (name, _) = code(&|bundle| drop(bundle.leaves.remove(leaf)));
        assert_eq!(name, "leaf-missing", "leaves[{leaf}]");
        let (name, detail) = code(&|bundle| bundle.leaves[leaf].index += 1);
        assert!(name == "not-in-log" || name == "malformed", "{detail}");
        let (name, detail) = code(&|bundle| bundle.leaves[leaf].salt.0[0] ^= 1);
        assert_eq!(name, "not-in-log");
        assert!(detail.contains(&format!("leaves[{leaf}]")), "{detail}");
    }
    for statement in 0..good.statements.len() {
        let (name, _) = code(&|bundle| drop(bundle.statements.remove(statement)));
        assert_eq!(name, "useless-leaf", "the log says that it was signed");
        let (name, _) = code(&|bundle| {
            bundle.statements[statement].signatures.remove(0);
        });
        assert_eq!(name, "useless-leaf");
        let (name, _) = code(&|bundle| bundle.statements[statement].signatures.swap(0, 1));
        assert_eq!(name, "no-attestor");
        let (name, _) = code(&|bundle| bundle.statements[statement].batch.epoch = 2);
        assert!(name == "attestor-set-unknown" || name == "malformed", "{name}");
    }
    let (name, _) = code(&|bundle| bundle.islands.swap(0, 1));
    assert_eq!(name, "not-sent");
    let (name, _) = code(&|bundle| drop(bundle.islands.remove(1)));
    assert_eq!(name, "other-anchor", "one that is trusted is missing");
    let (name, _) = code(&|bundle| bundle.origin.push('x'));
    assert_eq!(name, "opened-for-other-hub");
    let (name, _) = code(&|bundle| bundle.islands[0].fingerprint.0[0] ^= 1);
    assert!(["fingerprint", "not-sent"].contains(&name.as_str()), "{name}");
    let (name, _) = code(&|bundle| bundle.packet.0[0] ^= 1);
    assert_eq!(name, "not-sent");

    let stranger = Trust { log_keys: vec![verifier(2)], ..trust.clone() };
    assert_eq!(judge(&good.encode(), &stranger).unwrap_err().0, "checkpoint");
    let elsewhere = Trust { anchors: vec![causeway_protocol::Hash([7; 32])], ..trust.clone() };
    assert_eq!(judge(&good.encode(), &elsewhere).unwrap_err().0, "other-anchor");
}

#[tokio::test]
async fn no_more_bundles_are_put_together_at_once_than_there_is_room_for() {
    let world = World::with(|config| config.limits.concurrent_exports = 0).await;
    let path = format!("/v1/packets/{}/bundle", PacketId([9; 32]));
    assert_eq!(world.get(&path, &world.operator).await.problem(), "overloaded");
    let others = format!("/v1/packets/{}", PacketId([9; 32]));
    assert_eq!(world.get(&others, &world.operator).await.problem(), "not-found", "nobody else waits for it");
}
