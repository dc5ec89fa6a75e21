//! Watching a channel: whole blocks, and endorsed reads that tell which of their transactions count.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use causeway_adapter::{AdapterError, Evidence, GatewayStanding, Head, Health, Recorded, Source, Standing};
use causeway_verifier::fabric::MAX_BLOCKS;
use causeway_verifier::fabric::proto::Block;
use causeway_verifier::fabric::prover::Served;
use causeway_verifier::{ClientState, Gateway, MAX_EVIDENCE, Refusal};
use parking_lot::Mutex;

use crate::content;
use crate::housekeeping::Housekeeping;
use crate::peers::{Peers, number};
use crate::proof::{Proof, Prover, unprovable};

/// Bytes of transactions that evidence takes, and leaves room for reads. A block that is larger goes alone, if it can.
pub(crate) const LARGEST: usize = MAX_EVIDENCE - 1024 * 1024;
/// When evidence is made, and how much at once.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Most blocks of one run. 256.
    pub most_blocks: usize,
    /// Where a run ends: with the block that reaches so many bytes of transactions. 1 MiB.
    pub most_bytes: usize,
    /// Without events, a run is sent when it has so many blocks. 64.
    pub idle_blocks: usize,
    /// Without events, a run is sent so long after the one before, so that the light client stays fresh. 30 s.
    pub idle_time: Duration,
    /// Where nothing happens at all, Fabric makes no blocks, and a light client that hears nothing for its trusting period stops
    /// for good: a gateway beats when there was no block for so long. 1 hour.
    pub beat_after: Duration,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            most_blocks: 256,
            most_bytes: 1024 * 1024,
            idle_blocks: 64,
            idle_time: Duration::from_secs(30),
            beat_after: Duration::from_hours(1),
        }
    }
}

/// Watches one channel, and gives packets that wait at its gateways their sequences. A block that is ordered is final, so the
/// newest block counts.
#[derive(Debug)]
pub struct FabricSource {
    peers: Arc<Peers>,
    settings: SourceSettings,
    housekeeping: Arc<Housekeeping>,
    memory: Mutex<Memory>,
}

/// What spares work: all of it can be read from the peers again.
#[derive(Debug, Default)]
struct Memory {
    /// Blocks above the head.
    blocks: BTreeMap<u64, Fetched>,
    /// The head that was stood at last, and since when.
    head: Option<(Head, Instant)>,
    /// How many blocks behind it are known to tell nothing of these chaincodes.
    quiet: usize,
    chaincodes: BTreeSet<String>,
    /// When a gateway was told to beat.
    beat: Option<Instant>,
}

/// A block, and what its peer said of it.
#[derive(Debug, Clone)]
struct Fetched {
    served: Served,
    configuration: bool,
    /// Whether the peer took all of its transactions for valid.
    all_valid: bool,
}

impl FabricSource {
    /// Watches the channel that `peers` belong to.
    pub fn new(peers: Arc<Peers>, settings: SourceSettings) -> Self {
        let housekeeping = Arc::new(Housekeeping::new(peers.clone()));
        Self { peers, settings, housekeeping, memory: Mutex::default() }
    }

    /// The blocks after the head that one run takes, at most so many with so many bytes.
    async fn blocks(
        &self,
        head: Head,
        chaincodes: &BTreeSet<String>,
        (most_blocks, most_bytes): (usize, usize),
    ) -> Result<Vec<Fetched>, AdapterError> {
        let mut blocks = self.remembered(head, chaincodes);
        let bytes: usize = blocks.iter().map(|block| block.served.size()).sum();
        let next = head.height + 1 + blocks.len() as u64;
        let last = head.height + most_blocks.max(1) as u64;
        if bytes < most_bytes && next <= last {
            let served = self.peers.blocks(next, last, most_bytes - bytes).await?;
            for gateway in served.iter().flat_map(|block| content::waiting(block, chaincodes)) {
                self.housekeeping.number(&gateway);
            }
            let fetched = served.into_iter().map(Fetched::read).collect::<Result<Vec<_>, _>>()?;
            self.memory
                .lock()
                .blocks
                .extend(fetched.iter().map(|block| (block.served.number, block.clone())));
            blocks.extend(fetched);
        }
        if let Err(error) = linked(head, &blocks) {
            self.memory.lock().blocks.clear(); // they may be of a peer that is on another channel
            return Err(error);
        }
        let mut bytes = 0;
        let fits = |block: &Fetched| {
            bytes += block.served.size();
            bytes <= LARGEST
        };
        let count = blocks.iter().map(fits).take_while(|fits| *fits).count();
        blocks.truncate(count.max(1));
        blocks.first().map_or(Ok(()), |block| fits_evidence(block.served.number, block.served.size()))?;
        Ok(blocks)
    }

    /// Blocks behind the head that are known from an earlier call.
    fn remembered(&self, head: Head, chaincodes: &BTreeSet<String>) -> Vec<Fetched> {
        let mut memory = self.memory.lock();
        if memory.chaincodes != *chaincodes {
            memory.chaincodes.clone_from(chaincodes);
            memory.quiet = 0;
        }
        if memory.head.is_none_or(|(known, _)| known != head) {
            memory.head = Some((head, Instant::now()));
            memory.quiet = 0;
        }
        memory.blocks = memory.blocks.split_off(&(head.height + 1));
        let heights = head.height + 1..;
        heights.map_while(|height| memory.blocks.get(&height).cloned()).collect()
    }

    /// Has a gateway beat if the channel has stood still for long.
    fn keep_alive(&self, chaincodes: &BTreeSet<String>) {
        let mut memory = self.memory.lock();
        let now = Instant::now();
        let since = memory.head.map(|(_, since)| since).max(memory.beat);
        if let Some(gateway) = chaincodes.first()
            && since.is_some_and(|since| now.duration_since(since) >= self.settings.beat_after)
        {
            memory.beat = Some(now);
            self.housekeeping.beat(gateway);
        }
    }

