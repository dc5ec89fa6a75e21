//! Why an envelope was not accepted: a stable code, what was expected and what came, and what to do next.

use causeway_api::IslandState;
use causeway_ledger::{RecordRefusal, Way};
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
    #[error("the island is {}, {}", state_name(*.0), taken_when(*.1))]
    IslandState(IslandState, Way),
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
            Self::IslandState(..) => "island-state",
            Self::Frozen => "island-frozen",
            Self::Evidence(refusal) => refusal.code(),
            Self::Record(refusal) => refusal.code(),
        }
    }

    /// What to do next.
    pub(crate) fn next(&self) -> &'static str {
        if let Self::IslandState(state, _) | Self::Record(RecordRefusal::IslandState(state)) = self {
            return next_in(*state);
        }
        match self.code() {
            "malformed-envelope" => "Encode the envelope as docs/formats.md says.",
            "other-hub" => "Sign for this hub: keccak-256 of its origin line.",
            "other-island" => "Post it under the island it is about.",
            "other-relayer" => "Sign with the key this token is bound to, or use that key's token.",
            "bad-signature" => "Sign the envelope's digest again.",
            "wrong-heights" => "Sign the heights of the first and the last header.",
            "no-such-island" => "Register the island first.",
            "opened-for-other-hub" => "Open a gateway that names this hub's id, and register it.",
            "opened-for-other-owner" => "Register the gateway under the owner that its Opened event names.",
            "proof-limit" => "Register the island under an anchor nearer to its gateway's opening.",
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

/// What to do where evidence is not taken in this state, or not this way.
fn next_in(state: IslandState) -> &'static str {
    match state {
        IslandState::Pending => {
            "Prove the gateway first: post evidence from the anchor on to /v1/islands/{island}/proof."
        }
        IslandState::Proven => {
            "The gateway is proven under /v1/islands/{island}/proof; wait until the operator approves the island."
        }
        IslandState::Active | IslandState::Suspended | IslandState::Retiring => {
            "Post it to /v1/islands/{island}/evidence."
        }
        IslandState::Frozen => "Wait for the operator: misbehaviour has to be settled first.",
        IslandState::Retired => "Nothing: the island has ended.",
    }
}

fn taken_when(way: Way) -> &'static str {
    match way {
        Way::Evidence => "evidence is recorded while it is active, suspended or retiring",
        Way::Proof(_) => "proofs are recorded while it is pending",
    }
}

fn state_name(state: IslandState) -> &'static str {
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
