//! Delivering: what is ready is submitted, once, until its event is proven.

use std::time::Duration;

use causeway_adapter::Outcome;

use crate::hub::FakeHub;
use crate::island::FakeIsland;
use crate::{pace, start, until};

#[tokio::test]
async fn what_is_ready_is_submitted_at_most_so_many_at_once() {
    let island = FakeIsland::default();
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    let before: Vec<_> = (0..10).map(|_| hub.make_ready("harbour")).collect();
    let running = start(&hub, &[("harbour", &island)]);
    until("what was ready is accepted", || island.with(|state| state.accepted.len() == 10)).await;
    assert_eq!(island.with(|state| state.accepted.clone()), before, "oldest first");
    assert!(island.with(|state| state.at_once) <= pace().at_once);
    let later = hub.make_ready("harbour");
    until("what becomes ready is accepted", || island.with(|state| state.accepted.contains(&later))).await;
    until("the status tells", || running.relayer.status()[0].delivered == 11).await;
}

#[tokio::test]
async fn a_statement_whose_proof_is_on_its_way_is_not_submitted_twice() {
    let island = FakeIsland::default();
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    let packet = hub.make_ready("harbour");
    let running = start(&hub, &[("harbour", &island)]);
    until("it is accepted", || island.with(|state| state.accepted.contains(&packet))).await;
    // Everything open is read again several times meanwhile.
    tokio::time::sleep(pace().settling / 2).await;
    assert_eq!(island.with(|state| state.submitted[&packet]), 1);
    // Its event does not come back: it may have been in a transaction that was lost.
    until("it is submitted again", || island.with(|state| state.submitted[&packet] == 2)).await;
    hub.prove_done("harbour", packet);
    until("it is not open any more", || running.relayer.status()[0].open == 0).await;
    let times = island.with(|state| state.submitted[&packet]);
    tokio::time::sleep(pace().settling * 2).await;
    assert_eq!(island.with(|state| state.submitted[&packet]), times);
}

#[tokio::test]
async fn case_24_a_relayer_started_again_finds_done_what_the_one_before_delivered() {
    let island = FakeIsland::default();
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    let packets: Vec<_> = (0..5).map(|_| hub.make_ready("harbour")).collect();
    let running = start(&hub, &[("harbour", &island)]);
    until("something is accepted", || island.with(|state| !state.accepted.is_empty())).await;
    drop(running);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let _running = start(&hub, &[("harbour", &island)]);
    until("all is submitted again", || island.with(|state| state.submitted.len() == 5)).await;
    until("all is accepted", || island.with(|state| state.accepted.len() == 5)).await;
    assert_eq!(island.with(|state| state.accepted.clone()), packets, "each once");
}

#[tokio::test]
async fn what_is_not_yet_possible_is_tried_again_and_keeps_nothing_back() {
    let island = FakeIsland::default();
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    let (slow, refused, good) =
        (hub.make_ready("harbour"), hub.make_ready("harbour"), hub.make_ready("harbour"));
    let not_yet = Outcome::NotYet { reason: "WrongSequence".into() };
    island.with(|state| {
        state.answers.insert(slow, vec![not_yet; 3]);
        state.answers.insert(refused, vec![Outcome::Refused { reason: "WrongEpoch".into() }; 100]);
    });
    let running = start(&hub, &[("harbour", &island)]);
    until("the good one is accepted", || island.with(|state| state.accepted.contains(&good))).await;
    until("the slow one is accepted", || island.with(|state| state.accepted.contains(&slow))).await;
    assert_eq!(island.with(|state| state.submitted[&slow]), 4);
    assert_eq!(
        island.with(|state| state.submitted[&refused]),
        1,
        "what is refused is left alone for a while"
    );
    let failure = running.relayer.status()[0].last_failure.clone().unwrap();
    assert!(failure.contains("WrongEpoch"), "{failure}");
}

#[tokio::test]
async fn a_dead_island_is_delivered_to_when_it_comes_back_even_while_the_hub_is_down() {
    let island = FakeIsland::default();
    island.with(|state| state.dead = true);
    let hub = FakeHub::start(&[("harbour", &island)]).await;
    let packet = hub.make_ready("harbour");
    let running = start(&hub, &[("harbour", &island)]);
    until("it is known to be open", || running.relayer.status()[0].open == 1).await;
    hub.set_down(true);
    island.with(|state| state.dead = false);
    until("it is accepted", || island.with(|state| state.accepted.contains(&packet))).await;
}
