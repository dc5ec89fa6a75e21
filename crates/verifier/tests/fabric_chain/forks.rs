//! Two blocks signed at one height.

use causeway_protocol::Hash;
use causeway_verifier::fabric::forge::{Chain, Organisation};
use causeway_verifier::fabric::{Evidence, Side};
use causeway_verifier::{ClientState, EvidenceKind, Misbehaviour, Refusal, Verified};

use crate::world::{NOW, World, as_seal, client};

/// One side: the data hashes of a chain's blocks from one on, and the last block's seal.
fn side(chain: &Chain, first: u64) -> (u64, Hash, Vec<[u8; 32]>, causeway_verifier::fabric::proto::Metadata) {
    let blocks = &chain.blocks[usize::try_from(first).unwrap()..];
    let data = blocks.iter().map(|block| {
        let header = block.header.as_ref().unwrap();
        header.data_hash.clone().try_into().unwrap()
    });
    (first, chain.hash(first - 1), data.collect(), chain.seal_of(chain.height()))
}

fn accuse(one: &Chain, other: &Chain, first: u64) -> Vec<u8> {
    let mut chains = [one, other];
    chains.sort_by_key(|chain| chain.hash(chain.height()));
    by_hand(chains, first)
}

fn by_hand(chains: [&Chain; 2], first: u64) -> Vec<u8> {
    let sides = chains.map(|chain| side(chain, first));
    let sides = [0, 1].map(|place| {
        let (first, parent, data, seal) = &sides[place];
        Side { first: *first, parent: *parent, data: data.clone(), seal: as_seal(seal) }
    });
    Evidence::Misbehaviour(sides).encode()
}

fn judge(state: &ClientState, evidence: &[u8]) -> Result<Verified<Misbehaviour>, Refusal> {
    client().misbehaviour(state, evidence, NOW)
}

/// A world and two chains that go on from its head, one block each.
fn fork() -> (World, Chain, Chain, u64) {
    let world = World::open();
    let first = world.chain.height() + 1;
    let (mut one, mut other) = (world.clone(), world.clone());
    one.idle();
    other.beat();
    other.idle();
    (world, one.chain, other.chain, first)
}

#[test]
fn case_22_two_signed_blocks_at_one_height_freeze_the_client_for_good() {
    let (mut world, one, other, first) = fork();
    let evidence = accuse(&one, &other, first);
    let span = client().inspect(&evidence).unwrap();
    assert_eq!((span.kind, span.first, span.last), (EvidenceKind::Misbehaviour, first, first));
    let proven = judge(&world.state, &evidence).unwrap();
    assert_eq!((proven.meeting, proven.height), (first - 1, first));
    let mut hashes = [one.hash(first), other.hash(first)];
    hashes.sort_unstable();
    assert_eq!(proven.blocks, hashes);
    world.chain = one;
    let parts = world.parts(vec![]);
    world.judge(&parts).unwrap();
    world.state = client().freeze(&world.state, &proven).unwrap();
    assert_eq!(world.judge(&parts).unwrap_err(), Refusal::Frozen);
    assert!(client().summary(&world.state).unwrap().frozen);
    assert_eq!(client().freeze(&world.state, &proven).unwrap(), world.state);
    judge(&world.state, &evidence).unwrap();
}

#[test]
fn case_22_a_fork_further_on_is_proven_by_data_hashes_alone() {
    let (world, one, other, first) = fork();
    let [mut one, mut other] = [one, other].map(|chain| World { chain, ..world.clone() });
    one.idle();
    other.idle();
    let proven = judge(&world.state, &accuse(&one.chain, &other.chain, first)).unwrap();
    assert_eq!((proven.meeting, proven.height), (first - 1, first + 1));
}

#[test]
fn case_22_half_an_accusation_is_none() {
    let (world, one, other, first) = fork();
    let code = |evidence: &[u8]| judge(&world.state, evidence).unwrap_err().code();
    assert_eq!(code(&by_hand([&one, &one], first)), "same-block");
    let mut descending = [&one, &other];
    descending.sort_by_key(|chain| core::cmp::Reverse(chain.hash(first)));
    assert_eq!(code(&by_hand(descending, first)), "side-order");
    let mut longer = World { chain: other.clone(), ..world.clone() };
    longer.idle();
    assert_eq!(code(&accuse(&one, &longer.chain, first)), "different-heights");
    // A block that only somebody else signed.
    let mut forged = World::open();
    forged.chain.orderers = vec![Organisation::new("Thief").orderer];
    forged.idle();
    assert_eq!(code(&accuse(&one, &forged.chain, first)), "orderer-signatures");
    let run = World { chain: one.clone(), ..world.clone() }.parts(vec![]).encode();
    assert_eq!(code(&run), "wrong-kind");
    let accusation = accuse(&one, &other, first);
    assert_eq!(world.judge_bytes(&accusation).unwrap_err().code(), "wrong-kind");
}

#[test]
fn case_18_channels_of_one_genesis_block_are_no_misbehaviour_of_an_island_anchored_there() {
    let world = World::new();
    let (mut one, mut other) = (world.clone(), world.clone());
    one.idle();
    other.idle();
    other.chain.blocks.pop();
    other.beat_of_another();
    let evidence = accuse(&one.chain, &other.chain, 1);
    assert_eq!(judge(&world.state, &evidence).unwrap_err(), Refusal::MeetsAtGenesis);
}

impl World {
    /// Another block at the same height.
    fn beat_of_another(&mut self) {
        self.chain.call("other", &[]);
        self.idle();
    }
}
