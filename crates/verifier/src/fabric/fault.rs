//! Why evidence about a Fabric channel was refused.

use causeway_protocol::GatewayId;

use super::config::ConfigFault;
use super::policy::PolicyFault;
use super::update::UpdateFault;
use super::wire::WireFault;

/// What is wrong with evidence about a channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FabricFault {
    /// Bytes that are no message of the kind they should be.
    #[error("{what}: {cause}")]
    Protobuf {
        /// The message.
        what: &'static str,
        /// What its reader says.
        cause: String,
    },
    /// Bytes that Go would not read either.
    #[error("{0}")]
    Wire(#[from] WireFault),
    /// A configuration that cannot be judged by.
    #[error("configuration: {0}")]
    Config(#[from] ConfigFault),
    /// A config block that does not follow from the configuration before it.
    #[error("configuration update: {0}")]
    Update(#[from] UpdateFault),
    /// A policy that is not satisfied by a block's signatures.
    #[error("the orderers' signatures: {0}")]
    Seal(PolicyFault),
    /// A policy that cannot be judged.
    #[error("{what}: {fault}")]
    Policy {
        /// Whose policy.
        what: String,
        /// What is wrong with it.
        fault: PolicyFault,
    },
    /// A last block, or a config block, without signatures.
    #[error("expected the orderers' signatures, none came")]
    Unsigned,
    /// A signature that names its signer twice.
    #[error("a signature with a signature header and an identifier header: one of them has to be empty")]
    TwoHeaders,
    /// A signature where none is needed.
    #[error("the orderers' signatures are needed on the last block and on config blocks only")]
    SealUseless,
    /// A consenter that the configuration does not have.
    #[error("there is no consenter {0}")]
    Consenter(u32),
    /// The orderers signed that another config block is in force.
    #[error("config block {expected} is in force, the orderers signed {came}")]
    LastConfig {
        /// The number of the one that is.
        expected: u64,
        /// The number they signed.
        came: u64,
    },
    /// A previous hash that is none.
    #[error("a previous hash of {0} bytes, expected 32, or none for block 0")]
    Previous(usize),
    /// An anchor's block that holds no configuration.
    #[error("the anchor's envelope holds no configuration")]
    NotConfig,
    /// A configuration that stands among other envelopes. Orderers give it a block of its own; peers would take it from any.
    #[error("a configuration among other envelopes of a block, expected it alone")]
    ConfigAmongOthers,
    /// Something of another channel.
    #[error("of channel {came:?}, expected {expected:?}")]
    OtherChannel {
        /// The client's channel.
        expected: String,
        /// The channel named.
        came: String,
    },
    /// A definition, of an anchor or a block, that is none, or that peers would judge transactions by in a way not known here.
    #[error("the definition of chaincode {name:?}: {why}")]
    Definition {
        /// The chaincode.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A read that does not count.
    #[error("endorsed read {place}: {why}")]
    Read {
        /// Its place in the evidence, from 0.
        place: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A read that too few endorsed, or not all validly.
    #[error("endorsed read {place}: {fault}")]
    ReadPolicy {
        /// Its place in the evidence, from 0.
        place: usize,
        /// What is wrong.
        fault: PolicyFault,
    },
    /// A read, or a key of one, that shows nothing that is needed.
    #[error("endorsed read {0} shows nothing that is needed")]
    ReadUseless(usize),
    /// A transaction whose fate no read shows: none has its key, or it was made too early.
    #[error(
        "whether transaction {transaction} was committed is not shown: expected a read of {key:?} in {chaincode:?} at a state of block {block} or later"
    )]
    Unresolved {
        /// The block.
        block: u64,
        /// The transaction's index in it.
        transaction: u64,
        /// The chaincode whose state says.
        chaincode: String,
        /// The key.
        key: String,
    },
    /// A read by a chaincode whose definition is not known: it was made before the anchor and is not in it, or before the
    /// chaincode's gateway was registered.
    #[error(
        "the definition of chaincode {0:?} is not known: it has to be in the anchor, or be made once its gateway is registered"
    )]
    Undefined(String),
    /// A gateway that gives its keys policies of their own: others than its definition's could write them.
    #[error("chaincode {0:?} gives keys policies of their own")]
    KeyPolicy(String),
    /// A gateway that deletes what it said.
    #[error("chaincode {chaincode:?} deletes the event {key:?}")]
    Deleted {
        /// The chaincode.
        chaincode: String,
        /// The key.
        key: String,
    },
    /// A committed event that no gateway writes.
    #[error("event {key:?} of chaincode {chaincode:?}: {why}")]
    Event {
        /// The chaincode.
        chaincode: String,
        /// The key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// An event of a gateway's namespace under another gateway's id.
    #[error("chaincode {chaincode:?} writes events of gateway {came}")]
    OtherGateway {
        /// The chaincode.
        chaincode: String,
        /// The id in the event.
        came: GatewayId,
    },
}

impl FabricFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Protobuf { .. } | Self::Wire(_) => "not-protobuf",
            Self::Config(_) => "channel-config",
            Self::Update(fault) => fault.code(),
            Self::Seal(_) => "orderer-signatures",
            Self::Policy { fault, .. } => fault.code(),
            Self::Unsigned => "orderer-signatures-missing",
            Self::TwoHeaders => "signer-named-twice",
            Self::SealUseless => "orderer-signatures-useless",
            Self::Consenter(_) => "unknown-consenter",
            Self::LastConfig { .. } => "other-config-block",
            Self::Previous(_) => "previous-hash",
            Self::NotConfig => "anchor-not-config",
            Self::ConfigAmongOthers => "config-among-others",
            Self::OtherChannel { .. } => "other-channel",
            Self::Definition { .. } => "chaincode-definition",
            Self::Read { .. } => "endorsed-read",
            Self::ReadPolicy { .. } => "endorsed-read-policy",
            Self::ReadUseless(_) => "endorsed-read-useless",
            Self::Unresolved { .. } => "commit-not-shown",
            Self::Undefined(_) => "definition-unknown",
            Self::KeyPolicy(_) => "key-policies",
            Self::Deleted { .. } => "event-deleted",
            Self::Event { .. } => "not-a-gateway-event",
            Self::OtherGateway { .. } => "other-gateway",
        }
    }
}
