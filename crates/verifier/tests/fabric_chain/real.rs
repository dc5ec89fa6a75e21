//! Captured channels: every block verifies, with any byte changed none does, and endorsements are judged as peers judged them.

use causeway_verifier::fabric::forge::{ANCHOR_TIME, header_bytes};
use causeway_verifier::fabric::proto::{
    Block as Served, ChaincodeActionPayload, Envelope, Metadata, Payload, Transaction,
};
use causeway_verifier::fabric::{Anchor, Block, Channel, Evidence, Run, Signed, config_of, sha256};
use causeway_verifier::{ClientState, Gateway, Verified};
use prost::Message;

use crate::blocks::{block, first_payload};
use crate::world::{NOW, as_seal, client};

const PERIOD: u64 = 30 * 24 * 60 * 60;

/// A captured channel: each block as the orderer and as a peer serve it.
struct Captured {
    blocks: [Vec<Served>; 2],
}

fn load(folder: &str, genesis: [&str; 2]) -> Option<Captured> {
    let form = |node: &str, genesis: &str| {
        let first = block(&format!("{folder}/{genesis}"))?;
        let others = (1..=10).map(|number| block(&format!("{folder}/{node}-block{number}.pb")));
        [Some(first)].into_iter().chain(others).collect::<Option<Vec<_>>>()
    };
    Some(Captured { blocks: [form("orderer", genesis[0])?, form("peer", genesis[1])?] })
}

fn captured() -> impl Iterator<Item = Captured> {
    let networks = [
        ("fabric-network", ["block0.pb", "block0.pb"]),
        ("fabric-network-2", ["orderer-block0.pb", "peer-block0.pb"]),
    ];
    networks.into_iter().filter_map(|(folder, genesis)| load(folder, genesis))
}

impl Captured {
    fn anchor(&self) -> ClientState {
        let block = &self.blocks[0][0];
        let (header, _) = first_payload(block);
        let anchor = Anchor {
            channel: &header.channel_id,
            number: 0,
            previous: &[],
            envelope: &block.data.as_ref().unwrap().data[0],
            time: ANCHOR_TIME,
            trusting_period: PERIOD,
            definitions: Vec::new(),
        };
        client().anchor(&anchor.encode()).unwrap().into_inner().state
    }
}

fn seal(block: &Served) -> Metadata {
    Metadata::decode(&block.metadata.as_ref().unwrap().metadata[0][..]).unwrap()
}

/// Blocks of a captured channel as a run: seals on the last one and on config blocks.
fn run(blocks: &[Served]) -> Vec<u8> {
    let data: Vec<Vec<u8>> = blocks.iter().map(|block| block.data.clone().unwrap().data.concat()).collect();
    let sealed = |place: usize| {
        let is_config = first_payload(&blocks[place]).0.r#type == 1;
        (is_config || place + 1 == blocks.len()).then(|| seal(&blocks[place]))
    };
    let seals: Vec<Option<Metadata>> = (0..blocks.len()).map(sealed).collect();
    let parts = data.iter().zip(&seals).map(|(data, seal)| Block { data, seal: seal.as_ref().map(as_seal) });
    let header = blocks[0].header.as_ref().unwrap();
    let parent = causeway_protocol::Hash(header.previous_hash.clone().try_into().unwrap());
    Evidence::Run(Run { first: header.number, parent, blocks: parts.collect(), reads: Vec::new() }).encode()
}

fn advance(state: &ClientState, evidence: &[u8]) -> Result<ClientState, causeway_verifier::Refusal> {
    client().advance(state, &[], None, evidence, NOW).map(Verified::into_inner).map(|advance| advance.state)
}

#[test]
fn captured_channels_verify_block_by_block_and_as_one_run_in_either_nodes_form() {
    for channel in captured() {
        let mut ends = Vec::new();
        for blocks in &channel.blocks {
            let mut state = channel.anchor();
            for block in &blocks[1..] {
                state = advance(&state, &run(std::slice::from_ref(block))).unwrap();
                let head = client().summary(&state).unwrap();
                let header = block.header.as_ref().unwrap();
                assert_eq!(head.height, header.number);
                assert_eq!(head.hash.0, sha256(&[&header_bytes(header)]));
            }
            let whole = advance(&channel.anchor(), &run(&blocks[1..])).unwrap();
            assert_eq!(whole, state);
            ends.push(state);
        }
        assert_eq!(ends[0], ends[1], "peers' flags change nothing");
    }
}

