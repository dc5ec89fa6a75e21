//! Case 5: every byte of evidence is load-bearing. Flip each one and the evidence is refused.

use causeway_verifier::fabric::{Evidence, Side};

use crate::world::{NAME, NOW, World, as_seal, beat_key, client, peers_of};

/// Flips a bit of every byte, another one each time.
fn refuses_every_flip(evidence: &[u8], verify: impl Fn(&[u8]) -> bool) {
    assert!(verify(evidence));
    for place in 0..evidence.len() {
        let mut flipped = evidence.to_vec();
        flipped[place] ^= 1 << (place % 8);
        assert!(!verify(&flipped), "byte {place} of {}", evidence.len());
    }
}

#[test]
fn every_byte_of_a_run_with_events_and_reads_is_load_bearing() {
    let mut world = World::open();
    let (beat, lost) = (world.beat(), world.beat());
    world.chain.mine(&[(&lost, false), (&beat, true)]);
    let read = world.read(&[&beat_key(&beat), &beat_key(&lost)]);
    let evidence = world.parts(vec![read]).encode();
    refuses_every_flip(&evidence, |evidence| world.judge_bytes(evidence).is_ok());
}

#[test]
fn every_byte_of_a_run_with_a_change_of_definition_is_load_bearing() {
    let mut world = World::open();
    let change = world.chain.define(NAME, 2, Some(&peers_of(1, &["Org1"])));
    world.chain.mine(&[(&change, true)]);
    let read = world.read(&["opened"]);
    let evidence = world.parts(vec![read]).encode();
    refuses_every_flip(&evidence, |evidence| world.judge_bytes(evidence).is_ok());
}

#[test]
fn every_byte_of_an_accusation_is_load_bearing() {
    let world = World::open();
    let first = world.chain.height() + 1;
    let mut sides = [world.clone(), world.clone()];
    sides[0].idle();
    sides[1].beat();
    sides[1].idle();
    sides.sort_by_key(|side| side.chain.hash(first));
    let seals = sides.each_ref().map(|side| side.chain.seal_of(first));
    let accused = [0, 1].map(|place| {
        let header = sides[place].chain.blocks[usize::try_from(first).unwrap()].header.clone().unwrap();
        Side {
            first,
            parent: world.chain.hash(first - 1),
            data: vec![header.data_hash.try_into().unwrap()],
            seal: as_seal(&seals[place]),
        }
    });
    let evidence = Evidence::Misbehaviour(accused).encode();
    refuses_every_flip(&evidence, |evidence| client().misbehaviour(&world.state, evidence, NOW).is_ok());
}

#[test]
fn every_byte_of_an_anchor_makes_it_another_anchor_or_none() {
    let world = World::new();
    let policy = prost::Message::encode_to_vec(&peers_of(1, &["Org1"]));
    let definition = causeway_verifier::fabric::Definition { name: NAME.to_owned(), sequence: 1, policy };
    let anchor = world.chain.anchor(vec![definition]);
    let good = client().anchor(&anchor).unwrap();
    for place in 0..anchor.len() {
        let mut flipped = anchor.clone();
        flipped[place] ^= 1 << (place % 8);
        if let Ok(other) = client().anchor(&flipped) {
            assert_ne!(*other, *good, "byte {place}");
        }
    }
}

#[test]
fn bytes_cut_off_or_added_are_refused() {
    let mut world = World::open();
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let read = world.read(&[&beat_key(&beat)]);
    let evidence = world.parts(vec![read]).encode();
    for cut in 0..evidence.len() {
        assert!(world.judge_bytes(&evidence[..cut]).is_err(), "cut at {cut}");
    }
    assert!(world.judge_bytes(&[&evidence[..], &[0]].concat()).is_err());
}
