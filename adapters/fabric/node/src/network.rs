//! A channel of Fabric nodes on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use causeway_process::Port;
use serde_json::Value;
use tempfile::TempDir;

use crate::chaincode::{Deployed, write_builder};
use crate::command::Tool;
use crate::crypto::{Organisation, generate};
use crate::files::{self, OrdererPorts, PROFILE};
use crate::node::{POLL, Plan, Server};
use crate::{Binaries, Identity, NetworkConfig, NodeError};

/// How long anything that the network does by itself may take; generous, for busy machines.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running network. Dropping it kills its nodes and removes their folder, unless `CAUSEWAY_KEEP_NODES=1`.
#[derive(Debug)]
pub struct Network {
    pub(crate) config: NetworkConfig,
    pub(crate) binaries: Binaries,
    pub(crate) organisations: Vec<Organisation>,
    pub(crate) orderer: Server,
    pub(crate) chaincodes: Vec<Deployed>,
    pub(crate) path: PathBuf,
    // After the processes, so that they end before their folder goes.
    folder: Option<TempDir>,
}

/// One of the network's processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// The orderer.
    Orderer,
    /// A peer.
    Peer {
        /// Its organisation, from 0.
        organisation: usize,
        /// Which of its peers, from 0.
        peer: usize,
    },
    /// The process of a chaincode, by its name.
    Chaincode(String),
}

