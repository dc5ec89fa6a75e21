//! Hyperledger Fabric 2.x and 3.x.
//!
//! The configuration half: a channel's configuration ([`Channel`]) says who may sign what. Certificates chain to an
//! organisation's MSP, MSPs give roles, policies count roles, and a configuration changes only by an update that the policies
//! of the one before allow.

mod block;
mod certificate;
mod client;
mod config;
mod der;
mod event;
mod evidence;
mod fault;
#[cfg(feature = "forge")]
pub mod forge;
mod judge;
mod lifecycle;
mod msp;
mod pem;
mod policy;
pub mod proto;
#[cfg(feature = "prover")]
pub mod prover;
mod read;
mod signature;
mod state;
mod transaction;
mod update;
mod walk;
mod wire;

pub use certificate::CertificateFault;
pub use client::Fabric;
pub use config::{Channel, ConfigFault, config_of};
pub use evidence::{
    Anchor, Block, Definition, EndorsedRead, Evidence, MAX_BLOCKS, Run, Seal, SealSignature, Side,
};
pub use fault::FabricFault;
pub use msp::{IdentityFault, MspFault};
pub use policy::{Policy, PolicyFault, Signed};
pub use read::FACTS;
pub use signature::{SignatureFault, sha256};
pub use update::UpdateFault;
pub use wire::WireFault;
