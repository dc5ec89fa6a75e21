//! A chain made up for tests, sealed with keys of its own: what a light client sees of a real one, without running it.
//!
//! Panics where a caller asks for something that is not there; it is no part of what runs. The sandbox's lying relayer uses its
//! events and receipts, which do not.

mod event;

use causeway_protocol::{Address, Family, GatewayEvent, GatewayId, Hash, Island, keccak256};
use k256::ecdsa::SigningKey;

use crate::Gateway;
use crate::bft::raw::RawHeader;
use crate::bft::{Anchor, Config, ExtraData, ExtraForm, Header, HeaderFields, Protocol, Vote, address_of};
use crate::evm::{Log, encode_receipt};
use crate::prover::{RunBuilder, SourceBlock, prove_block, receipts_root};

pub use event::{EventLog, encode_event};

/// Time of a forged genesis block, Unix seconds.
pub const GENESIS_TIME: u64 = 1_700_000_000;
/// Seconds between two forged blocks.
pub const BLOCK_TIME: u64 = 2;
const GAS: u64 = 100_000;

/// A chain whose keys the test holds.
#[derive(Debug, Clone)]
pub struct Forge {
    /// Its parameters.
    pub config: Config,
    keys: Vec<(Address, SigningKey)>,
    /// The validators that the next block lists and that seal it, ascending.
    pub validators: Vec<Address>,
    blocks: Vec<ForgedBlock>,
}

/// One block of a forged chain.
#[derive(Debug, Clone)]
pub struct ForgedBlock {
    /// The header's RLP with its seals.
    pub raw: Vec<u8>,
    /// The header, decoded.
    pub header: RawHeader,
    /// Receipts in transaction order, as they stand in the trie.
    pub receipts: Vec<Vec<u8>>,
    /// Transactions whose receipts a watcher proves.
    pub wanted: Vec<u64>,
}

/// What the next block is like.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Receipts in transaction order.
    pub receipts: Vec<Vec<u8>>,
    /// Transactions whose receipts a watcher proves.
    pub wanted: Vec<u64>,
    /// The round it is sealed in (QBFT, IBFT 2.0).
    pub round: u32,
    /// Places in the set of those who seal it; everybody by default.
    pub sealers: Option<Vec<usize>>,
    /// Its time; [`BLOCK_TIME`] after its parent by default.
    pub time: Option<u64>,
    /// Who is listed instead of those who seal it.
    pub listed: Option<Vec<Address>>,
    /// A vote in the header.
    pub vote: Option<Vote>,
    /// Tells blocks of one height apart.
    pub salt: u64,
}

impl Forge {
    /// A chain of `validators` validators. Two chains of one family with the same number have the same validators and the same
    /// genesis block.
    pub fn new(family: Family, validators: u64) -> Self {
        Self::of_keys(family, 1..=validators, GENESIS_TIME)
    }

    /// A chain whose first validators have the keys of these numbers, and whose genesis block has `time`.
    pub fn of_keys(family: Family, numbers: impl IntoIterator<Item = u64>, time: u64) -> Self {
        let protocol = match family {
            Family::Ibft => Protocol::Ibft,
            Family::Ibft2 => Protocol::Ibft2,
            _ => Protocol::Qbft,
        };
        let config = Config::plain(family, protocol, 30 * 24 * 60 * 60, 10);
        let mut forge = Self { config, keys: Vec::new(), validators: Vec::new(), blocks: Vec::new() };
        forge.validators = numbers.into_iter().map(|number| forge.key(number)).collect();
        forge.validators.sort_unstable();
        let extra = ExtraData { validators: forge.validators.clone(), ..ExtraData::default() };
        let extra = extra.encode(protocol, ExtraForm::Sealed);
        let genesis =
            HeaderFields { time, receipts_root: receipts_root(&[]), extra, ..HeaderFields::default() };
        forge.add(genesis.encode(), Plan::default());
        forge
    }

    /// Makes the key of this number, and answers its address.
    pub fn key(&mut self, number: u64) -> Address {
        let secret = keccak256(&number.to_be_bytes());
        let key = SigningKey::from_slice(&secret.0).expect("a hash is below the curve's order");
        let address = address_of(key.verifying_key());
        self.keys.push((address, key));
        address
    }

    /// Changes the validators from the next block on.
    pub fn set_validators(&mut self, mut validators: Vec<Address>) {
        validators.sort_unstable();
        self.validators = validators;
    }

    /// The blocks, from genesis.
    pub fn blocks(&self) -> &[ForgedBlock] {
        &self.blocks
    }

    /// The newest block's header.
    pub fn head(&self) -> &RawHeader {
        &self.blocks.last().expect("a genesis block").header
    }

    /// The chain as a registered island, anchored at its genesis block.
    pub fn island(&self) -> Island {
        let genesis = self.blocks[0].header.hash;
        Island { family: self.config.family, fingerprint: genesis, anchor: genesis }
    }

