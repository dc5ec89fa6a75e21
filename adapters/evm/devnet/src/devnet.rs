//! A running devnet and its controls.

use std::sync::Arc;
use std::time::Duration;

use causeway_protocol::{Address, Hash};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::block::Block;
use crate::chain::Chain;
use crate::config::{DevnetConfig, Mining};
use crate::key::Key;
use crate::rpc::{Endpoint, Faults};
use crate::wallet::Receipt;
use crate::{DevnetError, rpc};

/// A chain in this process, with an RPC endpoint. It ends when it is dropped.
pub struct Devnet {
    config: DevnetConfig,
    chain: Arc<Chain>,
    endpoint: Endpoint,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// A block's sealed header, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBlock {
    /// Its height.
    pub number: u64,
    /// Its block hash.
    pub hash: Hash,
    /// Its header's RLP, seals included.
    pub header: Vec<u8>,
    /// How many transactions it holds.
    pub transactions: usize,
}

/// Two sealed headers of one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    /// The block that the chain went on from.
    pub kept: SealedBlock,
    /// The RLP of the other header.
    pub other: Vec<u8>,
    /// The other header's block hash.
    pub other_hash: Hash,
}

impl Devnet {
    /// Starts a chain with its genesis block, block production as configured, and an RPC endpoint on 127.0.0.1.
    pub async fn start(mut config: DevnetConfig) -> Result<Self, DevnetError> {
        let chain = Chain::genesis(&config)?;
        config.genesis_time = Some(chain.head().header.timestamp);
        Self::run(config, chain).await
    }

    /// Starts a twin: another chain of the same genesis file, the same validators and the same accounts.
    pub async fn twin(&self) -> Result<Self, DevnetError> {
        Self::start(DevnetConfig { port: 0, ..self.config.clone() }).await
    }

    /// Starts a fork: a chain of the same validators that shares this one's blocks up to `height`. What they seal there
    /// equivocates on what they seal here.
    pub async fn fork(&self, height: u64) -> Result<Self, DevnetError> {
        let chain = self.chain.fork(height)?;
        Self::run(DevnetConfig { port: 0, ..self.config.clone() }, chain).await
    }

    async fn run(config: DevnetConfig, chain: Chain) -> Result<Self, DevnetError> {
        let (chain, stop) = (Arc::new(chain), CancellationToken::new());
        let endpoint = rpc::serve(chain.clone(), config.port, stop.clone()).await?;
        if let Mining::Automatic { block_time, empty_block_time } = config.mining {
            let production = produce(chain.clone(), block_time, empty_block_time);
            let stopped = stop.clone();
            tokio::spawn(async move { stopped.run_until_cancelled(production).await });
        }
        Ok(Self { config, chain, endpoint, _stop_on_drop: stop.clone().drop_guard(), stop })
    }

    /// URL of the first RPC endpoint.
    pub fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// Opens one more RPC endpoint, as of another node of the same chain, with faults of its own. It closes with the
    /// devnet.
    pub async fn endpoint(&self) -> Result<Endpoint, DevnetError> {
        rpc::serve(self.chain.clone(), 0, self.stop.clone()).await
    }

    /// Faults of the first RPC endpoint.
    pub fn faults(&self) -> &Faults {
        self.endpoint.faults()
    }

    /// What it was started with; the genesis time is filled in.
    pub fn config(&self) -> &DevnetConfig {
        &self.config
    }

    /// Keys of the funded accounts.
    pub fn keys(&self) -> &[Key] {
        &self.config.accounts
    }

    /// Addresses of the validators, ascending: those that seal the next block, except where a contract names them; then
    /// those that sealed the newest one.
    pub fn validators(&self) -> Vec<Address> {
        self.chain.validators.lock().current().iter().map(Key::address).collect()
    }

    /// The genesis header's RLP.
    pub fn genesis_header(&self) -> Vec<u8> {
        self.chain.read(|history| history.block(0).map(|block| block.raw_header.clone())).unwrap_or_default()
    }

    /// Height of the newest block.
    pub fn height(&self) -> u64 {
        self.chain.head().header.number
    }

    /// The block of this height.
    pub fn block(&self, number: u64) -> Option<SealedBlock> {
        self.chain.read(|history| history.block(number).map(|block| sealed(block)))
    }

    /// The hash of the block of this height.
    pub fn block_hash(&self, number: u64) -> Option<Hash> {
        self.chain.read(|history| history.block(number).map(|block| Hash(block.hash.0)))
    }

    /// Waits until there is a block of this height. Returns the height of the newest one then.
    pub async fn reached(&self, number: u64) -> u64 {
        let mut heights = self.chain.heights();
        // The sender lives in the chain, which `self` holds, so waiting cannot fail.
        heights.wait_for(|height| *height >= number).await.map_or(number, |height| *height)
    }

