//! Header and `extraData` codecs on captured headers of every kind.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_protocol::{Address, Hash, keccak256};
use causeway_verifier::bft::raw::{RawHeader, SealCollection};
use causeway_verifier::bft::{ExtraData, ExtraForm, Header, Protocol, Vote, quorum};
use serde_json::Value;
use support::{fixed, header_of, hex, vectors};

const CHAINS: [&str; 11] = [
    "goquorum-qbft/chain.json",
    "goquorum-qbft-contract/chain-1.json",
    "goquorum-qbft-contract/chain-2.json",
    "goquorum-receipts/blocks.json",
    "goquorum-transitions/algorithm.json",
    "goquorum-transitions/ceil5.json",
    "goquorum-transitions/ceil6ibft.json",
    "goquorum-transitions/noceil.json",
    "goquorum-transitions/testqbft.json",
    "goquorum-transitions/tocontract.json",
    "goquorum-transitions/twof.json",
];

/// The protocol of a block, out of the chain's genesis configuration.
fn protocol_at(config: &Value, number: u64) -> Protocol {
    let fork = config["istanbul"]["testQBFTBlock"].as_u64().or_else(|| {
        let transitions = config["transitions"].as_array()?;
        transitions.iter().find(|t| t["algorithm"] == "qbft")?["block"].as_u64()
    });
    let starts_as_ibft = config.get("ibft").is_some() || config.get("istanbul").is_some();
    if starts_as_ibft && fork.is_none_or(|fork| number < fork) { Protocol::Ibft } else { Protocol::Qbft }
}

#[test]
fn every_captured_header_decodes_and_has_the_hash_its_node_says() {
    for name in CHAINS {
        let Some(chain) = vectors(name) else { continue };
        for entry in chain["blocks"].as_array().unwrap() {
            let block = &entry["block"];
            let rlp = entry.get("rawHeader").map_or_else(|| header_of(block), hex);
            assert_eq!(rlp, header_of(block), "{name}: the raw header is the JSON's");
            let number = support::quantity(&block["number"]);
            let protocol = protocol_at(&chain["genesis"]["config"], number);
            let header = RawHeader::decode(protocol, &rlp).unwrap();
            assert_eq!(header.hash, Hash(fixed(&block["hash"])), "{name} {number}");
            assert_eq!(header.extra.encode(protocol, ExtraForm::Sealed), hex(&block["extraData"]));
            assert_eq!(header.seals().len(), header.extra.seals.len());
        }
    }
}

#[test]
fn picked_headers_are_sealed_by_a_quorum_of_the_validators_they_list() {
    let sealed = |rlp: &[u8]| {
        let header = RawHeader::decode(Protocol::Qbft, rlp).unwrap();
        let mut validators = header.extra.validators.clone();
        validators.sort_unstable();
        let mut seals = SealCollection::default();
        seals.add(&header);
        let signers = seals.best(&validators).signers;
        assert!(signers.len() >= quorum(validators.len()), "header {}", header.number);
    };
    if let Some(file) = vectors("goquorum-receipts/blocks.json") {
        let blocks = file["blocks"].as_array().unwrap();
        blocks.iter().skip(1).for_each(|entry| sealed(&hex(&entry["rawHeader"])));
    }
    if let Some(file) = vectors("formats/besu_qbft_header_round1.json") {
        sealed(&hex(&file["header_rlp"]));
    }
}

#[test]
fn a_header_of_one_protocol_is_not_a_header_of_another() {
    let Some(chain) = vectors("goquorum-transitions/algorithm.json") else { return };
    for entry in chain["blocks"].as_array().unwrap() {
        let rlp = hex(&entry["rawHeader"]);
        let number = support::quantity(&entry["block"]["number"]);
        let own = protocol_at(&chain["genesis"]["config"], number);
        for other in Protocol::ALL.into_iter().filter(|protocol| *protocol != own) {
            assert!(RawHeader::decode(other, &rlp).is_err(), "block {number} is {own}, not {other}");
        }
    }
}

#[test]
fn besu_headers_of_twenty_fields_link_and_are_sealed_by_their_validators() {
    let Some(file) = vectors("besu-qbft/headers.json") else { return };
    let [first, second] =
        ["34", "35"].map(|number| RawHeader::decode(Protocol::Qbft, &hex(&file["headers"][number])).unwrap());
    assert_eq!(second.parent, first.hash);
    for header in [first, second] {
        let seals = header.seals();
        assert!(seals.len() >= 3);
        assert!(seals.iter().all(|seal| header.extra.validators.contains(&seal.signer)));
    }
}