    /// The gateway that a contract becomes when it opens in the next block.
    pub fn gateway(&self, address: Address) -> Gateway {
        let island = self.island().id();
        let id = GatewayId::derive(island, &address.0, self.head().hash);
        Gateway { island, address: address.0.to_vec(), id }
    }

    /// The anchor at its genesis block.
    pub fn anchor(&self) -> Vec<u8> {
        Anchor { config: self.config.clone(), header: &self.blocks[0].raw, set: None }.encode()
    }

    /// Adds a block.
    pub fn mine(&mut self, plan: Plan) -> &ForgedBlock {
        let parent = self.head().clone();
        let height = parent.number + 1;
        let protocol = self.config.protocol(height);
        let extra = ExtraData {
            vanity: keccak256(&plan.salt.to_be_bytes()).0,
            validators: plan.listed.clone().unwrap_or_else(|| self.validators.clone()),
            vote: plan.vote,
            round: plan.round,
            proposer_seal: if protocol == Protocol::Ibft { vec![1; 65] } else { Vec::new() },
            seals: Vec::new(),
        };
        let fields = HeaderFields {
            parent: parent.hash,
            number: height,
            time: plan.time.unwrap_or(parent.time + BLOCK_TIME),
            receipts_root: receipts_root(&plan.receipts),
            gas_limit: 30_000_000,
            extra: extra.encode(protocol, ExtraForm::Sealed),
            ..HeaderFields::default()
        };
        let everybody = || (0..self.validators.len()).collect();
        let sealers = plan.sealers.clone().unwrap_or_else(everybody);
        let sealers: Vec<Address> = sealers.iter().map(|place| self.validators[*place]).collect();
        let raw = self.seal(&fields.encode(), &sealers);
        self.add(raw, plan)
    }

    /// Seals a header with the keys of `sealers`, whatever it is.
    pub fn seal(&self, rlp: &[u8], sealers: &[Address]) -> Vec<u8> {
        let header = Header::decode(rlp).expect("a header");
        let protocol = self.config.protocol(header.number);
        let mut extra = ExtraData::decode(protocol, header.extra).expect("extra data");
        let digest = header.seal_digest(protocol, &extra);
        extra.seals = sealers.iter().map(|sealer| self.sign(*sealer, digest)).collect();
        header.with_extra(&extra.encode(protocol, ExtraForm::Sealed))
    }

    /// A raw seal, v 0 or 1, of one validator.
    pub fn sign(&self, signer: Address, digest: Hash) -> [u8; 65] {
        let (_, key) = self.keys.iter().find(|(address, _)| *address == signer).expect("a known key");
        let (signature, id) = key.sign_prehash_recoverable(&digest.0);
        let mut seal = [0; 65];
        seal[..64].copy_from_slice(&signature.to_bytes());
        seal[64] = id.to_byte();
        seal
    }

    /// Adds a block with one transaction for each event.
    pub fn mine_events(&mut self, address: Address, events: &[GatewayEvent]) -> &ForgedBlock {
        let logs: Vec<EventLog> = events.iter().map(|event| encode_event(address, event)).collect();
        let receipts = (1..).zip(&logs).map(|(count, log)| receipt(true, count, &[log.as_log()])).collect();
        let wanted = (0..logs.len() as u64).collect();
        self.mine(Plan { receipts, wanted, ..Plan::default() })
    }

    /// Adds `count` blocks without events.
    pub fn mine_empty(&mut self, count: usize) {
        for _ in 0..count {
            self.mine(Plan::default());
        }
    }

    fn add(&mut self, raw: Vec<u8>, plan: Plan) -> &ForgedBlock {
        let number = Header::decode(&raw).expect("a header").number;
        let header = RawHeader::decode(self.config.protocol(number), &raw).expect("a header of the protocol");
        self.blocks.push(ForgedBlock { raw, header, receipts: plan.receipts, wanted: plan.wanted });
        &self.blocks[self.blocks.len() - 1]
    }

    /// A block as a watcher finds it.
    pub fn source(&self, height: u64) -> SourceBlock {
        let block = &self.blocks[usize::try_from(height).expect("a height")];
        let receipts = (!block.wanted.is_empty()).then(|| prove_block(&block.receipts, &block.wanted).1);
        SourceBlock { raw: block.raw.clone(), copies: Vec::new(), set: None, receipts }
    }

    /// Evidence of every block behind the head of `state`, as one run.
    pub fn run(&self, state: &crate::ClientState) -> Vec<u8> {
        let mut builder = RunBuilder::new(self.config.family, state).expect("a state");
        while let Some(block) = self.blocks.get(usize::try_from(builder.next_height()).expect("a height")) {
            builder.push(self.source(block.header.number)).expect("a linked block");
        }
        builder.take_run().expect("a run within bounds").expect("a sealed run").evidence
    }
}

/// A receipt of the `count`th transaction of a block.
pub fn receipt(success: bool, count: u64, logs: &[Log<'_>]) -> Vec<u8> {
    encode_receipt(0, success, count * GAS, &[0; 256], logs)
}
