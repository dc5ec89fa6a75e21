//! The adapter for Hyperledger Fabric islands.

mod config;
mod destination;
mod gateway;
mod identity;
mod peers;
mod proposal;
mod statements;
mod transact;
mod verdict;
mod wire;

pub use config::{ChannelConfig, ClientTls, ConfigError, PeerConfig};
pub use destination::{DestinationSettings, FabricDestination};
pub use gateway::{GatewayState, Opening};
pub use identity::{Identity, IdentityError};
pub use peers::{PeerSettings, Peers, PeersError, PeersSettings, TlsSettings};
pub use transact::{Committed, TransactError};
