//! Watching an EVM island: runs of headers with receipts proofs, and back-fill.

use core::sync::atomic::AtomicUsize;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use alloy_primitives::{Address, B256, U64};
use async_trait::async_trait;
use causeway_adapter::{AdapterError, Evidence, GatewayStanding, Head, Health, Recorded, Source, Standing};
use causeway_protocol::{GatewayId, words};
use causeway_verifier::bft::{Config, MAX_BLOCKS};
use causeway_verifier::prover::{BuiltRun, RunBuilder, back_fill};
use causeway_verifier::{ClientState, MAX_EVIDENCE, Refusal};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use crate::chain::{Chain, Fetched};
use crate::fit::{BESIDE, ROOM, TooLarge, Wanted};
use crate::rpc::{NodeError, Nodes, hex_quantity};

/// Heights that one search for logs covers.
const LOG_RANGE: u64 = 5_000;
/// Blocks fetched before their size is looked at.
const CHUNK: usize = 16;
/// Headers at the end of a run for which other nodes' copies are asked when seals are missing.
const COPIES: usize = 4;

/// When evidence is made, and how much at once.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Most headers of one run. 256.
    pub most_headers: usize,
    /// Where a run ends: with the block that reaches so many bytes. 1 MiB.
    pub most_bytes: usize,
    /// Without events, a run is sent when it has so many headers. 64.
    pub idle_headers: u64,
    /// Without events, a run is sent so long after the one before, so that the light client stays fresh. 30 s.
    pub idle_time: Duration,
}

impl Default for SourceSettings {
    fn default() -> Self {
        let idle_time = Duration::from_secs(30);
        Self { most_headers: 256, most_bytes: 1024 * 1024, idle_headers: 64, idle_time }
    }
}

/// Watches one EVM island. Blocks of QBFT and IBFT are final as soon as they are sealed, so its newest block counts.
#[derive(Debug)]
pub struct EvmSource {
    nodes: Arc<Nodes>,
    settings: SourceSettings,
    contract_size: AtomicUsize,
    memory: Mutex<Memory>,
}

/// What spares work: all of it can be read from the nodes again.
#[derive(Debug, Default)]
struct Memory {
    /// Blocks above the head, as fetched before for these gateways.
    blocks: BTreeMap<u64, Fetched>,
    gateways: Vec<GatewayId>,
    /// The head that was stood at last, and since when.
    head: Option<(Head, Instant)>,
    /// Per gateway: the event number that was looked for, and the height up to which it is not there.
    searched: BTreeMap<GatewayId, (u64, u64)>,
    /// Events whose receipts no evidence can take: they are not looked for again.
    unprovable: BTreeSet<(GatewayId, u64)>,
}

impl EvmSource {
    /// Watches the island that `nodes` belong to.
    pub fn new(nodes: Arc<Nodes>, settings: SourceSettings) -> Self {
        Self { nodes, settings, contract_size: AtomicUsize::new(0), memory: Mutex::default() }
    }

