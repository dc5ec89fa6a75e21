//! Contracts that speak in a gateway's name, and a hub that lists them as if they were it.

use causeway_protocol::{Address, GatewayEvent, GatewayEventKind, HubId};
use causeway_verifier::Gateway;
use causeway_verifier::forge::{Plan, encode_event, receipt};

use crate::hub::TestHub;
use crate::stage::Stage;
use crate::world::{Side, deliver, expired, packet, result, sent, set};

/// A contract that anybody can put on an island.
const IMPOSTOR: Address = Address([0xee; 20]);

/// Lets the impostor on the island of `side` emit `kind` in the name of `gateway`, number 2, and lets the hub list it under that
/// id, serving evidence of it.
fn impersonate(hub: &mut TestHub, side: &mut Side, gateway: &Gateway, kind: GatewayEventKind) {
    side.forge.mine_events(IMPOSTOR, &[GatewayEvent { gateway: gateway.id, number: 2, kind }]);
    let island = side.gateway.island;
    let named = Gateway { island, address: IMPOSTOR.0.to_vec(), id: gateway.id };
    let evidence = side.evidence_of(&[named]);
    hub.serve(side, evidence, side.now());
    hub.list_gateway(side, gateway.id, IMPOSTOR);
}

#[tokio::test]
async fn a_packet_of_another_contract_is_not_signed_though_the_hub_lists_it_under_a_pinned_id() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    let forged = packet(a.id(), b.id(), 1, b"give me everything");
    let gateway = a.gateway.clone();
    impersonate(&mut hub, &mut a, &gateway, sent(&forged));
    hub.ask(b.id(), 1, vec![deliver(&forged)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "packet-not-proven"));
}

#[tokio::test]
async fn a_packet_proven_on_another_island_is_not_signed_on_that_islands_word() {
    let Stage { a, mut b, mut hub, data } = Stage::opened().await;
    let forged = packet(a.id(), b.id(), 1, b"give me everything");
    let gateway = a.gateway.clone();
    impersonate(&mut hub, &mut b, &gateway, sent(&forged));
    hub.ask(b.id(), 1, vec![deliver(&forged)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert!(attended.unfollowed.is_empty(), "the evidence is true, and says nothing of the gateway");
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "packet-not-proven"));
}

#[tokio::test]
async fn an_expiry_by_another_contract_refunds_nothing() {
    let (Stage { a, mut b, mut hub, data }, real) = Stage::with_packet(b"pay").await;
    let gateway = b.gateway.clone();
    impersonate(&mut hub, &mut b, &gateway, GatewayEventKind::PacketExpired { packet: real.id() });
    hub.ask(a.id(), 1, vec![expired(&real)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "outcome-not-proven"));
}

#[tokio::test]
async fn another_island_can_neither_rotate_nor_pause_nor_discredit_a_gateway() {
    for kind in [
        GatewayEventKind::AttestorsRotated(set(2)),
        GatewayEventKind::Paused,
        // In conflict with what the gateway itself emits under this number.
        GatewayEventKind::Beat,
    ] {
        let (Stage { a, mut b, mut hub, data }, real) = Stage::with_packet(b"pay").await;
        let gateway = a.gateway.clone();
        impersonate(&mut hub, &mut b, &gateway, kind);
        b.emit(vec![crate::world::delivered(&real, true, b"paid")]);
        hub.record(&mut b);
        hub.ask(b.id(), 1, vec![deliver(&real)]);
        hub.ask(a.id(), 1, vec![result(&real, true, b"paid")]);
        assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 2);
    }
}

#[tokio::test]
async fn what_was_forged_before_a_gateway_was_pinned_counts_for_nothing_afterwards() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    let mut config = hub.config(&[&a, &b], data.path());
    config.islands[0].gateways.clear();
    let clock = crate::hub::TestClock(std::sync::Mutex::new((a.now() + 60) * 1000));
    let attestor = causeway_attestor::Attestor::open(config, std::sync::Arc::new(clock)).unwrap();
    let forged = packet(a.id(), b.id(), 1, b"give me everything");
    hub.ask(b.id(), 1, vec![deliver(&forged)]);
    // Its opening is followed at its true address; then the hub says that it stands elsewhere.
    assert!(attestor.attend().await.unwrap().unfollowed.is_empty());
    hub.alter_gateways(&a, |gateways| gateways[0].address = IMPOSTOR.0.to_vec());
    let gateway = a.gateway.clone();
    impersonate(&mut hub, &mut a, &gateway, sent(&forged));
    assert!(attestor.attend().await.unwrap().unfollowed.is_empty());
    drop(attestor);

    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "packet-not-proven"));
}

#[tokio::test]
async fn an_event_of_a_gateway_not_registered_yet_stops_nobody_who_comes_later() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    // A second gateway opens on the island, and nobody has told the hub.
    let contract = Address([0xcc; 20]);
    let second = a.forge.gateway(contract);
    let opened = GatewayEventKind::Opened {
        island: a.forge.island().id(),
        hub: HubId([0; 32]),
        owner: Address([1; 20]),
        attestors: set(1),
    };
    let opening = a.forge.head().number + 1;
    a.forge.mine_events(contract, &[GatewayEvent { gateway: second.id, number: 1, kind: opened }]);
    // Anybody calls `beat` of both in one transaction: its receipt is of use for the first, so it is proven.
    let beat = |gateway, number| GatewayEvent { gateway, number, kind: GatewayEventKind::Beat };
    let logs = [encode_event(a.contract, &beat(a.id(), 2)), encode_event(contract, &beat(second.id, 2))];
    let receipts = vec![receipt(true, 1, &[logs[0].as_log(), logs[1].as_log()])];
    a.forge.mine(Plan { receipts, wanted: vec![0], ..Plan::default() });
    let evidence = a.evidence_without_receipts_of(opening);
    let known = a.gateway.clone();
    a.advance(&evidence, &[known]);
    hub.serve(&a, evidence, a.now());
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.forge.mine_events(a.contract, &[GatewayEvent { gateway: a.id(), number: 3, kind: sent(&packet) }]);
    hub.record(&mut a);
    // It is registered at last. An attestor that starts now reads all of it with both gateways in mind.
    hub.list_gateway(&a, second.id, contract);
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert!(attended.unfollowed.is_empty());
    assert_eq!(attended.signed, 1);
}