#[test]
fn case_5_any_byte_of_a_captured_block_changed_is_refused() {
    for channel in captured() {
        let mut state = channel.anchor();
        for block in &channel.blocks[0][1..] {
            let evidence = run(std::slice::from_ref(block));
            // Some hundred of them, others in each block.
            let step = (evidence.len() / 120) | 1;
            for place in (0..evidence.len()).step_by(step) {
                let mut flipped = evidence.clone();
                flipped[place] ^= 1 << (place % 8);
                assert!(advance(&state, &flipped).is_err(), "byte {place} of block {:?}", block.header);
            }
            state = advance(&state, &evidence).unwrap();
        }
    }
}

#[test]
fn a_captured_block_out_of_turn_is_refused() {
    for channel in captured() {
        let blocks = &channel.blocks[0];
        let refused = |blocks: &[Served]| advance(&channel.anchor(), &run(blocks)).unwrap_err().code();
        assert_eq!(refused(&blocks[2..3]), "not-next-height");
        let gap = [blocks[1].clone(), blocks[3].clone()];
        assert_eq!(refused(&gap), "orderer-signatures");
    }
}

#[test]
fn a_captured_definition_of_a_claimed_gateway_is_not_known_without_its_read() {
    for channel in captured() {
        let blocks = &channel.blocks[0];
        let named = blocks[1..].iter().flat_map(chaincodes_defined).next().unwrap();
        let gateway = Gateway {
            island: causeway_protocol::IslandId([1; 32]),
            address: named.into_bytes(),
            id: causeway_protocol::GatewayId([2; 32]),
        };
        let evidence = run(&blocks[1..]);
        let claimed = client().advance(&channel.anchor(), &[gateway], None, &evidence, NOW).unwrap();
        let unclaimed = client().advance(&channel.anchor(), &[], None, &evidence, NOW).unwrap();
        assert_eq!(claimed.into_inner(), unclaimed.into_inner());
    }
}

/// Names whose definitions a block writes.
fn chaincodes_defined(block: &Served) -> Vec<String> {
    let data = &block.data.as_ref().unwrap().data;
    let name = |envelope: &Vec<u8>| {
        let text = String::from_utf8_lossy(envelope);
        let (before, _) = text.split_once("/Sequence")?;
        let (_, name) = before.rsplit_once("namespaces/fields/")?;
        (!name.contains('#')).then(|| name.to_owned())
    };
    data.iter().filter_map(name).collect()
}

#[test]
fn endorsements_of_captured_transactions_are_judged_as_the_peers_judged_them() {
    let Some(channel) = load("fabric-network-2", ["orderer-block0.pb", "peer-block0.pb"]) else { return };
    let (_, config) = first_payload(&channel.blocks[0][0]);
    let config = Channel::read(&config_of(&config).unwrap()).unwrap();
    let policy = config.policy("/Channel/Application/Endorsement").unwrap();
    let block = &channel.blocks[1][8];
    let flags = &block.metadata.as_ref().unwrap().metadata[2];
    assert_eq!(flags[..], [0, 11, 11, 11, 10], "one valid, three conflicts, one endorsed too little");
    let judged = block.data.as_ref().unwrap().data.iter().map(|data| {
        let payload = Payload::decode(&Envelope::decode(&data[..]).unwrap().payload[..]).unwrap();
        let transaction = Transaction::decode(&payload.data[..]).unwrap();
        let action = ChaincodeActionPayload::decode(&transaction.actions[0].payload[..]).unwrap();
        let endorsed = action.action.unwrap();
        let signed: Vec<Signed<'_>> = endorsed
            .endorsements
            .iter()
            .map(|endorsement| Signed {
                identity: &endorsement.endorser,
                message: vec![&endorsed.proposal_response_payload, &endorsement.endorser],
                signature: &endorsement.signature,
            })
            .collect();
        config.satisfied(&policy, &signed).unwrap()
    });
    assert_eq!(judged.collect::<Vec<_>>(), [true, true, true, true, false]);
}
