//! Watching: evidence reaches the hub whatever fails in between.

use std::time::Duration;

use causeway_api::IslandState;

use crate::hub::FakeHub;
use crate::island::FakeIsland;
use crate::{start, until};

#[tokio::test]
async fn evidence_follows_the_island_from_where_the_hub_stands() {
    let island = FakeIsland::at(25, &[]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    hub.with("harbour", |record| record.head = 4);
    let running = start(&hub, &[("harbour", &island)]);
    until("the hub reaches the island", || hub.with("harbour", |record| record.head == 25)).await;
    let spans =
        hub.with("harbour", |record| record.evidence.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>());
    assert_eq!(spans, [(5, 14), (15, 24), (25, 25)]);
    island.with(|state| state.height = 27);
    until("a new block is seen", || hub.with("harbour", |record| record.head == 27)).await;
    // The hub's answer reaches the relayer a moment after the hub's head moved.
    until("all four are counted", || running.relayer.status()[0].recorded == 4).await;
    assert_eq!(running.relayer.status()[0].island, "harbour");
}

#[tokio::test]
async fn case_24_a_relayer_killed_and_started_again_goes_on_where_the_hub_stands() {
    let island = FakeIsland::at(40, &[]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    for _ in 0..4 {
        let before = hub.with("harbour", |record| record.head);
        let running = start(&hub, &[("harbour", &island)]);
        until("something is recorded", || {
            hub.with("harbour", |record| record.head > before || record.head == 40)
        })
        .await;
        drop(running); // in the middle of whatever it does
        tokio::time::sleep(Duration::from_millis(20)).await;
        island.with(|state| state.height = 40);
    }
    let _running = start(&hub, &[("harbour", &island)]);
    until("all is recorded", || hub.with("harbour", |record| record.head == 40)).await;
    let spans =
        hub.with("harbour", |record| record.evidence.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>());
    assert_eq!(spans, [(1, 10), (11, 20), (21, 30), (31, 40)], "nothing twice, nothing left out");
}

#[tokio::test]
async fn two_relayers_on_one_island_are_harmless() {
    let island = FakeIsland::at(200, &[]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    let (_one, _other) = (start(&hub, &[("harbour", &island)]), start(&hub, &[("harbour", &island)]));
    until("all is recorded", || hub.with("harbour", |record| record.head == 200)).await;
    assert_eq!(hub.with("harbour", |record| record.evidence.len()), 20);
}

#[tokio::test]
async fn case_25_an_event_left_out_by_somebody_is_filled_in_before_anything_else() {
    let island = FakeIsland::at(30, &[3, 12, 25]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    // Somebody's evidence moved the head over the first two events without proving them.
    hub.with("harbour", |record| record.head = 20);
    let running = start(&hub, &[("harbour", &island)]);
    until("every event is recorded", || hub.with("harbour", |record| record.number == 3)).await;
    let evidence = hub.with("harbour", |record| record.evidence.clone());
    let kinds: Vec<_> = evidence.iter().map(|it| (it.0, it.1, it.2.as_slice())).collect();
    assert_eq!(kinds, [(3, 4, &b"back-fill"[..]), (12, 13, b"back-fill"), (21, 30, b"run")]);
    until("the status tells", || running.relayer.status()[0].back_filled == 2).await;
}

#[tokio::test]
async fn what_cannot_be_filled_in_keeps_nothing_back_and_is_not_repeated_without_end() {
    let island = FakeIsland::at(30, &[3]);
    island.with(|state| state.fills_nothing = true);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    hub.with("harbour", |record| record.head = 20);
    let running = start(&hub, &[("harbour", &island)]);
    until("the head moves on", || hub.with("harbour", |record| record.head == 30)).await;
    until("the failure is told", || {
        running.relayer.status()[0]
            .last_failure
            .as_deref()
            .is_some_and(|failure| failure.contains("still counts"))
    })
    .await;
    let fills =
        || hub.with("harbour", |record| record.evidence.iter().filter(|it| it.2 == b"nothing").count());
    assert_eq!(fills(), 1);
    island.with(|state| state.height = 31);
    until("the head moves on", || hub.with("harbour", |record| record.head == 31)).await;
    assert_eq!(fills(), 1);
}

#[tokio::test]
async fn one_dead_island_or_a_faulty_adapter_never_stops_another() {
    let (dead, faulty, good) = (FakeIsland::at(10, &[]), FakeIsland::at(10, &[]), FakeIsland::at(10, &[]));
    dead.with(|state| state.dead = true);
    faulty.with(|state| state.panics = true);
    let islands = [("dead", &dead), ("faulty", &faulty), ("good", &good)];
    let hub = FakeHub::start(&islands).await;
    let running = start(&hub, &islands);
    until("the good island goes on", || hub.with("good", |record| record.head == 10)).await;
    until("the faulty adapter is started again", || hub.with("faulty", |record| record.head == 10)).await;
    assert_eq!(hub.with("dead", |record| record.head), 0);
    until("the failure is told", || {
        let status = &running.relayer.status()[0];
        status.failures > 0 && status.last_failure.as_deref().is_some_and(|failure| failure.contains("dead"))
    })
    .await;
    dead.with(|state| state.dead = false);
    until("the dead island comes back", || hub.with("dead", |record| record.head == 10)).await;
}

#[tokio::test]
async fn a_hub_that_is_down_is_waited_for() {
    let island = FakeIsland::at(10, &[]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    hub.set_down(true);
    let running = start(&hub, &[("harbour", &island)]);
    until("the failure is told", || running.relayer.status()[0].failures > 2).await;
    hub.set_down(false);
    until("the hub is served", || hub.with("harbour", |record| record.head == 10)).await;
    until("the failures are over", || running.relayer.status()[0].failures == 0).await;
}

#[tokio::test]
async fn refused_evidence_is_told_and_tried_again() {
    let island = FakeIsland::at(10, &[]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    hub.with("harbour", |record| record.refusals = vec!["time-ahead", "not-linked-to-head"]);
    let running = start(&hub, &[("harbour", &island)]);
    until("it is recorded in the end", || hub.with("harbour", |record| record.head == 10)).await;
    let status = &running.relayer.status()[0];
    assert_eq!(status.refused, 1, "being overtaken is no refusal");
    assert!(status.last_failure.as_deref().unwrap().contains("time-ahead"));
}

#[tokio::test]
async fn nothing_is_submitted_for_an_island_that_waits_for_its_approval_or_is_frozen_or_retired() {
    for state in [IslandState::Proven, IslandState::Frozen, IslandState::Retired] {
        let island = FakeIsland::at(10, &[]);
        let hub = FakeHub::start(&[("harbour", &island)]).await;
        hub.with("harbour", |record| record.state = state);
        let _running = start(&hub, &[("harbour", &island)]);
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(hub.with("harbour", |record| record.evidence.is_empty()), "{state:?}");
        hub.with("harbour", |record| record.state = IslandState::Suspended);
        until("evidence goes on once it may", || hub.with("harbour", |record| record.head == 10)).await;
    }
}

#[tokio::test]
async fn a_pending_island_is_proven_and_then_left_to_the_operator() {
    let island = FakeIsland::at(10, &[4]);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    hub.with("harbour", |record| record.state = IslandState::Pending);
    let _running = start(&hub, &[("harbour", &island)]);
    until("it is proven", || hub.with("harbour", |record| record.state == IslandState::Proven)).await;
    let recorded = hub.with("harbour", |record| record.evidence.len());
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(hub.with("harbour", |record| record.evidence.len()), recorded);
    hub.with("harbour", |record| record.state = IslandState::Retiring);
    until("evidence goes on once it counts", || hub.with("harbour", |record| record.head == 10)).await;
}
