//! Why a sandbox did not start, or did not finish.

use std::path::{Path, PathBuf};

use causeway_protocol::Family;

/// Why a sandbox did not start, or did not finish.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The options contradict themselves.
    #[error("{0}")]
    Options(String),
    /// No sandbox island of this family.
    #[error("the sandbox has islands of the families qbft, ibft2, ibft and fabric, not {0}")]
    Family(Family),
    /// No island whose chain the demo can trouble.
    #[error("no island of the sandbox is a devnet")]
    NoDevnet,
    /// There are no Fabric nodes to run.
    #[error(
        "an island of the family fabric runs Hyperledger Fabric's own nodes, and they cannot be had; leave it out of --islands, \
         have CAUSEWAY_FABRIC name a folder with the programs, or mend this: {0}"
    )]
    NoFabric(String),
    /// Fabric's nodes were started and failed.
    #[error("Fabric: {0}")]
    Fabric(causeway_fabric_node::NodeError),
    /// A transaction on a Fabric channel did not happen.
    #[error("a transaction on a channel: {0}")]
    Transact(#[from] causeway_fabric::TransactError),
    /// Postgres did not start.
    #[error("private Postgres: {0}")]
    Postgres(#[from] causeway_postgres::StartError),
    /// A devnet refused something.
    #[error("devnet: {0}")]
    Devnet(#[from] causeway_evm_devnet::DevnetError),
    /// A contract did not do what it should.
    #[error("a contract's {0} did not succeed")]
    Contract(&'static str),
    /// The hub's port cannot be used.
    #[error("the hub's port: {0}")]
    Listen(std::io::Error),
    /// What is in the file is no key of a log.
    #[error("{} holds no key of the sandbox's log; move it away, and the database beside it", .0.display())]
    LogKey(std::path::PathBuf),
    /// A service did not come up.
    #[error("{0} did not become ready")]
    NotReady(&'static str),
    /// The hub refused something or could not be reached.
    #[error("hub: {0}")]
    Hub(#[from] causeway_client::ClientError),
    /// A client could not be set up.
    #[error("client: {0}")]
    Client(#[from] causeway_client::SettingsError),
    /// An adapter could not be set up.
    #[error("adapter: {0}")]
    Adapter(#[from] causeway_adapter::AdapterError),
    /// An island's nodes cannot be addressed.
    #[error("nodes: {0}")]
    Nodes(String),
    /// The hub gave the forger no answer.
    #[error("the hub did not answer the forged envelope")]
    NoAnswer,
    /// The verifier refused what the sandbox made itself.
    #[error("verifier: {0}")]
    Verifier(#[from] causeway_verifier::Refusal),
    /// Bytes that do not decode.
    #[error("decoding: {0}")]
    Decode(#[from] causeway_protocol::DecodeError),
    /// A key could not sign.
    #[error("signing: {0}")]
    Sign(#[from] causeway_protocol::SignError),
    /// No random bytes from the system.
    #[error("no random key for {0}")]
    Randomness(String),
    /// A file or folder failed.
    #[error("{path}: {cause}")]
    Files {
        /// Which.
        path: PathBuf,
        /// How.
        cause: std::io::Error,
    },
}

impl SandboxError {
    /// Whether there are no nodes, or some and they failed: the former somebody can do something about.
    pub(crate) fn fabric(error: causeway_fabric_node::NodeError) -> Self {
        match error {
            causeway_fabric_node::NodeError::Unavailable { reason } => Self::NoFabric(reason),
            other => Self::Fabric(other),
        }
    }

    pub(crate) fn files(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::Files { path, cause }
    }
}