    /// Puts a signed transaction among those that wait for a block, as `eth_sendRawTransaction` does. Returns its hash.
    pub fn submit(&self, raw: &[u8]) -> Result<Hash, DevnetError> {
        self.chain
            .submit(raw)
            .map(|hash| Hash(hash.0))
            .map_err(|refusal| DevnetError::Refused(refusal.to_string()))
    }

    /// The receipt of a transaction, once it is in a block.
    pub fn receipt(&self, transaction: Hash) -> Option<Receipt> {
        self.chain.read(|history| {
            let place = history.transaction(&transaction.0.into())?;
            let outcome = history.block(place.block)?.outcomes.get(place.index)?;
            Some(Receipt {
                transaction,
                block: place.block,
                success: outcome.receipt.status(),
                created: outcome.created.map(|created| Address(created.into_array())),
                gas_used: outcome.gas_used,
            })
        })
    }

    /// Whether a transaction waits for a block.
    pub(crate) fn is_waiting(&self, transaction: Hash) -> bool {
        self.chain.waiting(&transaction.0.into()).is_some()
    }

    /// The nonce of an account's next transaction, those that wait counted.
    pub fn next_nonce(&self, address: Address) -> u64 {
        self.chain.pending_nonce(&address.0.into())
    }

    /// How many transactions wait for a block.
    pub fn waiting(&self) -> usize {
        self.chain.waiting_count()
    }

    /// Makes a block now, of whatever waits.
    pub fn mine(&self) -> Result<SealedBlock, DevnetError> {
        self.chain.mine().map(|block| sealed(&block))
    }

    /// Stops automatic block production until [`Self::resume`].
    pub fn pause(&self) {
        self.chain.pause(true);
    }

    /// Goes on after [`Self::pause`].
    pub fn resume(&self) {
        self.chain.pause(false);
    }

    /// The chain's clock, Unix seconds.
    pub fn time(&self) -> u64 {
        self.chain.clock.now()
    }

    /// Sets the chain's clock, which then stands still. Block time never goes backwards, even if this does.
    pub fn set_time(&self, seconds: u64) {
        self.chain.clock.set(seconds);
    }

    /// Moves the chain's clock ahead by whole seconds.
    pub fn advance_time(&self, by: Duration) {
        self.chain.clock.advance(by);
    }

    /// Seals the next block in `round` (QBFT, IBFT 2.0), by the proposer whose turn that is.
    pub fn seal_next_in_round(&self, round: u32) {
        self.chain.validators.lock().seal_in_round(round);
    }

    /// Puts `seals` commit seals on the next block, instead of a quorum.
    pub fn seal_next_with(&self, seals: usize) {
        self.chain.validators.lock().seal_with(seals);
    }

    /// Adds a validator: it is in the next block's set.
    pub fn add_validator(&self, key: Key) -> Result<(), DevnetError> {
        self.chain.validators.lock().add(key)
    }

    /// Removes a validator: it is not in the next block's set.
    pub fn remove_validator(&self, address: Address) -> Result<(), DevnetError> {
        self.chain.validators.lock().remove(address)
    }

    /// Replaces the whole set at once, from the next block on: more than an honest chain's votes can do.
    pub fn replace_validators(&self, keys: Vec<Key>) -> Result<(), DevnetError> {
        self.chain.validators.lock().replace(keys)
    }

    /// Makes the next block and a second header of the same height, sealed by the same validators.
    pub fn equivocate(&self) -> Result<Equivocation, DevnetError> {
        let (kept, other) = self.chain.equivocate()?;
        Ok(Equivocation { kept: sealed(&kept), other: other.raw, other_hash: Hash(other.hash.0) })
    }
}

fn sealed(block: &Block) -> SealedBlock {
    SealedBlock {
        number: block.header.number,
        hash: Hash(block.hash.0),
        header: block.raw_header.clone(),
        transactions: block.transactions.len(),
    }
}

/// Makes blocks while transactions wait, and empty ones now and then.
async fn produce(chain: Arc<Chain>, block_time: Duration, empty_block_time: Option<Duration>) {
    let mut last = Instant::now();
    loop {
        let idle = async {
            match empty_block_time {
                Some(time) => tokio::time::sleep_until(last + time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = chain.work.notified() => {}
            () = idle => {}
        }
        while chain.is_paused() {
            chain.work.notified().await;
        }
        tokio::time::sleep_until(last + block_time).await;
        let empty_due = empty_block_time.is_some_and(|time| last.elapsed() >= time);
        if !empty_due && !chain.has_ready() {
            continue;
        }
        let mining = chain.clone();
        match tokio::task::spawn_blocking(move || mining.mine()).await {
            Ok(Ok(block)) => tracing::debug!(number = block.header.number, hash = %block.hash, "block"),
            Ok(Err(error)) => tracing::error!(%error, "no block"),
            Err(error) => tracing::error!(%error, "no block"),
        }
        last = Instant::now();
        if chain.has_ready() {
            // Permits do not add up, and what was submitted while mining may not have fitted.
            chain.work.notify_one();
        }
    }
}
