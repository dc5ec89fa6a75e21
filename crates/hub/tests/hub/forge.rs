//! A chain forged in the process: QBFT headers sealed by real keys, receipts in real tries, gateway events in them. Small enough
//! to make thousands of packets a second, and true enough that the light client cannot tell it from a node's.

use alloy_sol_types::{SolEvent, sol};
use causeway_protocol::{
    Address, Attestation, AttestationKind, Family, GatewayId, Hash, HubId, Island, IslandId, Lane, LaneOrder,
    LaneTerms, LocalSigner, Packet, Signer, keccak256,
};
use causeway_verifier::bft::{
    Anchor, Config, Evidence, ExtraData, ExtraForm, Header, HeaderFields, Protocol,
};
use causeway_verifier::evm::{Log, encode_receipt};
use causeway_verifier::prover::{RunBuilder, SourceBlock, back_fill, prove_block};
use causeway_verifier::{ClientState, light_client};

sol! {
    event Opened(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed island, bytes32 hub, address owner, uint64 epoch, uint8 threshold, address[] attestors);
    event PacketSent(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id, bytes32 destination, bytes32 lane, uint64 sequence, bytes sender, bytes receiver, uint64 timeout, uint64 budget, bytes payload, bytes32 name, bool ordered);
    event PacketDelivered(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id, bool success, bytes result);
    event PacketExpired(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id);
    event PacketSettled(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id, uint8 kind, bool success);
}

/// A log before it is in a receipt.
struct Emitted {
    topics: Vec<Hash>,
    data: Vec<u8>,
}

/// A block that was sealed.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) height: u64,
    pub(crate) hash: Hash,
    pub(crate) source: SourceBlock,
}

/// One forged chain with one gateway.
pub(crate) struct Chain {
    validators: Vec<LocalSigner>,
    pub(crate) blocks: Vec<Sealed>,
    pub(crate) time: u64,
    address: Address,
    pub(crate) fingerprint: Hash,
    pub(crate) gateway: GatewayId,
    number: u64,
    sequence: u64,
    waiting: Vec<Vec<Emitted>>,
    pub(crate) island: IslandId,
}

pub(crate) const NAME: &str = "forged";

impl Chain {
    /// A chain of four validators whose genesis block has `time`. `seed` tells chains apart.
    pub(crate) fn new(seed: u8, time: u64) -> Self {
        let mut validators: Vec<_> = (1..=4)
            .map(|i| LocalSigner::from_bytes(&[seed.wrapping_mul(16).wrapping_add(i); 32]).unwrap())
            .collect();
        validators.sort_by_key(LocalSigner::address);
        let mut chain = Self {
            validators,
            blocks: Vec::new(),
            time,
            address: Address([seed; 20]),
            fingerprint: Hash::ZERO,
            gateway: GatewayId::default(),
            number: 0,
            sequence: 0,
            waiting: Vec::new(),
            island: IslandId::default(),
        };
        let genesis = chain.seal();
        chain.fingerprint = genesis.hash;
        chain.island = Island { family: Family::Qbft, fingerprint: genesis.hash, anchor: genesis.hash }.id();
        chain
    }

    /// The trust anchor: the genesis block.
    pub(crate) fn anchor(&self) -> Vec<u8> {
        Anchor { config: config(), header: &self.blocks[0].source.raw, set: None }.encode()
    }

    /// The client state at the anchor.
    pub(crate) fn start(&self) -> ClientState {
        light_client(Family::Qbft).unwrap().anchor(&self.anchor()).unwrap().into_inner().state
    }

    pub(crate) fn address(&self) -> Vec<u8> {
        self.address.0.to_vec()
    }

    /// The id that the gateway takes if it opens in the next block.
    pub(crate) fn next_gateway(&self) -> GatewayId {
        GatewayId::derive(self.island, &self.address.0, self.tip().hash)
    }

    pub(crate) fn tip(&self) -> &Sealed {
        self.blocks.last().unwrap()
    }