    fn chain(&self) -> Chain<'_> {
        Chain { nodes: &self.nodes, contract_size: &self.contract_size }
    }

    /// The last height that one run from the head can reach.
    fn last(&self, standing: &Standing, newest: u64) -> u64 {
        let most = self.settings.most_headers.clamp(1, MAX_BLOCKS) as u64;
        newest.min(standing.head.height + most)
    }

    /// The blocks after the head up to `newest`, as many as one run takes.
    async fn blocks(
        &self,
        builder: &RunBuilder,
        standing: &Standing,
        newest: u64,
    ) -> Result<Vec<Fetched>, AdapterError> {
        let last = self.last(standing, newest);
        let wanted = Wanted { gateways: &standing.gateways, missing_only: false, room: ROOM };
        let mut blocks = Vec::new();
        let mut room = self.settings.most_bytes;
        let mut add = |chunk: Vec<Fetched>| {
            for block in chunk {
                if room == 0 {
                    break;
                }
                // What is left out of a block is filled in; a run that ends there makes that short.
                room = if block.partial { 0 } else { room.saturating_sub(block.size()) };
                blocks.push(block);
            }
            room > 0
        };
        let known = self.remembered(standing, last);
        let mut next = standing.head.height + 1 + known.len() as u64;
        let mut more = add(known);
        while more && next <= last {
            let end = last.min(next + CHUNK as u64 - 1);
            let chunk = self.chain().blocks(builder.config(), next..=end, wanted, true).await?;
            self.memory.lock().blocks.extend((next..).zip(chunk.iter().cloned()));
            more = add(chunk);
            next = end + 1;
        }
        Ok(blocks)
    }

    /// The shortest run there is, without any receipt: what moves the head on where receipts are in the way.
    async fn bare_run(&self, standing: &Standing, newest: u64) -> Result<Option<Evidence>, AdapterError> {
        let mut builder = builder(standing)?;
        let mut next = standing.head.height + 1;
        let last = self.last(standing, newest);
        while next <= last {
            let end = last.min(next + CHUNK as u64 - 1);
            for fetched in self.chain().blocks(builder.config(), next..=end, Wanted::NOTHING, true).await? {
                let refused = |refusal: Refusal| unprovable(standing.head.height + 1, &refusal);
                builder.push(fetched.block).map_err(refused)?;
                if let Some(BuiltRun { first, last, evidence }) = builder.take_run().map_err(refused)? {
                    tracing::warn!(
                        first,
                        last,
                        "receipts keep a run from ending: it goes without, to be filled in"
                    );
                    return Ok(Some(Evidence { first, last, bytes: evidence, proofs: 0 }));
                }
            }
            next = end + 1;
        }
        Ok(None)
    }

    /// Blocks known from an earlier call that follow the head without a gap.
    fn remembered(&self, standing: &Standing, last: u64) -> Vec<Fetched> {
        let mut memory = self.memory.lock();
        if memory.head.is_none_or(|(head, _)| head != standing.head) {
            memory.head = Some((standing.head, Instant::now()));
        }
        memory.blocks = memory.blocks.split_off(&(standing.head.height + 1));
        if !standing.gateways.iter().map(|gateway| gateway.id).eq(memory.gateways.iter().copied()) {
            memory.gateways = standing.gateways.iter().map(|gateway| gateway.id).collect();
            memory.blocks.clear(); // they prove no event of another gateway
        }
        let heights = standing.head.height + 1..=last;
        heights.map_while(|height| memory.blocks.get(&height).cloned()).collect()
    }

    /// How long the head has stood where it stands.
    fn idle(&self) -> Duration {
        self.memory.lock().head.map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }

    /// Adds other nodes' copies of the last headers: they may hold seals that the first node's do not.
    async fn add_copies(&self, builder: &mut RunBuilder, blocks: &[Fetched]) -> Result<(), AdapterError> {
        let last = builder.next_height() - 1;
        let first = (last + 1).saturating_sub(COPIES.min(blocks.len()) as u64);
        for height in first..=last {
            for copy in self.nodes.ask_all(|node| async move { node.raw_header(height).await }).await {
                if let Err(refusal) = builder.add_copy(&copy) {
                    tracing::debug!(height, %refusal, "a node's copy of a header is of no use");
                }
            }
        }
        Ok(())
    }

    /// The run to send, if there is one and it is worth sending.
    fn worth_sending(&self, run: Option<BuiltRun>, blocks: &[Fetched]) -> Option<Evidence> {
        let run = run?;
        let length = run.last - run.first + 1;
        let covered = blocks.iter().take(usize::try_from(length).unwrap_or(usize::MAX));
        let (mut proofs, mut partial) = (0, false);
        for block in covered {
            proofs += usize::from(block.has_events());
            partial |= block.partial;
        }
        let due = length >= self.settings.idle_headers || self.idle() >= self.settings.idle_time;
        (proofs > 0 || partial || due).then_some(Evidence {
            first: run.first,
            last: run.last,
            bytes: run.evidence,
            proofs,
        })
    }

    /// Adds the receipts of missing events to the blocks of a back-fill, from the first on, as many as fit beside the headers: the
    /// next back-fill continues. Answers what never fits.
    async fn add_missing(
        &self,
        config: &Config,
        standing: &Standing,
        heights: core::ops::RangeInclusive<u64>,
        blocks: &mut [Fetched],
    ) -> Result<Vec<TooLarge>, AdapterError> {
        let (mut left, mut full) = (room_beside_headers(blocks), false);
        let wanted = Wanted { gateways: &standing.gateways, missing_only: true, room: left };
        let mut too_large = Vec::new();
        let firsts = heights.clone().step_by(CHUNK);
        for (first, blocks) in firsts.zip(blocks.chunks_mut(CHUNK)) {
            let chunk = first..=(first + CHUNK as u64 - 1).min(*heights.end());
            for (block, fetched) in
                blocks.iter_mut().zip(self.chain().blocks(config, chunk, wanted, false).await?)
            {
                let size = fetched.receipts_size();
                too_large.extend(fetched.too_large);
                if size > left {
                    full = true;
                    break;
                }
                left -= size;
                block.block.receipts = fetched.block.receipts;
            }
            if full {
                break;
            }
        }
        for TooLarge { event, size } in &too_large {
            tracing::error!(gateway = %event.0, number = event.1, size, "the event's receipt is too large to be proven");
            self.memory.lock().unprovable.insert(*event);
        }
        Ok(too_large)
    }

    /// The next number to look for, if there is one: once it is recorded, so is all that was recorded above it. Those that
    /// cannot be proven are stepped over.
    fn sought(&self, gateway: &GatewayStanding) -> Option<u64> {
        let memory = self.memory.lock();
        let provable = |number: &u64| !memory.unprovable.contains(&(gateway.id, *number));
        if gateway.missing.is_empty() {
            let steps = memory.unprovable.len() as u64 + 1;
            (1..=steps).map(|step| gateway.number + step).find(provable)
        } else {
            // Above those, nothing tells what is recorded; with the next event recorded the ranges will.
            gateway.missing.iter().cloned().flatten().find(provable)
        }
    }

    /// The height of the event `number` of a gateway, if it stands at `last` or below.
    async fn find_event(
        &self,
        gateway: &GatewayStanding,
        number: u64,
        last: u64,
    ) -> Result<Option<u64>, AdapterError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Log {
            block_number: U64,
        }
        let searched = self.memory.lock().searched.get(&gateway.id).copied();
        let mut first = match searched {
            Some((for_number, to)) if for_number == number => to + 1,
            _ => gateway.height,
        };
        let address = <[u8; 20]>::try_from(gateway.address.as_slice()).map_err(|_| {
            AdapterError::Configuration(format!("gateway {}: an address of 20 bytes is expected", gateway.id))
        })?;
        while first <= last {
            let to = last.min(first + LOG_RANGE - 1);
            let params = json!([{
                "fromBlock": hex_quantity(first),
                "toBlock": hex_quantity(to),
                "address": Address::from(address),
                "topics": [null, B256::from(words::uint(number).0), B256::from(gateway.id.0)],
            }]);
            let logs: Vec<Log> = self
                .nodes
                .ask(Some(to), "eth_getLogs", |node| {
                    let params = params.clone();
                    async move {
                        // A node that lags says nothing of the logs it does not have.
                        if node.newest().await? < to {
                            return Err(NodeError::Missing(format!("block {to}")));
                        }
                        node.call("eth_getLogs", params).await
                    }
                })
                .await?;
            if let Some(log) = logs.first() {
                return Ok(Some(log.block_number.to()));
            }
            self.memory.lock().searched.insert(gateway.id, (number, to));
            first = to + 1;
        }
        Ok(None)
    }
}