    /// Whether blocks are sent although they tell nothing: they are many, or the last ones were sent long ago.
    fn is_due(&self, blocks: &[Fetched]) -> bool {
        let bytes: usize = blocks.iter().map(|block| block.served.size()).sum();
        let idle = self.memory.lock().head.map_or(Duration::ZERO, |(_, since)| since.elapsed());
        let most = self.settings.idle_blocks.min(self.settings.most_blocks);
        blocks.len() >= most || bytes >= self.settings.most_bytes || idle >= self.settings.idle_time
    }
}

/// Whole blocks travel, and evidence holds so much: a block that is larger cannot be proven, nor can anything after it.
fn fits_evidence(height: u64, size: usize) -> Result<(), AdapterError> {
    if size < MAX_EVIDENCE {
        return Ok(());
    }
    let detail = format!(
        "its transactions have {size} bytes, evidence holds {MAX_EVIDENCE}: the island stands still here until it is registered \
         under a config block above. Lower the channel's BatchSize.AbsoluteMaxBytes to {LARGEST} or less, so that no other such block is made"
    );
    Err(AdapterError::Unprovable { height, detail })
}

#[async_trait]
impl Source for FabricSource {
    async fn head(&self) -> Result<Head, AdapterError> {
        let block = self.peers.newest().await?;
        let Fetched { served, .. } = Fetched::read(block)?;
        Ok(Head { height: served.number, hash: served.hash })
    }

    async fn next(&self, standing: &Standing) -> Result<Option<Evidence>, AdapterError> {
        let addresses = standing.gateways.iter().map(|gateway| gateway.address.clone());
        let chaincodes = addresses.filter_map(|address| String::from_utf8(address).ok()).collect();
        self.housekeeping.go_on(&chaincodes, self.settings.idle_time);
        let usual = (self.settings.most_blocks, self.settings.most_bytes);
        let mut blocks = self.blocks(standing.head, &chaincodes, usual).await?;
        if blocks.is_empty() {
            self.keep_alive(&chaincodes);
            return Ok(None);
        }
        let due = self.is_due(&blocks);
        if !due && blocks.len() == self.memory.lock().quiet {
            return Ok(None);
        }
        let gateway = |gateway: &GatewayStanding| Gateway {
            island: standing.island,
            address: gateway.address.clone(),
            id: gateway.id,
        };
        let gateways: Vec<Gateway> = standing.gateways.iter().map(gateway).collect();
        let state = ClientState { family: standing.family, bytes: standing.client_state.clone() };
        let prover = Prover { peers: &self.peers, state: &state, gateways: &gateways };
        let mut changes = 0;
        loop {
            let served: Vec<Served> = blocks.iter().map(|block| block.served.clone()).collect();
            let planned = prover.plan(&served, changes)?;
            let run = &blocks[..planned.blocks];
            let telling = !planned.reads.is_empty() || run.iter().any(|block| block.configuration);
            if !telling && !due {
                self.memory.lock().quiet = blocks.len();
                return Ok(None);
            }
            let doubtful = run.iter().filter(|block| !block.all_valid).map(|block| block.served.number);
            let proof = prover.prove(&served[..planned.blocks], &doubtful.collect(), &planned.reads).await?;
            match proof {
                Proof::Evidence(bytes) => {
                    let first = standing.head.height + 1;
                    let last = run.last().map_or(first, |block| block.served.number);
                    return Ok(Some(Evidence { first, last, bytes, proofs: planned.reads.len() }));
                }
                Proof::TooShort(_) if planned.blocks < blocks.len() => changes += 1,
                Proof::TooShort(error) => {
                    let known = blocks.len();
                    blocks = self.blocks(standing.head, &chaincodes, (MAX_BLOCKS, LARGEST)).await?;
                    if blocks.len() <= known {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Whole blocks travel: nothing in them can be left out.
    async fn omitted(&self, _standing: &Standing) -> Result<Option<u64>, AdapterError> {
        Ok(None)
    }

    async fn back_fill(
        &self,
        _standing: &Standing,
        from: u64,
        _recorded: Recorded,
    ) -> Result<Evidence, AdapterError> {
        let detail = "a run of whole blocks leaves nothing to fill in".into();
        Err(AdapterError::Unprovable { height: from, detail })
    }

    fn health(&self) -> Health {
        Health { head: self.peers.known_height(), nodes: self.peers.health() }
    }
}

impl Fetched {
    fn read(block: Block) -> Result<Self, AdapterError> {
        let (height, configuration) = (number(&block), content::is_configuration(&block));
        let all_valid = content::is_all_valid(&block);
        let served = Served::read(block);
        let served = served.map_err(|fault| unprovable(height, &Refusal::Fabric(fault)))?;
        Ok(Self { served, configuration, all_valid })
    }
}

/// Whether each block's parent is the one before, from the head on.
fn linked(head: Head, blocks: &[Fetched]) -> Result<(), AdapterError> {
    let mut parent = head.hash;
    for Fetched { served, .. } in blocks {
        if served.parent != parent {
            let (expected, came) = (parent.to_string(), served.parent.to_string());
            return Err(AdapterError::Inconsistent { what: "a block's previous hash", expected, came });
        }
        parent = served.hash;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_no_evidence_holds_is_named_with_what_to_do() {
        fits_evidence(7, MAX_EVIDENCE - 1).unwrap();
        let error = fits_evidence(7, MAX_EVIDENCE).unwrap_err().to_string();
        assert!(error.contains("height 7") && error.contains("AbsoluteMaxBytes to 7340032"), "{error}");
    }
}
