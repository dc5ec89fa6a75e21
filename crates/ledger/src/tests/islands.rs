//! Islands: registered once, approved by name of their anchor, and what their states hold back.

use causeway_api::{IslandState, PacketState};
use causeway_protocol::{Attestation, AttestationKind, GatewayEventKind, Hash};

use proptest::test_runner::{Config, TestRunner};
use time::Duration;

use super::proof::prove;
use super::world::{Chain, OWNER, T0, TIMEOUT, World, delivered, expired, operator, sent, settled};
use crate::{ChangeError, ClaimError, IslandChange, IslandLife, IslandRecord, IslandRef, RegisterError};

impl World {
    pub(super) async fn island_of_east(&self) -> IslandRecord {
        self.ledger.island(&IslandRef::Id(self.east.island)).await.unwrap().unwrap()
    }

    pub(super) async fn change(
        &self,
        chain: &Chain,
        change: IslandChange,
    ) -> Result<IslandRecord, ChangeError> {
        self.ledger.change_island(chain.island, change, &operator(), "because", T0).await
    }
}

#[tokio::test]
async fn an_island_is_registered_once_and_its_name_too() {
    let world = World::registered().await;
    let (registration, anchored) = world.east.registration();
    let again = world.ledger.register(registration.clone(), anchored, T0).await;
    assert!(matches!(again, Err(RegisterError::IslandExists(island)) if island == world.east.island));
    let (mut other, anchored) = Chain::new("north").registration();
    other.name = "east".into();
    let taken = world.ledger.register(other.clone(), anchored.clone(), T0).await;
    assert!(matches!(taken, Err(RegisterError::NameTaken(_))));
    other.name = "north".into();
    other.gateway = registration.gateway;
    let taken = world.ledger.register(other, anchored, T0).await;
    assert!(matches!(taken, Err(RegisterError::Gateway(ClaimError::IdDiffers { .. }))));
    let names: Vec<_> = world.ledger.islands(None, 10).await.unwrap().into_iter().map(|i| i.name).collect();
    assert_eq!(names, ["east", "west"]);
    let rest = world.ledger.islands(Some("east"), 10).await.unwrap();
    assert_eq!(rest.len(), 1);
}

#[tokio::test]
async fn an_approval_has_to_name_the_anchor() {
    let ledger = crate::testkit::fresh().await;
    let mut chain = Chain::new("east");
    let (registration, anchored) = chain.registration();
    ledger.register(registration, anchored, T0).await.unwrap();
    let wrong = IslandChange::Approve { anchor_digest: Hash([1; 32]) };
    let unproven = ledger.change_island(chain.island, wrong, &operator(), "", T0).await;
    assert!(matches!(unproven, Err(ChangeError::Refused(refusal)) if refusal.state == IslandState::Pending));
    prove(&ledger, &mut chain).await;
    let refused = ledger.change_island(chain.island, wrong, &operator(), "", T0).await;
    assert!(matches!(refused, Err(ChangeError::AnchorDiffers { .. })));
    let resume = ledger.change_island(chain.island, IslandChange::Resume, &operator(), "", T0).await;
    assert!(matches!(resume, Err(ChangeError::Refused(refusal)) if refusal.state == IslandState::Proven));
    let history = ledger.island_history(chain.island, 0, 100).await.unwrap();
    assert_eq!(
        history.iter().map(|event| event.change.as_str()).collect::<Vec<_>>(),
        ["registered", "proven"]
    );
    assert!(history[1].reason.contains(&OWNER.to_string()), "{}", history[1].reason);
}

#[tokio::test]
async fn nothing_is_delivered_to_or_from_a_suspended_island_until_it_is_resumed() {
    let mut world = World::new().await;
    let (ready, pending, late) = (
        world.east.packet(&world.west, 1),
        world.east.packet(&world.west, 2),
        world.east.packet(&world.west, 3),
    );
    world.east(vec![sent(&ready)]).await;
    world.sign(&[0, 1]).await;
    world.east(vec![sent(&pending)]).await;
    let before = world.pending(2).await;
    let after = world.ledger.deliveries(world.west.island, 0, 10).await.unwrap().after;
    world.change(&world.west, IslandChange::Suspend).await.unwrap();
    world.east(vec![sent(&late)]).await;
    for packet in [&ready, &pending, &late] {
        assert_eq!(world.state(packet.id()).await, PacketState::Held);
    }
    assert!(world.ready(&world.west).await.is_empty());
    assert!(world.pending(2).await.is_empty());
    let dissolved = before.last().unwrap();
    let refused = world.ledger.attest(vec![world.signature(2, dissolved)], T0).await.unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().code(), "batch-void");

    world.change(&world.west, IslandChange::Resume).await.unwrap();
    assert_eq!(world.state(ready.id()).await, PacketState::Attested);
    let again = world.ledger.deliveries(world.west.island, after, 10).await.unwrap();
    assert_eq!(again.items.len(), 1, "whoever follows sees the released delivery once more");
    world.sign(&[0, 2]).await;
    assert_eq!(world.ready(&world.west).await.len(), 3);
}

#[tokio::test]
async fn what_ended_on_a_suspended_island_still_goes_home() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.change(&world.west, IslandChange::Suspend).await.unwrap();
    world.west(vec![delivered(packet.id(), true, b"x")]).await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await, [Attestation::result(packet.id(), true, b"x")]);
}

#[tokio::test]
async fn nothing_that_ended_on_a_frozen_island_is_signed() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.west(vec![delivered(packet.id(), true, b"x")]).await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await.len(), 1);
    world.change(&world.west, IslandChange::Freeze).await.unwrap();
    assert!(world.ready(&world.east).await.is_empty());
    let block = world.west.block(vec![]);
    assert_eq!(world.record(&block).await.unwrap_err().code(), "island-state");
}

