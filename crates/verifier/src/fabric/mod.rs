//! Hyperledger Fabric 2.x and 3.x.
//!
//! The configuration half: a channel's configuration ([`Channel`]) says who may sign what. Certificates chain to an
//! organisation's MSP, MSPs give roles, policies count roles, and a configuration changes only by an update that the policies
//! of the one before allow.

mod certificate;
mod config;
mod der;
#[cfg(feature = "forge")]
pub mod forge;
mod msp;
mod pem;
mod policy;
pub mod proto;
mod signature;
mod update;

pub use certificate::CertificateFault;
pub use config::{Channel, ConfigFault, config_of};
pub use msp::{IdentityFault, MspFault};
pub use policy::{Policy, PolicyFault, Signed};
pub use signature::{SignatureFault, sha256};
pub use update::UpdateFault;
