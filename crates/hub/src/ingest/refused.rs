//! Why an envelope was not accepted: a stable code, what was expected and what came, and what to do next.

use causeway_api::IslandState;
use causeway_ledger::RecordRefusal;
use causeway_protocol::{Address, DecodeError, EnvelopeError, Family, HubId, IslandId};
use causeway_verifier::Refusal;

/// An envelope that was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Not an envelope in its one canonical form.
    #[error("not an envelope: {0}")]
    MalformedEnvelope(DecodeError),
    /// Signed for another hub.
    #[error("meant for hub {came}, this is {expected}")]
    OtherHub { expected: HubId, came: HubId },
    /// About another island than the path.
    #[error("about island {came}, the path names {expected}")]
    OtherIsland { expected: IslandId, came: IslandId },
    /// Another relayer's envelope.
    #[error("signed by relayer {came}, this token is bound to {expected}")]
    OtherRelayer { expected: Address, came: Address },
    /// The signature proves nothing.
    #[error("{0}")]
    Signature(EnvelopeError),
    /// The heights signed are not the evidence's.
    #[error("the envelope says heights {} to {}, its evidence has {} to {}", came.0, came.1, expected.0, expected.1)]
    Heights { expected: (u64, u64), came: (u64, u64) },
    /// No light client.
    #[error("no light client for family {0}")]
    UnsupportedFamily(Family),
    /// The island went away.
    #[error("the island is not registered")]
    NoSuchIsland,
    /// Not recorded in this state.
    #[error("the island is {}, evidence is recorded while it is active or suspended", state_name(*.0))]
    IslandState(IslandState),
    /// Kept, but not verified.
    #[error("the island is frozen: the evidence is kept, unverified")]
    Frozen,
    /// The evidence proves nothing.
    #[error("{0}")]
    Evidence(#[from] Refusal),
    /// The ledger did not take it.
    #[error("{0}")]
    Record(#[from] RecordRefusal),
}

impl Refused {
    /// The stable, kebab-case name of the reason.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::MalformedEnvelope(_) => "malformed-envelope",
            Self::OtherHub { .. } => "other-hub",
            Self::OtherIsland { .. } => "other-island",
            Self::OtherRelayer { .. } => "other-relayer",
            Self::Signature(_) => "bad-signature",
            Self::Heights { .. } => "wrong-heights",
            Self::UnsupportedFamily(_) => "unsupported-family",
            Self::NoSuchIsland => "no-such-island",
            Self::IslandState(_) => "island-state",
            Self::Frozen => "island-frozen",
            Self::Evidence(refusal) => refusal.code(),
            Self::Record(refusal) => refusal.code(),
        }
    }

    /// What to do next.
    pub(crate) fn next(&self) -> &'static str {
        match self.code() {
            "malformed-envelope" => "Encode the envelope as docs/formats.md says.",
            "other-hub" => "Sign for this hub: keccak-256 of its origin line.",
            "other-island" => "Post it under the island it is about.",
            "other-relayer" => "Sign with the key this token is bound to, or use that key's token.",
            "bad-signature" => "Sign the envelope's digest again.",
            "wrong-heights" => "Sign the heights of the first and the last header.",
            "island-state" | "no-such-island" => "Wait until the operator approves or resumes the island.",
            "island-frozen" | "frozen" => "Wait for the operator: misbehaviour has to be settled first.",
            "not-linked-to-head" | "not-next-height" => {
                "Fetch the cursor again and build from the head it names."
            }
            "not-recorded" | "unknown-header" => "End the back-fill in a header that GET …/recorded names.",
            "gateway-not-opened" => "Submit the evidence of the gateway's Opened event first.",
            "time-ahead" => "Try again later, or correct the clocks.",
            "trusting-period-over" => "Ask the operator for a new anchor.",
            "wrong-kind" => "Post misbehaviour under /v1/misbehaviour, runs and back-fills under the island.",
            "token-revoked" => "Ask the operator for a new token.",
            _ => "Build the evidence again from the chain; as it is, it proves nothing.",
        }
    }
}

fn state_name(state: IslandState) -> &'static str {
    match state {
        IslandState::Pending => "pending",
        IslandState::Active => "active",
        IslandState::Suspended => "suspended",
        IslandState::Frozen => "frozen",
        IslandState::Retired => "retired",
    }
}
