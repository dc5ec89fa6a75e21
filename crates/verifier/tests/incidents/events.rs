//! Events: cases 1, 12, 15 and 18.

use causeway_protocol::{
    Address, AttestationKind, AttestorSet, Family, GatewayEvent, GatewayEventKind, GatewayId, Hash, HubId,
    IslandId, Lane, LaneOrder, LaneTerms, Packet, PacketId, keccak256, words,
};
use causeway_verifier::evm::Log;
use causeway_verifier::forge::{EventLog, Forge, Plan, encode_event, receipt};
use causeway_verifier::prover::prove_block;
use causeway_verifier::{Advance, Gateway, Refusal};

use crate::parts::{FAMILIES, Part, bare, genesis, last, with_gateways};

const CONTRACT: Address = Address([0xca; 20]);

fn packet(source: GatewayId) -> Packet {
    let destination = GatewayId([7; 32]);
    let lane = Lane { source, destination, name: "orders".into(), order: LaneOrder::Unordered }.id();
    Packet {
        source,
        destination,
        lane,
        sequence: 1,
        sender: vec![1; 20],
        receiver: vec![2; 33],
        timeout: 1_800_000_000,
        budget: 100_000,
        payload: b"thirty-three bytes of payload, or so".to_vec(),
    }
}

fn sent(gateway: GatewayId, number: u64) -> GatewayEvent {
    let lane = LaneTerms { name: keccak256(b"orders"), ordered: false };
    GatewayEvent {
        gateway,
        number,
        kind: GatewayEventKind::PacketSent { packet: Box::new(packet(gateway)), lane },
    }
}

/// One event of every kind.
fn every_kind(gateway: &Gateway) -> Vec<GatewayEvent> {
    let packet_id = PacketId([5; 32]);
    let attestors = AttestorSet {
        epoch: 1,
        threshold: 2,
        attestors: vec![Address([1; 20]), Address([2; 20]), Address([3; 20])],
    };
    let source = GatewayId([8; 32]);
    let kinds = vec![
        GatewayEventKind::Opened {
            island: gateway.island,
            hub: HubId([4; 32]),
            owner: Address([9; 20]),
            attestors: attestors.clone(),
        },
        sent(gateway.id, 2).kind,
        GatewayEventKind::PacketDelivered { packet: packet_id, success: true, result: vec![6; 100] },
        GatewayEventKind::PacketDelivered { packet: packet_id, success: false, result: Vec::new() },
        GatewayEventKind::PacketExpired { packet: packet_id },
        GatewayEventKind::PacketSettled {
            packet: packet_id,
            outcome: AttestationKind::Result,
            success: true,
        },
        GatewayEventKind::PacketSettled { packet: packet_id, outcome: AttestationKind::Void, success: false },
        GatewayEventKind::AttestorsRotated(attestors.clone()),
        GatewayEventKind::RotationNoticed { attestors, effective: 1_900_000_000 },
        GatewayEventKind::Paused,
        GatewayEventKind::Unpaused,
        GatewayEventKind::Closed,
        GatewayEventKind::Blocked { source },
        GatewayEventKind::Unblocked { source },
        GatewayEventKind::Beat,
    ];
    (1..).zip(kinds).map(|(number, kind)| GatewayEvent { gateway: gateway.id, number, kind }).collect()
}

/// Mines one transaction with these logs, and verifies it.
fn prove(forge: &Forge, gateways: &[Gateway], success: bool, logs: &[EventLog]) -> Result<Advance, Refusal> {
    let mut forge = forge.clone();
    let logs: Vec<_> = logs.iter().map(EventLog::as_log).collect();
    forge.mine(Plan { receipts: vec![receipt(success, 1, &logs)], wanted: vec![0], ..Plan::default() });
    with_gateways(&forge, &genesis(&forge), gateways, &[last(&forge)])
}

fn refused(forge: &Forge, gateways: &[Gateway], log: EventLog) -> String {
    let refusal = prove(forge, gateways, true, &[log]).unwrap_err();
    assert_eq!(refusal.code(), "receipt-without-event");
    refusal.to_string()
}

#[test]
fn every_kind_of_event_is_read_as_it_was_emitted() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let events = every_kind(&gateway);
        forge.mine_events(CONTRACT, &events);
        let advance = with_gateways(&forge, &genesis(&forge), &[gateway], &[last(&forge)]).unwrap();
        let read: Vec<GatewayEvent> = advance.events.iter().map(|fact| fact.event.clone()).collect();
        assert_eq!(read, events);
        for (place, fact) in (0..).zip(&advance.events) {
            assert_eq!(
                (fact.height, fact.block, fact.transaction, fact.log),
                (1, forge.head().hash, place, 0)
            );
        }
    }
}

