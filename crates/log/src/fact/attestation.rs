//! What attestors signed.

use causeway_protocol::{Address, GatewayId, Hash, Signature};

use super::form::form;
use crate::FactKind;

form! {
    /// An attestor signed a batch of statements.
    10 BatchAttested, |_| FactKind::Attestation;
    /// The gateway that checks it.
    gateway: GatewayId,
    /// The epoch it is signed for.
    epoch: u64,
    /// How many statements it has.
    count: u64,
    /// The root over them.
    root: Hash,
    /// Who signed.
    attestor: Address,
    /// The signature.
    signature: Signature,
    /// When it was recorded.
    at: u64,
}