    /// Opens the gateway in the next block.
    pub(crate) fn open(&mut self, hub: HubId, threshold: u8, attestors: &[Address]) {
        self.gateway = self.next_gateway();
        let (number, gateway) = self.next_number();
        let event = Opened {
            number,
            gateway,
            island: self.island.0.into(),
            hub: hub.0.into(),
            owner: [9; 20].into(),
            epoch: 1,
            threshold,
            attestors: attestors.iter().map(|attestor| attestor.0.into()).collect(),
        };
        self.emit(&event);
    }

    /// Sends a packet to `destination` in the next block.
    pub(crate) fn send(&mut self, destination: GatewayId, payload: &[u8]) -> Packet {
        self.sequence += 1;
        let packet = Packet {
            source: self.gateway,
            destination,
            lane: Lane { source: self.gateway, destination, name: NAME.into(), order: LaneOrder::Unordered }
                .id(),
            sequence: self.sequence,
            sender: vec![3; 20],
            receiver: vec![4; 20],
            timeout: self.time + 3600,
            budget: 200_000,
            payload: payload.to_vec(),
        };
        self.send_packet(&packet);
        packet
    }

    /// Says that `packet` was sent, whatever it is.
    pub(crate) fn send_packet(&mut self, packet: &Packet) {
        let terms = LaneTerms { name: keccak256(NAME.as_bytes()), ordered: false };
        let (number, gateway) = self.next_number();
        let event = PacketSent {
            number,
            gateway,
            id: packet.id().0.into(),
            destination: packet.destination.0.into(),
            lane: packet.lane.0.into(),
            sequence: packet.sequence,
            sender: packet.sender.clone().into(),
            receiver: packet.receiver.clone().into(),
            timeout: packet.timeout,
            budget: packet.budget,
            payload: packet.payload.clone().into(),
            name: terms.name.0.into(),
            ordered: terms.ordered,
        };
        self.emit(&event);
    }

    pub(crate) fn deliver(&mut self, packet: &Packet, success: bool, result: &[u8]) {
        let (number, gateway) = self.next_number();
        let id = packet.id().0.into();
        self.emit(&PacketDelivered { number, gateway, id, success, result: result.to_vec().into() });
    }

    pub(crate) fn expire(&mut self, packet: &Packet) {
        let (number, gateway) = self.next_number();
        self.emit(&PacketExpired { number, gateway, id: packet.id().0.into() });
    }

    pub(crate) fn settle(&mut self, packet: &Packet, by: &Attestation) {
        let (number, gateway) = self.next_number();
        let (id, kind) = (packet.id().0.into(), by.kind as u8);
        let success = by.kind == AttestationKind::Result && by.success;
        self.emit(&PacketSettled { number, gateway, id, kind, success });
    }

    fn next_number(&mut self) -> (u64, alloy_sol_types::private::FixedBytes<32>) {
        self.number += 1;
        (self.number, self.gateway.0.into())
    }

    /// Puts `event` into a transaction of its own in the next block.
    fn emit(&mut self, event: &impl SolEvent) {
        let log = event.encode_log_data();
        let topics = log.topics().iter().map(|topic| Hash(topic.0)).collect();
        self.waiting.push(vec![Emitted { topics, data: log.data.to_vec() }]);
    }

