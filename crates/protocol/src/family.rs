//! Families: kinds of chain that share header, seal and proof formats.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A kind of chain. Its text enters the island id, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// QBFT, of Besu and GoQuorum.
    Qbft,
    /// IBFT 2.0, of Besu.
    Ibft2,
    /// The older IBFT of GoQuorum, whatever it migrates to later.
    Ibft,
    /// Hyperledger Fabric.
    Fabric,
    /// CometBFT.
    #[serde(rename = "cometbft")]
    CometBft,
    /// FISCO BCOS.
    FiscoBcos,
    /// ChainMaker.
    #[serde(rename = "chainmaker")]
    ChainMaker,
}

/// A family's name that is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown family {0:?}; known: qbft, ibft2, ibft, fabric, cometbft, fisco-bcos, chainmaker")]
pub struct UnknownFamily(pub String);

impl Family {
    /// Every family, in the order of the design.
    pub const ALL: [Self; 7] = [
        Self::Qbft,
        Self::Ibft2,
        Self::Ibft,
        Self::Fabric,
        Self::CometBft,
        Self::FiscoBcos,
        Self::ChainMaker,
    ];

    /// Whether code on such a chain can read a time that the chain agreed on. Where it cannot, a timeout alone never expires a
    /// packet: its gateway expires by REFUSE only.
    pub fn has_block_time(self) -> bool {
        !matches!(self, Self::Fabric | Self::ChainMaker)
    }

    /// The name, as it enters the island id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qbft => "qbft",
            Self::Ibft2 => "ibft2",
            Self::Ibft => "ibft",
            Self::Fabric => "fabric",
            Self::CometBft => "cometbft",
            Self::FiscoBcos => "fisco-bcos",
            Self::ChainMaker => "chainmaker",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(text: &str) -> Result<Self, UnknownFamily> {
        let known = Self::ALL.into_iter().find(|family| family.as_str() == text);
        known.ok_or_else(|| UnknownFamily(text.chars().take(40).collect()))
    }
}
