//! The devnet's chains in the eyes of the light client: what honest ones do is verified, what others do is refused.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use alloy_sol_types::{SolCall as _, SolConstructor as _};
use causeway_evm_devnet::{Alloc, Devnet, DevnetConfig, Key, Message, Mining, SealedBlock};
use causeway_evm_gateway::Gateway as GatewayContract;
use causeway_protocol::{Address, Family, GatewayEventKind, GatewayId, Hash, Island, keccak256, words};
use causeway_verifier::bft::raw::{RawHeader, SealCollection};
use causeway_verifier::bft::{Anchor, Block, Config, Evidence, Mode, Protocol, ValidatorContract};
use causeway_verifier::prover::{OwnedSet, RunBuilder, SourceBlock, prove_block, validator_slots};
use causeway_verifier::{Advance, Anchored, ClientState, Gateway, LightClient, Refusal, light_client};
use serde_json::{Value, json};
use support::{bytes, manual, result, start};

const FAMILIES: [(Family, Protocol); 3] =
    [(Family::Qbft, Protocol::Qbft), (Family::Ibft2, Protocol::Ibft2), (Family::Ibft, Protocol::Ibft)];

/// A light client that follows one devnet.
struct Follower {
    client: &'static dyn LightClient,
    builder: RunBuilder,
    state: ClientState,
}

impl Follower {
    fn new(family: Family, config: Config, devnet: &Devnet) -> Self {
        let anchor = Anchor { config, header: &devnet.genesis_header(), set: None }.encode();
        Self::at(family, &anchor)
    }

    fn at(family: Family, anchor: &[u8]) -> Self {
        let client = light_client(family).unwrap();
        let Anchored { state, .. } = client.anchor(anchor).unwrap().into_inner();
        Self { client, builder: RunBuilder::new(family, &state).unwrap(), state }
    }

    fn plain(family: Family, protocol: Protocol, devnet: &Devnet) -> Self {
        Self::new(family, Config::plain(family, protocol, 86_400, 600), devnet)
    }

    fn push(&mut self, block: &SealedBlock) -> Result<(), Refusal> {
        self.builder.push(SourceBlock { raw: block.header.clone(), ..SourceBlock::default() })
    }

    /// Takes what the builder has ready to the light client.
    fn advance(&mut self, devnet: &Devnet, gateways: &[Gateway]) -> Advance {
        let run = self.builder.take_run().unwrap().unwrap();
        let advance = self.client.advance(&self.state, gateways, None, &run.evidence, devnet.time());
        let advance = advance.unwrap().into_inner();
        self.state = advance.state.clone();
        advance
    }

    /// Blocks from the chain, one after the other, to the light client. The height that it is at then.
    fn follow(&mut self, devnet: &Devnet, blocks: usize) -> u64 {
        for _ in 0..blocks {
            self.push(&devnet.mine().unwrap()).unwrap();
        }
        self.advance(devnet, &[]).last
    }
}

async fn chain(protocol: Protocol) -> Devnet {
    let mut config = manual("light");
    config.protocol = protocol;
    Devnet::start(config).await.unwrap()
}

#[tokio::test]
async fn a_run_of_every_protocol_is_verified_whatever_the_round() {
    for (family, protocol) in FAMILIES {
        let devnet = chain(protocol).await;
        let mut follower = Follower::plain(family, protocol, &devnet);
        assert_eq!(follower.follow(&devnet, 5), 5);
        devnet.seal_next_in_round(2);
        assert_eq!(follower.follow(&devnet, 1), 6);
        assert_eq!(follower.follow(&devnet, 3), 9);
        let summary = follower.client.summary(&follower.state).unwrap();
        assert_eq!(Some(summary.hash), devnet.block_hash(9), "{family}");
    }
}