#[tokio::test]
async fn a_paused_gateway_is_delivered_to_only_after_the_pause() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.west(vec![GatewayEventKind::Paused]).await;
    world.east(vec![sent(&packet)]).await;
    assert_eq!(world.state(packet.id()).await, PacketState::Held);
    assert!(world.pending(0).await.is_empty());
    world.west(vec![GatewayEventKind::Unpaused]).await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.west).await, [Attestation::plain(AttestationKind::Deliver, packet.id())]);
}

#[tokio::test]
async fn an_island_without_open_packets_is_retired_at_once() {
    let world = World::new().await;
    assert_eq!(world.change(&world.east, IslandChange::Retire).await.unwrap().state, IslandState::Retired);
}

#[tokio::test]
async fn a_retiring_island_brings_its_packets_home_and_then_ends_by_itself() {
    let mut world = World::new().await;
    let (done, refused) = (world.east.packet(&world.west, 1), world.east.packet(&world.west, 2));
    world.east(vec![sent(&done), sent(&refused)]).await;
    world.west(vec![delivered(done.id(), true, b"x")]).await;
    let retiring = world.change(&world.west, IslandChange::Retire).await.unwrap();
    assert_eq!(retiring.state, IslandState::Retiring);
    let again = world.change(&world.west, IslandChange::Retire).await;
    assert!(matches!(again, Err(ChangeError::OpenPackets(2))), "{again:?}");
    // RESULT is signed, DELIVER is not; what is overdue is refused.
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await, [Attestation::result(done.id(), true, b"x")]);
    assert!(world.ready(&world.west).await.is_empty());
    let late = TIMEOUT + Duration::hours(1);
    world.ledger.form_batches(late).await.unwrap();
    let pending = world.pending_at(0, late).await;
    let refusal = Attestation::plain(AttestationKind::Refuse, refused.id());
    assert!(pending.iter().any(|batch| batch.leaves.contains(&refusal)), "{pending:?}");

    world.west(vec![expired(refused.id())]).await;
    world.east(vec![settled(done.id(), AttestationKind::Result)]).await;
    assert!(world.ledger.end_retiring(&operator(), T0).await.unwrap().is_empty(), "one is open");
    world.east(vec![settled(refused.id(), AttestationKind::Expired)]).await;
    assert_eq!(world.ledger.end_retiring(&operator(), T0).await.unwrap(), [world.west.island]);
    let block = world.west.block(vec![]);
    assert_eq!(world.record(&block).await.unwrap_err().code(), "island-state");
}

#[tokio::test]
async fn what_was_sent_by_a_frozen_island_is_not_even_refused() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    let late = TIMEOUT + Duration::hours(1);
    world.ledger.form_batches(late).await.unwrap();
    assert!(!world.pending_at(0, late).await.is_empty());
    world.change(&world.east, IslandChange::Freeze).await.unwrap();
    world.ledger.form_batches(late).await.unwrap();
    assert!(world.pending_at(0, late).await.is_empty());
}

/// The database's own rule of which state follows which, against the machine: every pair.
#[tokio::test]
async fn the_database_takes_exactly_the_steps_of_the_machine() {
    use crate::island::life::{CHANGES, STATES, name};
    let world = World::registered().await;
    for from in STATES {
        for to in STATES.into_iter().filter(|to| *to != from) {
            let allowed = CHANGES.iter().any(|change| IslandLife(from).apply(*change) == Ok(IslandLife(to)));
            let mut transaction = world.ledger.pool.begin().await.unwrap();
            let place = "ALTER TABLE island_states DISABLE TRIGGER island_steps";
            sqlx::query(place).execute(&mut *transaction).await.unwrap();
            let set = "UPDATE island_states SET state = $1";
            sqlx::query(set).bind(name(from)).execute(&mut *transaction).await.unwrap();
            let guard = "ALTER TABLE island_states ENABLE TRIGGER island_steps";
            sqlx::query(guard).execute(&mut *transaction).await.unwrap();
            let taken = sqlx::query(set).bind(name(to)).execute(&mut *transaction).await;
            assert_eq!(taken.is_ok(), allowed, "{from:?} to {to:?}: {taken:?}");
        }
    }
}

/// Whatever is asked in whatever order, the island is where the machine says, and its history tells how it came there.
#[test]
fn an_island_is_where_its_history_leads_after_any_walk() {
    use crate::island::life::CHANGES;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
    let steps = proptest::collection::vec(0..CHANGES.len(), 1..12);
    let walk = async |steps: Vec<usize>| {
        let world = World::registered().await;
        let mut life = IslandLife(IslandState::Active);
        for step in steps {
            let mut change = CHANGES[step];
            if let IslandChange::Approve { anchor_digest } = &mut change {
                *anchor_digest = world.island_of_east().await.anchor_digest;
            }
            let expected = match (life.apply(change), change) {
                // No packet is open: whoever retires is at the end.
                (Ok(retiring), IslandChange::Retire) => retiring.apply(IslandChange::End),
                (Err(_), IslandChange::Retire) => life.apply(IslandChange::End),
                (next, _) => next,
            };
            let came = world.change(&world.east, change).await;
            assert_eq!(came.is_ok(), expected.is_ok(), "{life:?} {change:?} {came:?}");
            life = expected.unwrap_or(life);
            assert_eq!(world.island_of_east().await.state, life.0);
        }
        let history = world.ledger.island_history(world.east.island, 0, 100).await.unwrap();
        if history.len() > 1 {
            assert_eq!(history.last().unwrap().state, life.0);
        }
    };
    runner
        .run(&steps, |steps| {
            runtime.block_on(walk(steps));
            Ok(())
        })
        .unwrap();
}