#[async_trait]
impl Source for EvmSource {
    async fn head(&self) -> Result<Head, AdapterError> {
        let height = self.nodes.newest().await?;
        let block = self
            .nodes
            .ask(Some(height), "eth_getBlockByNumber", |node| async move { node.block(height).await })
            .await?;
        Ok(Head { height, hash: causeway_protocol::Hash(block.hash.0) })
    }

    async fn next(&self, standing: &Standing) -> Result<Option<Evidence>, AdapterError> {
        let newest = self.nodes.newest().await?;
        if newest <= standing.head.height {
            return Ok(None);
        }
        let mut builder = builder(standing)?;
        let blocks = self.blocks(&builder, standing, newest).await?;
        for fetched in &blocks {
            if let Err(refusal) = builder.push(fetched.block.clone()) {
                self.memory.lock().blocks.clear(); // they may be of a node that is on another chain
                return Err(unprovable(builder.next_height(), &refusal));
            }
        }
        let mut run = take_run(&mut builder)?;
        if let Some(obstacle) = builder.obstacle().filter(|_| builder.pending() > 0) {
            // Seals that one node lacks another may have; else a descendant brings the rest.
            tracing::debug!(pending = builder.pending(), %obstacle, "headers wait");
            if run.is_none() {
                self.add_copies(&mut builder, &blocks).await?;
                run = take_run(&mut builder)?;
            }
        }
        let size: usize = blocks.iter().map(Fetched::size).sum();
        let large = size >= self.settings.most_bytes || blocks.iter().any(|block| block.partial);
        if run.is_none() && large {
            return self.bare_run(standing, newest).await;
        }
        if run.is_none()
            && blocks.len() >= self.settings.most_headers
            && let Some(obstacle) = builder.obstacle()
        {
            return Err(unprovable(standing.head.height + 1, &obstacle));
        }
        Ok(self.worth_sending(run, &blocks))
    }

