//! Watching a channel: whole blocks, and endorsed reads that tell which of their transactions count.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use causeway_adapter::{AdapterError, Evidence, Head, Health, Recorded, Source, Standing};
use causeway_verifier::MAX_EVIDENCE;
use causeway_verifier::fabric::Policy;
use causeway_verifier::fabric::proto::Block;
use parking_lot::Mutex;

use crate::evidence::{block_hash, run};
use crate::numbering::Numbering;
use crate::peers::{Peers, number, size};
use crate::plan::{Asked, Question, View};
use crate::read::{LIFECYCLE, Read, ReadError};

/// Keys of one read, one fewer than the chaincode reads: a beat may have to come with them.
const MOST_KEYS: usize = 1023;
/// Bytes of transactions that evidence takes, and leaves room for reads. A block that is larger goes alone, if it can.
const LARGEST: usize = MAX_EVIDENCE - 1024 * 1024;
/// How long peers may lag behind the one that served a block.
const LAG: Duration = Duration::from_secs(5);
/// Between two attempts at a read.
const POLL: Duration = Duration::from_millis(100);

/// When evidence is made, and how much at once.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Most blocks of one run. 256.
    pub most_blocks: usize,
    /// Where a run ends: with the block that reaches so many bytes of transactions. 1 MiB.
    pub most_bytes: usize,
    /// Where a run ends: with the block that reaches so many event keys. 4096.
    pub most_keys: usize,
    /// Without events, a run is sent when it has so many blocks. 64.
    pub idle_blocks: usize,
    /// Without events, a run is sent so long after the one before, so that the light client stays fresh. 30 s.
    pub idle_time: Duration,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            most_blocks: 256,
            most_bytes: 1024 * 1024,
            most_keys: 4096,
            idle_blocks: 64,
            idle_time: Duration::from_secs(30),
        }
    }
}

/// Watches one channel, and gives packets that wait at its gateways their sequences. A block that is ordered is final, so the
/// newest block counts.
#[derive(Debug)]
pub struct FabricSource {
    peers: Arc<Peers>,
    settings: SourceSettings,
    numbering: Arc<Numbering>,
    memory: Mutex<Memory>,
}

/// What spares work: all of it can be read from the peers again.
#[derive(Debug, Default)]
struct Memory {
    /// Blocks above the head.
    blocks: BTreeMap<u64, Block>,
    /// The head that was stood at last, and since when.
    head: Option<(Head, Instant)>,
    /// Up to which block it is known at which gateways packets wait.
    looked: u64,
}

/// Blocks of one run, and what they ask.
struct Run {
    blocks: Vec<Block>,
    asked: Vec<Asked>,
    /// The channel after the last one.
    view: View,
}

impl FabricSource {
    /// Watches the channel that `peers` belong to.
    pub fn new(peers: Arc<Peers>, settings: SourceSettings) -> Self {
        let numbering = Arc::new(Numbering::new(peers.clone()));
        Self { peers, settings, numbering, memory: Mutex::default() }
    }

    /// The blocks after the head that one run takes.
    async fn blocks(&self, head: Head) -> Result<Vec<Block>, AdapterError> {
        let mut blocks = self.remembered(head);
        let mut bytes: usize = blocks.iter().map(size).sum();
        let next = head.height + 1 + blocks.len() as u64;
        let last = head.height + self.settings.most_blocks.max(1) as u64;
        if bytes < self.settings.most_bytes && next <= last {
            let fetched = self.peers.blocks(next, last, self.settings.most_bytes - bytes).await?;
            bytes += fetched.iter().map(size).sum::<usize>();
            self.memory.lock().blocks.extend(fetched.iter().map(|block| (number(block), block.clone())));
            blocks.extend(fetched);
        }
        tracing::trace!(next, blocks = blocks.len(), bytes, "blocks after the head");
        if let Err(error) = linked(head, &blocks) {
            self.memory.lock().blocks.clear(); // they may be of a peer that is on another channel
            return Err(error);
        }
        Ok(blocks)
    }

    /// Blocks known from an earlier call that follow the head without a gap.
    fn remembered(&self, head: Head) -> Vec<Block> {
        let mut memory = self.memory.lock();
        if memory.head.is_none_or(|(known, _)| known != head) {
            memory.head = Some((head, Instant::now()));
        }
        memory.blocks = memory.blocks.split_off(&(head.height + 1));
        let heights = head.height + 1..;
        heights.map_while(|height| memory.blocks.get(&height).cloned()).collect()
    }

    /// How long the head has stood where it stands.
    fn idle(&self) -> Duration {
        self.memory.lock().head.map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }

    /// What the blocks ask about gateways, up to where a run ends.
    fn plan(&self, view: View, blocks: Vec<Block>, gateways: &BTreeSet<String>) -> Result<Run, AdapterError> {
        let mut run = Run { blocks: Vec::new(), asked: Vec::new(), view };
        let (mut keys, mut bytes) = (0, 0);
        for block in blocks {
            bytes += size(&block);
            if bytes > LARGEST && !run.blocks.is_empty() {
                break;
            }
            let asked = run.view.advance(&block, gateways)?;
            self.see_waiting(number(&block), &asked);
            keys += asked.gateways.values().flatten().map(|question| question.keys.len()).sum::<usize>();
            run.blocks.push(block);
            run.asked.push(asked);
            if keys >= self.settings.most_keys {
                break;
            }
        }
        Ok(run)
    }

    /// Has packets numbered that wait since this block.
    fn see_waiting(&self, block: u64, asked: &Asked) {
        let mut memory = self.memory.lock();
        if memory.looked < block {
            memory.looked = block;
            for gateway in &asked.waiting {
                self.numbering.wanted(gateway);
            }
        }
    }

    /// The reads that answer what a run asks.
    async fn reads(&self, run: &Run) -> Result<Vec<Read>, AdapterError> {
        let mut gateways: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
        let mut definitions: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
        for asked in &run.asked {
            for (name, questions) in &asked.gateways {
                gateways.entry(name).or_default().extend(questions);
            }
            for (name, questions) in &asked.definitions {
                definitions.entry(name).or_default().extend(questions);
            }
        }
        let mut reads = Vec::new();
        for (name, questions) in definitions {
            reads.push(self.definition(run, name, &questions).await?);
        }
        for (name, questions) in gateways {
            for questions in chunks(&questions) {
                reads.push(self.facts(run, name, &questions).await?);
            }
        }
        Ok(reads)
    }

    /// A read that tells which of a gateway's transactions were committed.
    async fn facts(&self, run: &Run, name: &str, questions: &[&Question]) -> Result<Read, AdapterError> {
        let height = run.blocks.last().map_or(0, number);
        let undefined = |detail: String| AdapterError::Unprovable { height, detail };
        let policy = run.view.policy(name).map_err(|fault| undefined(fault.to_string()))?;
        let policy = policy.ok_or_else(|| undefined(format!("chaincode {name} has no definition")))?;
        let mut keys: BTreeSet<String> =
            questions.iter().flat_map(|question| &question.keys).cloned().collect();
        let start = Instant::now();
        loop {
            let all: Vec<String> = keys.iter().cloned().collect();
            let read = self.peers.read_facts(name, &all, run.view.channel(), &policy).await;
            let late = match &read {
                Ok(read) => unanswered(read, name, questions).map_err(|error| error.at(height))?,
                Err(ReadError::NotEnough(_)) => Some(true),
                Err(ReadError::Malformed(_)) => None,
            };
            match late {
                None => return read.map_err(|error| error.at(height)),
                Some(valid) if valid && start.elapsed() >= LAG => {
                    let behind = || ReadError::NotEnough("peers lag behind the block".into());
                    return Err(read.err().unwrap_or_else(behind).at(height));
                }
                // Peers are catching up.
                Some(true) => tokio::time::sleep(POLL).await,
                // Nothing was written since: the transaction is invalid, and only a later write can show it.
                Some(false) => {
                    let beat = self.peers.beat(name).await;
                    let beat = beat.map_err(|error| undefined(format!("no beat: {error}")))?;
                    keys.insert(format!("beat/{}", beat.transaction));
                }
            }
        }
    }

    /// A read that tells which definition of a chaincode counts.
    async fn definition(&self, run: &Run, name: &str, questions: &[&Question]) -> Result<Read, AdapterError> {
        let height = run.blocks.last().map_or(0, number);
        let policy: Policy = run
            .view
            .lifecycle_policy()
            .map_err(|fault| AdapterError::Unprovable { height, detail: fault.to_string() })?;
        let start = Instant::now();
        loop {
            let read = self.peers.read_definition(name, run.view.channel(), &policy).await;
            let late = match &read {
                Ok(read) => unanswered(read, LIFECYCLE, questions).map_err(|error| error.at(height))?,
                Err(ReadError::NotEnough(_)) => Some(true),
                Err(ReadError::Malformed(_)) => None,
            };
            match late {
                None => return read.map_err(|error| error.at(height)),
                Some(_) if start.elapsed() >= LAG => {
                    let behind =
                        || ReadError::NotEnough("no peer shows whether the definition counts".into());
                    return Err(read.err().unwrap_or_else(behind).at(height));
                }
                Some(_) => tokio::time::sleep(POLL).await,
            }
        }
    }
}

