//! A network of GoQuorum nodes on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use causeway_process::{Port, Process, tail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::geth;
use crate::genesis::genesis;
use crate::keys::Key;
use crate::rpc::{Rpc, shape};
use crate::transaction::Transaction;
use crate::{NetworkConfig, NodeError};

/// How long nodes may take to find each other and make the first block; generous, for busy machines.
const START: Duration = Duration::from_mins(2);

/// How long anything else that the chain does by itself may take, beyond the blocks it needs.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a chain in contract mode may stand still before its nodes are told to read the validators anew.
const STALL: Duration = Duration::from_secs(15);

/// Between two looks at something awaited.
const POLL: Duration = Duration::from_millis(100);

/// Log lines shown with a failure.
const LOG_LINES: usize = 30;

/// A running network. Dropping it kills its nodes and removes their folder, unless `CAUSEWAY_KEEP_NODES=1`.
#[derive(Debug)]
pub struct Network {
    config: NetworkConfig,
    binary: PathBuf,
    genesis: Value,
    nodes: Vec<Node>,
    accounts: Vec<Key>,
    // After `nodes`, so that processes end before their folder goes.
    folder: Option<TempDir>,
}

#[derive(Debug)]
struct Node {
    key: Key,
    folder: PathBuf,
    log: PathBuf,
    http: Port,
    p2p: Port,
    rpc: Rpc,
    process: Mutex<Option<Process>>,
}

impl Network {
    /// Builds the node if need be, starts the network and waits until every node has block 1.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] when there is no binary to run; anything else means that it ran and failed.
    pub async fn start(config: NetworkConfig) -> Result<Self, NodeError> {
        config.check()?;
        let binary = geth().await?;
        let network = Self::prepare(config, binary)?;
        for index in 0..network.nodes.len() {
            network.restart(index)?;
        }
        network.wait_for_all(1, START).await?;
        Ok(network)
    }

