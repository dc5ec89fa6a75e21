//! The adapter for Hyperledger Fabric islands.

mod anchor;
mod config;
mod content;
mod destination;
mod gateway;
mod identity;
mod numbering;
mod peers;
mod proposal;
mod read;
mod source;
mod statements;
mod transact;
mod verdict;
mod wire;

pub use anchor::{AnchorTerms, ProposedAnchor, anchor_from_blocks, propose_anchor};
pub use config::{ChannelConfig, ClientTls, ConfigError, PeerConfig};
pub use destination::{DestinationSettings, FabricDestination};
pub use gateway::{GatewayState, Opening};
pub use identity::{Identity, IdentityError};
pub use peers::{PeerSettings, Peers, PeersError, PeersSettings, TlsSettings};
pub use source::{FabricSource, SourceSettings};
pub use transact::{Committed, TransactError};