#[tokio::test]
async fn a_run_of_one_protocol_is_not_verified_as_another() {
    let devnet = chain(Protocol::Qbft).await;
    let block = devnet.mine().unwrap();
    for (family, protocol) in [(Family::Ibft2, Protocol::Ibft2), (Family::Ibft, Protocol::Ibft)] {
        let foreign = chain(protocol).await;
        let mut follower = Follower::plain(family, protocol, &foreign);
        assert!(follower.push(&block).is_err(), "{family}");
    }
}

#[tokio::test]
async fn validators_join_and_leave_one_at_a_time() {
    for (family, protocol) in FAMILIES {
        let devnet = chain(protocol).await;
        let mut follower = Follower::plain(family, protocol, &devnet);
        follower.follow(&devnet, 2);
        devnet.add_validator(Key::derived("light", "validator", 4).unwrap()).unwrap();
        assert_eq!(follower.follow(&devnet, 2), 4);
        devnet.remove_validator(devnet.validators()[0]).unwrap();
        assert_eq!(follower.follow(&devnet, 2), 6, "{family}");

        let strangers = (0..4).map(|index| Key::derived("strangers", "validator", index).unwrap()).collect();
        devnet.replace_validators(strangers).unwrap();
        follower.push(&devnet.mine().unwrap()).unwrap();
        assert!(follower.builder.take_run().unwrap().is_none());
        assert!(matches!(follower.builder.obstacle(), Some(Refusal::Set { height: 7, .. })), "{family}");
    }
}

#[tokio::test]
async fn a_header_short_of_a_quorum_counts_through_its_descendant() {
    for (family, protocol) in FAMILIES {
        let devnet = chain(protocol).await;
        let mut follower = Follower::plain(family, protocol, &devnet);
        devnet.seal_next_with(2);
        follower.push(&devnet.mine().unwrap()).unwrap();
        assert!(follower.builder.take_run().unwrap().is_none());
        assert!(matches!(follower.builder.obstacle(), Some(Refusal::Sealing { height: 1, .. })));
        assert_eq!(follower.follow(&devnet, 1), 2, "{family}");
    }
}

/// A header with its seals, as misbehaviour carries it.
fn evidence_block(protocol: Protocol, raw: &[u8]) -> (Hash, Vec<u8>, Vec<u8>) {
    let header = RawHeader::decode(protocol, raw).unwrap();
    let mut seals = SealCollection::default();
    seals.add(&header);
    let seals = seals.best(&header.extra.validators);
    (header.hash, header.evidence_form(seals.round).unwrap(), seals.bytes)
}

fn misbehaviour(family: Family, protocol: Protocol, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut sides = [evidence_block(protocol, one), evidence_block(protocol, other)];
    sides.sort();
    let sides = sides.each_ref().map(|(_, header, seals)| vec![Block { header, seals, ..Block::default() }]);
    Evidence::Misbehaviour(sides).encode(family)
}

#[tokio::test]
async fn two_blocks_of_one_height_freeze_the_client() {
    for (family, protocol) in FAMILIES {
        let devnet = chain(protocol).await;
        let mut follower = Follower::plain(family, protocol, &devnet);
        follower.follow(&devnet, 3);
        let crime = devnet.equivocate().unwrap();
        let evidence = misbehaviour(family, protocol, &crime.kept.header, &crime.other);
        let proven = follower.client.misbehaviour(&follower.state, &evidence, devnet.time()).unwrap();
        assert_eq!((proven.meeting, proven.height), (3, 4), "{family}");
        let frozen = follower.client.freeze(&follower.state, &proven).unwrap();
        follower.push(&crime.kept).unwrap();
        let run = follower.builder.take_run().unwrap().unwrap();
        let refusal = follower.client.advance(&frozen, &[], None, &run.evidence, devnet.time());
        assert_eq!(refusal.unwrap_err(), Refusal::Frozen);
    }
}