    /// Seals a block with everything that was emitted since the last, one second after it.
    pub(crate) fn seal(&mut self) -> Sealed {
        let (number, parent) = self.blocks.last().map_or((0, Hash::ZERO), |tip| (tip.height + 1, tip.hash));
        let address = self.address;
        let receipts: Vec<Vec<u8>> = (1u64..)
            .zip(std::mem::take(&mut self.waiting))
            .map(|(place, logs)| {
                let logs: Vec<_> = logs
                    .iter()
                    .map(|log| Log { address, topics: log.topics.clone(), data: &log.data })
                    .collect();
                encode_receipt(0, true, 50_000 * place, &[0; 256], &logs)
            })
            .collect();
        let wanted: Vec<u64> = (0..receipts.len() as u64).collect();
        let (receipts_root, proof) = prove_block(&receipts, &wanted);
        let addresses = self.validators.iter().map(LocalSigner::address).collect();
        let mut extra = ExtraData { validators: addresses, ..ExtraData::default() };
        self.time += u64::from(number > 0);
        let fields = HeaderFields {
            parent,
            receipts_root,
            number,
            gas_limit: 30_000_000,
            time: self.time,
            // Twins differ in their content, as real chains do.
            state_root: keccak256(&[self.address.0.as_slice(), &number.to_be_bytes()].concat()),
            extra: extra.encode(Protocol::Qbft, ExtraForm::Sealed),
            ..HeaderFields::default()
        };
        let unsealed = fields.encode();
        let header = Header::decode(&unsealed).unwrap();
        if number > 0 {
            let digest = header.seal_digest(Protocol::Qbft, &extra);
            extra.seals = self.validators.iter().map(|key| raw_seal(key, digest)).collect();
        }
        let sealed = Sealed {
            height: number,
            hash: header.block_hash(Protocol::Qbft, &extra),
            source: SourceBlock {
                raw: header.with_extra(&extra.encode(Protocol::Qbft, ExtraForm::Sealed)),
                receipts: (!receipts.is_empty()).then_some(proof),
                ..SourceBlock::default()
            },
        };
        self.blocks.push(sealed.clone());
        sealed
    }

    /// Evidence of everything after `state`, up to the tip: first height, last height, bytes.
    pub(crate) fn run_from(&self, state: &ClientState) -> (u64, u64, Vec<u8>) {
        self.run_with(state, |_| true)
    }

    /// The same, leaving out the receipts of blocks that `shown` refuses: what a relayer that suppresses events submits.
    pub(crate) fn run_with(&self, state: &ClientState, shown: impl Fn(u64) -> bool) -> (u64, u64, Vec<u8>) {
        let mut builder = RunBuilder::new(Family::Qbft, state).unwrap();
        let first = builder.next_height();
        for block in self.blocks.iter().filter(|block| block.height >= first) {
            let mut source = block.source.clone();
            source.receipts = source.receipts.filter(|_| shown(block.height));
            builder.push(source).unwrap();
        }
        let run = builder.take_run().unwrap().unwrap();
        (run.first, run.last, run.evidence)
    }

    /// Evidence of the blocks from `first` to `last`, which the hub has to have recorded.
    pub(crate) fn back_fill(&self, first: u64, last: u64) -> Vec<u8> {
        let blocks: Vec<_> = self
            .blocks
            .iter()
            .filter(|block| (first..=last).contains(&block.height))
            .map(|block| block.source.clone())
            .collect();
        back_fill(Family::Qbft, &config(), &blocks).unwrap()
    }

    /// Evidence that this chain and `fork` sealed two blocks at height 2, behind one block at height 1.
    pub(crate) fn misbehaviour(&self, fork: &Self) -> Vec<u8> {
        let mut builder = RunBuilder::new(Family::Qbft, &self.start()).unwrap();
        builder.push(self.blocks[1].source.clone()).unwrap();
        let common = builder.take_run().unwrap().unwrap().evidence;
        let client = light_client(Family::Qbft).unwrap();
        let meeting =
            client.advance(&self.start(), &[], None, &common, self.time).unwrap().into_inner().state;
        let (one, two) = (self.run_from(&meeting).2, fork.run_from(&meeting).2);
        let sides = match (Evidence::decode(Family::Qbft, &one), Evidence::decode(Family::Qbft, &two)) {
            (Ok(Evidence::Run(one)), Ok(Evidence::Run(two))) => {
                let mut sides = [(self.blocks[2].hash, one), (fork.blocks[2].hash, two)];
                sides.sort_by_key(|side| side.0);
                sides.map(|side| side.1)
            }
            other => panic!("{other:?}"),
        };
        let [first, second] = sides;
        Evidence::Misbehaviour([first, second]).encode(Family::Qbft)
    }
}

/// A year of trust, so that a forged chain does not age in a test.
fn config() -> Config {
    Config::plain(Family::Qbft, Protocol::Qbft, 365 * 24 * 3600, 60)
}

fn raw_seal(key: &LocalSigner, digest: Hash) -> [u8; 65] {
    let mut seal = key.sign(digest).unwrap().0;
    seal[64] -= 27;
    seal
}
