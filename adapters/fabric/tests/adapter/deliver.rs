//! Deliveries and expiries that the real gateway chaincode takes or refuses.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use causeway_adapter::{Destination, Outcome, Statement, testkit};
use causeway_fabric::{DestinationSettings, FabricDestination};
use causeway_fabric_node::Node;
use causeway_protocol::{Attestation, AttestationKind, GatewayEventKind};

use crate::island::{Island, plain_peers_of};

fn done(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done { .. })).count()
}

async fn submit(destination: &dyn Destination, statements: &[Statement]) -> Vec<Outcome> {
    destination.submit(statements).await.unwrap().outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_takes_each_statement_once_whatever_it_stands_beside() {
    let Some(island) = Island::start().await else { return };
    let adapter = island.destination();

    // Taken once, and harmless when submitted again.
    let packets: Vec<_> = (1..=5).map(|sequence| island.arrival(sequence, false, "hello")).collect();
    let good = island.attest(AttestationKind::Deliver, &packets);
    testkit::destination_is_idempotent(&adapter, &good).await;

    // One that was taken before, one whose signatures are short, one that the receiver refuses: the others get through.
    let packets: Vec<_> = (6..=9)
        .map(|sequence| island.arrival(sequence, false, if sequence == 8 { "fail" } else { "hi" }))
        .collect();
    let mut mixed = island.attest(AttestationKind::Deliver, &packets);
    mixed[0].signatures.pop();
    mixed.insert(2, good[1].clone());
    let outcomes = submit(&adapter, &mixed).await;
    assert!(
        matches!(
            &outcomes[..],
            [
                Outcome::Refused { reason },
                Outcome::Done { .. },
                Outcome::AlreadyDone,
                Outcome::NotYet { .. },
                Outcome::Done { .. }
            ] if reason.contains("too-few-signatures")
        ),
        "{outcomes:#?}"
    );

    // What policy refuses expires, and is not delivered any more.
    let packets: Vec<_> = (10..=11).map(|sequence| island.arrival(sequence, false, "no")).collect();
    assert_eq!(done(&submit(&adapter, &island.attest(AttestationKind::Refuse, &packets)).await), 2);
    let late = submit(&adapter, &island.attest(AttestationKind::Deliver, &packets)).await;
    assert_eq!(late, [Outcome::AlreadyDone, Outcome::AlreadyDone]);

    // An ordered lane is kept within a batch, and waits for what is missing.
    let packets: Vec<_> = (1..=4).map(|sequence| island.arrival(sequence, true, "in order")).collect();
    let ordered = island.attest(AttestationKind::Deliver, &packets);
    let early = submit(&adapter, &ordered[2..]).await;
    let waits = |outcome: &Outcome| matches!(outcome, Outcome::NotYet { reason } if reason.contains("wrong-sequence"));
    assert!(early.iter().all(waits), "{early:#?}");
    assert_eq!(done(&submit(&adapter, &ordered).await), 4);

    // Nobody else's packets, and no receiver that is none.
    let (mut packet, lane) = island.arrival(20, false, "elsewhere");
    packet.receiver = vec![0xff; 20];
    let strange = island.attest(AttestationKind::Deliver, &[(packet, lane)]);
    assert!(matches!(&submit(&adapter, &strange).await[..], [Outcome::Refused { .. }]));
    let mut void = good[0].clone();
    void.attestation.kind = AttestationKind::Void;
    assert!(matches!(&submit(&adapter, &[void]).await[..], [Outcome::Refused { .. }]));

    // With an organisation's only peer gone nothing is endorsed; when it is back, what waited is taken.
    let packets: Vec<_> = (30..=31).map(|sequence| island.arrival(sequence, false, "late")).collect();
    let waiting = island.attest(AttestationKind::Deliver, &packets);
    let peer = Node::Peer { organisation: 1, peer: 0 };
    island.network.kill(&peer).unwrap();
    let outcomes = submit(&adapter, &waiting).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::NotYet { .. })), "{outcomes:#?}");
    island.network.restart(&peer).await.unwrap();
    testkit::destination_is_idempotent(&adapter, &waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_packets_comes_home_once() {
    let Some(mut island) = Island::start().await else { return };
    island.post(3, true).await;
    island.record_until(|book| book.count("PacketSent") == 3).await;
    let sent = island.book.events.values().filter_map(|(_, event)| match &event.kind {
        GatewayEventKind::PacketSent { packet, lane } => Some((packet.as_ref().clone(), *lane)),
        _ => None,
    });
    let packets: Vec<_> = sent.collect();
    assert_eq!(packets.iter().map(|(packet, _)| packet.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(packets[0].0.sender, b"board");

    // Two were delivered, with an answer and without success; one expired.
    let ids: Vec<_> = packets.iter().map(|(packet, _)| packet.id()).collect();
    let adapter = island.destination();
    let answered = island.sign(&[Attestation::result(ids[0], true, b"yes")], &packets[..1], b"yes");
    let failed = island.sign(&[Attestation::result(ids[1], false, b"")], &packets[1..2], b"");
    let expired = island.attest(AttestationKind::Expired, &packets[2..]);
    let all = [answered, failed, expired].concat();
    testkit::destination_is_idempotent(&adapter, &all).await;

    // Another outcome of a settled packet changes nothing, and a result is not taken for another's.
    let again = island.attest(AttestationKind::Expired, &packets[..1]);
    assert_eq!(submit(&adapter, &again).await, [Outcome::AlreadyDone]);
    let mut forged = all[0].clone();
    forged.result = b"no".to_vec();
    assert!(matches!(
        &submit(&adapter, &[forged]).await[..],
        [Outcome::Refused { .. } | Outcome::AlreadyDone]
    ));

    island.record_until(|book| book.count("PacketSettled") == 3).await;
    let settled = island.book.events.values().filter_map(|(_, event)| match &event.kind {
        GatewayEventKind::PacketSettled { packet, outcome, success } => Some((*packet, *outcome, *success)),
        _ => None,
    });
    let settled: std::collections::BTreeSet<_> =
        settled.map(|(packet, outcome, success)| (packet, outcome as u8, success)).collect();
    let expected = [(ids[0], 3, true), (ids[1], 3, false), (ids[2], 4, false)];
    assert_eq!(settled, expected.into());
}

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_time_is_a_day_off_is_refused_either_way() {
    let Some(island) = Island::start().await else { return };
    let packets: Vec<_> = (1..=2).map(|sequence| island.arrival(sequence, false, "hello")).collect();
    let statements = island.attest(AttestationKind::Deliver, &packets);
    for clock in [|| SystemTime::now() - DAY, || SystemTime::now() + DAY] {
        let peers = plain_peers_of(&island.network, "channel").with_clock(clock);
        let adapter = FabricDestination::new(Arc::new(peers), DestinationSettings::default());
        let outcomes = submit(&adapter, &statements).await;
        let refused =
            |outcome: &Outcome| matches!(outcome, Outcome::NotYet { reason } if reason.contains("clock"));
        assert!(outcomes.iter().all(refused), "{outcomes:#?}");
    }
    assert_eq!(done(&submit(&island.destination(), &statements).await), 2);
}
