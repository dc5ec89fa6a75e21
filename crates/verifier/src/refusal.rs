//! Why something was not verified: what was expected, and what came.

use causeway_protocol::{DecodeError, Family, Hash};

use crate::bft::{ConfigFault, HeaderFault, SealingFault, SetFault, SkipFault};
use crate::evm::{ReceiptFault, TrieFault};
use crate::fabric::FabricFault;

/// A family that has no light client here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no light client for family {0} yet")]
pub struct UnsupportedFamily(pub Family);

/// Why evidence, an anchor or a state was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Larger than anything that is verified.
    #[error("{what} of {came} bytes, at most {most} are allowed")]
    TooLarge {
        /// Evidence or anchor.
        what: &'static str,
        /// Its size.
        came: usize,
        /// The limit.
        most: usize,
    },
    /// Not in the one canonical form.
    #[error("not in canonical form: {0}")]
    Malformed(#[from] DecodeError),
    /// A family's name that is not known.
    #[error("unknown family {0:?}")]
    UnknownFamily(String),
    /// Evidence, anchor or state of another family.
    #[error("family {came}, expected {expected}")]
    WrongFamily {
        /// The light client's family.
        expected: Family,
        /// The family named in the bytes.
        came: Family,
    },
    /// An evidence kind that is not known, or not the one this call takes.
    #[error("evidence of kind {came}, expected {expected}")]
    Kind {
        /// The kinds that would do.
        expected: &'static str,
        /// The kind that came.
        came: u64,
    },
    /// A skip where headers are to be recorded. Nothing in a header names its chain: only links tell two chains of the same
    /// validators apart, and a skip has none.
    #[error(
        "a skip never advances a client: it does not tell two chains of the same validators apart, linked runs do"
    )]
    SkipNeverAdvances,
    /// A family whose light client does not skip.
    #[error("there are no skips in family {0}")]
    NoSkips(Family),
    /// Misbehaviour was proven before: nothing advances this client.
    #[error("the client is frozen: its validators sealed two blocks at one height")]
    Frozen,
    /// The head is older than the trusting period.
    #[error("the head is of {head_time}, its trusting period of {trusting_period} s was over before {now}")]
    Expired {
        /// The head's time.
        head_time: u64,
        /// The trusting period, seconds.
        trusting_period: u64,
        /// The verifier's clock.
        now: u64,
    },
    /// A header does not follow the one before in height.
    #[error("header {came} where {expected} has to follow")]
    NotNextHeight {
        /// The height that has to come.
        expected: u64,
        /// The height that came.
        came: u64,
    },
    /// The first header's parent is not the client's head: another chain, a fork, or evidence that comes out of turn.
    #[error("header {height} follows {came}, the head is {head}")]
    NotLinkedToHead {
        /// The first header's height.
        height: u64,
        /// The head's block hash.
        head: Hash,
        /// The parent that the header names.
        came: Hash,
    },
    /// A header's parent is not the header before it.
    #[error("header {height} follows {came}, the header before it is {expected}")]
    NotLinked {
        /// The header's height.
        height: u64,
        /// The hash of the header before.
        expected: Hash,
        /// The parent that the header names.
        came: Hash,
    },
    /// A header is older than its parent.
    #[error("header {height} is of {came}, before its parent of {parent}")]
    TimeBeforeParent {
        /// The header's height.
        height: u64,
        /// The parent's time.
        parent: u64,
        /// The header's time.
        came: u64,
    },
    /// A header's time lies too far in the future.
    #[error("header {height} is of {came}, at most {latest} is accepted now")]
    TimeAhead {
        /// The header's height.
        height: u64,
        /// The verifier's clock and the allowed drift.
        latest: u64,
        /// The header's time.
        came: u64,
    },
    /// A back-fill that ends in no recorded header.
    #[error("a back-fill to height {0} needs a header recorded there, there is none")]
    NotRecorded(u64),
    /// A back-fill that ends in another block than the recorded one.
    #[error("the back-fill ends in {came} at height {height}, recorded is {expected}")]
    RecordedDiffers {
        /// The height.
        height: u64,
        /// The recorded block hash.
        expected: Hash,
        /// The block hash of the back-fill's last header.
        came: Hash,
    },
    /// Both sides of an alleged misbehaviour are one block: no rounds, seals or bytes make two blocks of it.
    #[error("both sides are block {0}: that is no misbehaviour")]
    SameBlock(Hash),
    /// The two sides of an alleged misbehaviour do not end at one height.
    #[error("the two sides end at heights {0} and {1}: that is no misbehaviour")]
    DifferentHeights(u64, u64),
    /// The two sides are not in ascending order of their block hashes, the only order they have.
    #[error("the two sides of misbehaviour are not in ascending order of block hash")]
    SideOrder,
    /// The two sides of an alleged misbehaviour meet in a genesis block, as those of two chains made from one file do.
    #[error(
        "the two sides meet in the genesis block, which all chains made from one file share: that is no misbehaviour"
    )]
    MeetsAtGenesis,
    /// An anchor's or a state's parameters contradict themselves.
    #[error("{0}")]
    Config(#[from] ConfigFault),
    /// A header is not one of its consensus protocol.
    #[error("header {height}: {fault}")]
    Header {
        /// The header's height.
        height: u64,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// A header's seals do not authenticate it.
    #[error("header {height}: {fault}")]
    Sealing {
        /// The header's height.
        height: u64,
        /// What is wrong with its seals.
        fault: SealingFault,
    },
    /// A validator set does not follow from the one before.
    #[error("header {height}: {fault}")]
    Set {
        /// The header's height.
        height: u64,
        /// What is wrong with the set or its proof.
        fault: SetFault,
    },
    /// A skip is not covered by what is trusted, or is not put together right.
    #[error("skip to header {height}: {fault}")]
    Skip {
        /// The height of the header that is at fault.
        height: u64,
        /// What is wrong.
        fault: SkipFault,
    },
    /// A proof of the state does not hold.
    #[error("header {height}: {what}: {fault}")]
    Proof {
        /// The header's height.
        height: u64,
        /// What was to be proven.
        what: &'static str,
        /// Where the proof fails.
        fault: TrieFault,
    },
    /// The receipts do not prove what they should.
    #[error("block {height}: {fault}")]
    Receipts {
        /// The block's height.
        height: u64,
        /// What is wrong with them.
        fault: ReceiptFault,
    },
    /// Evidence about a Fabric channel does not hold.
    #[error(transparent)]
    Fabric(#[from] FabricFault),
}

impl Refusal {
    /// A stable name of the cause, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::Malformed(_) => "malformed",
            Self::UnknownFamily(_) => "unknown-family",
            Self::WrongFamily { .. } => "wrong-family",
            Self::Kind { .. } => "wrong-kind",
            Self::SkipNeverAdvances => "skip-never-advances",
            Self::NoSkips(_) => "no-skips",
            Self::Frozen => "frozen",
            Self::Expired { .. } => "trusting-period-over",
            Self::NotNextHeight { .. } => "not-next-height",
            Self::NotLinkedToHead { .. } => "not-linked-to-head",
            Self::NotLinked { .. } => "not-linked",
            Self::TimeBeforeParent { .. } => "time-before-parent",
            Self::TimeAhead { .. } => "time-ahead",
            Self::NotRecorded(_) => "not-recorded",
            Self::RecordedDiffers { .. } => "recorded-differs",
            Self::SameBlock(_) => "same-block",
            Self::DifferentHeights(..) => "different-heights",
            Self::MeetsAtGenesis => "meets-at-genesis",
            Self::SideOrder => "side-order",
            Self::Config(fault) => fault.code(),
            Self::Header { fault, .. } => fault.code(),
            Self::Sealing { fault, .. } => fault.code(),
            Self::Set { fault, .. } => fault.code(),
            Self::Skip { fault, .. } => fault.code(),
            Self::Proof { fault, .. } => fault.code(),
            Self::Receipts { fault, .. } => fault.code(),
            Self::Fabric(fault) => fault.code(),
        }
    }
}
