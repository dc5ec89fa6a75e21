//! Gateways: registered, claimed by owners, suspended for a fault of their own.

use causeway_protocol::{Address, GatewayId, Hash, IslandId};

use super::form::form;
use crate::FactKind;

form! {
    /// A gateway was registered on an island.
    2 GatewayRegistered, |_| FactKind::Registration;
    /// The gateway.
    gateway: GatewayId,
    /// Its island.
    island: IslandId,
    /// Its address there.
    address: Vec<u8>,
    /// When.
    at: u64,
}

form! {
    /// A gateway was suspended for a fault of its own.
    4 GatewaySuspended, |_| FactKind::PolicyChange;
    /// The gateway.
    gateway: GatewayId,
    /// Counts the suspensions of all gateways.
    position: u64,
    /// The fault.
    reason: String,
    /// The event that contradicts an earlier one.
    number: u64,
    /// The digest of the evidence that proves it.
    evidence: Hash,
    /// When.
    at: u64,
}

form! {
    /// Somebody said that a gateway is theirs. The chain decides whether it is.
    12 GatewayClaimed, |_| FactKind::Registration;
    /// The gateway.
    gateway: GatewayId,
    /// Its island.
    island: IslandId,
    /// Its address there.
    address: Vec<u8>,
    /// The third thing its id was derived from: see `GatewayId::derive`.
    birth: Hash,
    /// Whom the gateway has to name as its owner.
    owner: Address,
    /// Who said it.
    actor: String,
    /// When.
    at: u64,
}
