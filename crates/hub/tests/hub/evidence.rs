//! Evidence over HTTP: recorded once, durable before it is answered, and refused with a reason.

use causeway_api::{self as api, EvidenceStatus, Role};
use causeway_ledger::testkit::TestLedger;
use causeway_ledger::{Ledger, Options};
use causeway_protocol::{Envelope, HubId, MEDIA_TYPE, Signer, anchor_digest};
use serde_json::json;

use crate::forge::Chain;
use crate::proof::prove;
use crate::world::{GENESIS, ORIGIN, World, sealed, stream};

const STREAM: &str = "application/vnd.causeway.envelopes";

fn code(answer: &api::EvidenceAnswer) -> &str {
    assert_eq!(answer.status, EvidenceStatus::Refused, "{answer:?}");
    assert!(answer.detail.is_some() && answer.next.is_some());
    answer.code.as_deref().unwrap()
}

/// A chain that the hub knows, its gateway opened and one packet sent, nothing of it submitted yet.
async fn started(world: &World) -> Chain {
    let mut chain = Chain::new(1, GENESIS);
    world.join(&chain, "harbour").await;
    chain.open(HubId::of_origin(ORIGIN), 1, &[causeway_protocol::Address([8; 20])]);
    chain.seal();
    chain.send(causeway_protocol::GatewayId([5; 32]), b"hello");
    chain.seal();
    chain
}

#[tokio::test]
async fn evidence_is_recorded_once_and_the_cursor_follows() {
    let world = World::start().await;
    let chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let envelope = sealed(chain.island, chain.run_from(&chain.start()), &relayer);

    let first = world.submit(chain.island, &token, envelope.clone()).await;
    assert_eq!((first.status, first.events), (EvidenceStatus::Recorded, 2), "{first:?}");
    let again = world.submit(chain.island, &token, envelope).await;
    assert_eq!((again.status, again.events, again.digest), (EvidenceStatus::Known, 2, first.digest));

    let cursor: api::Cursor = world.get("/v1/islands/harbour/cursor", &token).await.ok();
    assert_eq!(cursor.head.height, 2);
    assert_eq!(cursor.head.hash, chain.tip().hash);
    assert_eq!((cursor.gateways[0].number, cursor.gateways[0].height), (2, 2));
    let packets: api::Page<api::Packet> = world.get("/v1/packets", &world.operator).await.ok();
    assert_eq!(packets.items.len(), 1);
}

#[tokio::test]
async fn case_24_another_relayers_envelope_replayed_is_refused() {
    let world = World::start().await;
    let chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let (_, thief) = world.keyed(Role::Relayer, 2).await;
    let envelope = sealed(chain.island, chain.run_from(&chain.start()), &relayer);
    assert_eq!(code(&world.submit(chain.island, &thief, envelope.clone()).await), "other-relayer");
    assert_eq!(world.submit(chain.island, &token, envelope).await.status, EvidenceStatus::Recorded);
}

#[tokio::test]
async fn case_24_the_same_request_many_times_at_once_is_recorded_once() {
    let world = World::start().await;
    let chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let envelope = sealed(chain.island, chain.run_from(&chain.start()), &relayer);
    let submissions = (0..8).map(|_| world.submit(chain.island, &token, envelope.clone()));
    let answers = futures::future::join_all(submissions).await;
    let recorded = answers.iter().filter(|answer| answer.status == EvidenceStatus::Recorded).count();
    let known = answers.iter().filter(|answer| answer.status == EvidenceStatus::Known).count();
    assert_eq!((recorded, known), (1, 7), "{answers:?}");
    let packets: api::Page<api::Packet> = world.get("/v1/packets", &world.operator).await.ok();
    assert_eq!(packets.items.len(), 1);
}

#[tokio::test]
async fn case_24_clock_skew_refuses_what_lies_ahead_until_the_clock_agrees() {
    let world = World::start().await;
    let chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let envelope = sealed(chain.island, chain.run_from(&chain.start()), &relayer);
    world.clock.set(GENESIS - 3600);
    assert_eq!(code(&world.submit(chain.island, &token, envelope.clone()).await), "time-ahead");
    world.clock.set(GENESIS + 10);
    assert_eq!(world.submit(chain.island, &token, envelope).await.status, EvidenceStatus::Recorded);
}

