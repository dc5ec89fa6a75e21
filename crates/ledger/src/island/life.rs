//! An island's life: who may take it from where to where.

use causeway_api::IslandState;
use causeway_protocol::Hash;

/// A step in an island's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IslandChange {
    /// The chain's own validators sealed that the gateway of a claimed owner opened for this hub.
    Prove,
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
    /// It ends: packets go home, nothing new is delivered.
    Retire,
    /// No packet of it is open any more, or it never counted.
    End,
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
            Self::Prove => "proven",
            Self::Approve { .. } => "approved",
            Self::Suspend => "suspended",
            Self::Resume => "resumed",
            Self::Freeze => "frozen",
            Self::Retire => "retiring",
            Self::End => "retired",
        }
    }
}

/// An island's state as a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IslandLife(pub IslandState);

impl IslandLife {
    /// The state after `change`. What is retired stays retired; what is frozen is unfrozen only by a new anchor.
    pub fn apply(self, change: IslandChange) -> Result<Self, IslandRefusal> {
        use IslandState::{Active, Frozen, Pending, Proven, Retired, Retiring, Suspended};
        let next = match (self.0, change) {
            (Pending, IslandChange::Prove) => Proven,
            (Proven, IslandChange::Approve { .. }) | (Suspended, IslandChange::Resume) => Active,
            (Active, IslandChange::Suspend) => Suspended,
            (Pending | Proven | Active | Suspended | Retiring, IslandChange::Freeze) => Frozen,
            (Active | Suspended, IslandChange::Retire) => Retiring,
            (Pending | Proven | Frozen | Retiring, IslandChange::End) => Retired,
            (state, change) => return Err(IslandRefusal { state, change }),
        };
        Ok(Self(next))
    }
}

/// The state's name, in the database and in messages.
pub(crate) fn name(state: IslandState) -> &'static str {
    match state {
        IslandState::Pending => "pending",
        IslandState::Proven => "proven",
        IslandState::Active => "active",
        IslandState::Suspended => "suspended",
        IslandState::Frozen => "frozen",
        IslandState::Retiring => "retiring",
        IslandState::Retired => "retired",
    }
}

/// Every state.
pub(crate) const STATES: [IslandState; 7] = [
    IslandState::Pending,
    IslandState::Proven,
    IslandState::Active,
    IslandState::Suspended,
    IslandState::Frozen,
    IslandState::Retiring,
    IslandState::Retired,
];

pub(crate) fn parse(text: &str) -> Option<IslandState> {
    STATES.into_iter().find(|state| name(*state) == text)
}

/// Every step.
#[cfg(test)]
pub(crate) const CHANGES: [IslandChange; 7] = [
    IslandChange::Prove,
    IslandChange::Approve { anchor_digest: Hash::ZERO },
    IslandChange::Suspend,
    IslandChange::Resume,
    IslandChange::Freeze,
    IslandChange::Retire,
    IslandChange::End,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn leading_to(target: IslandState) -> Vec<(IslandState, IslandChange)> {
        let steps = STATES.into_iter().flat_map(|state| CHANGES.map(|change| (state, change)));
        steps.filter(|(state, change)| IslandLife(*state).apply(*change) == Ok(IslandLife(target))).collect()
    }

    #[test]
    fn only_a_proof_leads_on_from_pending_and_only_an_approval_from_proven() {
        let approve = IslandChange::Approve { anchor_digest: Hash::ZERO };
        assert_eq!(leading_to(IslandState::Proven), [(IslandState::Pending, IslandChange::Prove)]);
        let active = [(IslandState::Proven, approve), (IslandState::Suspended, IslandChange::Resume)];
        assert_eq!(leading_to(IslandState::Active), active);
    }

    #[test]
    fn nothing_leads_out_of_retired_and_nothing_but_the_end_out_of_frozen() {
        for change in CHANGES {
            assert!(IslandLife(IslandState::Retired).apply(change).is_err(), "{change:?}");
            let thawed = IslandLife(IslandState::Frozen).apply(change).is_ok();
            assert_eq!(thawed, change == IslandChange::End, "{change:?}");
        }
    }

    #[test]
    fn what_was_active_ends_only_by_retiring() {
        let before: Vec<_> = leading_to(IslandState::Retired).into_iter().map(|(state, _)| state).collect();
        assert!(!before.contains(&IslandState::Active) && !before.contains(&IslandState::Suspended));
        assert!(before.contains(&IslandState::Retiring));
    }
}
