//! Endorsed reads: what they have to be, and what they show.

use causeway_protocol::{GatewayEventKind, GatewayId};
use causeway_verifier::fabric::forge::{Endorsed, Network, Signer, Simulation};

use crate::world::{NAME, World, beat_key, opened_by};

/// A beat that was committed.
fn with_beat() -> (World, String) {
    let mut world = World::open();
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    (world, beat_key(&beat))
}

#[test]
fn an_event_whose_transaction_is_invalid_is_none() {
    let mut world = World::open();
    let (lost, beat) = (world.beat(), world.beat());
    world.chain.mine(&[(&lost, false), (&beat, true)]);
    let read = world.read(&[&beat_key(&beat), &beat_key(&lost)]);
    let events = world.judge(&world.parts(vec![read])).unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].transaction, 1);
}

#[test]
fn case_25_evidence_that_leaves_a_transaction_out_goes_no_further() {
    let mut world = World::open();
    let (one, other) = (world.beat(), world.beat());
    world.chain.mine(&[(&one, true), (&other, true)]);
    assert_eq!(world.refusal(vec![]), "commit-not-shown");
    let half = world.read(&[&beat_key(&one)]);
    assert_eq!(world.refusal(vec![half]), "commit-not-shown");
    let whole = world.read(&[&beat_key(&one), &beat_key(&other)]);
    assert_eq!(world.found(vec![whole]).len(), 2);
    // A block cut short is another block.
    let mut parts = world.parts(vec![]);
    parts.last().data = world.chain.envelope(&one);
    assert_eq!(world.judge(&parts).unwrap_err().code(), "orderer-signatures");
}

#[test]
fn case_6_a_read_that_was_made_too_early_shows_no_absence() {
    let mut world = World::open();
    let lost = world.beat();
    let early = world.read(&[&beat_key(&lost)]);
    world.chain.mine(&[(&lost, false)]);
    assert_eq!(world.refusal(vec![early]), "commit-not-shown");
    // Nor does a later one in which nothing says that it is later.
    let silent = world.read(&[&beat_key(&lost)]);
    assert_eq!(world.refusal(vec![silent]), "commit-not-shown");
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let late = world.read(&[&beat_key(&lost), &beat_key(&beat)]);
    assert_eq!(world.found(vec![late]), [GatewayEventKind::Beat]);
}

#[test]
fn a_read_or_a_key_that_shows_nothing_needed_is_refused() {
    let (mut world, key) = with_beat();
    let (read, again) = (world.read(&[&key]), world.read(&[&key]));
    assert_eq!(world.refusal(vec![read.clone(), again]), "endorsed-read-useless");
    let more = world.read(&[&key, "in/something"]);
    assert_eq!(world.refusal(vec![more]), "endorsed-read-useless");
    world.found(vec![read]);
    let mut idle = World::open();
    idle.idle();
    let useless = idle.read(&["opened"]);
    assert_eq!(idle.refusal(vec![useless]), "endorsed-read-useless");
}

#[test]
fn several_reads_answer_together() {
    let mut world = World::open();
    let (one, other) = (world.beat(), world.beat());
    world.chain.mine(&[(&one, true), (&other, true)]);
    let reads = vec![world.read(&[&beat_key(&one)]), world.read(&[&beat_key(&other)])];
    assert_eq!(world.found(reads.clone()).len(), 2);
    // In one order.
    let mut parts = world.parts(reads.clone());
    let sorted = parts.encode();
    parts.reads.reverse();
    assert_eq!(parts.encode(), sorted);
}

/// A read of a beat's key, changed, with both organisations' signatures under it.
fn changed(change: impl Fn(&World, &str, Simulation) -> Simulation) -> &'static str {
    let (mut world, key) = with_beat();
    let call = world.chain.call(NAME, &[b"facts", key.as_bytes()]);
    let mut simulation = world.chain.simulation(NAME).read(NAME, &key, world.chain.version(NAME, &key));
    simulation.answer = world.gateway().0.to_vec();
    let read = call.endorse(&change(&world, &key, simulation), &world.chain.peers());
    world.judge(&world.parts(vec![read])).map_or_else(|refusal| refusal.code(), |_| "accepted")
}

