//! Gateways that are claimed and not shown: too late, or falsely. They never count, and stop nobody.

use causeway_protocol::{GatewayId, Hash};
use causeway_verifier::Gateway;
use causeway_verifier::fabric::forge::{Endorsed, Signer};
use causeway_verifier::fabric::{Definition, sha256};
use prost::Message as _;

use crate::world::{NAME, World, client, peers_of};

/// A channel whose gateway's chaincode is defined and whose gateway opens, while nobody has registered it.
fn unregistered() -> (World, World) {
    let mut world = World::new();
    let change = world.chain.define("gateway", 1, Some(&peers_of(2, &["Org1", "Org2"])));
    world.chain.mine(&[(&change, true)]);
    opened(world)
}

/// The gateway opens: as the hub knows it, and as one who knows the gateway.
fn opened(mut world: World) -> (World, World) {
    let opening = world.opening();
    world.chain.mine(&[(&opening, true)]);
    let mut late = world.clone();
    late.register(&opening);
    (world, late)
}

#[test]
fn evidence_recorded_before_a_gateway_was_registered_is_verified_again_by_who_knows_the_gateway() {
    let (mut hub, mut late) = unregistered();
    let before = hub.parts(vec![]).encode();
    let recorded = hub.accept(vec![]);
    let again = late.judge_bytes(&before).unwrap();
    assert_eq!(again.state, recorded.state, "it leads to the state of whoever recorded it");
    assert_eq!(again.events, []);
    late.state = again.state;

    // Neither goes on to count what the gateway does.
    let beat = late.beat();
    late.chain.mine(&[(&beat, true)]);
    hub.chain = late.chain.clone();
    hub.gateways = late.gateways.clone();
    let after = hub.parts(vec![]).encode();
    let recorded = hub.judge_bytes(&after).unwrap();
    let again = late.judge_bytes(&after).unwrap();
    assert_eq!((again.state, again.events), (recorded.state, vec![]));
}

#[test]
fn an_opening_under_a_known_definition_is_passed_over_too() {
    let (mut hub, late) = opened(World::defined());
    hub.gateways.clear();
    let evidence = hub.parts(vec![]).encode();
    assert_eq!(late.judge_bytes(&evidence).unwrap().state, hub.accept(vec![]).state);
}

#[test]
fn nothing_of_an_open_gateway_is_passed_over_because_another_one_is_known_too() {
    let mut world = World::open();
    let mut other = world.gateways[0].clone();
    other.id = GatewayId([0xdd; 32]);
    world.gateways.push(other);
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    assert_eq!(world.refusal(vec![]), "commit-not-shown");

    let mut world = World::open();
    let change = world.chain.define("gateway", 2, Some(&peers_of(1, &["Org1"])));
    world.chain.mine(&[(&change, true)]);
    assert_eq!(world.refusal(vec![]), "commit-not-shown");
}

/// Whoever claims that `opening` opened a gateway at `chaincode`.
fn claim(world: &mut World, chaincode: &str, opening: &Endorsed) {
    let (island, birth) = (world.island(), Hash(sha256(&[opening.call.transaction.as_bytes()])));
    let id = GatewayId::derive(island, chaincode.as_bytes(), birth);
    world.gateways.push(Gateway { island, address: chaincode.into(), id });
}

fn peers(world: &World) -> Vec<Signer> {
    world.chain.peers().into_iter().cloned().collect()
}

#[test]
fn a_claim_of_a_chaincode_that_cannot_be_asked_stops_nobody() {
    // A store that writes what anybody asks it to, in the form of an opening too, and has no function to tell of it.
    let mut world = World::open();
    let all = peers(&world);
    let opening = world.opening_by("store", &all.iter().collect::<Vec<_>>());
    claim(&mut world, "store", &opening);
    let change = world.chain.define("store", 1, Some(&peers_of(1, &["Org1"])));
    world.chain.mine(&[(&change, true)]);
    world.accept(vec![]);
    world.chain.mine(&[(&opening, true)]);
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let read = world.read(&[&crate::world::beat_key(&beat)]);
    let events = world.accept(vec![read]).events;
    assert_eq!(
        events.iter().map(|fact| fact.event.number).collect::<Vec<_>>(),
        [2],
        "the true gateway's beat"
    );
    // Nor does a definition that is refused of a gateway.
    let change = world.chain.define_for("store", 2, Some(&peers_of(1, &["Org1"])), "mine");
    world.chain.mine(&[(&change, true)]);
    world.accept(vec![]);
}

#[test]
fn who_hides_a_stricter_definition_opens_no_gateway_under_the_old_one() {
    let policy = peers_of(1, &["Org1"]);
    let definition = Definition { name: NAME.to_owned(), sequence: 1, policy: policy.encode_to_vec() };
    for is_claimed in [false, true] {
        let mut world = World::new();
        world.state =
            client().anchor(&world.chain.anchor(vec![definition.clone()])).unwrap().into_inner().state;
        let org1 = [world.chain.network.organisations[0].peer.clone()];
        let org1: Vec<&Signer> = org1.iter().collect();
        let opening = world.opening_by(NAME, &org1);
        if is_claimed {
            claim(&mut world, NAME, &opening);
        }
        let stricter = world.chain.define(NAME, 2, Some(&peers_of(2, &["Org1", "Org2"])));
        world.chain.mine(&[(&stricter, true)]);
        world.accept(vec![]);
        if !is_claimed {
            claim(&mut world, NAME, &opening);
        }
        world.chain.mine(&[(&opening, false)]);
        let gateway = world.gateway();
        let read = world.chain.read(NAME, gateway, &["opened"], &org1);
        assert_eq!(world.refusal(vec![read]), "definition-unknown");
        assert_eq!(world.found(vec![]), []);
    }
}

#[test]
fn a_definition_that_was_lost_is_known_again_when_a_change_of_its_policy_is_shown() {
    let mut world = World::defined();
    let lost = world.chain.define(NAME, 2, Some(&peers_of(1, &["Org1"])));
    world.chain.mine(&[(&lost, true)]);
    world.accept(vec![]);
    // The policy stays what it was, which nobody knows.
    let silent = world.chain.define(NAME, 3, None);
    world.chain.mine(&[(&silent, true)]);
    let read = world.read_by_all(GatewayId([0; 32]), &["opened"]);
    assert_eq!(world.refusal(vec![read]), "definition-unknown");
    world.accept(vec![]);

    let shown = world.chain.define(NAME, 4, Some(&peers_of(2, &["Org1", "Org2"])));
    world.chain.mine(&[(&shown, true)]);
    let read = world.read_by_all(GatewayId([0; 32]), &["opened"]);
    world.accept(vec![read]);
    let opening = world.opening();
    world.register(&opening);
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);
}
