//! Header and `extraData` codecs on captured headers of every kind.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_protocol::{Hash, keccak256};
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{ExtraData, ExtraForm, Header, Protocol};
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