#[test]
fn a_read_does_nothing_but_read() {
    assert_eq!(changed(|_, _, simulation| simulation), "accepted");
    assert_eq!(changed(|_, _, simulation| simulation.write(NAME, "gateway", b"")), "endorsed-read");
    let policy = |_: &World, _: &str, mut simulation: Simulation| {
        simulation.key_policies.push((NAME.to_owned(), "gateway".to_owned()));
        simulation
    };
    assert_eq!(changed(policy), "endorsed-read");
    assert_eq!(changed(|_, _, simulation| simulation.read("other", "key", None)), "endorsed-read");
    assert_eq!(changed(|_, key, simulation| simulation.read(NAME, key, None)), "endorsed-read");
    assert_eq!(changed(|_, _, simulation| Simulation { status: 500, ..simulation }), "endorsed-read");
    assert_eq!(changed(|_, _, simulation| Simulation { answer: vec![1; 31], ..simulation }), "endorsed-read");
}

/// A read of a beat's key by another call, with both organisations' signatures under it.
fn called(call: impl Fn(&mut World, &str) -> causeway_verifier::fabric::forge::Call) -> &'static str {
    let (mut world, key) = with_beat();
    let mut simulation = world.chain.simulation(NAME).read(NAME, &key, world.chain.version(NAME, &key));
    simulation.answer = world.gateway().0.to_vec();
    let read = call(&mut world, &key).endorse(&simulation, &world.chain.peers());
    world.judge(&world.parts(vec![read])).map_or_else(|refusal| refusal.code(), |_| "accepted")
}

#[test]
fn a_read_is_a_call_of_the_gateways_own_function() {
    let facts = |world: &mut World, key: &str| world.chain.call(NAME, &[b"facts", key.as_bytes()]);
    assert_eq!(called(facts), "accepted");
    let other = |world: &mut World, key: &str| world.chain.call(NAME, &[b"state", key.as_bytes()]);
    assert_eq!(called(other), "endorsed-read");
    assert_eq!(called(|world, _| world.chain.call(NAME, &[])), "endorsed-read");
    let app = |world: &mut World, key: &str| world.chain.call("other", &[b"facts", key.as_bytes()]);
    assert_eq!(called(app), "endorsed-read", "another chaincode's state");
    // A proposal that names one chaincode and calls another.
    let mixed = |world: &mut World, key: &str| {
        let mut call = facts(world, key);
        call.proposal = world.chain.call("other", &[b"facts", key.as_bytes()]).proposal;
        call
    };
    assert_eq!(called(mixed), "endorsed-read");
}

#[test]
fn a_read_of_a_sibling_channel_with_the_same_organisations_is_refused() {
    let (mut world, key) = with_beat();
    let mut read = world.read(&[&key]);
    let mut sibling = world.chain.clone();
    sibling.network.channel_id = "sibling".to_owned();
    let peers: Vec<Signer> = sibling.peers().into_iter().cloned().collect();
    let other = sibling.read(NAME, world.gateway(), &[&key], &peers.iter().collect::<Vec<_>>());
    assert_eq!(world.refusal(vec![other.clone()]), "other-channel");
    // Nor under this channel's header: what was endorsed names the proposal's.
    let own = read.call.channel_header.clone();
    read = other;
    read.call.channel_header = own;
    assert_eq!(world.refusal(vec![read]), "endorsed-read");
}

