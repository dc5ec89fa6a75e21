//! The shape that every family's light client has.

use causeway_protocol::{Family, Reader};

use crate::{
    Advance, Anchored, ClientState, Gateway, Misbehaviour, Recorded, Refusal, Skipped, Span, Summary,
    UnsupportedFamily, Verified, bft, fabric,
};

/// Version byte of evidence, anchors and states.
pub const VERSION: u8 = 1;
/// Largest evidence, in bytes.
pub const MAX_EVIDENCE: usize = 8 * 1024 * 1024;
/// Largest trust anchor, in bytes.
pub const MAX_ANCHOR: usize = 256 * 1024;

/// A light client: pure functions from bytes to facts. `now` is Unix seconds, of the moment the facts are recorded.
pub trait LightClient: Send + Sync {
    /// The family it verifies.
    fn family(&self) -> Family;

    /// Reads a trust anchor and makes the state that starts at it. Refuses one that contradicts itself.
    fn anchor(&self, anchor: &[u8]) -> Result<Verified<Anchored>, Refusal>;

    /// Reads what evidence claims to be about. Nothing of it is verified, and the work is small.
    fn inspect(&self, evidence: &[u8]) -> Result<Span, Refusal>;

    /// Puts a client state in words.
    fn summary(&self, state: &ClientState) -> Result<Summary, Refusal>;

    /// Verifies a run, which moves the head, or a back-fill, which does not and has to end in `recorded`. Events are those of
    /// `gateways`, and of no other contract. Receipts without one of them are refused as useless, so `gateways` has to name
    /// every gateway that the island has, whichever of them the caller cares for.
    fn advance(
        &self,
        state: &ClientState,
        gateways: &[Gateway],
        recorded: Option<&Recorded>,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Advance>, Refusal>;

    /// Verifies that two different blocks of one height were sealed. `meeting` is the client state at the recorded header that
    /// both descend from; whether it was frozen since does not matter.
    fn misbehaviour(
        &self,
        meeting: &ClientState,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Misbehaviour>, Refusal>;

    /// Verifies a header far above a trusted one, without the headers between. Enough of the trusted validators sealed it, but
    /// they may have done so on another chain of theirs: only links tell two chains of the same validators apart. So what it
    /// answers is no advance, and is for where people or a log say which chain is meant: an anchor to approve, or a header that
    /// was recorded. A family without skips refuses.
    fn skip(&self, trusted: &ClientState, evidence: &[u8], now: u64) -> Result<Verified<Skipped>, Refusal> {
        let _ = (trusted, evidence, now);
        Err(Refusal::NoSkips(self.family()))
    }

    /// The state after proven misbehaviour: it never advances again. Freezing twice is freezing once.
    fn freeze(&self, state: &ClientState, because: &Verified<Misbehaviour>) -> Result<ClientState, Refusal>;
}

static QBFT: bft::Bft = bft::Bft::new(Family::Qbft);
static IBFT2: bft::Bft = bft::Bft::new(Family::Ibft2);
static IBFT: bft::Bft = bft::Bft::new(Family::Ibft);
static FABRIC: fabric::Fabric = fabric::Fabric;

/// The light client of a family: the one list where families are named.
pub fn light_client(family: Family) -> Result<&'static dyn LightClient, UnsupportedFamily> {
    match family {
        Family::Qbft => Ok(&QBFT),
        Family::Ibft2 => Ok(&IBFT2),
        Family::Ibft => Ok(&IBFT),
        Family::Fabric => Ok(&FABRIC),
        other => Err(UnsupportedFamily(other)),
    }
}

/// The family that evidence, or an anchor, or the bytes of a state, names as its own.
pub fn family_of(bytes: &[u8]) -> Result<Family, Refusal> {
    let mut items = Reader::versioned("evidence or anchor", VERSION, bytes)?;
    let name = items.text("family")?;
    name.parse().map_err(|unknown: causeway_protocol::UnknownFamily| Refusal::UnknownFamily(unknown.0))
}