    /// [`Network::start`], but `None` after printing `skipped: …` where nodes cannot be had and are not demanded
    /// (`CAUSEWAY_REQUIRE_NODES=1`).
    ///
    /// # Errors
    /// As [`Network::start`]; [`NodeError::Unavailable`] only when nodes are demanded.
    pub async fn start_or_skip(config: NetworkConfig) -> Result<Option<Self>, NodeError> {
        match Self::start(config).await {
            Err(NodeError::Unavailable { reason })
                if std::env::var_os("CAUSEWAY_REQUIRE_NODES").is_none_or(|set| set != "1") =>
            {
                eprintln!("skipped: GoQuorum is not available: {reason}");
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Lays out folders, keys and genesis; starts nothing.
    fn prepare(config: NetworkConfig, binary: PathBuf) -> Result<Self, NodeError> {
        let folder = tempfile::Builder::new()
            .prefix("causeway-goquorum-")
            .tempdir()
            .map_err(NodeError::io("creating a folder in", std::env::temp_dir()))?;
        let seed = config.seed.clone().unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
        let accounts = (0..config.accounts)
            .map(|index| Key::derive(&seed, "account", index))
            .collect::<Result<Vec<_>, _>>()?;
        let nodes = (0..config.validators + config.candidates)
            .map(|index| {
                Node::new(Key::derive(&seed, "node", index)?, folder.path().join(format!("node-{index}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let validators: Vec<[u8; 20]> =
            nodes[..config.validators].iter().map(|node| node.key.address()).collect();
        let funded: Vec<[u8; 20]> = accounts.iter().map(Key::address).collect();
        let genesis = genesis(&config, &validators, &funded);
        let enodes: Vec<String> = nodes.iter().map(Node::enode).collect();
        for node in &nodes {
            node.lay_out(&genesis, &enodes)?;
        }
        Ok(Self { config, binary, genesis, nodes, accounts, folder: Some(folder) })
    }

    /// The configuration it was started with.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// The genesis file.
    pub fn genesis(&self) -> &Value {
        &self.genesis
    }

    /// The funded accounts.
    pub fn accounts(&self) -> &[Key] {
        &self.accounts
    }

    /// The nodes' keys: first the validators of block 0, then the candidates.
    pub fn node_keys(&self) -> Vec<&Key> {
        self.nodes.iter().map(|node| &node.key).collect()
    }

    /// HTTP JSON-RPC URLs, a node each.
    pub fn rpc_urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.rpc.url().to_owned()).collect()
    }

    /// JSON-RPC of node `index`.
    pub fn rpc(&self, index: usize) -> Result<&Rpc, NodeError> {
        Ok(&self.node(index)?.rpc)
    }

    /// Waits until every running node has block `number`.
    pub async fn wait_for_block(&self, number: u64) -> Result<(), NodeError> {
        let blocks = Duration::from_secs(number.saturating_mul(self.config.block_period).saturating_mul(2));
        self.wait_for_all(number, PATIENCE + blocks).await
    }

    /// Votes on a majority of the current validators to add (`true`) or remove (`false`) `validator`, and waits until
    /// it shows in the set that node 0 reports.
    pub async fn propose(&self, validator: [u8; 20], add: bool) -> Result<(), NodeError> {
        let rpc = &self.running()?.rpc;
        let set = rpc.validators_after(rpc.block_number().await?).await?;
        let voters = self.nodes.iter().filter(|node| node.is_running() && set.contains(&node.key.address()));
        for voter in voters.take(set.len() / 2 + 1) {
            let params = json!([const_hex::encode_prefixed(validator), add]);
            voter.rpc.call::<Value>("istanbul_propose", params).await?;
        }
        let what = format!("the vote on {} to pass", const_hex::encode_prefixed(validator));
        self.until(&what, PATIENCE, async || {
            let set = rpc.validators_after(rpc.block_number().await?).await?;
            Ok((set.contains(&validator) == add).then_some(()))
        })
        .await
    }

    /// SIGSTOPs node `index`: it keeps its connections and does nothing.
    pub fn pause(&self, index: usize) -> Result<(), NodeError> {
        self.node(index)?.with_process(index, Process::pause)
    }

    /// SIGCONTs node `index`.
    pub fn resume(&self, index: usize) -> Result<(), NodeError> {
        self.node(index)?.with_process(index, Process::resume)
    }

    /// SIGKILLs node `index`; its folder stays.
    pub fn kill(&self, index: usize) -> Result<(), NodeError> {
        drop(self.node(index)?.process().take());
        Ok(())
    }

    /// Starts node `index` on the folder and ports it had, killing it first if it runs.
    pub fn restart(&self, index: usize) -> Result<(), NodeError> {
        let node = self.node(index)?;
        let mut process = node.process();
        drop(process.take());
        node.init(&self.binary)?;
        *process = Some(node.start(&self.binary, self.config.chain_id)?);
        Ok(())
    }

    /// Sends a transaction of `account` to a running node (a creation when `to` is `None`) and waits for its receipt,
    /// as JSON-RPC gives it.
    pub async fn transact(
        &self,
        account: &Key,
        to: Option<[u8; 20]>,
        data: Vec<u8>,
    ) -> Result<Value, NodeError> {
        let rpc = &self.running()?.rpc;
        let method = "eth_getTransactionCount";
        let sender = const_hex::encode_prefixed(account.address());
        let nonce: String = rpc.call(method, json!([sender, "pending"])).await?;
        let digits = nonce.strip_prefix("0x").unwrap_or(&nonce);
        let nonce = u64::from_str_radix(digits, 16).map_err(|_| shape(method, "a quantity", &nonce))?;
        let transaction = Transaction { chain_id: self.config.chain_id, nonce, gas: 10_000_000, to, data };
        let raw = const_hex::encode_prefixed(transaction.sign(account));
        let hash: String = rpc.call("eth_sendRawTransaction", json!([raw])).await?;
        self.until(&format!("the receipt of {hash}"), PATIENCE, async || {
            let receipt: Value = rpc.call("eth_getTransactionReceipt", json!([hash])).await?;
            Ok((!receipt.is_null()).then_some(receipt))
        })
        .await
    }

    /// Has every running node stop and start sealing, which makes it read the validators anew.
    ///
    /// In contract mode, a node that has cached an old set when the contract changes proposes and answers by it, and
    /// the chain can stall there; this cures it. Waiting for blocks in contract mode does it on its own.
    pub async fn restart_sealing(&self) -> Result<(), NodeError> {
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            node.rpc.call::<Value>("miner_stop", json!([])).await?;
            node.rpc.call::<Value>("miner_start", json!([1])).await?;
        }
        Ok(())
    }

    async fn wait_for_all(&self, number: u64, patience: Duration) -> Result<(), NodeError> {
        let start = Instant::now();
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            let what = format!("block {number} at {}", node.rpc.url());
            let reached = async || Ok((node.rpc.block_number().await? >= number).then_some(()));
            while self.config.validator_contract.is_some() && start.elapsed() < patience {
                match self.until(&what, STALL, reached).await {
                    Err(NodeError::Timeout { .. }) => self.restart_sealing().await?,
                    other => {
                        other?;
                        break;
                    }
                }
            }
            self.until(&what, patience, reached).await?;
        }
        Ok(())
    }

    /// Polls `look` until it answers, a node ends, or patience does. Errors of `look` are only looked at again: a
    /// node that starts or catches up refuses connections and calls for a while.
    async fn until<T>(
        &self,
        what: &str,
        patience: Duration,
        look: impl AsyncFn() -> Result<Option<T>, NodeError>,
    ) -> Result<T, NodeError> {
        let start = Instant::now();
        loop {
            let seen = look().await;
            if let Ok(Some(answer)) = seen {
                return Ok(answer);
            }
            self.check_alive()?;
            if start.elapsed() > patience {
                let what =
                    seen.err().map_or_else(|| what.to_owned(), |error| format!("{what} (last: {error})"));
                let log = self.nodes.first().map_or_else(String::new, |node| tail(&node.log, LOG_LINES));
                return Err(NodeError::Timeout { what, waited: start.elapsed(), index: 0, log });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn check_alive(&self) -> Result<(), NodeError> {
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some(status) = node.process().as_mut().and_then(Process::ended) {
                let log = tail(&node.log, LOG_LINES);
                return Err(NodeError::Ended { index, status: status.to_string(), log });
            }
        }
        Ok(())
    }

    fn node(&self, index: usize) -> Result<&Node, NodeError> {
        self.nodes.get(index).ok_or(NodeError::NoSuch { what: "node", index, count: self.nodes.len() })
    }

    fn running(&self) -> Result<&Node, NodeError> {
        let running = self.nodes.iter().find(|node| node.is_running());
        running.ok_or(NodeError::NoSuch { what: "running node", index: 0, count: 0 })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (index, node) in self.nodes.iter().enumerate() {
                eprintln!("--- end of node {index}'s log\n{}", tail(&node.log, LOG_LINES));
            }
        }
        for node in &self.nodes {
            drop(node.process().take());
        }
        if std::env::var_os("CAUSEWAY_KEEP_NODES").is_some_and(|set| set == "1")
            && let Some(folder) = self.folder.take()
        {
            eprintln!("kept the nodes' folders: {}", folder.keep().display());
        }
    }
}

impl Node {
    fn new(key: Key, folder: PathBuf) -> Result<Self, NodeError> {
        let reserve = || Port::reserve().map_err(NodeError::io("reserving", "a port"));
        let (http, p2p) = (reserve()?, reserve()?);
        let rpc = Rpc::new(format!("http://127.0.0.1:{}", http.number()))?;
        let log = folder.join("log");
        Ok(Self { key, folder, log, http, p2p, rpc, process: Mutex::new(None) })
    }

    fn enode(&self) -> String {
        format!("enode://{}@127.0.0.1:{}?discport=0", self.key.enode_id(), self.p2p.number())
    }

    /// Writes what the node reads at its start.
    fn lay_out(&self, genesis: &Value, enodes: &[String]) -> Result<(), NodeError> {
        let instance = self.folder.join("geth");
        fs::create_dir_all(&instance).map_err(NodeError::io("creating", &instance))?;
        write(&self.folder.join("genesis.json"), &genesis.to_string())?;
        write(&instance.join("static-nodes.json"), &json!(enodes).to_string())?;
        write(&instance.join("nodekey"), &const_hex::encode(self.key.secret()))?;
        // `--port` would listen on every interface.
        let listen = format!("[Node.P2P]\nListenAddr = \"127.0.0.1:{}\"\n", self.p2p.number());
        write(&self.folder.join("config.toml"), &listen)
    }

    /// Writes the genesis block into the database, once.
    fn init(&self, binary: &Path) -> Result<(), NodeError> {
        if self.folder.join("geth/chaindata").exists() {
            return Ok(());
        }
        let arguments = ["--datadir", &self.path("."), "init", &self.path("genesis.json")].map(str::to_owned);
        let run = std::process::Command::new(binary).args(arguments).env("PRIVATE_CONFIG", "ignore").output();
        let done = run.map_err(NodeError::io("starting", binary))?;
        if done.status.success() {
            return Ok(());
        }
        Err(NodeError::Config(format!("genesis refused: {}", String::from_utf8_lossy(&done.stderr))))
    }

    fn arguments(&self, network_id: u64) -> Vec<String> {
        let settings: [(&str, String); 12] = [
            ("--datadir", self.path(".")),
            ("--config", self.path("config.toml")),
            ("--networkid", network_id.to_string()),
            ("--syncmode", "full".to_owned()),
            ("--gcmode", "archive".to_owned()),
            ("--cache", "64".to_owned()),
            ("--verbosity", "3".to_owned()),
            ("--miner.threads", "1".to_owned()),
            ("--miner.gasprice", "0".to_owned()),
            ("--txpool.accountqueue", "4096".to_owned()),
            ("--http.port", self.http.number().to_string()),
            ("--http.api", "admin,eth,debug,istanbul,miner,net,txpool,web3".to_owned()),
        ];
        let switches = ["--nodiscover", "--ipcdisable", "--mine", "--http"].map(str::to_owned);
        let rest = ["--nat", "none", "--http.addr", "127.0.0.1"].map(str::to_owned);
        settings
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value])
            .chain(switches)
            .chain(rest)
            .collect()
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs the node.
    fn start(&self, binary: &Path, chain_id: u64) -> Result<Process, NodeError> {
        let mut command = std::process::Command::new(binary);
        // GoQuorum refuses to start without a word about its private transactions; `ignore` turns them off.
        command.args(self.arguments(chain_id)).env("PRIVATE_CONFIG", "ignore");
        Process::start(command, &self.log).map_err(NodeError::io("starting", binary))
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it can answer: started, and not paused.
    fn is_running(&self) -> bool {
        self.process().as_ref().is_some_and(|process| !process.is_paused())
    }

    fn with_process(
        &self,
        index: usize,
        act: impl FnOnce(&mut Process) -> std::io::Result<()>,
    ) -> Result<(), NodeError> {
        match self.process().as_mut() {
            Some(process) => act(process).map_err(NodeError::io("signalling the node in", &self.folder)),
            None => Err(NodeError::NoSuch { what: "running node", index, count: 0 }),
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), NodeError> {
    fs::write(path, text).map_err(NodeError::io("writing", path))
}