#[async_trait]
impl Source for FabricSource {
    async fn head(&self) -> Result<Head, AdapterError> {
        let block = self.peers.newest().await?;
        let header = block.header.unwrap_or_default();
        Ok(Head { height: header.number, hash: block_hash(&header) })
    }

    async fn next(&self, standing: &Standing) -> Result<Option<Evidence>, AdapterError> {
        let gateways: BTreeSet<String> = standing
            .gateways
            .iter()
            .filter_map(|gateway| String::from_utf8(gateway.address.clone()).ok())
            .collect();
        self.numbering.watch(&gateways, self.settings.idle_time);
        let blocks = self.blocks(standing.head).await?;
        if blocks.is_empty() {
            return Ok(None);
        }
        let view = View::of(&standing.client_state)?;
        if view.channel_id() != self.peers.channel() {
            let (expected, came) = (view.channel_id(), self.peers.channel());
            let detail = format!("the island is channel {expected}, the peers are of {came}");
            return Err(AdapterError::Configuration(detail));
        }
        let planned = self.plan(view, blocks, &gateways)?;
        let due = planned.blocks.len() >= self.settings.idle_blocks || self.idle() >= self.settings.idle_time;
        if !due && !planned.asked.iter().any(Asked::is_telling) {
            return Ok(None);
        }
        let reads = self.reads(&planned).await?;
        let mut seals: Vec<bool> = planned.asked.iter().map(|asked| asked.configuration).collect();
        if let Some(last) = seals.last_mut() {
            *last = true;
        }
        let bytes = run(&planned.blocks, &seals, &reads)?;
        let first = standing.head.height + 1;
        let last = planned.blocks.last().map_or(first, number);
        let proofs = planned.asked.iter().filter(|asked| !asked.gateways.is_empty()).count();
        Ok(Some(Evidence { first, last, bytes, proofs }))
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

/// Whether each block's previous hash is the one before, from the head on.
fn linked(head: Head, blocks: &[Block]) -> Result<(), AdapterError> {
    let mut parent = head.hash;
    for block in blocks {
        let header = block.header.clone().unwrap_or_default();
        if header.previous_hash != parent.0 {
            let (expected, came) = (parent.to_string(), const_hex::encode_prefixed(&header.previous_hash));
            return Err(AdapterError::Inconsistent { what: "a block's previous hash", expected, came });
        }
        parent = block_hash(&header);
    }
    Ok(())
}

/// Questions in groups that one read can answer.
fn chunks<'a>(questions: &[&'a Question]) -> Vec<Vec<&'a Question>> {
    let mut chunks: Vec<Vec<&Question>> = Vec::new();
    let mut keys = 0;
    for question in questions {
        keys += question.keys.len();
        match chunks.last_mut().filter(|_| keys <= MOST_KEYS) {
            Some(chunk) => chunk.push(question),
            None => {
                chunks.push(vec![question]);
                keys = question.keys.len();
            }
        }
    }
    chunks
}

/// Whether a read leaves a question open; if so, whether the transaction is thought to be valid, which calls for waiting.
fn unanswered(read: &Read, namespace: &str, questions: &[&Question]) -> Result<Option<bool>, ReadError> {
    let versions: BTreeMap<_, _> = read.versions(namespace)?.into_iter().collect();
    let latest = versions.values().flatten().map(|version| version.block_num).max().unwrap_or(0);
    let mut open = None;
    for question in questions {
        let at = (question.block, question.transaction);
        let committed = question.keys.iter().all(|key| {
            let version = versions.get(key).copied().flatten();
            version.is_some_and(|version| (version.block_num, version.tx_num) == at)
        });
        if !committed && latest < question.block {
            open = Some(open.unwrap_or(false) || question.valid);
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(keys: usize) -> Question {
        Question { block: 1, transaction: 0, keys: vec!["in/x".into(); keys], valid: true }
    }

    #[test]
    fn questions_are_read_in_groups_that_one_read_takes() {
        let questions: Vec<Question> = [600, 400, 23, 1, 1023, 2000, 1].map(question).into();
        let questions: Vec<&Question> = questions.iter().collect();
        let sizes: Vec<Vec<usize>> = chunks(&questions)
            .iter()
            .map(|chunk| chunk.iter().map(|question| question.keys.len()).collect())
            .collect();
        assert_eq!(sizes, [vec![600, 400, 23], vec![1], vec![1023], vec![2000], vec![1]]);
        assert!(chunks(&[]).is_empty());
    }
}