#[test]
fn case_15_the_right_event_from_the_wrong_contract() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let log = encode_event(Address([0xcb; 20]), &sent(gateway.id, 1));
        assert!(refused(&forge, &[gateway], log).contains("is no registered gateway"));
        let gateway = forge.gateway(CONTRACT);
        let log = encode_event(CONTRACT, &sent(gateway.id, 1));
        assert!(refused(&forge, &[], log).contains("is no registered gateway"));
    }
}

#[test]
fn case_15_the_wrong_event_from_the_right_contract() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let mut log = encode_event(CONTRACT, &sent(gateway.id, 1));
        log.topics[0] = keccak256(b"PacketSent(bytes32,uint64,address,bytes)");
        assert!(refused(&forge, std::slice::from_ref(&gateway), log).contains("not an event of a gateway"));
        let mut log = encode_event(CONTRACT, &sent(gateway.id, 1));
        log.topics.clear();
        assert!(refused(&forge, std::slice::from_ref(&gateway), log).contains("not an event"));
        for count in [1, 2, 3] {
            let mut log = encode_event(CONTRACT, &sent(gateway.id, 1));
            log.topics.truncate(count);
            assert!(refused(&forge, std::slice::from_ref(&gateway), log).contains("topics"));
        }
    }
}

#[test]
fn case_15_another_gateway_id_at_the_right_address() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let log = encode_event(CONTRACT, &sent(GatewayId([3; 32]), 1));
        assert!(refused(&forge, std::slice::from_ref(&gateway), log).contains("which is not registered"));
        // Two gateways one after the other at one address: each keeps its own events.
        let successor = Gateway { id: GatewayId([3; 32]), ..gateway.clone() };
        let log = encode_event(CONTRACT, &sent(successor.id, 1));
        let advance = prove(&forge, &[gateway, successor.clone()], true, &[log]).unwrap();
        assert_eq!(advance.events[0].event.gateway, successor.id);
    }
}

#[test]
fn case_15_a_reverted_transaction_emitted_nothing() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let log = encode_event(CONTRACT, &sent(gateway.id, 1));
        let refusal = prove(&forge, &[gateway], false, &[log]).unwrap_err();
        assert_eq!(refusal.code(), "transaction-failed");
    }
}

#[test]
fn case_15_the_second_log_of_a_receipt_counts_too_and_strangers_between_do_not() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let logs = [
            encode_event(Address([1; 20]), &sent(gateway.id, 1)),
            encode_event(CONTRACT, &sent(gateway.id, 1)),
            encode_event(CONTRACT, &sent(GatewayId([3; 32]), 2)),
            encode_event(
                CONTRACT,
                &GatewayEvent { gateway: gateway.id, number: 2, kind: GatewayEventKind::Beat },
            ),
        ];
        let advance = prove(&forge, &[gateway], true, &logs).unwrap();
        let read: Vec<(u64, u64)> = advance.events.iter().map(|fact| (fact.log, fact.event.number)).collect();
        assert_eq!(read, [(1, 1), (3, 2)]);
    }
}

#[test]
fn case_12_a_packet_whose_id_or_lane_does_not_follow_from_its_fields() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let good = encode_event(CONTRACT, &sent(gateway.id, 1));
        let mut log = good.clone();
        log.topics[3] = keccak256(b"another packet");
        assert!(refused(&forge, std::slice::from_ref(&gateway), log).contains("the log names packet"));
        let GatewayEventKind::PacketSent { packet, .. } = sent(gateway.id, 1).kind else { unreachable!() };
        let lane = LaneTerms { name: keccak256(b"orders"), ordered: true };
        let kind = GatewayEventKind::PacketSent { packet, lane };
        let log = encode_event(CONTRACT, &GatewayEvent { gateway: gateway.id, number: 1, kind });
        assert!(refused(&forge, std::slice::from_ref(&gateway), log).contains("the log names lane"));
    }
}

#[test]
fn case_18_a_gateway_that_opened_elsewhere_is_another_gateway() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        let opened = every_kind(&gateway).remove(0);
        prove(&forge, std::slice::from_ref(&gateway), true, &[encode_event(CONTRACT, &opened)]).unwrap();
        let second = GatewayEvent { number: 2, ..opened.clone() };
        let text = refused(&forge, std::slice::from_ref(&gateway), encode_event(CONTRACT, &second));
        assert!(text.contains("expected 1"), "{text}");
        let mut other_island = opened.clone();
        if let GatewayEventKind::Opened { island, .. } = &mut other_island.kind {
            *island = IslandId([1; 32]);
        }
        let text = refused(&forge, std::slice::from_ref(&gateway), encode_event(CONTRACT, &other_island));
        assert!(text.contains("another one"), "{text}");
        // The same contract, opened one block later: on a twin, or deployed again.
        forge.mine_empty(1);
        forge.mine_events(CONTRACT, &[opened]);
        let parts = [bare(&forge, 1), last(&forge)];
        let refusal = with_gateways(&forge, &genesis(&forge), &[gateway], &parts).unwrap_err();
        assert!(refusal.to_string().contains("the gateway opened here would be"), "{refusal}");
    }
}

