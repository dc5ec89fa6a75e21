//! From blocks to evidence: the reads that tell what became of their transactions, made by enough peers and late enough.

use core::time::Duration;
use std::collections::BTreeSet;
use std::time::{Instant, SystemTime};

use causeway_adapter::AdapterError;
use causeway_verifier::fabric::FabricFault;
use causeway_verifier::fabric::prover::{Plan, Served, Wanted, assemble, plan_past};
use causeway_verifier::{ClientState, Gateway, Refusal};

use crate::Peers;
use crate::read::{Read, Unread};

/// Keys of one read, one fewer than the chaincode reads: a beat may have to come with them.
const MOST_KEYS: usize = 1023;
/// How long peers may lag behind the one that served a block.
const LAG: Duration = Duration::from_secs(5);
/// How long they are given before a transaction that one peer takes for invalid is taken for the reason.
const SHORT_LAG: Duration = Duration::from_millis(500);
/// Between two attempts at a read.
const POLL: Duration = Duration::from_millis(100);
/// Where a definition's fields stand among definitions.
const DEFINITIONS: &str = "namespaces/fields/";

/// Where a run starts, whose events it has to prove, and who is asked.
pub(crate) struct Prover<'a> {
    pub(crate) peers: &'a Peers,
    pub(crate) state: &'a ClientState,
    pub(crate) gateways: &'a [Gateway],
}

/// What came of proving a run.
pub(crate) enum Proof {
    /// Evidence, which was verified.
    Evidence(Vec<u8>),
    /// A definition in it was changed again since: only a run as far as that change can show that it was committed.
    TooShort(AdapterError),
}

impl Prover<'_> {
    /// Unix seconds.
    fn now(&self) -> u64 {
        self.peers.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// Plans a run of blocks that passes so many changes.
    pub(crate) fn plan(&self, blocks: &[Served], changes: usize) -> Result<Plan, AdapterError> {
        let height = blocks.first().map_or(0, |block| block.number);
        plan_past(self.state, self.gateways, blocks, changes).map_err(|refusal| unprovable(height, &refusal))
    }

    /// Evidence of a run of these blocks; `doubtful` are those in which a peer takes a transaction for invalid. Peers that lag
    /// behind the one that served the blocks are waited for.
    pub(crate) async fn prove(
        &self,
        blocks: &[Served],
        doubtful: &BTreeSet<u64>,
        wanted: &[Wanted],
    ) -> Result<Proof, AdapterError> {
        let start = Instant::now();
        let height = blocks.last().map_or(0, |block| block.number);
        loop {
            let late = |read: &AdapterError| matches!(read, AdapterError::Unprovable { .. });
            let waited = start.elapsed();
            let reads = match self.reads(doubtful, wanted, waited).await {
                Err(error) if late(&error) && waited < LAG => {
                    tokio::time::sleep(POLL).await;
                    continue;
                }
                reads => reads?,
            };
            let reads = reads.iter().map(Read::as_evidence).collect();
            match assemble(self.state, self.gateways, blocks, reads, self.now()) {
                Ok(evidence) => return Ok(Proof::Evidence(evidence)),
                Err(refusal) if is_too_short(&refusal) => {
                    return Ok(Proof::TooShort(unprovable(height, &refusal)));
                }
                Err(Refusal::Fabric(FabricFault::ReadPolicy { .. } | FabricFault::Unresolved { .. }))
                    if start.elapsed() < LAG =>
                {
                    tokio::time::sleep(POLL).await;
                }
                Err(refusal) => return Err(unprovable(height, &refusal)),
            }
        }
    }

    /// The reads that are wanted, each made late enough to say what was not committed.
    async fn reads(
        &self,
        doubtful: &BTreeSet<u64>,
        wanted: &[Wanted],
        waited: Duration,
    ) -> Result<Vec<Read>, AdapterError> {
        let mut reads = Vec::new();
        for Wanted { chaincode, keys, block, needed } in wanted {
            for keys in keys.chunks(MOST_KEYS) {
                let mut read = match self.peers.read_facts(chaincode, keys).await {
                    Ok(read) => read,
                    // Somebody claims that it is a gateway. What it is not must stop nobody.
                    Err(Unread::Refused(words)) if !needed && waited >= LAG => {
                        tracing::warn!(chaincode, block, words, "it is no gateway, and passed over");
                        break;
                    }
                    // It may be a gateway that some peers do not run yet.
                    Err(Unread::Refused(words)) if !needed => {
                        let detail = format!("chaincode {chaincode} does not tell: {words}");
                        return Err(AdapterError::Unprovable { height: *block, detail });
                    }
                    Err(unread) => return Err(unread.into_error(chaincode)),
                };
                if read.at_least < *block {
                    if !doubtful.contains(block) || waited < SHORT_LAG {
                        let detail = format!("peers read the state of block {}", read.at_least);
                        return Err(AdapterError::Unprovable { height: *block, detail });
                    }
                    // Nothing was written since: only a later write can show that the transaction was not committed.
                    read = match self.read_after_beat(chaincode, keys, *block).await {
                        Err(error) if !needed && waited >= LAG => {
                            tracing::warn!(chaincode, block, %error, "it is no gateway, and passed over");
                            break;
                        }
                        read => read?,
                    };
                }
                reads.push(read);
            }
        }
        Ok(reads)
    }

    /// A read that is later than anything before: something is written first.
    async fn read_after_beat(
        &self,
        chaincode: &str,
        keys: &[String],
        block: u64,
    ) -> Result<Read, AdapterError> {
        let beat = self.peers.beat(chaincode).await;
        let beat = beat.map_err(|error| AdapterError::Unprovable {
            height: block,
            detail: format!("chaincode {chaincode} does not beat: {error}"),
        })?;
        tracing::debug!(chaincode, block, beat.block, "made a read late enough");
        let beat_key = format!("beat/{}", beat.transaction);
        let keys: BTreeSet<String> = keys.iter().cloned().chain([beat_key]).collect();
        let keys: Vec<String> = keys.into_iter().collect();
        let start = Instant::now();
        loop {
            let read = self.peers.read_facts(chaincode, &keys).await;
            let read = read.map_err(|unread| unread.into_error(chaincode))?;
            if read.at_least >= beat.block || start.elapsed() >= LAG {
                return Ok(read);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Whether it is a definition of which no read tells: the read that was made is late enough, and shows a later change.
fn is_too_short(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Fabric(FabricFault::Unresolved { key, .. }) if key.starts_with(DEFINITIONS))
}

pub(crate) fn unprovable(height: u64, refusal: &Refusal) -> AdapterError {
    AdapterError::Unprovable { height, detail: refusal.to_string() }
}
