//! A forged chain with one gateway, whose packets take the form every test wants. Small enough to make thousands of packets a
//! second, and true enough that the light client cannot tell it from a node's.

use causeway_protocol::{
    Address, Attestation, AttestationKind, AttestorSet, Family, GatewayEvent, GatewayEventKind, GatewayId,
    Hash, HubId, IslandId, Lane, LaneOrder, LaneTerms, Packet, keccak256,
};
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::forge::{EventLog, Forge, Plan, encode_event, receipt};
use causeway_verifier::prover::{RunBuilder, back_fill, misbehaviour};
use causeway_verifier::{ClientState, light_client};

/// Validators of a chain.
const VALIDATORS: u64 = 4;
/// A year of trust, so that a forged chain does not age in a test.
pub(crate) const TRUSTING_PERIOD: u64 = 365 * 24 * 3600;
const CLOCK_DRIFT: u64 = 60;

/// One forged chain with one gateway.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) forge: Forge,
    /// Time of the newest block. A block follows a second after the one before.
    pub(crate) time: u64,
    address: Address,
    pub(crate) fingerprint: Hash,
    pub(crate) island: IslandId,
    pub(crate) gateway: GatewayId,
    number: u64,
    sequence: u64,
    /// Logs of each transaction of the next block.
    waiting: Vec<Vec<EventLog>>,
}

/// Who owns the gateways.
pub(crate) const OWNER: Address = Address([9; 20]);
pub(crate) const NAME: &str = "forged";

impl Chain {
    /// A chain of four validators whose genesis block has `time`. `seed` tells chains apart: those of one seed have the same
    /// validators and, at one time, the same genesis block.
    pub(crate) fn new(seed: u8, time: u64) -> Self {
        let first_key = 1 + u64::from(seed) * VALIDATORS;
        let mut forge = Forge::of_keys(Family::Qbft, first_key..first_key + VALIDATORS, time);
        forge.config.trusting_period = TRUSTING_PERIOD;
        forge.config.clock_drift = CLOCK_DRIFT;
        Self {
            time,
            address: Address([seed; 20]),
            fingerprint: forge.head().hash,
            island: forge.island().id(),
            gateway: GatewayId::default(),
            number: 0,
            sequence: 0,
            waiting: Vec::new(),
            forge,
        }
    }

    /// The trust anchor: the genesis block.
    pub(crate) fn anchor(&self) -> Vec<u8> {
        self.forge.anchor()
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
        self.forge.gateway(self.address).id
    }

    pub(crate) fn tip(&self) -> &RawHeader {
        self.forge.head()
    }

    /// Opens the gateway in the next block.
    pub(crate) fn open(&mut self, hub: HubId, threshold: u8, attestors: &[Address]) {
        self.gateway = self.next_gateway();
        let attestors = AttestorSet { epoch: 1, threshold, attestors: attestors.to_vec() };
        self.emit(GatewayEventKind::Opened { island: self.island, hub, owner: OWNER, attestors });
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
        let lane = LaneTerms { name: keccak256(NAME.as_bytes()), ordered: false };
        self.emit(GatewayEventKind::PacketSent { packet: Box::new(packet.clone()), lane });
    }

    pub(crate) fn deliver(&mut self, packet: &Packet, success: bool, result: &[u8]) {
        let (packet, result) = (packet.id(), result.to_vec());
        self.emit(GatewayEventKind::PacketDelivered { packet, success, result });
    }

    pub(crate) fn expire(&mut self, packet: &Packet) {
        self.emit(GatewayEventKind::PacketExpired { packet: packet.id() });
    }

    pub(crate) fn settle(&mut self, packet: &Packet, by: &Attestation) {
        let success = by.kind == AttestationKind::Result && by.success;
        self.emit(GatewayEventKind::PacketSettled { packet: packet.id(), outcome: by.kind, success });
    }

    /// Lets the gateway emit its next event, in a transaction of its own in the next block.
    pub(crate) fn emit(&mut self, kind: GatewayEventKind) {
        let log = self.next_event(kind);
        self.waiting.push(vec![log]);
    }

    /// The same, in a transaction where another contract emits a log of `noise` bytes before it.
    pub(crate) fn emit_beside(&mut self, noise: usize, kind: GatewayEventKind) {
        let log = self.next_event(kind);
        let noise = EventLog { address: Address([0xdd; 20]), topics: Vec::new(), data: vec![7; noise] };
        self.waiting.push(vec![noise, log]);
    }

    fn next_event(&mut self, kind: GatewayEventKind) -> EventLog {
        self.number += 1;
        let event = GatewayEvent { gateway: self.gateway, number: self.number, kind };
        encode_event(self.address, &event)
    }

    /// Lets the contract at `address` emit `event`, whatever it says.
    pub(crate) fn emit_from(&mut self, address: Address, event: &GatewayEvent) {
        self.waiting.push(vec![encode_event(address, event)]);
    }

    /// Seals a block with everything that was emitted since the last, one second after it.
    pub(crate) fn seal(&mut self) {
        self.time += 1;
        let transactions = core::mem::take(&mut self.waiting);
        let receipts: Vec<Vec<u8>> = (1..)
            .zip(&transactions)
            .map(|(count, logs)| receipt(true, count, &logs.iter().map(EventLog::as_log).collect::<Vec<_>>()))
            .collect();
        let wanted = (0..receipts.len() as u64).collect();
        self.forge.mine(Plan { receipts, wanted, time: Some(self.time), ..Plan::default() });
    }

    /// Evidence of everything after `state`, up to the tip: first height, last height, bytes.
    pub(crate) fn run_from(&self, state: &ClientState) -> (u64, u64, Vec<u8>) {
        self.run_until(state, self.tip().number)
    }

    /// The same, up to the block at `last`.
    pub(crate) fn run_until(&self, state: &ClientState, last: u64) -> (u64, u64, Vec<u8>) {
        self.run(state, last, |_| true)
    }

    /// The same, leaving out the receipts of blocks that `shown` refuses: what a relayer that suppresses events submits.
    pub(crate) fn run_with(&self, state: &ClientState, shown: impl Fn(u64) -> bool) -> (u64, u64, Vec<u8>) {
        self.run(state, self.tip().number, shown)
    }

    fn run(&self, state: &ClientState, last: u64, shown: impl Fn(u64) -> bool) -> (u64, u64, Vec<u8>) {
        let mut builder = RunBuilder::new(Family::Qbft, state).unwrap();
        while builder.next_height() <= last {
            let height = builder.next_height();
            let mut source = self.forge.source(height);
            source.receipts = source.receipts.filter(|_| shown(height));
            builder.push(source).unwrap();
        }
        let run = builder.take_run().unwrap().unwrap();
        (run.first, run.last, run.evidence)
    }

    /// Evidence of the blocks from `first` to `last`, which the hub has to have recorded.
    pub(crate) fn back_fill(&self, first: u64, last: u64) -> Vec<u8> {
        let blocks: Vec<_> = (first..=last).map(|height| self.forge.source(height)).collect();
        back_fill(Family::Qbft, &self.forge.config, &blocks).unwrap()
    }

    /// Evidence that this chain and `fork` sealed two blocks at height 2, behind one block at height 1.
    pub(crate) fn misbehaviour(&self, fork: &Self) -> Vec<u8> {
        let common = self.run_until(&self.start(), 1).2;
        let client = light_client(Family::Qbft).unwrap();
        let meeting = client.advance(&self.start(), &[], None, &common, self.time).unwrap();
        let sides = [self, fork].map(|side| vec![side.forge.source(2)]);
        misbehaviour(Family::Qbft, &meeting.state, sides).unwrap()
    }
}
