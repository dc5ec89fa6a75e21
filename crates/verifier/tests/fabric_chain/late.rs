//! Gateways that were registered after evidence of their opening was recorded: they never count, and whoever verifies that
//! evidence again, knowing of them, does not stop at it.

use causeway_protocol::GatewayId;
use causeway_verifier::{Advance, Refusal, Verified};

use crate::world::{NOW, World, client, peers_of};

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

fn replay(world: &World, evidence: &[u8]) -> Result<Advance, Refusal> {
    client().replay(&world.state, &world.gateways, None, evidence, NOW).map(Verified::into_inner)
}

#[test]
fn evidence_recorded_before_a_gateway_was_registered_is_verified_again_by_who_knows_the_gateway() {
    let (mut hub, mut late) = unregistered();
    let before = hub.parts(vec![]).encode();
    assert_eq!(late.judge_bytes(&before).unwrap_err().code(), "commit-not-shown");
    let recorded = hub.accept(vec![]);
    let again = replay(&late, &before).unwrap();
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
    let again = replay(&late, &after).unwrap();
    assert_eq!((again.state, again.events), (recorded.state, vec![]));
}

#[test]
fn an_opening_under_a_known_definition_is_passed_over_too() {
    let (mut hub, late) = opened(World::defined());
    hub.gateways.clear();
    let evidence = hub.parts(vec![]).encode();
    assert_eq!(late.judge_bytes(&evidence).unwrap_err().code(), "commit-not-shown");
    assert_eq!(replay(&late, &evidence).unwrap().state, hub.accept(vec![]).state);
}

#[test]
fn a_gateway_whose_opening_is_shown_opens_for_who_verifies_again() {
    let mut world = World::defined();
    let opening = world.opening();
    world.register(&opening);
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    let evidence = world.parts(vec![read]).encode();
    let (advance, again) = (world.judge_bytes(&evidence).unwrap(), replay(&world, &evidence).unwrap());
    assert_eq!(again, advance);
    assert_eq!(again.events.len(), 1);
}

#[test]
fn nothing_of_an_open_gateway_is_passed_over_because_another_one_is_known_too() {
    let mut world = World::open();
    let mut other = world.gateways[0].clone();
    other.id = GatewayId([0xdd; 32]);
    world.gateways.push(other);
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let evidence = world.parts(vec![]).encode();
    assert_eq!(replay(&world, &evidence).unwrap_err().code(), "commit-not-shown");

    let mut world = World::open();
    let change = world.chain.define("gateway", 2, Some(&peers_of(1, &["Org1"])));
    world.chain.mine(&[(&change, true)]);
    let evidence = world.parts(vec![]).encode();
    assert_eq!(replay(&world, &evidence).unwrap_err().code(), "commit-not-shown");
}
