//! Runs that prove something.

use causeway_protocol::{GatewayEventKind, GatewayId};
use causeway_verifier::fabric::prover::{assemble, plan};
use causeway_verifier::{EvidenceKind, Recorded, Refusal};

use crate::world::{NAME, NOW, World, beat_key, client, every_kind, sent};

#[test]
fn a_gateway_opens_and_every_kind_of_event_is_read_as_it_was_written() {
    let mut world = World::open();
    let kinds = every_kind(world.gateway());
    let first = world.events(&kinds);
    world.chain.mine(&[(&first, true)]);
    let read = world.read(&[&first.simulation.writes[0].1.key]);
    let advance = world.accept(vec![read]);
    let found: Vec<_> = advance.events.iter().map(|fact| fact.event.kind.clone()).collect();
    assert_eq!(found, kinds);
    let numbers: Vec<_> = advance.events.iter().map(|fact| fact.event.number).collect();
    assert_eq!(numbers, (2..).take(kinds.len()).collect::<Vec<_>>());
    let places: Vec<_> = advance.events.iter().map(|fact| (fact.transaction, fact.log)).collect();
    assert_eq!(places, (0..).take(kinds.len()).map(|log| (0, log)).collect::<Vec<_>>());
    assert!(advance.events.iter().all(|fact| fact.event.gateway == world.gateway()));
}

#[test]
fn a_run_gives_every_header_and_moves_the_head_to_its_end() {
    let mut world = World::open();
    let before = client().summary(&world.state).unwrap();
    for _ in 0..3 {
        let beat = world.beat();
        world.chain.mine(&[(&beat, false)]);
    }
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let lost = lost_keys(&world, before.height + 1);
    let mut asked: Vec<&str> = lost.iter().map(String::as_str).collect();
    asked.sort_unstable();
    let read = world.read(&asked);
    let advance = world.accept(vec![read]);
    assert_eq!(advance.kind, EvidenceKind::Run);
    assert_eq!((advance.first, advance.last), (before.height + 1, before.height + 4));
    let mut parent = before.hash;
    for (header, height) in advance.headers.iter().zip(before.height + 1..) {
        assert_eq!((header.height, header.parent, header.time), (height, parent, NOW));
        assert_eq!(header.hash, world.chain.hash(height));
        parent = header.hash;
    }
    let after = client().summary(&world.state).unwrap();
    assert_eq!((after.height, after.hash, after.time, after.frozen), (advance.last, parent, NOW, false));
    assert_eq!(after.validators.len(), 3, "two organisations and the orderers'");
    assert_eq!(advance.events.len(), 1, "three beats were lost");
    assert_eq!(advance.events[0].height, advance.last);
}

/// The event keys that blocks from this one on would write.
fn lost_keys(world: &World, from: u64) -> Vec<String> {
    let blocks = world.chain.served(from);
    let plan = plan(&world.state, &world.gateways, &blocks).unwrap();
    assert_eq!(plan.blocks, blocks.len());
    plan.reads.into_iter().flat_map(|read| read.keys).collect()
}

#[test]
fn events_are_numbered_in_the_order_of_the_chain_across_runs() {
    let mut world = World::open();
    let source = world.gateway();
    let (one, two, lost) = (
        world.events(&[sent(source, 1)]),
        world.events(&[sent(source, 2)]),
        world.events(&[sent(source, 3)]),
    );
    world.chain.mine(&[(&one, true), (&lost, false), (&two, true)]);
    let key = |sent: &causeway_verifier::fabric::forge::Endorsed| sent.simulation.writes[0].1.key.clone();
    let read = world.read(&[&key(&one), &key(&two), &key(&lost)]);
    let events = world.accept(vec![read]).events;
    let found: Vec<_> = events.iter().map(|fact| (fact.event.number, fact.transaction)).collect();
    assert_eq!(found, [(2, 0), (3, 2)]);
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let read = world.read(&[&beat_key(&beat)]);
    assert_eq!(world.accept(vec![read]).events[0].event.number, 4);
}

#[test]
fn blocks_that_concern_no_gateway_need_no_read() {
    let mut world = World::open();
    let call = world.chain.call("other", &[b"write"]);
    let simulation = world.chain.simulation("other").write("other", "in/something", b"value");
    let other = call.endorse(&simulation, &world.chain.peers());
    // The gateway's own keys that hold no events.
    let call = world.chain.call(NAME, &[b"send"]);
    let simulation = world.chain.simulation(NAME).write(NAME, "out/something/0", b"value");
    let send = call.endorse(&simulation, &world.chain.peers());
    world.chain.mine(&[(&other, true), (&send, true)]);
    assert_eq!(world.found(vec![]), []);
}

