//! An island's life: who may take it from where to where.

use causeway_api::IslandState;
use causeway_protocol::Hash;

/// A step in an island's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IslandChange {
    /// The operator compared the anchor with the owner's.
    Approve {
        /// The digest of the anchor's bytes, as compared.
        anchor_digest: Hash,
    },
    /// Nothing new is delivered.
    Suspend,
    /// Delivery goes on.
    Resume,
    /// Misbehaviour was proven, or an operator stops everything.
    Freeze,
    /// It ends.
    Retire,
}

/// A step that does not lead on from where the island is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an island that is {} cannot be {}", name(*.state), .change.done())]
pub struct IslandRefusal {
    /// Where it is.
    pub state: IslandState,
    /// The step asked for.
    pub change: IslandChange,
}

impl IslandChange {
    /// The step, done: as it stands in the history.
    pub fn done(self) -> &'static str {
        match self {
            Self::Approve { .. } => "approved",
            Self::Suspend => "suspended",
            Self::Resume => "resumed",
            Self::Freeze => "frozen",
            Self::Retire => "retired",
        }
    }
}

/// An island's state as a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IslandLife(pub IslandState);

impl IslandLife {
    /// The state after `change`. What is retired stays retired; what is frozen is unfrozen only by a new anchor.
    pub fn apply(self, change: IslandChange) -> Result<Self, IslandRefusal> {
        use IslandState::{Active, Frozen, Pending, Retired, Suspended};
        let next = match (self.0, change) {
            (Pending, IslandChange::Approve { .. }) | (Suspended, IslandChange::Resume) => Active,
            (Active, IslandChange::Suspend) => Suspended,
            (Pending | Active | Suspended, IslandChange::Freeze) => Frozen,
            (Pending | Active | Suspended | Frozen, IslandChange::Retire) => Retired,
            (state, change) => return Err(IslandRefusal { state, change }),
        };
        Ok(Self(next))
    }
}

/// The state's name, in the database and in messages.
pub(crate) fn name(state: IslandState) -> &'static str {
    match state {
        IslandState::Pending => "pending",
        IslandState::Active => "active",
        IslandState::Suspended => "suspended",
        IslandState::Frozen => "frozen",
        IslandState::Retired => "retired",
    }
}

/// Every state.
pub(crate) const STATES: [IslandState; 5] = [
    IslandState::Pending,
    IslandState::Active,
    IslandState::Suspended,
    IslandState::Frozen,
    IslandState::Retired,
];

pub(crate) fn parse(text: &str) -> Option<IslandState> {
    STATES.into_iter().find(|state| name(*state) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: [IslandChange; 5] = [
        IslandChange::Approve { anchor_digest: Hash::ZERO },
        IslandChange::Suspend,
        IslandChange::Resume,
        IslandChange::Freeze,
        IslandChange::Retire,
    ];

    #[test]
    fn only_an_approval_makes_a_pending_island_active() {
        for change in CHANGES {
            let next = IslandLife(IslandState::Pending).apply(change);
            let active = next == Ok(IslandLife(IslandState::Active));
            assert_eq!(active, matches!(change, IslandChange::Approve { .. }), "{change:?}");
        }
    }

    #[test]
    fn nothing_leads_out_of_retired_and_nothing_but_retirement_out_of_frozen() {
        for change in CHANGES {
            assert!(IslandLife(IslandState::Retired).apply(change).is_err(), "{change:?}");
            let thawed = IslandLife(IslandState::Frozen).apply(change).is_ok();
            assert_eq!(thawed, change == IslandChange::Retire, "{change:?}");
        }
    }
}
