//! Islands: registered, and changed in what may be signed about them.

use causeway_protocol::{Hash, IslandId};

use super::form::form;
use crate::FactKind;

form! {
    /// An island was registered.
    1 IslandRegistered, |_| FactKind::Registration;
    /// The island.
    island: IslandId,
    /// Its name.
    name: String,
    /// Its family.
    family: String,
    /// The genesis block's hash.
    fingerprint: Hash,
    /// The hash of the trust anchor's block.
    anchor: Vec<u8>,
    /// The height of that block.
    height: u64,
    /// SHA-256 of the anchor's canonical bytes: what an approval names.
    digest: Hash,
    /// When.
    at: u64,
}

form! {
    /// Somebody changed an island's state.
    3 IslandChanged, |fact| match fact.change.as_str() {
        "approved" => FactKind::Approval,
        "frozen" => FactKind::Freeze,
        _ => FactKind::PolicyChange,
    };
    /// The island.
    island: IslandId,
    /// Counts the changes of all islands: two equal changes are two facts.
    position: u64,
    /// `proven`, `approved`, `suspended`, `resumed`, `frozen`, `retiring` or `retired`.
    change: String,
    /// Who did it.
    actor: String,
    /// Why.
    reason: String,
    /// When.
    at: u64,
}