#[tokio::test]
async fn one_block_twice_is_no_misbehaviour_and_a_fork_is() {
    let (family, protocol) = FAMILIES[0];
    let devnet = chain(protocol).await;
    let mut follower = Follower::plain(family, protocol, &devnet);
    follower.follow(&devnet, 2);
    let fork = devnet.fork(2).await.unwrap();
    fork.advance_time(std::time::Duration::from_secs(30));
    let (here, there) = (devnet.mine().unwrap(), fork.mine().unwrap());
    let now = fork.time();

    let same = misbehaviour(family, protocol, &here.header, &here.header);
    let refusal = follower.client.misbehaviour(&follower.state, &same, now).unwrap_err();
    assert!(matches!(refusal, Refusal::SameBlock(_)), "{refusal}");
    let evidence = misbehaviour(family, protocol, &here.header, &there.header);
    let proven = follower.client.misbehaviour(&follower.state, &evidence, now).unwrap();
    let mut blocks = [here.hash, there.hash];
    blocks.sort();
    assert_eq!(proven.blocks, blocks);
}

#[tokio::test]
async fn case_18_a_twin_moves_no_client_and_frames_no_chain() {
    for (family, protocol) in FAMILIES {
        let devnet = chain(protocol).await;
        let twin = devnet.twin().await.unwrap();
        assert_eq!(devnet.block_hash(0), twin.block_hash(0), "the same genesis file");
        let mut follower = Follower::plain(family, protocol, &devnet);
        follower.follow(&devnet, 2);
        twin.advance_time(std::time::Duration::from_secs(30));
        for _ in 0..2 {
            twin.mine().unwrap();
        }
        let (here, there) = (devnet.mine().unwrap(), twin.mine().unwrap());
        assert_eq!(here.number, there.number);
        let refusal = follower.push(&there).unwrap_err();
        assert!(matches!(refusal, Refusal::NotLinkedToHead { .. }), "{family}: {refusal}");
        let framed = misbehaviour(family, protocol, &here.header, &there.header);
        assert!(follower.client.misbehaviour(&follower.state, &framed, twin.time()).is_err(), "{family}");
    }
}

#[tokio::test]
async fn a_migration_from_ibft_to_qbft_is_followed() {
    let mut config = manual("light");
    (config.protocol, config.qbft_from) = (Protocol::Ibft, Some(4));
    let devnet = Devnet::start(config).await.unwrap();
    let mut config = Config::plain(Family::Ibft, Protocol::Ibft, 86_400, 600);
    config.schedule.push((4, Protocol::Qbft));
    let mut follower = Follower::new(Family::Ibft, config, &devnet);
    assert_eq!(follower.follow(&devnet, 7), 7);
}

/// The nodes of an `eth_getProof` answer's account, and of all its slots.
async fn set_proof(devnet: &Devnet, contract: &ValidatorContract, number: u64, raw: &[u8]) -> OwnedSet {
    let block = format!("{number:#x}");
    let length = result(devnet, "eth_getStorageAt", json!([contract.address, contract.slot, block])).await;
    let length = usize::from(*bytes(&length).last().unwrap());
    let slots = validator_slots(contract, length);
    let proof = result(devnet, "eth_getProof", json!([contract.address, slots, block])).await;
    let nodes = |value: &Value| value.as_array().unwrap().iter().map(bytes).collect::<Vec<_>>();
    let storage: Vec<_> =
        proof["storageProof"].as_array().unwrap().iter().flat_map(|slot| nodes(&slot["proof"])).collect();
    let root = RawHeader::decode(Protocol::Qbft, raw).unwrap().state_root;
    OwnedSet::from_nodes(number, contract, root, &nodes(&proof["accountProof"]), &storage).unwrap()
}