#[tokio::test]
async fn case_24_a_clock_that_steps_back_never_records_something_as_earlier() {
    let world = World::start().await;
    let mut chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    world.clock.set(GENESIS + 1000);
    world.catch_up(&chain, &relayer, &token).await;
    chain.seal();
    world.clock.set(GENESIS + 500);
    assert_eq!(world.catch_up(&chain, &relayer, &token).await.status, EvidenceStatus::Recorded);
    let feed: api::Page<api::EvidenceItem> =
        world.get("/v1/islands/harbour/evidence", &world.operator).await.ok();
    assert_eq!(feed.items.len(), 2);
    assert!(feed.items.is_sorted_by_key(|item| item.recorded_at));
}

#[tokio::test]
async fn an_envelope_says_exactly_what_it_is_or_is_refused() {
    let world = World::start().await;
    let chain = started(&world).await;
    let other = Chain::new(2, GENESIS);
    world.join(&other, "other").await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let (first, last, evidence) = chain.run_from(&chain.start());
    let honest = Envelope {
        hub: HubId::of_origin(ORIGIN),
        island: chain.island,
        first,
        last,
        relayer: relayer.address(),
        evidence,
    };
    let signed = |envelope: Envelope| envelope.sign(&relayer).unwrap().encode();
    let mut unsigned = honest.clone().sign(&relayer).unwrap();
    unsigned.envelope.last += 1;
    let mut trailing = signed(honest.clone());
    trailing.push(0);
    let mut damaged = honest.clone();
    *damaged.evidence.last_mut().unwrap() ^= 1;
    for (bytes, expected) in [
        (b"nonsense".to_vec(), "malformed-envelope"),
        (trailing, "malformed-envelope"),
        (signed(Envelope { hub: HubId([1; 32]), ..honest.clone() }), "other-hub"),
        (signed(Envelope { island: other.island, ..honest.clone() }), "other-island"),
        (signed(Envelope { last: last + 1, ..honest.clone() }), "wrong-heights"),
        (unsigned.encode(), "bad-signature"),
    ] {
        assert_eq!(code(&world.submit(chain.island, &token, bytes).await), expected);
    }
    assert_eq!(world.submit(chain.island, &token, signed(damaged)).await.status, EvidenceStatus::Refused);
    assert_eq!(world.submit(chain.island, &token, signed(honest)).await.status, EvidenceStatus::Recorded);
}

#[tokio::test]
async fn case_18_a_twin_chains_evidence_does_not_link() {
    let world = World::start().await;
    let chain = started(&world).await;
    // The same validators and the same genesis block, another history of the same heights.
    let mut twin = Chain::new(1, GENESIS);
    twin.open(HubId([7; 32]), 1, &[causeway_protocol::Address([8; 20])]);
    twin.seal();
    twin.seal();
    let client = causeway_verifier::light_client(causeway_protocol::Family::Qbft).unwrap();
    let history = twin.run_with(&twin.start(), |_| false).2;
    let there = client.advance(&twin.start(), &[], None, &history, GENESIS + 100).unwrap().into_inner().state;
    twin.seal();
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    assert_eq!(world.catch_up(&chain, &relayer, &token).await.status, EvidenceStatus::Recorded);
    let foreign = sealed(chain.island, twin.run_from(&there), &relayer);
    assert_eq!(code(&world.submit(chain.island, &token, foreign).await), "not-linked-to-head");
}

#[tokio::test]
async fn no_event_counts_before_its_gateway_is_proven_open() {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    chain.gateway = chain.next_gateway();
    world.join(&chain, "harbour").await;
    chain.send(causeway_protocol::GatewayId([5; 32]), b"in another gateway's name");
    chain.seal();
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    // The blocks are recorded, the event is not: whoever registers a contract must not keep an island's evidence out.
    assert_eq!(world.catch_up(&chain, &relayer, &token).await.status, EvidenceStatus::Recorded);
    let again = sealed(chain.island, (1, 1, chain.back_fill(1, 1)), &relayer);
    assert_eq!(code(&world.submit(chain.island, &token, again).await), "gateway-not-opened");
    let packets: api::Page<api::Packet> = world.get("/v1/packets", &world.operator).await.ok();
    assert!(packets.items.is_empty());
}