impl Network {
    /// Builds Fabric if need be, starts the network and waits until every peer has joined the channel.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] when there are no binaries to run; anything else means that they ran and failed.
    pub async fn start(config: NetworkConfig) -> Result<Self, NodeError> {
        config.check()?;
        let binaries = Binaries::find().await?;
        let network = Self::prepare(config, binaries).await?;
        network.start_ordering().await?;
        for organisation in &network.organisations {
            network.start_peers(organisation).await?;
        }
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
                eprintln!("skipped: Hyperledger Fabric is not available: {reason}");
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Lays out folders, keys and configuration; starts nothing.
    async fn prepare(config: NetworkConfig, binaries: Binaries) -> Result<Self, NodeError> {
        let folder = tempfile::Builder::new()
            .prefix("causeway-fabric-")
            .tempdir()
            .map_err(NodeError::io("creating a folder in", std::env::temp_dir()))?;
        let path = folder.path().to_owned();
        generate(&binaries, &path, 1..=config.organisations, config.peers).await?;
        write_builder(&path.join("builder"))?;
        write(&path.join("client/core.yaml"), &files::client())?;

        let crypto = path.join("crypto");
        let mut organisations = Vec::new();
        for number in 1..=config.organisations {
            let mut organisation = Organisation::numbered(&crypto, number);
            lay_out_peers(&path, &binaries, &mut organisation, config.peers)?;
            organisations.push(organisation);
        }
        let [service, admin] = [reserve()?, reserve()?];
        let ports = OrdererPorts { service: service.number(), admin: admin.number() };
        let home = path.join("orderer");
        write(&home.join("orderer.yaml"), &files::orderer(&home, &crypto, &organisations, ports))?;
        let orderer = Server::new(Plan {
            name: "the orderer".into(),
            port: service,
            more_ports: vec![admin],
            log: home.join("log"),
            program: binaries.path("orderer"),
            arguments: Vec::new(),
            environment: vec![("FABRIC_CFG_PATH".into(), home.display().to_string())],
        });
        write(
            &path.join("channel/configtx.yaml"),
            &files::configtx(&config, &crypto, &organisations, ports),
        )?;
        let (folder, chaincodes) = (Some(folder), Vec::new());
        Ok(Self { config, binaries, organisations, orderer, chaincodes, path, folder })
    }

    /// Starts the orderer and opens the channel there.
    async fn start_ordering(&self) -> Result<(), NodeError> {
        self.orderer.start().await?;
        self.open_channel().await
    }

    /// Makes the channel's first block and hands it to the orderer.
    async fn open_channel(&self) -> Result<(), NodeError> {
        let (channel, block) = (&self.config.channel, self.first_block().display().to_string());
        let arguments = ["-profile", PROFILE, "-channelID", channel, "-outputBlock", &block];
        self.tool("configtxgen", &arguments).configured(&self.path.join("channel")).run().await?;
        let admin = format!("127.0.0.1:{}", self.orderer.more_port(0));
        let join = [
            "channel",
            "join",
            "--orderer-address",
            &admin,
            "--channelID",
            channel,
            "--config-block",
            &block,
        ];
        self.orderer
            .wait("the orderer to take the channel", PATIENCE, async || {
                Ok(self.tool("osnadmin", &join).run().await.is_ok())
            })
            .await
    }

    /// Opens another channel of the same orderer, organisations and peers, and defines every chaincode there too: a sibling,
    /// whose blocks the same keys sign.
    pub async fn open_sibling(&mut self, channel: &str) -> Result<(), NodeError> {
        let own = std::mem::replace(&mut self.config.channel, channel.into());
        let opened = self.open_beside().await;
        self.config.channel = own;
        opened
    }

    async fn open_beside(&self) -> Result<(), NodeError> {
        self.config.check()?;
        self.open_channel().await?;
        for organisation in &self.organisations {
            self.join(organisation).await?;
        }
        for chaincode in &self.chaincodes {
            self.define(chaincode).await?;
        }
        Ok(())
    }

    /// Starts an organisation's peers and has them join the channel.
    pub(crate) async fn start_peers(&self, organisation: &Organisation) -> Result<(), NodeError> {
        for peer in &organisation.peers {
            peer.start().await?;
        }
        self.join(organisation).await
    }

    async fn join(&self, organisation: &Organisation) -> Result<(), NodeError> {
        let (admin, block) = (organisation.user("Admin")?, self.first_block().display().to_string());
        for address in organisation.peer_addresses() {
            self.peer_command(&admin, &address, &["channel", "join", "-b", &block]).await?;
        }
        Ok(())
    }

    fn first_block(&self) -> PathBuf {
        self.path.join("channel").join(format!("{}.block", self.config.channel))
    }

    /// The channel's name.
    pub fn channel(&self) -> &str {
        &self.config.channel
    }

    /// The organisations, in the order in which they joined.
    pub fn organisations(&self) -> &[Organisation] {
        &self.organisations
    }

    /// Where the orderer listens for clients, `127.0.0.1:port`.
    pub fn orderer_address(&self) -> String {
        self.orderer.address()
    }

    /// The certificate that the orderer's TLS certificate chains to, PEM.
    pub fn orderer_tls_root(&self) -> Result<String, NodeError> {
        let path = files::orderer_root(&self.path.join("crypto"));
        fs::read_to_string(&path).map_err(NodeError::io("reading", path))
    }

    /// Kills a process by SIGKILL; its folder stays.
    pub fn kill(&self, node: &Node) -> Result<(), NodeError> {
        self.server(node).map(Server::kill)
    }

    /// Starts a process again, killing it first if it runs, and waits until it listens.
    pub async fn restart(&self, node: &Node) -> Result<(), NodeError> {
        self.server(node)?.start().await
    }

    /// Stops a process where it stands, with its sockets open.
    pub fn pause(&self, node: &Node) -> Result<(), NodeError> {
        self.server(node)?.pause()
    }

    /// Lets a paused process go on.
    pub fn resume(&self, node: &Node) -> Result<(), NodeError> {
        self.server(node)?.resume()
    }

    fn server(&self, node: &Node) -> Result<&Server, NodeError> {
        let found = match node {
            Node::Orderer => Some(&self.orderer),
            Node::Peer { organisation, peer } => {
                self.organisations.get(*organisation).and_then(|organisation| organisation.peers.get(*peer))
            }
            Node::Chaincode(name) => {
                self.chaincodes.iter().find(|chaincode| chaincode.name == *name).map(|found| &found.server)
            }
        };
        found.ok_or_else(|| NodeError::NoSuch { what: "node", name: format!("{node:?}") })
    }

    /// A block as the orderer serves it, `common.Block`.
    pub async fn block(&self, number: u64) -> Result<Vec<u8>, NodeError> {
        self.fetch(&number.to_string()).await
    }

    /// The newest config block, `common.Block`.
    pub async fn config_block(&self) -> Result<Vec<u8>, NodeError> {
        self.fetch("config").await
    }

    async fn fetch(&self, which: &str) -> Result<Vec<u8>, NodeError> {
        let file = tempfile::NamedTempFile::new_in(&self.path)
            .map_err(NodeError::io("creating a file in", &self.path))?;
        let path = file.path().display().to_string();
        let (admin, address) = self.first_admin()?;
        let arguments = ["channel", "fetch", which, &path, "-c", &self.config.channel];
        let arguments = self.ordered(&admin, &arguments);
        self.insist(&admin, &address, &arguments).await?;
        fs::read(file.path()).map_err(NodeError::io("reading", file.path()))
    }

    /// The first organisation's administrator, and its first peer's address.
    pub(crate) fn first_admin(&self) -> Result<(Identity, String), NodeError> {
        let organisation = self.organisation(0)?;
        Ok((organisation.user("Admin")?, organisation.first_peer()?))
    }

    pub(crate) fn organisation(&self, index: usize) -> Result<&Organisation, NodeError> {
        let none = || NodeError::NoSuch { what: "organisation", name: index.to_string() };
        self.organisations.get(index).ok_or_else(none)
    }

    /// `arguments`, and those that say how `identity` talks to the orderer.
    pub(crate) fn ordered(&self, identity: &Identity, arguments: &[&str]) -> Vec<String> {
        let root = files::orderer_root(&self.path.join("crypto"));
        let [root, certificate, key] =
            [&root, &identity.tls.certificate, &identity.tls.key].map(|path| path.display().to_string());
        let orderer = self.orderer.address();
        let how = ["-o", &orderer, "--tls", "--cafile", &root, "--clientauth"];
        let who = ["--certfile", &certificate, "--keyfile", &key];
        arguments.iter().chain(&how).chain(&who).map(ToString::to_string).collect()
    }

    /// Runs `peer` with `arguments` as `identity`, and answers its standard output.
    pub(crate) async fn peer_command<A: AsRef<str>>(
        &self,
        identity: &Identity,
        address: &str,
        arguments: &[A],
    ) -> Result<Vec<u8>, NodeError> {
        let tool = self.tool("peer", arguments).configured(&self.path.join("client"));
        tool.identified(identity, address).run().await
    }

    /// [`Self::peer_command`], again and again until it succeeds: an orderer without a raft leader refuses for a while.
    pub(crate) async fn insist<A: AsRef<str>>(
        &self,
        identity: &Identity,
        address: &str,
        arguments: &[A],
    ) -> Result<Vec<u8>, NodeError> {
        let start = Instant::now();
        loop {
            match self.peer_command(identity, address, arguments).await {
                Err(NodeError::Command { .. }) if start.elapsed() < PATIENCE => {
                    tokio::time::sleep(POLL).await;
                }
                done => return done,
            }
        }
    }

    pub(crate) fn tool<A: AsRef<str>>(&self, name: &str, arguments: &[A]) -> Tool {
        Tool::new(&self.binaries, name, arguments)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if std::env::var_os("CAUSEWAY_KEEP_NODES").is_some_and(|set| set == "1")
            && let Some(folder) = self.folder.take()
        {
            eprintln!("kept: {}", folder.keep().display());
        }
    }
}

/// Describes the peers of an organisation whose keys are there.
pub(crate) fn lay_out_peers(
    path: &Path,
    binaries: &Binaries,
    organisation: &mut Organisation,
    peers: usize,
) -> Result<(), NodeError> {
    for index in 0..peers {
        let home = path.join(format!("peer{index}.{}", organisation.domain));
        let [port, chaincode] = [reserve()?, reserve()?];
        let numbers = [port.number(), chaincode.number()];
        let core = files::core(&home, &path.join("builder"), organisation, index, numbers);
        write(&home.join("core.yaml"), &core)?;
        organisation.peers.push(Server::new(Plan {
            name: format!("peer {index} of {}", organisation.msp),
            port,
            more_ports: vec![chaincode],
            log: home.join("log"),
            program: binaries.path("peer"),
            arguments: vec!["node".into(), "start".into()],
            environment: vec![("FABRIC_CFG_PATH".into(), home.display().to_string())],
        }));
    }
    Ok(())
}

pub(crate) fn reserve() -> Result<Port, NodeError> {
    Port::reserve().map_err(NodeError::io("reserving", "a port"))
}

/// Writes a configuration file, and its folder if need be.
pub(crate) fn write(path: &Path, contents: &Value) -> Result<(), NodeError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(NodeError::io("creating", folder))?;
    }
    fs::write(path, contents.to_string()).map_err(NodeError::io("writing", path))
}
