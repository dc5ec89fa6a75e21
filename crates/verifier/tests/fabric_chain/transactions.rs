//! Transactions that somebody put together oddly: what peers see in them is seen here, and nothing else.

use causeway_protocol::GatewayEventKind;
use causeway_verifier::fabric::forge::Endorsed;
use causeway_verifier::fabric::proto::{ChannelHeader, Envelope, Payload, Transaction};
use prost::Message;

use crate::world::{NAME, World, beat_key, sent};

/// A world with one committed beat whose payload was changed before it was submitted, and its key.
fn submitted(change: impl Fn(&mut Payload)) -> (World, String) {
    let mut world = World::open();
    let beat = world.beat();
    let mut payload = beat.payload();
    change(&mut payload);
    mine_payload(&mut world, &payload.encode_to_vec(), &beat);
    (world, beat_key(&beat))
}

fn mine_payload(world: &mut World, payload: &[u8], beat: &Endorsed) {
    let client = &world.chain.network.organisations[0].client;
    let signature = client.sign(&[payload]);
    let envelope = Envelope { payload: payload.to_vec(), signature }.encode_to_vec();
    world.chain.mine_envelopes(vec![envelope], &[(beat, true)]);
}

/// Peers count it, and so does the client: without a read it goes no further.
fn counts(world: &mut World, key: &str) {
    assert_eq!(world.refusal(vec![]), "commit-not-shown");
    let read = world.read(&[key]);
    assert_eq!(world.found(vec![read]), [GatewayEventKind::Beat]);
}

/// No peer counts it, so nothing is asked.
fn does_not_count(world: &World) {
    assert_eq!(world.found(vec![]), []);
}

#[test]
fn case_25_whoever_submits_hides_nothing_by_a_field_that_go_ignores_in_the_outer_signature_header() {
    // Peers hash the header that stands in the action, and take creator and nonce from the outer one.
    let (mut world, key) = submitted(|payload| {
        payload.header.as_mut().unwrap().signature_header.extend([0x18, 1]);
    });
    counts(&mut world, &key);
}

#[test]
fn case_25_whoever_submits_hides_nothing_by_a_known_field_of_another_wire_type() {
    let mut world = World::open();
    let beat = world.beat();
    // Payload.data as a varint, which Go takes for an unknown field, behind the real one.
    let payload = [&beat.payload().encode_to_vec()[..], &[0x10, 1]].concat();
    assert!(Payload::decode(&payload[..]).is_err(), "another reader would see no transaction");
    mine_payload(&mut world, &payload, &beat);
    counts(&mut world, &beat_key(&beat));
}

#[test]
fn case_25_whoever_proposes_hides_nothing_by_a_type_of_which_go_keeps_the_low_half() {
    let mut world = World::open();
    let mut call = world.chain.call(NAME, &[b"beat"]);
    // Type 3 as 2^32 + 3: a varint that an int32 keeps the low half of.
    call.channel_header.extend([0x08, 0x83, 0x80, 0x80, 0x80, 0x10]);
    let key = format!("beat/{}", call.transaction);
    let written = world.beat().simulation.writes[0].1.value.clone();
    let simulation = world.chain.simulation(NAME).write(NAME, &key, &written);
    let beat = call.endorse(&simulation, &world.chain.peers());
    world.chain.mine(&[(&beat, true)]);
    counts(&mut world, &key);
}

#[test]
fn case_25_whoever_submits_hides_nothing_by_bytes_behind_an_endorsement() {
    let mut world = World::open();
    let mut beat = world.beat();
    beat.endorsements[0].1.extend([1, 2, 3]);
    world.chain.mine(&[(&beat, true)]);
    counts(&mut world, &beat_key(&beat));
}

#[test]
fn case_25_whoever_submits_hides_nothing_by_an_unknown_field_in_the_envelope() {
    let mut world = World::open();
    let beat = world.beat();
    let envelope = [&world.chain.envelope(&beat)[..], &[0x1a, 2, 0x0a, 0x12]].concat();
    world.chain.mine_envelopes(vec![envelope], &[(&beat, true)]);
    counts(&mut world, &beat_key(&beat));
}