#[tokio::test]
async fn linked_runs_in_one_stream_are_each_answered() {
    let world = World::start().await;
    let mut chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let client = causeway_verifier::light_client(causeway_protocol::Family::Qbft).unwrap();
    let gateways = world.ledger.gateways(chain.island).await.unwrap();
    let mut state = chain.start();
    let mut envelopes = Vec::new();
    for _ in 0..5 {
        let run = chain.run_from(&state);
        let advance = client.advance(&state, &gateways, None, &run.2, GENESIS + 100).unwrap().into_inner();
        state = advance.state;
        envelopes.push(sealed(chain.island, run, &relayer));
        chain.send(causeway_protocol::GatewayId([5; 32]), b"more");
        chain.seal();
    }
    envelopes.insert(2, b"garbage in between".to_vec());
    let answer = world.submit_raw(chain.island, &token, STREAM, stream(&envelopes)).await;
    let results = answer.ok::<api::EvidenceResults>().results;
    assert_eq!(results.len(), 6);
    for (place, result) in results.iter().enumerate() {
        let expected = if place == 2 { EvidenceStatus::Refused } else { EvidenceStatus::Recorded };
        assert_eq!(result.status, expected, "{place}: {result:?}");
    }
    let again = world.submit_raw(chain.island, &token, STREAM, stream(&envelopes)).await;
    let known = again.ok::<api::EvidenceResults>().results;
    assert_eq!(known.iter().filter(|result| result.status == EvidenceStatus::Known).count(), 5);

    let cut = world.submit_raw(chain.island, &token, STREAM, vec![0, 0, 1, 0, 7]).await;
    assert_eq!(cut.problem(), "malformed-stream");
    let text = world.submit_raw(chain.island, &token, "text/plain", vec![1]).await;
    assert_eq!(text.problem(), "unsupported-media-type");
}

#[tokio::test]
async fn a_refused_run_does_not_disturb_the_next_honest_one() {
    let world = World::start().await;
    let mut chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let first = sealed(chain.island, chain.run_from(&chain.start()), &relayer);
    // The second run is built on the first, and both are sent at once with garbage around them.
    let before = chain.start();
    let client = causeway_verifier::light_client(causeway_protocol::Family::Qbft).unwrap();
    let gateways = world.ledger.gateways(chain.island).await.unwrap();
    let run = chain.run_from(&before);
    let after = client.advance(&before, &gateways, None, &run.2, GENESIS + 100).unwrap().into_inner().state;
    chain.send(causeway_protocol::GatewayId([5; 32]), b"more");
    chain.seal();
    let second = sealed(chain.island, chain.run_from(&after), &relayer);
    let mut twin = Chain::new(1, GENESIS);
    twin.seal();
    let foreign = sealed(chain.island, twin.run_from(&twin.start()), &relayer);
    let body = stream(&[first, foreign.clone(), second, foreign]);
    let results =
        world.submit_raw(chain.island, &token, STREAM, body).await.ok::<api::EvidenceResults>().results;
    let statuses: Vec<_> = results.iter().map(|result| result.status).collect();
    let (recorded, refused) = (EvidenceStatus::Recorded, EvidenceStatus::Refused);
    assert_eq!(statuses, [recorded, refused, recorded, refused], "{results:?}");
}

#[tokio::test]
async fn two_hubs_over_one_database_take_turns() {
    let one = World::start().await;
    let url = one.database.url.clone();
    let ledger = Ledger::connect(&url, Options { max_connections: 4 }).await.unwrap();
    let two = World::over(TestLedger { ledger: ledger.clone(), url }, ledger, |_| {}).await;
    let mut chain = started(&one).await;
    let (relayer, token) = one.keyed(Role::Relayer, 1).await;
    // What each remembers is behind the ledger every other time.
    for turn in [&one, &two, &one, &two, &two, &one] {
        let answer = turn.catch_up(&chain, &relayer, &token).await;
        assert_eq!(answer.status, EvidenceStatus::Recorded, "{answer:?}");
        chain.send(causeway_protocol::GatewayId([5; 32]), b"more");
        chain.seal();
    }
    // The same envelope at both at once is recorded once.
    let state = one.state(chain.island, &token).await;
    let envelope = sealed(chain.island, chain.run_from(&state), &relayer);
    let (first, second) = tokio::join!(
        one.submit(chain.island, &token, envelope.clone()),
        two.submit(chain.island, &token, envelope.clone()),
    );
    let mut statuses = [first.status, second.status].map(|status| status == EvidenceStatus::Recorded);
    statuses.sort_unstable();
    assert_eq!(statuses, [false, true], "{first:?} {second:?}");
    assert!([&first, &second].iter().all(|answer| answer.status != EvidenceStatus::Refused));
}

