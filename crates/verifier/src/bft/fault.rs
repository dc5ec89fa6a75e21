//! Why a header, its seals or its validator set was refused.

use causeway_protocol::{Address, DecodeError, Hash};

use super::{Protocol, SealFault};

/// A header that is not one of its consensus protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Its bytes or its `extraData` have another form.
    #[error("no {protocol} header: {fault}")]
    Malformed {
        /// The protocol of this height.
        protocol: Protocol,
        /// What does not fit.
        fault: DecodeError,
    },
    /// A field that is the same in every BFT block has another value.
    #[error("{0} is not that of a BFT block")]
    Constant(&'static str),
    /// Seals stand inside the header, where evidence has none.
    #[error("seals stand inside the header")]
    SealsInside,
    /// A header without seals names a round: nothing binds it.
    #[error("round {0} in a header that carries no seals, expected 0")]
    UnboundRound(u32),
    /// An IBFT header without its proposer's seal.
    #[error("no proposer seal")]
    NoProposerSeal,
}

impl HeaderFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "header-malformed",
            Self::Constant(_) => "header-constant",
            Self::SealsInside => "seals-inside-header",
            Self::UnboundRound(_) => "unbound-round",
            Self::NoProposerSeal => "no-proposer-seal",
        }
    }
}

/// Seals that do not authenticate their header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealingFault {
    /// Not a whole number of seals, or more than a set can have.
    #[error("{0} bytes of seals, expected 65 for each")]
    Length(usize),
    /// Indices are not strictly ascending: a seal stands twice or out of order.
    #[error("seal index {0} is out of ascending order or stands twice")]
    Order(u8),
    /// An index beyond the set.
    #[error("seal index {index}, the set has {validators} validators")]
    Index {
        /// The index that came.
        index: u8,
        /// The size of the set.
        validators: usize,
    },
    /// A seal that its validator did not make.
    #[error("seal of validator {validator}: {fault}")]
    Seal {
        /// The validator its index points to.
        validator: Address,
        /// What is wrong with it.
        fault: SealFault,
    },
    /// The last header of a run, or of a validator set, has no seals.
    #[error("no seals, and it is the last header of {0}")]
    Unsealed(&'static str),
    /// Seals on a header that is authenticated by its descendants.
    #[error("seals on a header that is neither the run's last nor the last of its validator set")]
    Useless,
    /// Fewer distinct seals than ceil(2N/3).
    #[error("{came} seals, the quorum of {validators} validators is {expected}")]
    QuorumShort {
        /// ceil(2N/3).
        expected: usize,
        /// Distinct valid seals.
        came: usize,
        /// N.
        validators: usize,
    },
    /// Fewer than ceil(2N/3) seals, but as many as a chain configured for 2F+1 collects.
    #[error(
        "{came} seals are 2F+1 of {validators} validators, a quorum is ceil(2N/3) = {expected}: two sets of 2F+1 can meet in one bad \
         validator; such a header counts through a descendant sealed by a full quorum of the same set"
    )]
    TwoFPlusOne {
        /// ceil(2N/3).
        expected: usize,
        /// Distinct valid seals.
        came: usize,
        /// N.
        validators: usize,
    },
}

impl SealingFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "seals-length",
            Self::Order(_) => "seals-order",
            Self::Index { .. } => "seal-index",
            Self::Seal { fault: SealFault::HighS, .. } => "seal-high-s",
            Self::Seal { fault: SealFault::KeyOfAnother, .. } => "key-of-another",
            Self::Seal { .. } => "seal-invalid",
            Self::Unsealed(_) => "unsealed",
            Self::Useless => "seals-useless",
            Self::QuorumShort { .. } => "quorum-short",
            Self::TwoFPlusOne { .. } => "two-f-plus-one-quorum",
        }
    }
}

/// A validator set that does not follow from the one before, or is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// A set without members seals nothing.
    #[error("no validators")]
    Empty,
    /// More than a set may have.
    #[error("{0} validators, at most 128 are allowed")]
    TooMany(u64),
    /// A validator stands twice.
    #[error("validator {0} stands twice")]
    Twice(Address),
    /// The zero address is nobody.
    #[error("the zero address as a validator")]
    ZeroAddress,
    /// In contract mode a header lists nobody and votes for nobody.
    #[error("validators or a vote in a header whose validators come from a contract")]
    ListedInContractMode,
    /// More than one address changed from one header to the next.
    #[error(
        "{added} validators added and {removed} removed at once: at most one address may change; a larger change needs a new anchor"
    )]
    Jump {
        /// New ones.
        added: usize,
        /// Missing ones.
        removed: usize,
    },
    /// Too few of the old set sealed under the new one.
    #[error("{came} of {old} validators before the change are among the sealers, expected more than a third")]
    Overlap {
        /// Sealers that were in the old set.
        came: usize,
        /// Size of the old set.
        old: usize,
    },
    /// The set that seals the next header has to be proven here.
    #[error("the validators of the next header come from a contract, and no proof of them is given")]
    ProofMissing,
    /// A proof of a set where none belongs.
    #[error("a proof of validators where the next header lists its own")]
    ProofUnexpected,
    /// A proof of the set that is in force already.
    #[error("the proven validators are those in force already")]
    ProofUseless,
    /// The contract's code is not the pinned one.
    #[error("the contract's code hash is {came}, pinned is {expected}")]
    CodeHash {
        /// The pinned hash.
        expected: Hash,
        /// The proven hash.
        came: Hash,
    },
}

