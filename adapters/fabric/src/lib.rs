//! The adapter for Hyperledger Fabric islands: channels with the gateway chaincode.
//!
//! [`FabricSource`] makes evidence out of a channel's blocks, whole and in order, and of reads that peers of several
//! organisations endorse: nothing else that Fabric's nodes sign says whether a transaction was committed.
//! [`FabricDestination`] delivers through the gateway service of a peer. [`Peers`] is their view of the channel: any number of
//! peers of any organisations, each of which may fail, hang or lag, asked over mutual TLS as one member, an [`Identity`].
//! Everything that knows the nodes of this kind of chain is in this crate.
//!
//! Packets that an application sends wait at the gateway until somebody gives them their sequence, so that senders do not
//! collide; a source does that too, whoever's packets they are. It also makes a block now and then where nothing happens: Fabric makes
//! none by itself, and light clients have to hear something within their trusting period.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use causeway_fabric::{
//!     DestinationSettings, FabricDestination, FabricSource, Identity, PeerSettings, Peers, PeersSettings, SourceSettings,
//!     TlsSettings,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let read = std::fs::read_to_string;
//! let identity = Identity::new("Org1MSP", &read("client.pem")?, &read("client.key")?)?;
//! let tls = TlsSettings { roots: read("tls-ca.pem")?, ..TlsSettings::default() };
//! let peer = PeerSettings { url: "grpcs://peer0.org1.example:7051".into(), msp: "Org1MSP".into(), tls };
//! let peers = Arc::new(Peers::new(&PeersSettings::new("trade", vec![peer]), identity)?);
//!
//! let source = FabricSource::new(peers.clone(), SourceSettings::default());
//! let destination = FabricDestination::new(peers, DestinationSettings::default());
//! # Ok(()) }
//! ```

mod anchor;
mod config;
mod content;
mod destination;
mod gateway;
mod housekeeping;
mod identity;
mod peers;
mod profile;
mod proof;
mod proposal;
mod read;
mod source;
mod statements;
mod transact;
mod verdict;
mod wire;

pub use anchor::{AnchorTerms, Oversize, ProposedAnchor, anchor_from_blocks, propose_anchor};
pub use config::{ChannelConfig, ClientTls, ConfigError, PeerConfig};
pub use destination::{DestinationSettings, FabricDestination};
pub use gateway::{GatewayState, OpenedGateway, Opening};
pub use identity::{Identity, IdentityError};
pub use peers::{PeerSettings, Peers, PeersError, PeersSettings, TlsSettings};
pub use profile::{Profile, ProfileError};
pub use source::{FabricSource, SourceSettings};
pub use transact::{Committed, TransactError};