#[tokio::test]
async fn evidence_needs_an_approved_island() {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    world.register(&chain, "harbour").await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let mut ahead = Chain::new(1, GENESIS);
    ahead.seal();
    let refused = world.catch_up(&ahead, &relayer, &token).await;
    assert_eq!(code(&refused), "island-state");
    assert!(refused.next.as_ref().unwrap().contains("/v1/islands/{island}/proof"), "{refused:?}");
    prove(&world, &mut chain).await;
    chain.seal();
    let envelope = sealed(chain.island, chain.run_from(&world.state(chain.island, &token).await), &relayer);
    assert_eq!(code(&world.submit(chain.island, &token, envelope.clone()).await), "island-state");
    let approval = json!({ "anchor_digest": anchor_digest(&chain.anchor()), "reason": "compared" });
    world.post("/v1/islands/harbour/approve", &world.operator, &approval).await.ok::<api::Island>();
    assert_eq!(world.submit(chain.island, &token, envelope).await.status, EvidenceStatus::Recorded);

    chain.seal();
    let freeze = json!({ "reason": "odd things" });
    world.post("/v1/islands/harbour/freeze", &world.operator, &freeze).await.ok::<api::Island>();
    assert_eq!(code(&world.catch_up(&chain, &relayer, &token).await), "island-frozen");
}

#[tokio::test]
async fn case_25_a_suppressed_event_holds_the_cursor_back_until_it_is_filled_in() {
    let world = World::start().await;
    let mut chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    world.catch_up(&chain, &relayer, &token).await;
    let hidden = chain.send(causeway_protocol::GatewayId([5; 32]), b"hide me");
    chain.seal();
    chain.send(causeway_protocol::GatewayId([5; 32]), b"show me");
    chain.seal();
    let state = world.state(chain.island, &token).await;
    let run = chain.run_with(&state, |height| height != 3);
    let answer = world.submit(chain.island, &token, sealed(chain.island, run, &relayer)).await;
    assert_eq!((answer.status, answer.events), (EvidenceStatus::Recorded, 1), "{answer:?}");

    let cursor = || async { world.get("/v1/islands/harbour/cursor", &token).await.ok::<api::Cursor>() };
    let behind = cursor().await;
    assert_eq!(behind.head.height, 4);
    assert_eq!((behind.gateways[0].number, behind.gateways[0].height), (2, 2));
    assert_eq!(behind.gateways[0].missing, [api::NumberRange { first: 3, last: 3 }]);

    let end: api::RecordedHeader = world.get("/v1/islands/harbour/recorded?at=3", &token).await.ok();
    let filled = (3, end.height, chain.back_fill(3, end.height));
    let answer = world.submit(chain.island, &token, sealed(chain.island, filled, &relayer)).await;
    assert_eq!(answer.status, EvidenceStatus::Recorded, "{answer:?}");
    let caught_up = cursor().await;
    assert_eq!((caught_up.gateways[0].number, caught_up.gateways[0].missing.len()), (4, 0));
    assert_eq!(caught_up.head, behind.head, "back-fill never moves the head");
    let found: api::Packet = world.get(&format!("/v1/packets/{}", hidden.id()), &world.operator).await.ok();
    assert_eq!(found.packet, hidden);
}

#[tokio::test]
async fn the_feed_answers_in_order_and_waits_for_more() {
    let world = World::start().await;
    let mut chain = started(&world).await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    let (_, attestor) = world.keyed(Role::Attestor, 3).await;
    for _ in 0..3 {
        world.catch_up(&chain, &relayer, &token).await;
        chain.seal();
    }
    let page: api::Page<api::EvidenceItem> =
        world.get("/v1/islands/harbour/evidence?limit=2", &attestor).await.ok();
    assert_eq!(page.items.len(), 2);
    assert!(page.items[0].sequence < page.items[1].sequence);
    assert_eq!(page.items[0].evidence, chain_evidence(&chain));
    let after = page.next.unwrap();
    let rest: api::Page<api::EvidenceItem> =
        world.get(&format!("/v1/islands/harbour/evidence?after={after}"), &attestor).await.ok();
    assert_eq!((rest.items.len(), rest.next), (1, None));

    let last = rest.items[0].sequence;
    let path = format!("/v1/islands/harbour/evidence?after={last}&wait=20");
    let (waited, submitted) = tokio::join!(world.get(&path, &attestor), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        world.catch_up(&chain, &relayer, &token).await
    });
    assert_eq!(submitted.status, EvidenceStatus::Recorded);
    assert_eq!(waited.ok::<api::Page<api::EvidenceItem>>().items.len(), 1);
    let relayers_may_not = world.get("/v1/islands/harbour/evidence", &token).await;
    assert_eq!(relayers_may_not.problem(), "forbidden");
    let body = world.submit_raw(chain.island, &token, MEDIA_TYPE, Vec::new()).await;
    assert_eq!(code(&body.ok::<api::EvidenceResults>().results[0]), "malformed-envelope");
}

/// The evidence that `started` leads to.
fn chain_evidence(chain: &Chain) -> Vec<u8> {
    chain.run_until(&chain.start(), 2).2
}
