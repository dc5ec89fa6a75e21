//! The three consensus protocols whose headers look alike and are not.

use core::fmt;

/// How a header's seals and hash are formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// QBFT of Besu and GoQuorum.
    Qbft,
    /// IBFT 2.0 of Besu.
    Ibft2,
    /// The older IBFT ("Istanbul") of GoQuorum.
    Ibft,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Qbft, Self::Ibft2, Self::Ibft];

    /// The name used in a trust anchor's schedule.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qbft => "qbft",
            Self::Ibft2 => "ibft2",
            Self::Ibft => "ibft",
        }
    }

    /// The protocol of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
