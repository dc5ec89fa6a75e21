//! Events beside more logs than evidence takes: the head goes on, and what can be proven is filled in.

use std::time::Duration;

use alloy_sol_types::SolCall as _;
use causeway_adapter::{AdapterError, Source as _};
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_evm::{EvmSource, SourceSettings};
use causeway_evm_devnet::{Devnet, DevnetConfig, Message, Mining};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{Address, Hash, words};
use causeway_verifier::bft::Protocol;

use crate::island::Island;

/// Creation code of a contract that emits as many logs without topics as its first word of call data says, each of as many
/// zero bytes as the second says, and then calls the address in the third with the call data behind it.
const NOISE: &[u8] = b"\
    \x60\x3a\x80\x60\x0b\x60\x00\x39\x60\x00\xf3\
    \x60\x00\x35\
    \x5b\x80\x15\x60\x16\x57\x60\x20\x35\x60\x00\xa0\x60\x01\x90\x03\x60\x03\x56\
    \x5b\x60\x60\x36\x03\x80\x60\x60\x60\x00\x37\
    \x60\x00\x60\x00\x82\x60\x00\x60\x00\x60\x40\x35\x5a\xf1\x15\x60\x34\x57\x00\
    \x5b\x60\x00\x60\x00\xfd";
const MIB: u64 = 1024 * 1024;

/// An island whose blocks have room for many megabytes of logs.
struct Loud {
    island: Island,
    noise: [u8; 20],
}

impl Loud {
    async fn start(name: &str) -> Self {
        let mut config = DevnetConfig::new(name, 1337, 4).unwrap();
        config.protocol = Protocol::Qbft;
        config.gas_limit = 1_000_000_000;
        config.mining = Mining::Automatic { block_time: Duration::from_millis(20), empty_block_time: None };
        let island = Island::on(Devnet::start(config).await.unwrap()).await;
        let noise = island.account.deploy(NOISE.to_vec(), 1_000_000).await.unwrap();
        Self { island, noise }
    }

    /// Sends a beat of the gateway behind `count` logs of `size` bytes, past every node.
    fn send(&self, count: u64, size: u64) -> Hash {
        let mut data = [count, size].map(|word| words::uint(word).0).concat();
        data.extend([0; 12]);
        data.extend(self.island.gateway);
        data.extend(Gateway::beatCall {}.abi_encode());
        let gas = 200_000 + 1_000 * count + 9 * count * size + size * size / 400_000;
        let chain = &self.island.chain;
        let message = Message { to: Some(Address(self.noise)), data, gas: Some(gas), ..Message::default() };
        chain.send(&chain.keys()[2], message).unwrap()
    }

    /// The height of a transaction's block.
    async fn mined(&self, transaction: Hash) -> u64 {
        loop {
            if let Some(receipt) = self.island.chain.receipt(transaction) {
                assert!(receipt.success);
                return receipt.block;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn beats(&self, count: u64, size: u64) -> u64 {
        self.mined(self.send(count, size)).await
    }

    fn source(&self, settings: SourceSettings) -> EvmSource {
        let mut nodes = NodesSettings::new([self.island.chain.url()]);
        nodes.timeout = Duration::from_secs(20);
        EvmSource::new(Nodes::new(&nodes).unwrap().into(), settings)
    }

    /// Records all that `source` has, and fills in what it left out, as a relayer does.
    async fn catch_up(&mut self, source: &EvmSource) -> Vec<AdapterError> {
        let mut errors = Vec::new();
        loop {
            while let Some(evidence) = source.next(&self.island.book.standing).await.unwrap() {
                self.island.book.record(&evidence).unwrap();
            }
            let standing = self.island.book.standing.clone();
            let Some(height) = source.omitted(&standing).await.unwrap() else { return errors };
            let recorded = self.island.book.recorded_at(height);
            match source.back_fill(&standing, height, recorded).await {
                Ok(evidence) => {
                    assert!(self.island.book.record(&evidence).unwrap() > 0, "it fills something in");
                }
                Err(error) => errors.push(error),
            }
            assert!(errors.len() < 5, "an event that cannot be proven is looked for once");
        }
    }

    fn numbers(&self) -> Vec<u64> {
        self.island.book.events.keys().copied().collect()
    }

    fn assert_at_the_head(&self) {
        assert_eq!(self.island.book.standing.head.height, self.island.chain.height());
    }
}

#[tokio::test]
async fn an_event_beside_more_than_65536_logs_is_proven() {
    let mut loud = Loud::start("many logs").await;
    loud.beats(66_000, 0).await;
    let source = loud.source(SourceSettings::default());
    assert_eq!(loud.catch_up(&source).await.len(), 0);
    assert_eq!(loud.numbers(), [1, 2]);
}

#[tokio::test]
async fn a_block_whose_events_do_not_fit_together_is_proven_in_parts() {
    let mut loud = Loud::start("parts").await;
    loud.island.chain.pause();
    let sent = [3, 3, 3, 0].map(|size| loud.send(1, size * MIB));
    loud.island.chain.resume();
    let mut blocks = Vec::new();
    for sent in sent {
        blocks.push(loud.mined(sent).await);
    }
    blocks.dedup();
    assert_eq!(blocks.len(), 1, "all of them in one block");
    let source = loud.source(SourceSettings::default());
    let first = source.next(&loud.island.book.standing).await.unwrap().unwrap();
    assert_eq!(first.last, blocks[0], "the run ends there, so that filling in needs no other header");
    loud.island.book.record(&first).unwrap();
    assert_eq!(loud.numbers(), [1, 2, 3, 5]);
    assert_eq!(loud.catch_up(&source).await.len(), 0);
    assert_eq!(loud.numbers(), [1, 2, 3, 4, 5]);
    loud.assert_at_the_head();
}

#[tokio::test]
async fn a_receipt_larger_than_evidence_keeps_back_neither_the_head_nor_other_events() {
    let mut loud = Loud::start("too large").await;
    let height = loud.beats(3, 3 * MIB).await;
    loud.beats(0, 0).await;
    let source = loud.source(SourceSettings::default());
    let errors = loud.catch_up(&source).await;
    assert!(
        matches!(&errors[..], [AdapterError::Unprovable { height: at, detail }]
            if *at == height && detail.contains("event 2")),
        "{errors:?}"
    );
    loud.assert_at_the_head();
    assert_eq!(loud.numbers(), [1, 3]);
    // An event that somebody leaves out is noticed all the same.
    loud.beats(0, 0).await;
    let evidence = source.next(&loud.island.book.standing).await.unwrap().unwrap();
    loud.island.book.record_without_events(&evidence);
    loud.beats(0, 0).await;
    assert_eq!(loud.catch_up(&source).await.len(), 0);
    assert_eq!(loud.numbers(), [1, 3, 4, 5]);
}

#[tokio::test]
async fn a_large_block_short_of_a_quorum_is_passed_by_a_descendant() {
    let mut loud = Loud::start("large and short").await;
    let source = loud.source(SourceSettings { most_bytes: 20_000, ..SourceSettings::default() });
    loud.catch_up(&source).await;
    loud.island.chain.seal_next_with(2);
    loud.beats(1, 30_000).await;
    assert_eq!(source.next(&loud.island.book.standing).await.unwrap(), None, "nothing behind it yet");
    loud.beats(0, 0).await;
    assert_eq!(loud.catch_up(&source).await.len(), 0);
    assert_eq!(loud.numbers(), [1, 2, 3]);
    loud.assert_at_the_head();
}
