//! Hyperledger Fabric 2.x and 3.x.
//!
//! The configuration half: a channel's configuration ([`Channel`]) says who may sign what. Certificates chain to an
//! organisation's MSP, MSPs give roles, policies count roles, and a configuration changes only by an update that the policies
//! of the one before allow.

mod config;
mod policy;
pub mod proto;
mod signature;
mod update;

pub use config::{Channel, ConfigFault};
pub use policy::{Policy, PolicyFault, Signed};
pub use signature::sha256;
pub use update::UpdateFault;