#[test]
fn what_the_prover_plans_and_puts_together_is_accepted() {
    let mut world = World::open();
    let (beat, lost) = (world.beat(), world.beat());
    world.chain.mine(&[(&beat, true), (&lost, false)]);
    let blocks = world.chain.served(client().summary(&world.state).unwrap().height + 1);
    let planned = plan(&world.state, &world.gateways, &blocks).unwrap();
    assert_eq!((planned.blocks, planned.reads.len()), (1, 1));
    assert_eq!(planned.reads[0].chaincode, NAME);
    let keys: Vec<&str> = planned.reads[0].keys.iter().map(String::as_str).collect();
    let mut read = world.read(&keys);
    // Peers answer in any order, some of them badly and some twice.
    let stranger = read.endorsements[0].1.clone();
    read.endorsements.push((world.chain.network.organisations[0].client.identity.clone(), stranger));
    read.endorsements.reverse();
    let twice = read.endorsements[1].clone();
    read.endorsements.push(twice);
    let evidence = assemble(&world.state, &world.gateways, &blocks, vec![read.as_read()], NOW).unwrap();
    let advance = world.judge_bytes(&evidence).unwrap();
    let found: Vec<_> = advance.events.into_iter().map(|fact| fact.event.kind).collect();
    assert_eq!(found, [GatewayEventKind::Beat]);
}

#[test]
fn a_run_is_cut_where_a_definition_changes() {
    let mut world = World::open();
    let change = world.chain.define(NAME, 2, None);
    world.chain.mine(&[(&change, true)]);
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let blocks = world.chain.served(client().summary(&world.state).unwrap().height + 1);
    let planned = plan(&world.state, &world.gateways, &blocks).unwrap();
    assert_eq!(planned.blocks, 1);
    assert_eq!(planned.reads[0].keys, ["opened"]);
}

#[test]
fn case_21_a_head_older_than_the_trusting_period_advances_no_more() {
    let mut world = World::open();
    world.chain.add(vec![world.chain.blocks[1].data.clone().unwrap().data[0].clone()]);
    let evidence = world.parts(vec![]).encode();
    let over = NOW + causeway_verifier::fabric::forge::TRUSTING_PERIOD + 1;
    let advance = |now| client().advance(&world.state, &[], None, &evidence, now).map(|_| ());
    assert_eq!(advance(over).unwrap_err().code(), "trusting-period-over");
    advance(over - 1).unwrap();
}

#[test]
fn case_23_ten_megabytes_are_refused_at_once_and_kinds_that_fabric_does_not_have_by_name() {
    let world = World::open();
    let refused = |evidence: &[u8]| world.judge_bytes(evidence).unwrap_err();
    assert_eq!(refused(&vec![1; 10 << 20]).code(), "too-large");
    assert_eq!(refused(b"\x01").code(), "malformed");
    let recorded = Recorded { height: 1, hash: world.chain.hash(1) };
    let back_fill = causeway_protocol::Writer::new()
        .bytes(b"fabric")
        .uint(2)
        .list(&causeway_protocol::Writer::new())
        .versioned(1);
    let verdict = client().advance(&world.state, &[], Some(&recorded), &back_fill, NOW);
    assert_eq!(verdict.unwrap_err().code(), "wrong-kind");
    assert!(matches!(client().skip(&world.state, &back_fill, NOW), Err(Refusal::NoSkips(_))));
}

#[test]
fn a_state_of_another_family_is_refused() {
    let mut world = World::open();
    world.state.family = causeway_protocol::Family::Qbft;
    assert_eq!(client().summary(&world.state).unwrap_err().code(), "wrong-family");
}

#[test]
fn a_gateway_that_is_not_registered_has_no_events() {
    let mut world = World::open();
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    world.gateways.clear();
    assert_eq!(world.found(vec![]), []);
    // Nor has another id at its address.
    let mut other = World::open();
    let beat = other.beat();
    other.chain.mine(&[(&beat, true)]);
    other.gateways[0].id = GatewayId([1; 32]);
    assert_eq!(other.found(vec![]), []);
}