#[test]
fn a_transaction_of_another_type_or_channel_counts_for_nothing() {
    let header = |change: fn(&mut ChannelHeader)| {
        let mut world = World::open();
        let mut call = world.chain.call(NAME, &[b"beat"]);
        let mut header = ChannelHeader::decode(&call.channel_header[..]).unwrap();
        change(&mut header);
        call.channel_header = header.encode_to_vec();
        let value = world.beat().simulation.writes[0].1.value.clone();
        let key = format!("beat/{}", call.transaction);
        let simulation = world.chain.simulation(NAME).write(NAME, &key, &value);
        let beat = call.endorse(&simulation, &world.chain.peers());
        world.chain.mine(&[(&beat, false)]);
        world
    };
    does_not_count(&header(|header| header.r#type = 2));
    // A transaction of a sibling channel with the same organisations, in a block of ours.
    does_not_count(&header(|header| header.channel_id = "sibling".to_owned()));
    does_not_count(&header(|header| header.tx_id = "00".repeat(32)));
}

#[test]
fn a_transaction_of_two_actions_or_of_another_proposal_counts_for_nothing() {
    let (world, _) = submitted(|payload| {
        let mut transaction = Transaction::decode(&payload.data[..]).unwrap();
        transaction.actions.push(transaction.actions[0].clone());
        payload.data = transaction.encode_to_vec();
    });
    does_not_count(&world);
    let (world, _) = submitted(|payload| {
        let mut transaction = Transaction::decode(&payload.data[..]).unwrap();
        transaction.actions[0].header.push(0);
        payload.data = transaction.encode_to_vec();
    });
    does_not_count(&world);
    let (world, _) = submitted(|payload| payload.header = None);
    does_not_count(&world);
}

#[test]
fn the_same_transaction_again_counts_once() {
    let mut world = World::open();
    let beat = world.beat();
    world.chain.mine(&[(&beat, true), (&beat, false)]);
    let read = world.read(&[&beat_key(&beat)]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);
    // And in a later block, where a read has to be as late.
    world.chain.mine(&[(&beat, false)]);
    let early = world.read(&[&beat_key(&beat)]);
    assert_eq!(world.refusal(vec![early]), "commit-not-shown");
    let other = world.beat();
    world.chain.mine(&[(&other, true)]);
    let read = world.read(&[&beat_key(&beat), &beat_key(&other)]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);
}

#[test]
fn an_event_whose_creator_did_not_sign_is_judged_by_what_was_committed() {
    // Peers refuse it; that they did, the read says.
    let mut world = World::open();
    let beat = world.beat();
    let envelope = Envelope { payload: beat.payload().encode_to_vec(), signature: vec![1] }.encode_to_vec();
    world.chain.mine_envelopes(vec![envelope], &[(&beat, false)]);
    let other = world.beat();
    world.chain.mine(&[(&other, true)]);
    let read = world.read(&[&beat_key(&beat), &beat_key(&other)]);
    assert_eq!(world.accept(vec![read]).events.len(), 1);
}

#[test]
fn an_envelope_that_go_would_write_otherwise_makes_a_block_that_no_peer_takes() {
    let mut world = World::open();
    let beat = world.beat();
    let envelope = Envelope::decode(&world.chain.envelope(&beat)[..]).unwrap();
    // Signature first.
    let signature = Envelope { payload: vec![], ..envelope.clone() }.encode_to_vec();
    let payload = Envelope { signature: vec![], ..envelope }.encode_to_vec();
    world.chain.mine_envelopes(vec![[signature, payload].concat()], &[(&beat, true)]);
    assert_eq!(world.refusal(vec![]), "not-protobuf");
    let mut empty = World::open();
    empty.chain.add(vec![]);
    assert_eq!(empty.refusal(vec![]), "not-protobuf");
}

#[test]
fn case_15_an_event_of_the_gateway_at_a_key_of_another_or_with_false_ids_is_refused() {
    let with = |key: &dyn Fn(&World, &Endorsed) -> String, value: &dyn Fn(&World, &Endorsed) -> Vec<u8>| {
        let mut world = World::open();
        let call = world.chain.call(NAME, &[b"call"]);
        let template = world.events(&[sent(world.gateway(), 1)]);
        let (key, value) = (key(&world, &template), value(&world, &template));
        let simulation = world.chain.simulation(NAME).write(NAME, &key, &value);
        let event = call.endorse(&simulation, &world.chain.peers());
        world.chain.mine(&[(&event, true)]);
        world.refusal(vec![])
    };
    let key = |_: &World, sent: &Endorsed| sent.simulation.writes[0].1.key.clone();
    let value = |_: &World, sent: &Endorsed| sent.simulation.writes[0].1.value.clone();
    assert_eq!(with(&key, &value), "commit-not-shown", "as it should be");
    let refused = "not-a-gateway-event";
    assert_eq!(with(&|_, sent| format!("{}0", sent.simulation.writes[0].1.key), &value), refused);
    assert_eq!(with(&|_, _| "act/1".to_owned(), &value), refused);
    assert_eq!(with(&|_, _| "beat/1".to_owned(), &|world, _| beat_value(world)), refused);
    let longer = |world: &World, sent: &Endorsed| [value(world, sent), vec![0]].concat();
    assert_eq!(with(&key, &longer), refused);
    // A byte of the payload: the packet's id no longer follows.
    let other = |world: &World, sent: &Endorsed| {
        let mut bytes = value(world, sent);
        let place = bytes.windows(5).position(|window| window == b"hello").unwrap();
        bytes[place] ^= 1;
        bytes
    };
    assert_eq!(with(&key, &other), refused);
}

fn beat_value(world: &World) -> Vec<u8> {
    world.clone().beat().simulation.writes[0].1.value.clone()
}

#[test]
fn case_15_an_event_in_another_chaincodes_namespace_is_none() {
    let mut world = World::open();
    let beat = world.beat();
    let simulation =
        world.chain.simulation("other").write("other", &beat_key(&beat), &beat.simulation.writes[0].1.value);
    let impostor = beat.call.endorse(&simulation, &world.chain.peers());
    world.chain.mine(&[(&impostor, true)]);
    does_not_count(&world);
}

#[test]
fn a_gateway_that_deletes_an_event_or_gives_keys_policies_of_their_own_is_refused() {
    let mut world = World::open();
    let call = world.chain.call(NAME, &[b"call"]);
    let mut simulation = world.chain.simulation(NAME).write(NAME, "opened", b"");
    simulation.writes[0].1.is_delete = true;
    let deletion = call.endorse(&simulation, &world.chain.peers());
    let mut other = world.clone();
    world.chain.mine(&[(&deletion, true)]);
    assert_eq!(world.refusal(vec![]), "event-deleted");

    let call = other.chain.call(NAME, &[b"call"]);
    let mut simulation = other.chain.simulation(NAME);
    simulation.key_policies.push((NAME.to_owned(), "gateway".to_owned()));
    let policy = call.endorse(&simulation, &other.chain.peers());
    other.chain.mine(&[(&policy, true)]);
    assert_eq!(other.refusal(vec![]), "key-policies");
}