#[tokio::test]
async fn validators_named_by_a_contract_are_proven_from_the_state() {
    let at = Address([0x44; 20]);
    let mut config = DevnetConfig::new("named", 1337, 6).unwrap();
    config.mining = Mining::Manual;
    config.validator_contract = Some(at);
    let all: Vec<_> = config.validators.iter().map(Key::address).collect();
    config.alloc.push(Alloc::validator_contract(at, &all[..4]));
    let code_hash = keccak256(&config.alloc[0].code);
    let devnet = Devnet::start(config).await.unwrap();

    let contract = ValidatorContract { address: at, code_hash, slot: Hash::ZERO };
    let mut config = Config::plain(Family::Qbft, Protocol::Qbft, 86_400, 600);
    config.modes = vec![(0, Mode::Contract(contract))];
    let genesis = devnet.genesis_header();
    let set = set_proof(&devnet, &contract, 0, &genesis).await;
    let anchor = Anchor { config, header: &genesis, set: Some(set.as_proof()) }.encode();
    let mut follower = Follower::at(Family::Qbft, &anchor);

    // Four of six, then two of them swapped at once, then one alone.
    let first = keccak256(&[0; 32]);
    let second = Hash({
        let mut slot = first.0;
        slot[31] += 1;
        slot
    });
    let writes = [
        (first, words::address(&all[4])),
        (second, words::address(&all[5])),
        (Hash::ZERO, words::uint(1)),
        (Hash([9; 32]), Hash::ZERO),
    ];
    for (slot, value) in writes {
        let message = Message { to: Some(at), data: [slot.0, value.0].concat(), ..Message::default() };
        devnet.send(&devnet.keys()[0], message).unwrap();
        let block = devnet.mine().unwrap();
        let set = Some(set_proof(&devnet, &contract, block.number, &block.header).await);
        follower.builder.push(SourceBlock { raw: block.header, set, ..SourceBlock::default() }).unwrap();
        assert_eq!(follower.advance(&devnet, &[]).last, block.number);
    }
    let summary = follower.client.summary(&follower.state).unwrap();
    assert_eq!(summary.validators, [all[4].0.to_vec()]);
}

#[tokio::test]
async fn an_event_of_a_real_gateway_is_proven_to_the_client() {
    let devnet = start("gateway").await;
    let owner = devnet.keys()[0].address();
    let arguments = GatewayContract::constructorCall {
        owner_: owner.0.into(),
        timeoutWindow_: causeway_evm_gateway::TIMEOUT_WINDOW,
        payloadLimit_: causeway_evm_gateway::PAYLOAD_LIMIT,
    };
    let code = [&GatewayContract::BYTECODE[..], &arguments.abi_encode()].concat();
    let deployed =
        devnet.execute(&devnet.keys()[0], Message { data: code, ..Message::default() }).await.unwrap();
    assert!(deployed.success);
    let address = deployed.created.unwrap();
    let genesis = devnet.block_hash(0).unwrap();
    let island = Island { family: Family::Qbft, fingerprint: genesis, anchor: genesis }.id();
    let open = GatewayContract::openCall {
        island_: island.0.into(),
        hub_: [7; 32].into(),
        threshold_: 1,
        attestors_: vec![owner.0.into()],
    };
    let message = Message { to: Some(address), data: open.abi_encode(), ..Message::default() };
    let opened = devnet.execute(&devnet.keys()[0], message).await.unwrap();
    assert!(opened.success);

    let birth = devnet.block_hash(opened.block - 1).unwrap();
    let id = GatewayId::derive(island, &address.0, birth);
    let gateway = Gateway { island, address: address.0.to_vec(), id };
    let mut follower = Follower::plain(Family::Qbft, Protocol::Qbft, &devnet);
    follower.push(&devnet.block(1).unwrap()).unwrap();
    let block = devnet.block(2).unwrap();
    let raw = result(&devnet, "debug_getRawReceipts", json!(["0x2"])).await;
    let raw: Vec<_> = raw.as_array().unwrap().iter().map(bytes).collect();
    let (root, receipts) = prove_block(&raw, &[0]);
    assert_eq!(root, RawHeader::decode(Protocol::Qbft, &block.header).unwrap().receipts_root);
    let receipts = Some(receipts);
    follower.builder.push(SourceBlock { raw: block.header, receipts, ..SourceBlock::default() }).unwrap();
    let events = follower.advance(&devnet, &[gateway]).events;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event.gateway, events[0].event.number), (id, 1));
    assert!(matches!(events[0].event.kind, GatewayEventKind::Opened { .. }));
}
