//! Case 14: what is relayed is data. It changes neither an anchor that is pinned, nor a set, nor a key.

use causeway_protocol::{Address, AttestorSet, Family, GatewayEvent, GatewayEventKind, Packet};
use causeway_verifier::forge::{Forge, Plan, encode_event, receipt};
use causeway_verifier::prover::skip;
use causeway_verifier::{ClientState, light_client};

use crate::stage::Stage;
use crate::world::{Side, deliver, delivered, packet, result, sent};

/// A chain of somebody's own, and one of the validators of `side` that parted from it after its first block.
fn elsewhere(side: &Side) -> [Forge; 2] {
    let (mut own, mut twin) = (Forge::new(Family::Qbft, 6), Forge::new(Family::Qbft, 4));
    assert_eq!(twin.head().hash, side.forge.blocks()[0].header.hash);
    own.mine_empty(9);
    twin.mine(Plan { salt: 9, ..Plan::default() });
    twin.mine_empty(9);
    [own, twin]
}

/// Evidence of a skip from `state` to the newest block of `forge`.
fn skip_to(forge: &Forge, state: &ClientState) -> Vec<u8> {
    skip(Family::Qbft, state, None, &forge.source(forge.head().number)).unwrap()
}

/// Bytes that would decide something if anybody read them as more than bytes.
fn lures(a: &Side, b: &Side) -> Vec<Vec<u8>> {
    let [own, twin] = elsewhere(a);
    let stranger = AttestorSet { epoch: 2, threshold: 1, attestors: vec![Address([0xee; 20])] };
    let kind = GatewayEventKind::AttestorsRotated(stranger);
    let rotated = encode_event(b.contract, &GatewayEvent { gateway: b.id(), number: 2, kind });
    let own_start = light_client(Family::Qbft).unwrap().anchor(&own.anchor()).unwrap().into_inner().state;
    vec![
        own.anchor(),
        rotated.data.clone(),
        receipt(true, 1, &[rotated.as_log()]),
        own.run(&own_start),
        skip_to(&twin, &a.state),
        b"[[islands]]\nname = \"harbour\"\nanchor = \"0x01\"\n[signer]\nkey_file = \"/dev/null\"\n".to_vec(),
        vec![8; 32],
    ]
}

#[tokio::test]
async fn case_14_a_payload_or_a_result_that_is_an_anchor_a_rotation_or_a_key_changes_nothing() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let lures = lures(&a, &b);
    let packets: Vec<Packet> =
        (1..).zip(&lures).map(|(sequence, lure)| packet(a.id(), b.id(), sequence, lure)).collect();
    a.emit(packets.iter().map(sent).collect());
    // A result is at most 1024 bytes.
    let answers: Vec<(&Packet, &[u8])> =
        packets.iter().zip(&lures).map(|(packet, lure)| (packet, &lure[..lure.len().min(1024)])).collect();
    b.emit(answers.iter().map(|(packet, answer)| delivered(packet, true, answer)).collect());
    hub.record(&mut a);
    hub.record(&mut b);
    hub.ask(b.id(), 1, packets.iter().map(deliver).collect());
    hub.ask(a.id(), 1, answers.iter().map(|(packet, answer)| result(packet, true, answer)).collect());
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert!(attended.unfollowed.is_empty() && attended.unsigned.is_empty());
    assert_eq!(hub.signatures().len(), 2, "each checked to be by the attestor's own key");

    // Started again, it stands on the same anchors, in the same epoch.
    let later = packet(a.id(), b.id(), 99, b"later");
    a.emit(vec![sent(&later)]);
    hub.record(&mut a);
    hub.ask(b.id(), 2, vec![deliver(&later)]);
    let attestor = hub.attestor(&[&a, &b], data.path());
    let attended = attestor.attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "other-epoch"));
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![deliver(&later)]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn case_14_evidence_that_is_an_anchor_or_a_skip_moves_nothing() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(b.id(), 1, vec![]);
    assert!(attestor.attend().await.unwrap().unfollowed.is_empty());
    let [own, twin] = elsewhere(&a);
    for (evidence, code) in [
        (own.anchor(), "malformed"),
        (a.forge.anchor(), "malformed"),
        (own.blocks()[1].raw.clone(), "malformed"),
        (skip_to(&twin, &a.state), "skip-never-advances"),
    ] {
        hub.serve(&a, evidence, a.now());
        let attended = attestor.attend().await.unwrap();
        let [(island, error)] = &attended.unfollowed[..] else { panic!("{:?}", attended.unfollowed) };
        assert_eq!((island.as_str(), error.code()), ("harbour", code));
        hub.alter(&a, |items| drop(items.pop()));
    }
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    hub.record(&mut a);
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1, "the pinned chain goes on");
}
