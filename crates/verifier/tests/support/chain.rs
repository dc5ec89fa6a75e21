//! Captured chains as a relayer would see them, and the parameters their genesis files give.

use causeway_protocol::{Address, Family, Hash};
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{Anchor, Config, Mode, Protocol, ValidatorContract};
use causeway_verifier::evm::{Log, encode_receipt};
use causeway_verifier::prover::{OwnedSet, SourceBlock};
use serde_json::Value;

use super::{fixed, header_of, hex, quantity, vectors};

/// A captured chain, and the parameters that follow from its genesis file.
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    pub(crate) json: Value,
    pub(crate) config: Config,
}

/// Ten years: captured chains are old.
pub(crate) const PERIOD: u64 = 10 * 365 * 24 * 60 * 60;

impl Chain {
    pub(crate) fn load(name: &'static str) -> Option<Self> {
        let json = vectors(name)?;
        let config = config_of(&json);
        Some(Self { name, json, config })
    }

    /// A slice of a captured chain that comes with the sources.
    pub(crate) fn in_tree(name: &'static str) -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
        let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let config = config_of(&json);
        Self { name, json, config }
    }

    pub(crate) fn family(&self) -> Family {
        self.config.family
    }

    pub(crate) fn entries(&self) -> &[Value] {
        self.json["blocks"].as_array().unwrap()
    }

    pub(crate) fn height(entry: &Value) -> u64 {
        quantity(&entry["block"]["number"])
    }

    pub(crate) fn raw(entry: &Value) -> Vec<u8> {
        entry.get("rawHeader").map_or_else(|| header_of(&entry["block"]), hex)
    }

    pub(crate) fn time(entry: &Value) -> u64 {
        quantity(&entry["block"]["timestamp"])
    }

    /// The block as a watcher finds it: with other nodes' copies and the proof of validators, without receipts.
    pub(crate) fn source(&self, entry: &Value) -> SourceBlock {
        let raw = Self::raw(entry);
        let others = entry.get("otherExtraData").and_then(Value::as_object);
        let copies = others.into_iter().flatten().map(|(_, extra)| {
            let mut block = entry["block"].clone();
            block["extraData"] = extra.clone();
            header_of(&block)
        });
        let copies = copies.collect();
        SourceBlock { copies, set: self.set(entry), receipts: None, raw }
    }

    /// The proof of the next block's validators, if they come from a contract.
    pub(crate) fn set(&self, entry: &Value) -> Option<OwnedSet> {
        let height = Self::height(entry);
        let contract = self.config.contract(height + 1)?;
        let proof = entry.get("proof")?;
        let nodes = |list: &Value| -> Vec<Vec<u8>> { list.as_array().unwrap().iter().map(hex).collect() };
        let storage: Vec<Vec<u8>> =
            proof["storageProof"].as_array().unwrap().iter().flat_map(|slot| nodes(&slot["proof"])).collect();
        let root = Hash(fixed(&entry["block"]["stateRoot"]));
        Some(OwnedSet::from_nodes(height, &contract, root, &nodes(&proof["accountProof"]), &storage).unwrap())
    }

    /// An anchor at one of its blocks.
    pub(crate) fn anchor(&self, entry: &Value) -> Vec<u8> {
        let protocol = self.config.protocol(Self::height(entry));
        let header = RawHeader::decode(protocol, &Self::raw(entry)).unwrap().evidence_form(0).unwrap();
        let set = self.set(entry);
        let set = set.as_ref().map(OwnedSet::as_proof);
        Anchor { config: self.config.clone(), header: &header, set }.encode()
    }
}

fn config_of(json: &Value) -> Config {
    let genesis = &json["genesis"]["config"];
    let transitions = genesis["transitions"].as_array().cloned().unwrap_or_default();
    let ibft = genesis.get("ibft").is_some() || genesis.get("istanbul").is_some();
    let (family, first) = if ibft { (Family::Ibft, Protocol::Ibft) } else { (Family::Qbft, Protocol::Qbft) };
    let mut config = Config::plain(family, first, PERIOD, 60);
    let fork = genesis["istanbul"]["testQBFTBlock"].as_u64();
    let fork = fork.or_else(|| transitions.iter().find(|t| t["algorithm"] == "qbft")?["block"].as_u64());
    config.schedule.extend(fork.map(|height| (height, Protocol::Qbft)));
    if let Some(contract) = json.get("contract") {
        let mode = Mode::Contract(ValidatorContract {
            address: Address(fixed(&contract["address"])),
            code_hash: Hash(fixed(&contract["codeHash"])),
            slot: Hash::ZERO,
        });
        if genesis["qbft"]["validatorselectionmode"] == "contract" {
            config.modes = vec![(0, mode)];
        }
        for transition in &transitions {
            let from = transition["block"].as_u64().unwrap() + 1;
            match transition["validatorselectionmode"].as_str() {
                Some("contract") => config.modes.push((from, mode)),
                Some("blockheader") => config.modes.push((from, Mode::Header)),
                _ => {}
            }
        }
    }
    config
}

/// The receipts of a block as they stand in the trie, out of `eth_getTransactionReceipt` answers.
pub(crate) fn receipts_of(entry: &Value) -> Vec<Vec<u8>> {
    entry["receipts"].as_array().unwrap().iter().map(receipt_of).collect()
}

/// One receipt as it stands in the trie.
pub(crate) fn receipt_of(receipt: &Value) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        receipt["logs"].as_array().unwrap().iter().map(|log| hex(&log["data"])).collect();
    let logs = receipt["logs"].as_array().unwrap().iter().zip(&data).map(|(log, data)| Log {
        address: Address(fixed(&log["address"])),
        topics: log["topics"].as_array().unwrap().iter().map(|topic| Hash(fixed(topic))).collect(),
        data,
    });
    let kind = receipt.get("type").map_or(0, quantity);
    let (success, gas) = (quantity(&receipt["status"]) == 1, quantity(&receipt["cumulativeGasUsed"]));
    let bloom = hex(&receipt["logsBloom"]);
    encode_receipt(u8::try_from(kind).unwrap(), success, gas, &bloom, &logs.collect::<Vec<_>>())
}