#[test]
fn data_that_no_compiler_writes_is_no_event() {
    let family = FAMILIES[0];
    let forge = Forge::new(family, 4);
    let gateway = forge.gateway(CONTRACT);
    let gateways = [gateway.clone()];
    let cases = every_kind(&gateway);
    for event in &cases {
        let good = encode_event(CONTRACT, event);
        prove(&forge, &gateways, true, std::slice::from_ref(&good)).unwrap();
        let trailing = [&good.data[..], &[0; 32]].concat();
        refused(&forge, &gateways, EventLog { data: trailing, ..good.clone() });
        for length in 0..good.data.len() {
            refused(&forge, &gateways, EventLog { data: good.data[..length].to_vec(), ..good.clone() });
        }
        // Another byte is another event or none: never the same one twice.
        for at in 0..good.data.len() {
            let mut data = good.data.clone();
            data[at] ^= 1;
            if let Ok(advance) = prove(&forge, &gateways, true, &[EventLog { data, ..good.clone() }]) {
                assert_ne!(advance.events[0].event, *event);
            }
        }
        let mut odd = good.clone();
        odd.topics[1].0[0] = 1;
        refused(&forge, &gateways, odd);
        let mut zero = good;
        zero.topics[1] = words::uint(0);
        refused(&forge, &gateways, zero);
    }
    assert_eq!(cases.len(), 15);
}

#[test]
fn case_1_an_empty_proof_of_receipts_proves_nothing() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        forge.mine_events(CONTRACT, &[sent(gateway.id, 1)]);
        let mut part: Part = last(&forge);
        let proof = part.receipts.clone().unwrap();
        for (indices, nodes) in [(vec![], vec![]), (vec![0], vec![]), (vec![], proof.nodes.clone())] {
            part.receipts = Some(causeway_verifier::prover::OwnedReceipts { indices, nodes });
            let refusal =
                with_gateways(&forge, &genesis(&forge), std::slice::from_ref(&gateway), &[part.clone()])
                    .unwrap_err();
            assert!(refusal.code().starts_with("proof-"), "{refusal}");
        }
    }
}

#[test]
fn case_12_receipts_of_another_block_prove_nothing_here() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let gateway = forge.gateway(CONTRACT);
        forge.mine_events(CONTRACT, &[sent(gateway.id, 1)]);
        let stolen = prove_block(&forge.blocks()[1].receipts, &[0]).1;
        forge.mine_empty(1);
        let parts =
            [Part { receipts: None, ..bare(&forge, 1) }, Part { receipts: Some(stolen), ..last(&forge) }];
        let refusal = with_gateways(&forge, &genesis(&forge), &[gateway], &parts).unwrap_err();
        assert_eq!(refusal.code(), "proof-wrong-node");
    }
}

#[test]
fn an_event_is_proven_among_any_number_of_other_logs() {
    for others in [0, 65_535, 65_536, 200_000] {
        let mut forge = Forge::new(Family::Qbft, 1);
        let gateway = forge.gateway(CONTRACT);
        let kind =
            GatewayEventKind::PacketDelivered { packet: PacketId([1; 32]), success: true, result: vec![] };
        let event = encode_event(CONTRACT, &GatewayEvent { gateway: gateway.id, number: 2, kind });
        let stranger = Log { address: Address([0xee; 20]), topics: Vec::new(), data: &[] };
        let mut logs = vec![stranger; others];
        logs.push(event.as_log());
        forge.mine(Plan { receipts: vec![receipt(true, 1, &logs)], wanted: vec![0], ..Plan::default() });
        let advance =
            with_gateways(&forge, &genesis(&forge), std::slice::from_ref(&gateway), &[last(&forge)]).unwrap();
        let place: Vec<_> = advance.events.iter().map(|fact| (fact.log, fact.event.number)).collect();
        assert_eq!(place, [(others.try_into().unwrap(), 2)]);
    }
}

#[test]
fn a_malformed_log_behind_an_event_makes_the_receipt_malformed() {
    let mut forge = Forge::new(Family::Qbft, 1);
    let gateway = forge.gateway(CONTRACT);
    let beat = GatewayEvent { gateway: gateway.id, number: 2, kind: GatewayEventKind::Beat };
    let event = encode_event(CONTRACT, &beat);
    let topics = vec![Hash::ZERO; 5]; // one more than a log has
    let odd = Log { address: Address([0xee; 20]), topics, data: &[] };
    let receipts = vec![receipt(true, 1, &[event.as_log(), odd])];
    forge.mine(Plan { receipts, wanted: vec![0], ..Plan::default() });
    let refusal = with_gateways(&forge, &genesis(&forge), &[gateway], &[last(&forge)]).unwrap_err();
    assert_eq!(refusal.code(), "receipt-malformed");
}
