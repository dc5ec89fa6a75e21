//! Chaincode definitions: who may endorse a gateway's transactions, from which block on.

use causeway_protocol::GatewayEventKind;
use causeway_verifier::fabric::Definition;
use causeway_verifier::fabric::forge::{Endorsed, Network, Signer};
use causeway_verifier::fabric::proto::ApplicationPolicy;
use prost::Message;

use crate::world::{NAME, World, beat_key, client, peers_of};

fn org1(world: &World) -> Vec<Signer> {
    vec![world.chain.network.organisations[0].peer.clone()]
}

/// A beat that only the first organisation endorsed.
fn beat_by_one(world: &mut World) -> Endorsed {
    let endorsers = org1(world);
    world.events_by(&[GatewayEventKind::Beat], &endorsers.iter().collect::<Vec<_>>())
}

fn redefine(world: &mut World, sequence: i64, policy: &ApplicationPolicy) -> Endorsed {
    world.chain.define(NAME, sequence, Some(policy))
}

#[test]
fn a_definition_is_in_force_from_the_block_after_its_own() {
    let mut world = World::open();
    let early = beat_by_one(&mut world);
    let change = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&change, true), (&early, false)]);
    let late = beat_by_one(&mut world);
    world.chain.mine(&[(&late, true)]);
    let read = world.read(&[&beat_key(&late)]);
    assert_eq!(world.found(vec![read]), [GatewayEventKind::Beat], "the early one was endorsed too little");
}

#[test]
fn a_change_of_definition_has_to_be_shown() {
    let mut world = World::open();
    let change = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&change, true)]);
    assert_eq!(world.refusal(vec![]), "commit-not-shown");
    let read = world.read(&["opened"]);
    assert_eq!(world.found(vec![read]), []);
}

#[test]
fn who_says_that_a_definition_was_committed_has_to_be_whoever_may_change_it() {
    let mut world = World::open();
    let change = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&change, true)]);
    // Enough for the new definition, not for the channel's own policy of definitions.
    let gateway = world.gateway();
    let endorsers = org1(&world);
    let read = world.chain.read(NAME, gateway, &["opened"], &endorsers.iter().collect::<Vec<_>>());
    assert_eq!(world.refusal(vec![read]), "commit-not-shown");
}

#[test]
fn a_change_that_was_not_committed_changes_nothing() {
    let mut world = World::open();
    let change = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&change, false)]);
    let (by_one, by_both) = (beat_by_one(&mut world), world.beat());
    world.chain.mine(&[(&by_one, false), (&by_both, true)]);
    let read = world.read(&[&beat_key(&by_both)]);
    let events = world.judge(&world.parts(vec![read])).unwrap().events;
    assert_eq!(events.iter().map(|fact| fact.transaction).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_change_that_too_few_endorsed_changes_nothing() {
    let mut world = World::open();
    let mut change = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    change.endorsements.truncate(1);
    world.chain.mine(&[(&change, false)]);
    assert_eq!(world.found(vec![]), []);
}

#[test]
fn of_two_changes_in_one_run_each_is_in_force_in_its_time() {
    let mut world = World::open();
    let first = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&first, true)]);
    let between = beat_by_one(&mut world);
    world.chain.mine(&[(&between, true)]);
    let second = redefine(&mut world, 3, &peers_of(2, &["Org1", "Org2"]));
    world.chain.mine(&[(&second, true)]);
    let after = beat_by_one(&mut world);
    world.chain.mine(&[(&after, false)]);
    let read = world.read(&[&beat_key(&between)]);
    let events = world.judge(&world.parts(vec![read])).unwrap().events;
    assert_eq!(events.iter().map(|fact| fact.height).collect::<Vec<_>>(), [world.chain.height() - 2]);
}

#[test]
fn of_two_changes_of_one_definition_the_one_that_was_committed_counts() {
    for committed in [0, 1] {
        let mut world = World::open();
        let lax = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
        let strict = redefine(&mut world, 2, &peers_of(2, &["Org1", "Org2"]));
        world.chain.mine(&[(&lax, committed == 0), (&strict, committed == 1)]);
        let by_one = beat_by_one(&mut world);
        let by_both = world.beat();
        world.chain.mine(&[(&by_one, committed == 0), (&by_both, true)]);
        let keys = [beat_key(&by_both), beat_key(&by_one)];
        let keys: Vec<&str> = keys.iter().take(2 - committed).map(String::as_str).collect();
        let read = world.read(&keys);
        assert_eq!(world.found(vec![read]).len(), 2 - committed);
    }
}

#[test]
fn case_25_a_read_made_after_a_later_change_does_not_hide_the_earlier_one() {
    let mut world = World::open();
    let first = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&first, true)]);
    let mut later = world.clone();
    let second = redefine(&mut later, 3, &peers_of(2, &["Org1", "Org2"]));
    later.chain.mine(&[(&second, true)]);
    // The run ends before the second change, the read was made after it.
    let read = later.read(&["opened"]);
    assert_eq!(world.refusal(vec![read.clone()]), "commit-not-shown");
    // A run that holds both says of both.
    assert_eq!(later.found(vec![read]), []);
}

#[test]
fn a_change_that_leaves_the_policy_alone_keeps_it() {
    let mut world = World::open();
    let change = world.chain.define(NAME, 2, None);
    world.chain.mine(&[(&change, true)]);
    let (by_one, by_both) = (beat_by_one(&mut world), world.beat());
    world.chain.mine(&[(&by_one, false), (&by_both, true)]);
    let read = world.read(&[&beat_key(&by_both)]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);
}