    async fn omitted(&self, standing: &Standing) -> Result<Option<u64>, AdapterError> {
        let mut lowest = None;
        for gateway in &standing.gateways {
            let Some(number) = self.sought(gateway) else { continue };
            let height = self.find_event(gateway, number, standing.head.height).await?;
            lowest = match (lowest, height) {
                (Some(lowest), Some(height)) => Some(u64::min(lowest, height)),
                (lowest, height) => lowest.or(height),
            };
        }
        Ok(lowest)
    }

    async fn back_fill(
        &self,
        standing: &Standing,
        from: u64,
        recorded: Recorded,
    ) -> Result<Evidence, AdapterError> {
        let most = MAX_BLOCKS as u64;
        if recorded.height < from || recorded.height - from >= most {
            let detail =
                format!("back-fill to recorded height {}: 1 to {most} headers are possible", recorded.height);
            return Err(AdapterError::Unprovable { height: from, detail });
        }
        let builder = builder(standing)?;
        let heights = from..=recorded.height;
        let mut blocks =
            self.chain().blocks(builder.config(), heights.clone(), Wanted::NOTHING, false).await?;
        let too_large = self.add_missing(builder.config(), standing, heights, &mut blocks).await?;
        let (proofs, last) = (blocks.iter().filter(|block| block.has_events()).count(), blocks.last());
        if let (0, Some(cause)) = (proofs, too_large.first()) {
            let ((gateway, number), size) = (cause.event, cause.size);
            let detail =
                format!("event {number} of {gateway}: a receipt of {size} bytes, more than evidence takes");
            return Err(AdapterError::Unprovable { height: from, detail });
        }
        if let Some(last) = last.filter(|last| last.hash != recorded.hash) {
            let (expected, came) = (recorded.hash.to_string(), last.hash.to_string());
            return Err(AdapterError::Inconsistent { what: "the recorded block's hash", expected, came });
        }
        let blocks: Vec<_> = blocks.into_iter().map(|fetched| fetched.block).collect();
        let bytes = back_fill(standing.family, builder.config(), &blocks)
            .map_err(|refusal| unprovable(from, &refusal))?;
        Ok(Evidence { first: from, last: recorded.height, bytes, proofs })
    }

    fn health(&self) -> Health {
        Health { head: self.nodes.known_height(), nodes: self.nodes.health() }
    }
}

/// Bytes that receipts can have in a back-fill of these blocks.
fn room_beside_headers(blocks: &[Fetched]) -> usize {
    let headers: usize = blocks.iter().map(|block| block.block.raw.len() + 64).sum();
    MAX_EVIDENCE.saturating_sub(headers + BESIDE / 8)
}

/// The run that can be cut off; none if a block alone is too large: it goes without receipts.
fn take_run(builder: &mut RunBuilder) -> Result<Option<BuiltRun>, AdapterError> {
    match builder.take_run() {
        Err(Refusal::TooLarge { .. }) => Ok(None),
        run => run.map_err(|refusal| unprovable(builder.next_height(), &refusal)),
    }
}

fn builder(standing: &Standing) -> Result<RunBuilder, AdapterError> {
    let state = ClientState { family: standing.family, bytes: standing.client_state.clone() };
    RunBuilder::new(standing.family, &state)
        .map_err(|refusal| AdapterError::Configuration(format!("the hub's client state: {refusal}")))
}

fn unprovable(height: u64, refusal: &Refusal) -> AdapterError {
    AdapterError::Unprovable { height, detail: refusal.to_string() }
}