#[test]
fn case_18_a_read_of_a_twin_network_shows_nothing() {
    // The same organisations, keys and channel name: only the gateway's id tells them apart.
    let network = Network::new(2);
    let (mut world, mut twin) = (World::open_of(network.clone()), World::defined_of(network));
    twin.beat();
    let opening = twin.opening();
    twin.register(&opening);
    twin.chain.mine(&[(&opening, true)]);
    assert_ne!(world.gateway(), twin.gateway());
    // On ours it was lost; on the twin's the same place wrote the same key.
    let lost = world.beat();
    world.chain.mine(&[(&lost, false)]);
    let gateway = twin.gateway();
    let lie = Simulation {
        answer: gateway.0.to_vec(),
        ..twin.chain.simulation(NAME).read(NAME, &beat_key(&lost), Some((world.chain.height(), 0)))
    };
    let key = beat_key(&lost);
    let call = twin.chain.call(NAME, &[b"facts", key.as_bytes()]);
    let read = call.endorse(&lie, &twin.chain.peers());
    assert_eq!(world.refusal(vec![read]), "commit-not-shown");
    // The twin's blocks do not link.
    twin.beat();
    let mut parts = world.parts(vec![]);
    parts.blocks[0].data = twin.chain.blocks.last().unwrap().data.clone().unwrap().data.concat();
    parts.blocks[0].seal = Some(twin.chain.seal_of(twin.chain.height()));
    assert_eq!(world.judge(&parts).unwrap_err().code(), "orderer-signatures");
    parts.parent = twin.chain.hash(twin.chain.height() - 1);
    assert_eq!(world.judge(&parts).unwrap_err().code(), "not-linked-to-head");
}

/// A gateway whose chaincode is defined, and a transaction that opens it, registered.
fn opening() -> (World, Endorsed) {
    let mut world = World::defined();
    let opening = world.opening();
    world.register(&opening);
    (world, opening)
}

#[test]
fn case_18_a_gateway_opens_only_under_the_id_that_follows_from_its_transaction_and_island() {
    let (mut world, opening) = opening();
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.found(vec![read.clone()]).len(), 1);
    for (id, island) in
        [(GatewayId([1; 32]), world.island()), (world.gateway(), causeway_protocol::IslandId([1; 32]))]
    {
        let mut other = world.clone();
        other.gateways[0].id = id;
        other.gateways[0].island = island;
        assert_eq!(other.found(vec![]), [], "not that gateway's opening");
    }
}

#[test]
fn an_opening_that_lost_to_another_stalls_nobody() {
    let (mut world, opening) = opening();
    let first = world.opening();
    world.chain.mine(&[(&first, true), (&opening, false)]);
    assert_eq!(world.found(vec![]), [], "what is not shown did not open");
    let winner = opened_by(world.island(), &first);
    let read = world.read_by_all(winner, &["opened"]);
    assert_eq!(world.found(vec![read]), []);
    // But that another gateway opened proves no opening.
    let mut lie = world.clone();
    let version = Some((lie.chain.height(), 1));
    let mut simulation = lie.chain.simulation(NAME).read(NAME, "opened", version);
    simulation.answer = winner.0.to_vec();
    let call = lie.chain.call(NAME, &[b"facts", b"opened"]);
    let read = call.endorse(&simulation, &lie.chain.peers());
    assert_eq!(lie.refusal(vec![read]), "endorsed-read-useless");
}

#[test]
fn nothing_of_a_gateway_counts_before_its_opening() {
    let (mut world, opening) = opening();
    let early = world.beat();
    world.chain.mine(&[(&early, true)]);
    assert_eq!(world.found(vec![]), [], "and no read is asked for");
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.found(vec![read]).len(), 1);
    // Nor does anything else that stands in such a namespace harm the channel.
    let call = world.chain.call(NAME, &[b"call"]);
    let simulation = world.chain.simulation(NAME).write(NAME, "in/nonsense", b"nonsense");
    let nonsense = call.endorse(&simulation, &world.chain.peers());
    let mut other = World::defined();
    other.chain.mine(&[(&nonsense, true)]);
    assert_eq!(other.found(vec![]), []);
}
