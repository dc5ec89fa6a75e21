//! Tokens, and with them relayers' and attestors' keys.

use causeway_protocol::{Address, IslandId};

use super::form::form;
use crate::FactKind;

form! {
    /// A token was admitted, and with it a relayer's or attestor's key.
    8 TokenAdmitted, |_| FactKind::KeyChange;
    /// The token's id.
    token: [u8; 16],
    /// Its name.
    name: String,
    /// Its role.
    role: String,
    /// The key's address, for relayers and attestors.
    address: Option<Address>,
    /// The island it is bound to.
    island: Option<IslandId>,
    /// Whether the hub's operator holds the key.
    held_by_hub: bool,
    /// When.
    at: u64,
}

form! {
    /// A token was revoked.
    9 TokenRevoked, |_| FactKind::KeyChange;
    /// The token's id.
    token: [u8; 16],
    /// Who revoked it.
    actor: String,
    /// When.
    at: u64,
}

form! {
    /// A token was replaced by another for the same.
    11 TokenRotated, |_| FactKind::KeyChange;
    /// The id of the token that was replaced.
    token: [u8; 16],
    /// The id of the one that replaces it.
    successor: [u8; 16],
    /// Who replaced it.
    actor: String,
    /// When.
    at: u64,
    /// Until when the replaced token is still taken.
    ends_at: u64,
}
