//! Random walks: whatever happens in whatever order, the projections say what the facts say.

use std::collections::HashMap;

use causeway_protocol::{AttestationKind, GatewayEventKind, Packet, PacketId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlx::Row as _;

use super::world::{T0, World, delivered, expired, operator, sent, set, settled, signers};
use crate::packet::{Outcome, PacketEvent, PacketLife, Settlement};
use crate::{IslandChange, LedgerError};

/// How many packets a walk is about.
const PACKETS: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Step {
    Send(usize),
    Deliver(usize, bool),
    Expire(usize),
    Settle(usize, bool),
    Pause(bool),
    Suspend(bool),
    Sign(usize),
    Rotate,
    /// Another packet with the lane and sequence of one that may have been sent.
    Twin(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let packet = 0..PACKETS;
    prop_oneof![
        3 => packet.clone().prop_map(Step::Send),
        2 => (packet.clone(), any::<bool>()).prop_map(|(packet, ok)| Step::Deliver(packet, ok)),
        1 => packet.clone().prop_map(Step::Expire),
        1 => packet.clone().prop_map(Step::Twin),
        2 => (packet, any::<bool>()).prop_map(|(packet, result)| Step::Settle(packet, result)),
        1 => Just(Step::Rotate),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => any::<bool>().prop_map(Step::Suspend),
        3 => (0..3usize).prop_map(Step::Sign),
    ]
}

async fn walk(steps: Vec<Step>) {
    let mut world = World::new().await;
    let packets: Vec<Packet> =
        (1..=PACKETS as u64).map(|sequence| world.east.packet(&world.west, sequence)).collect();
    let mut epoch = 1;
    for step in steps {
        match step {
            Step::Send(packet) => {
                world.east(vec![sent(&packets[packet])]).await;
            }
            Step::Deliver(packet, ok) => {
                world.west(vec![delivered(packets[packet].id(), ok, b"")]).await;
            }
            Step::Expire(packet) => {
                world.west(vec![expired(packets[packet].id())]).await;
            }
            Step::Settle(packet, result) => {
                let kind = if result { AttestationKind::Result } else { AttestationKind::Expired };
                world.east(vec![settled(packets[packet].id(), kind)]).await;
            }
            Step::Pause(on) => {
                let kind = if on { GatewayEventKind::Paused } else { GatewayEventKind::Unpaused };
                world.west(vec![kind]).await;
            }
            Step::Suspend(on) => {
                let change = if on { IslandChange::Suspend } else { IslandChange::Resume };
                // Suspending twice is refused; that is another test's business.
                let _ = world.ledger.change_island(world.west.island, change, &operator(), "", T0).await;
            }
            Step::Sign(attestor) => world.sign(&[attestor]).await,
            Step::Rotate => {
                epoch += 1;
                world.attestors = signers(10 * u8::try_from(epoch).unwrap());
                let next = set(epoch, &world.attestors);
                world.west(vec![GatewayEventKind::AttestorsRotated(next)]).await;
            }
            Step::Twin(packet) => {
                let mut twin = packets[packet].clone();
                twin.payload = b"another".to_vec();
                world.east(vec![sent(&twin)]).await;
            }
        }
        check(&world).await.unwrap();
    }
}

/// What the facts say, replayed through the machine, against what the projections say.
async fn check(world: &World) -> Result<(), LedgerError> {
    let pool = &world.ledger.pool;
    let events = sqlx::query(
        "SELECT event.subject, event.kind, event.success, event.outcome, event.gateway, event.evidence, event.number
         FROM gateway_events AS event WHERE kind LIKE 'Packet%'
           AND NOT EXISTS (SELECT FROM packet_conflicts AS twin WHERE twin.gateway = event.gateway AND twin.number = event.number)
         ORDER BY evidence, gateway, number",
    )
    .fetch_all(pool)
    .await?;
    let mut facts: HashMap<PacketId, (bool, Vec<PacketEvent>)> = HashMap::new();
    for row in events {
        let packet = PacketId(row.get::<Vec<u8>, _>("subject").try_into().unwrap());
        let (known, about) = facts.entry(packet).or_default();
        match (row.get::<&str, _>("kind"), row.get::<Option<bool>, _>("success")) {
            ("PacketSent", _) => *known = true,
            ("PacketDelivered", Some(true)) => about.push(PacketEvent::Ended(Outcome::Delivered)),
            ("PacketDelivered", _) => about.push(PacketEvent::Ended(Outcome::Failed)),
            ("PacketExpired", _) => about.push(PacketEvent::Ended(Outcome::Expired)),
            _ if row.get::<i16, _>("outcome") == 3 => about.push(PacketEvent::Settled(Settlement::Result)),
            _ => about.push(PacketEvent::Settled(Settlement::Expired)),
        }
    }
    let lives = sqlx::query("SELECT * FROM packet_states").fetch_all(pool).await?;
    assert_eq!(lives.len(), facts.values().filter(|(known, _)| *known).count());
    for row in lives {
        let packet = PacketId(row.get::<Vec<u8>, _>("packet").try_into().unwrap());
        let start = PacketLife::default();
        let expected = facts[&packet]
            .1
            .iter()
            .fold(start, |life, event| life.apply(*event).unwrap_or_else(|_| life.dispute()));
        let outcome = row.get::<Option<&str>, _>("outcome").and_then(Outcome::parse);
        let settlement = row.get::<Option<&str>, _>("settlement").and_then(Settlement::parse);
        let disputed: bool = row.get("disputed");
        assert_eq!(
            (outcome, settlement, disputed),
            (expected.outcome, expected.settlement, expected.disputed)
        );
        let whole = PacketLife {
            attested: row.get::<Option<time::OffsetDateTime>, _>("attested_at").is_some(),
            held: row.get("held"),
            ..expected
        };
        assert_eq!(row.get::<&str, _>("state"), format!("{:?}", whole.state()).to_lowercase());
    }
    for (rule, broken) in RULES {
        let count: i64 = sqlx::query_scalar(broken).fetch_one(pool).await?;
        assert_eq!(count, 0, "{rule}");
    }
    Ok(())
}

/// Rules over the statements, each with the query that counts what breaks it.
const RULES: [(&str, &str); 8] = [
    ("a statement is held exactly when the rule says so", "SELECT count(*) FROM leaf_holds WHERE held <> holds"),
    (
        "a settled packet has nothing left to sign",
        "SELECT count(*) FROM leaves JOIN packet_states USING (packet) WHERE settlement IS NOT NULL AND NOT disputed AND NOT done",
    ),
    (
        "a packet that ended has nothing left to deliver",
        "SELECT count(*) FROM leaves JOIN packet_states USING (packet) WHERE outcome IS NOT NULL AND NOT disputed AND kind <= 2 AND NOT done",
    ),
    (
        "an ended packet has its statement for home",
        "SELECT count(*) FROM packet_states WHERE outcome IS NOT NULL AND settlement IS NULL AND NOT disputed
         AND NOT EXISTS (SELECT FROM leaves WHERE leaves.packet = packet_states.packet AND kind IN (3, 4))",
    ),
    (
        "what is ready was signed by enough",
        "SELECT count(*) FROM leaves WHERE ready IS NOT NULL
         AND (SELECT count(*) FROM attestations WHERE attestations.batch = leaves.batch) < 2",
    ),
    (
        "what is ready was signed under the epoch in force",
        "SELECT count(*) FROM leaves JOIN batches ON batches.id = leaves.batch JOIN gateway_states ON gateway = leaves.checker
         WHERE ready IS NOT NULL AND NOT done AND batches.epoch <> gateway_states.epoch",
    ),
    (
        "a gateway that sent two packets with one lane and sequence is suspended",
        "SELECT count(*) FROM packet_conflicts JOIN gateway_states USING (gateway) WHERE NOT suspended",
    ),
    (
        "an open batch holds nothing that is held or batched again",
        "SELECT count(*) FROM open_batches AS open JOIN batch_leaves AS member ON member.batch = open.batch
         JOIN leaves ON leaves.position = member.leaf WHERE NOT leaves.done AND (leaves.held OR leaves.batch IS DISTINCT FROM open.batch)",
    ),
];

#[test]
fn projections_say_what_the_facts_say_after_any_walk() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&proptest::collection::vec(step(), 4..24), |steps| {
            runtime.block_on(walk(steps));
            Ok(())
        })
        .unwrap();
}