impl SetFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "no-validators",
            Self::TooMany(_) => "too-many-validators",
            Self::Twice(_) => "validator-twice",
            Self::ZeroAddress => "validator-zero",
            Self::ListedInContractMode => "validators-listed-in-contract-mode",
            Self::Jump { .. } => "validator-set-jump",
            Self::Overlap { .. } => "validator-overlap-short",
            Self::ProofMissing => "validator-proof-missing",
            Self::ProofUnexpected => "validator-proof-unexpected",
            Self::ProofUseless => "validator-proof-useless",
            Self::CodeHash { .. } => "validator-contract-code",
        }
    }
}

/// A skip that nothing trusted vouches for, or whose parts do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SkipFault {
    /// It leads back, or nowhere.
    #[error("the trusted header is {0}, a skip leads to a higher one")]
    NotAbove(u64),
    /// A header above the trusted one is of an earlier time.
    #[error("it is of {came}, before the trusted header of {trusted}")]
    BeforeTrusted {
        /// The trusted header's time.
        trusted: u64,
        /// The header's time.
        came: u64,
    },
    /// In contract mode the header before the last one proves who seals the last.
    #[error(
        "its validators come from a contract, and the header before it, whose state proves them, is not given"
    )]
    ParentMissing,
    /// In header mode nothing is asked of the header before.
    #[error("it lists its own validators, and a header before it is given")]
    ParentUnexpected,
    /// Too few of the trusted validators sealed the header.
    #[error(
        "{came} of {trusted} trusted validators are among the sealers, expected strictly more than a third"
    )]
    OverlapShort {
        /// Sealers that are trusted.
        came: usize,
        /// Size of the trusted set.
        trusted: usize,
    },
}

impl SkipFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAbove(_) => "skip-not-above",
            Self::BeforeTrusted { .. } => "skip-before-trusted",
            Self::ParentMissing => "skip-parent-missing",
            Self::ParentUnexpected => "skip-parent-unexpected",
            Self::OverlapShort { .. } => "skip-overlap-short",
        }
    }
}

/// Parameters of an anchor or a state that contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// A schedule or a list of modes has no entry, too many, or does not ascend from height 0.
    #[error("{0} do not ascend strictly from height 0, at most {MAX_SCHEDULE} entries")]
    Heights(&'static str),
    /// A consensus protocol's name that is not known.
    #[error("unknown consensus protocol {0:?}")]
    UnknownProtocol(String),
    /// The schedule begins with another protocol than the family's.
    #[error("the schedule begins with {came}, the family's protocol is {expected}")]
    FirstProtocol {
        /// The family's.
        expected: Protocol,
        /// The schedule's.
        came: Protocol,
    },
    /// Only QBFT takes validators from a contract.
    #[error("validators from a contract at height {0}, where the protocol is not QBFT")]
    ContractWithoutQbft(u64),
    /// A period of zero trusts nothing, or one too long to mean anything.
    #[error("a trusting period of {0} s, expected 1 s to {MAX_PERIOD} s")]
    TrustingPeriod(u64),
    /// A drift so large that it checks nothing.
    #[error("a clock drift of {0} s, at most {MAX_PERIOD} s is allowed")]
    ClockDrift(u64),
    /// A flag that is neither 0 nor 1.
    #[error("frozen is {0}, expected 0 or 1")]
    Frozen(u64),
}

/// Most entries of a schedule or of a list of modes.
pub const MAX_SCHEDULE: usize = 64;
/// Longest trusting period and clock drift, in seconds: a hundred years.
pub const MAX_PERIOD: u64 = 100 * 366 * 24 * 60 * 60;

impl ConfigFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Heights(_) => "schedule-heights",
            Self::UnknownProtocol(_) => "unknown-protocol",
            Self::FirstProtocol { .. } => "schedule-first-protocol",
            Self::ContractWithoutQbft(_) => "contract-without-qbft",
            Self::TrustingPeriod(_) => "trusting-period",
            Self::ClockDrift(_) => "clock-drift",
            Self::Frozen(_) => "frozen-flag",
        }
    }
}