#[test]
fn a_header_sealed_in_round_one_has_the_published_hashes() {
    let Some(file) = vectors("formats/besu_qbft_header_round1.json") else { return };
    let header = RawHeader::decode(Protocol::Qbft, &hex(&file["header_rlp"])).unwrap();
    assert_eq!(header.extra.round, 1);
    assert_eq!(header.hash, Hash(fixed(&file["block_hash"])));
    assert_eq!(header.seal_digest, Hash(fixed(&file["commit_seal_hash"])));
    let bare = header.evidence_form(0).unwrap();
    assert_eq!(keccak256(&bare), header.hash, "in round 0 the evidence form is what is hashed");
}

#[test]
fn a_header_with_a_base_fee_is_hashed_as_it_is() {
    let Some(file) = vectors("geth-clique/block-0046.json") else { return };
    let rlp = hex(&file["rawHeader"]);
    assert_eq!(header_of(&file["block"]), rlp);
    let header = Header::decode(&rlp).unwrap();
    assert_eq!(keccak256(header.rlp()), Hash(fixed(&file["block"]["hash"])));
    assert!(ExtraData::decode(Protocol::Qbft, header.extra).is_err(), "proof of authority is none of ours");
}

/// The example that Besu's own tests publish, put together from its parts.
#[test]
fn ibft2_extra_data_has_the_bytes_that_besu_gives_it() {
    let address = |last: u8| {
        let mut address = [0; 20];
        address[19] = last;
        Address(address)
    };
    let seal = |r: u8, s: u8| {
        let mut seal = [0; 65];
        (seal[31], seal[63]) = (r, s);
        seal
    };
    let mut vanity = [0; 32];
    (1..=32).zip(&mut vanity).for_each(|(value, byte)| *byte = value);
    let extra = ExtraData {
        vanity,
        validators: vec![address(1), address(2)],
        vote: Some(Vote { recipient: address(1), add: true }),
        round: 0x00fe_dcba,
        proposer_seal: Vec::new(),
        seals: vec![seal(1, 10), seal(10, 1)],
    };
    let [one, two] = [1, 2].map(|last| [&[0x94], &address(last).0[..]].concat());
    let three = [
        [&[0xa0], &vanity[..]].concat(),
        [&[0xea][..], &one, &two].concat(),
        [&[0xd7][..], &one, &[0x81, 0xff]].concat(),
    ]
    .concat();
    let round = [0x84, 0x00, 0xfe, 0xdc, 0xba];
    let seals = [&[0xf8, 0x86, 0xb8, 0x41][..], &seal(1, 10), &[0xb8, 0x41], &seal(10, 1)].concat();
    let encoded = |form| extra.encode(Protocol::Ibft2, form);
    assert_eq!(encoded(ExtraForm::Sealed), [&[0xf8, 0xf1][..], &three, &round, &seals].concat());
    assert_eq!(encoded(ExtraForm::Evidence), [&[0xf8, 0x6a][..], &three, &round, &[0xc0]].concat());
    assert_eq!(encoded(ExtraForm::Digest), [&[0xf8, 0x69][..], &three, &round].concat());
    assert_eq!(encoded(ExtraForm::BlockHash), [&[0xf8, 0x64][..], &three].concat());
    assert_eq!(ExtraData::decode(Protocol::Ibft2, &encoded(ExtraForm::Sealed)).unwrap(), extra);

    let drop = ExtraData { vote: Some(Vote { recipient: address(1), add: false }), ..extra.clone() };
    let bytes = drop.encode(Protocol::Ibft2, ExtraForm::BlockHash);
    assert!(bytes.ends_with(&[&[0xd6][..], &one, &[0x00]].concat()), "a byte of zero, not an empty string");
    let silent = ExtraData { vote: None, ..extra };
    assert!(
        silent.encode(Protocol::Ibft2, ExtraForm::BlockHash).ends_with(&[0x80]),
        "null, not an empty list"
    );
}

/// Four-byte rounds and scalar rounds are not each other's.
#[test]
fn a_round_in_the_form_of_the_other_protocol_is_refused() {
    let extra = ExtraData { round: 3, ..ExtraData::default() };
    for (own, other) in [(Protocol::Qbft, Protocol::Ibft2), (Protocol::Ibft2, Protocol::Qbft)] {
        let bytes = extra.encode(own, ExtraForm::Sealed);
        assert!(ExtraData::decode(other, &bytes).is_err());
        ExtraData::decode(own, &bytes).unwrap();
    }
}
