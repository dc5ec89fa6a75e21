//! A channel's blocks: what its orderers make of transactions, and what its peers then read.

use std::collections::BTreeMap;

use causeway_protocol::{GatewayId, Hash};
use prost::Message;

use super::{Call, Endorsed, Network, Signer, Simulation, Update};
use crate::fabric::block::Header;
use crate::fabric::lifecycle::sequence_key;
use crate::fabric::proto::{
    ApplicationPolicy, Block, BlockData, BlockHeader, BlockMetadata, ChaincodeValidationInfo, ChannelHeader,
    Envelope, Header as PayloadHeader, HeaderType, IdentifierHeader, LastConfig, Metadata, MetadataSignature,
    OrdererBlockMetadata, Payload, SignatureHeader, StateData, StateDataType,
};
use crate::fabric::prover::Served;
use crate::fabric::transaction::LIFECYCLE;
use crate::fabric::{Anchor, Definition, sha256};

/// When the forged anchors were decided on, Unix seconds.
pub const ANCHOR_TIME: u64 = 1_700_000_000;
/// Their trusting period, seconds.
pub const TRUSTING_PERIOD: u64 = 30 * 24 * 60 * 60;

/// A channel with its blocks and its state.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Who is in the channel.
    pub network: Network,
    /// As orderers serve them, from block 0.
    pub blocks: Vec<Block>,
    /// Who signs blocks.
    pub orderers: Vec<Signer>,
    config_block: u64,
    versions: BTreeMap<(String, String), (u64, u64)>,
    calls: u64,
}

impl Chain {
    /// A channel with its first config block.
    pub fn new(network: Network) -> Self {
        let orderers = vec![network.orderers.orderer.clone()];
        let envelope = config_envelope(&network.channel_id, network.genesis());
        let mut chain = Self {
            network,
            blocks: Vec::new(),
            orderers,
            config_block: 0,
            versions: BTreeMap::new(),
            calls: 0,
        };
        chain.add(vec![envelope]);
        chain
    }

    /// The newest block's number.
    pub fn height(&self) -> u64 {
        self.blocks.len() as u64 - 1
    }

    /// The hash of a block.
    pub fn hash(&self, number: u64) -> Hash {
        let header = self.blocks[usize::try_from(number).unwrap()].header.clone().unwrap();
        hash(&header)
    }

    /// The anchor at block 0.
    pub fn anchor(&self, definitions: Vec<Definition>) -> Vec<u8> {
        let envelope = &self.blocks[0].data.as_ref().unwrap().data[0];
        Anchor {
            channel: &self.network.channel_id,
            number: 0,
            previous: &[],
            envelope,
            time: ANCHOR_TIME,
            trusting_period: TRUSTING_PERIOD,
            definitions,
        }
        .encode()
    }

    /// A client's call of a chaincode.
    pub fn call(&mut self, chaincode: &str, arguments: &[&[u8]]) -> Call {
        self.calls += 1;
        let client = &self.network.organisations[0].client;
        Call::new(&self.network.channel_id, client, chaincode, arguments, self.calls)
    }

    /// One peer of each organisation.
    pub fn peers(&self) -> Vec<&Signer> {
        self.network.organisations.iter().map(|organisation| &organisation.peer).collect()
    }

    /// The version of a key in the state.
    pub fn version(&self, namespace: &str, key: &str) -> Option<(u64, u64)> {
        self.versions.get(&(namespace.to_owned(), key.to_owned())).copied()
    }

    /// What every call of a chaincode reads, whatever it does: the version of its definition.
    pub fn simulation(&self, chaincode: &str) -> Simulation {
        let key = sequence_key(chaincode);
        Simulation::default().read(LIFECYCLE, &key, self.version(LIFECYCLE, &key))
    }

    /// A transaction's envelope, submitted by the client of the first organisation.
    pub fn envelope(&self, endorsed: &Endorsed) -> Vec<u8> {
        endorsed.envelope(&self.network.organisations[0].client)
    }

    /// Adds a block of transactions, each with whether peers commit it.
    pub fn mine(&mut self, transactions: &[(&Endorsed, bool)]) {
        let envelopes = transactions.iter().map(|(endorsed, _)| self.envelope(endorsed)).collect();
        self.mine_envelopes(envelopes, transactions);
    }

    /// Adds a block of these envelopes, of which peers commit those so marked.
    pub fn mine_envelopes(&mut self, envelopes: Vec<Vec<u8>>, transactions: &[(&Endorsed, bool)]) {
        let number = self.blocks.len() as u64;
        self.add(envelopes);
        for (place, (endorsed, committed)) in (0..).zip(transactions) {
            for (namespace, write) in endorsed.simulation.writes.iter().filter(|_| *committed) {
                self.versions.insert((namespace.clone(), write.key.clone()), (number, place));
            }
        }
    }

    /// Adds a config block.
    pub fn configure(&mut self, update: &Update) {
        self.configure_by(update, &self.orderers.clone());
    }

    /// Adds a config block that these sign.
    pub fn configure_by(&mut self, update: &Update, orderers: &[Signer]) {
        let envelope = config_envelope(&self.network.channel_id, update.envelope());
        self.network.accept(update);
        self.config_block = self.blocks.len() as u64;
        self.push(vec![envelope], orderers);
    }

    /// Adds a block, whatever it holds.
    pub fn add(&mut self, envelopes: Vec<Vec<u8>>) {
        self.push(envelopes, &self.orderers.clone());
    }