#[test]
fn another_validation_plugin_is_refused() {
    let mut world = World::open();
    let policy = peers_of(1, &["Org1"]);
    let change = world.chain.define_for(NAME, 2, Some(&policy), "mine");
    world.chain.mine(&[(&change, true)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.refusal(vec![read]), "chaincode-definition");
}

#[test]
fn other_chaincodes_definitions_concern_nobody() {
    let mut world = World::open();
    let change = world.chain.define("other", 1, Some(&peers_of(1, &["Org1"])));
    world.chain.mine(&[(&change, true)]);
    assert_eq!(world.found(vec![]), []);
}

#[test]
fn a_definition_may_stand_in_the_anchor() {
    let mut world = World::new();
    let policy = peers_of(2, &["Org1", "Org2"]).encode_to_vec();
    let definition = Definition { name: NAME.to_owned(), sequence: 1, policy };
    let anchor = world.chain.anchor(vec![definition.clone()]);
    world.state = client().anchor(&anchor).unwrap().into_inner().state;
    let opening = world.opening();
    world.register(&opening);
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);

    let twice = world.chain.anchor(vec![definition.clone(), definition.clone()]);
    assert_eq!(client().anchor(&twice).unwrap_err().code(), "chaincode-definition");
    let unreadable = world.chain.anchor(vec![Definition { policy: vec![0xff], ..definition }]);
    assert_eq!(client().anchor(&unreadable).unwrap_err().code(), "policy-malformed");
}

#[test]
fn without_a_definition_nothing_counts_and_nothing_stalls() {
    // Either no peer counts it, or the definition is older than the anchor and not in it: then no gateway has opened here.
    let mut world = World::new();
    let opening = world.opening();
    world.register(&opening);
    world.chain.mine(&[(&opening, true)]);
    assert_eq!(world.found(vec![]), []);
    let read = world.read(&["opened"]);
    assert_eq!(world.refusal(vec![read]), "definition-unknown");
}

#[test]
fn policies_of_the_channel_are_those_of_the_configuration_in_force() {
    // Majority of three organisations is two; after a fourth and a fifth joined it is three.
    let mut network = Network::new(3);
    network.channel_id = "grown".to_owned();
    let mut world = World::of(network);
    let reference = ApplicationPolicy {
        r#type: Some(causeway_verifier::fabric::proto::ApplicationPolicyType::ChannelConfigPolicyReference(
            "/Channel/Application/Endorsement".to_owned(),
        )),
    };
    let definition = Definition { name: NAME.to_owned(), sequence: 1, policy: reference.encode_to_vec() };
    world.state = client().anchor(&world.chain.anchor(vec![definition])).unwrap().into_inner().state;
    let opening = world.opening();
    world.register(&opening);
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    world.accept(vec![read]);

    let two: Vec<Signer> = world.chain.peers().into_iter().take(2).cloned().collect();
    let two: Vec<&Signer> = two.iter().collect();
    let before = world.events_by(&[GatewayEventKind::Beat], &two);
    world.chain.mine(&[(&before, true)]);
    let joining =
        [4, 5].map(|number| causeway_verifier::fabric::forge::Organisation::new(&format!("Org{number}")));
    let update = world.chain.network.propose(|group| {
        let application = causeway_verifier::fabric::forge::group_of(group, "/Application");
        for (number, organisation) in (4..).zip(&joining) {
            application.groups.insert(format!("Org{number}"), organisation.group());
        }
    });
    let admins: Vec<Signer> = world.chain.network.admins().into_iter().cloned().collect();
    let update = update.sign(&admins.iter().collect::<Vec<_>>());
    world.chain.configure(&update);
    let after = world.events_by(&[GatewayEventKind::Beat], &two);
    world.chain.mine(&[(&after, false)]);

    let mut parts = world.parts(vec![]);
    let config_block = world.chain.height() - 1;
    parts.blocks[1].seal = Some(world.chain.seal_of(config_block));
    let (gateway, key) = (world.gateway(), beat_key(&before));
    // A read is judged by the policy at the end of the run.
    parts.reads = vec![world.chain.read(NAME, gateway, &[&key], &two)];
    assert_eq!(world.judge(&parts).unwrap_err().code(), "endorsed-read-policy");
    let three: Vec<Signer> =
        world.chain.peers().into_iter().take(2).cloned().chain([joining[0].peer.clone()]).collect();
    parts.reads = vec![world.chain.read(NAME, gateway, &[&key], &three.iter().collect::<Vec<_>>())];
    let events = world.judge(&parts).unwrap().events;
    assert_eq!(events.iter().map(|fact| fact.height).collect::<Vec<_>>(), [config_block - 1]);
}

#[test]
fn a_change_that_lost_its_race_alone_is_told_by_a_read_made_after_the_next_beat() {
    let mut world = World::open();
    let change = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&change, false)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.refusal(vec![read]), "commit-not-shown", "nothing says that it was made late enough");
    // The run ends with the lost change; the beat stands behind it.
    let mut later = world.clone();
    let beat = later.beat();
    later.chain.mine(&[(&beat, true)]);
    let read = later.read(&[&beat_key(&beat)]);
    assert_eq!(world.found(vec![read]), []);
}

#[test]
fn a_change_lost_before_the_gateway_opens_is_told_by_a_run_that_holds_the_opening() {
    let mut world = World::defined();
    let lost = redefine(&mut world, 2, &peers_of(1, &["Org1"]));
    world.chain.mine(&[(&lost, false)]);
    let read = world.read_by_all(causeway_protocol::GatewayId([0; 32]), &["opened"]);
    assert_eq!(world.refusal(vec![read]), "definition-unknown", "a gateway that is not open cannot beat");
    let opening = world.opening();
    world.register(&opening);
    world.chain.mine(&[(&opening, true)]);
    let read = world.read(&["opened"]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);
}