    fn push(&mut self, data: Vec<Vec<u8>>, orderers: &[Signer]) {
        let previous_hash =
            self.blocks.last().map_or(Vec::new(), |block| hash(block.header.as_ref().unwrap()).0.to_vec());
        let data_hash = sha256(&[&data.concat()]).to_vec();
        let header = BlockHeader { number: self.blocks.len() as u64, previous_hash, data_hash };
        let metadata = seal(&header, self.config_block, orderers);
        self.blocks.push(Block {
            header: Some(header),
            data: Some(BlockData { data }),
            metadata: Some(BlockMetadata { metadata: vec![metadata.encode_to_vec()] }),
        });
    }

    /// A transaction that defines a chaincode anew, endorsed by every organisation.
    pub fn define(&mut self, name: &str, sequence: i64, policy: Option<&ApplicationPolicy>) -> Endorsed {
        self.define_for(name, sequence, policy, "vscc")
    }

    /// The same, to be validated by another plugin.
    pub fn define_for(
        &mut self,
        name: &str,
        sequence: i64,
        policy: Option<&ApplicationPolicy>,
        plugin: &str,
    ) -> Endorsed {
        let field = |field: &str| format!("namespaces/fields/{name}/{field}");
        let data = |data| StateData { r#type: Some(data) }.encode_to_vec();
        let key = sequence_key(name);
        let mut simulation = Simulation::default()
            .read(LIFECYCLE, &key, self.version(LIFECYCLE, &key))
            .write(LIFECYCLE, &key, &data(StateDataType::Int64(sequence)));
        if let Some(policy) = policy {
            let info = ChaincodeValidationInfo {
                validation_plugin: plugin.to_owned(),
                validation_parameter: policy.encode_to_vec(),
            };
            let info = data(StateDataType::Bytes(info.encode_to_vec()));
            simulation = simulation.write(LIFECYCLE, &field("ValidationInfo"), &info);
        }
        let call = self.call(LIFECYCLE, &[b"CommitChaincodeDefinition"]);
        call.endorse(&simulation, &self.peers())
    }

    /// What peers read of a gateway now.
    pub fn read(
        &mut self,
        chaincode: &str,
        gateway: GatewayId,
        keys: &[&str],
        endorsers: &[&Signer],
    ) -> Endorsed {
        let arguments: Vec<&[u8]> =
            [&b"facts"[..]].into_iter().chain(keys.iter().map(|key| key.as_bytes())).collect();
        let mut simulation = self.simulation(chaincode);
        for key in ["gateway"].iter().chain(keys) {
            simulation = simulation.read(chaincode, key, self.version(chaincode, key));
        }
        simulation.answer = gateway.0.to_vec();
        self.call(chaincode, &arguments).endorse(&simulation, endorsers)
    }

    /// Blocks from this one on, as a watcher takes them.
    pub fn served(&self, from: u64) -> Vec<Served> {
        let from = usize::try_from(from).unwrap();
        self.blocks[from..].iter().map(|block| Served::read(block.clone()).unwrap()).collect()
    }

    /// The signatures over a block, as its metadata holds them.
    pub fn seal_of(&self, number: u64) -> Metadata {
        let block = &self.blocks[usize::try_from(number).unwrap()];
        Metadata::decode(&block.metadata.as_ref().unwrap().metadata[0][..]).unwrap()
    }
}

/// Signatures over a block's header by these, who say that this config block is in force.
pub fn seal(header: &BlockHeader, config_block: u64, orderers: &[Signer]) -> Metadata {
    let last_config = Some(LastConfig { index: config_block });
    let value = OrdererBlockMetadata { last_config, consenter_metadata: Vec::new() }.encode_to_vec();
    let bytes = header_bytes(header);
    let signatures = (0u8..).zip(orderers).map(|(nonce, orderer)| {
        let signature_header =
            SignatureHeader { creator: orderer.identity.clone(), nonce: vec![nonce; 24] }.encode_to_vec();
        let signature = orderer.sign(&[&value, &signature_header, &bytes]);
        MetadataSignature { signature_header, signature, identifier_header: Vec::new() }
    });
    Metadata { signatures: signatures.collect(), value }
}

/// The same, by consenters who are named by their numbers (BFT).
pub fn seal_by_number(header: &BlockHeader, config_block: u64, consenters: &[(u32, Signer)]) -> Metadata {
    let value = seal(header, config_block, &[]).value;
    let bytes = header_bytes(header);
    let signatures = consenters.iter().map(|(identifier, consenter)| {
        let identifier_header =
            IdentifierHeader { identifier: *identifier, nonce: vec![1; 24] }.encode_to_vec();
        let signature = consenter.sign(&[&value, &identifier_header, &bytes]);
        MetadataSignature { signature_header: Vec::new(), signature, identifier_header }
    });
    Metadata { signatures: signatures.collect(), value }
}

/// What is hashed and signed of a block.
pub fn header_bytes(header: &BlockHeader) -> Vec<u8> {
    let data = header.data_hash.clone().try_into().unwrap();
    Header { number: header.number, previous: header.previous_hash.clone(), data }.bytes()
}

fn hash(header: &BlockHeader) -> Hash {
    Hash(sha256(&[&header_bytes(header)]))
}

fn config_envelope(channel: &str, data: Vec<u8>) -> Vec<u8> {
    let channel_header = ChannelHeader {
        r#type: HeaderType::Config.into(),
        channel_id: channel.to_owned(),
        ..ChannelHeader::default()
    };
    let header =
        PayloadHeader { channel_header: channel_header.encode_to_vec(), signature_header: Vec::new() };
    let payload = Payload { header: Some(header), data }.encode_to_vec();
    Envelope { payload, signature: Vec::new() }.encode_to_vec()
}
