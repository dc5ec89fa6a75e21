//! Recording verified facts: one transaction for many pieces of evidence.
//!
//! A piece is judged against what is recorded and what the pieces before it in the same transaction add ([`judge`]); accepted
//! pieces are taken apart into rows ([`fold`]), packets and statements follow ([`packets`]), and everything is written in bulk.

mod evidence;
mod fold;
mod insert;
mod judge;
mod opening;
mod packets;
mod relayers;
mod snapshot;

use causeway_api::IslandState;
use causeway_protocol::{Address, GatewayId, Hash, HubId, IslandId, Signature, SignedEnvelope};
use causeway_verifier::{Advance, Verified};
use time::OffsetDateTime;
use uuid::Uuid;

use self::fold::Folded;
pub use self::opening::{ProofLimits, Way};
use self::snapshot::Snapshot;
use crate::attestation::{refresh_holds, rotate};
use crate::island::state_name;
use crate::signals::Changes;
use crate::{Ledger, LedgerError};

/// A verified envelope to record. Only a light client's verdict gets in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The envelope. Its signature, hub and heights were checked by whoever submits this.
    pub envelope: SignedEnvelope,
    /// What the light client says its evidence proves.
    pub advance: Verified<Advance>,
    /// The clock it was verified by. Along one island's evidence it never decreases: an earlier one is raised.
    pub recorded_at: OffsetDateTime,
    /// The token it was submitted with: refused when it was revoked by the time this is recorded.
    pub token: Option<Uuid>,
    /// As evidence of an approved island, or as the proof of a pending one.
    pub way: Way,
}

/// What is known of a recorded piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the order of recording.
    pub sequence: u64,
    /// Its digest.
    pub digest: Hash,
    /// How many gateway events it proves.
    pub events: u32,
    /// It was recorded before; nothing changed.
    pub known: bool,
}

/// Why verified evidence was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefusal {
    /// Another run was recorded first.
    #[error("the head is block {hash} at height {height}; the run links to {came}")]
    HeadMoved {
        /// Height of the recorded head.
        height: u64,
        /// Block hash of the recorded head.
        hash: Hash,
        /// The block hash that the run links to.
        came: Hash,
    },
    /// There is no such island.
    #[error("there is no such island")]
    NoSuchIsland,
    /// The island takes no evidence in this state.
    #[error("the island is {}, which takes no evidence this way", state_name(*.0))]
    IslandState(IslandState),
    /// The gateway opened for another hub.
    #[error("gateway {gateway} was opened for hub {came}, this is {expected}")]
    OpenedForOtherHub {
        /// The gateway.
        gateway: GatewayId,
        /// This hub.
        expected: HubId,
        /// The hub that its `Opened` names.
        came: HubId,
    },
    /// The gateway opened for an owner that nobody registered it under.
    #[error("gateway {gateway} was opened for owner {came}, it is registered under {expected:?}")]
    OpenedForOtherOwner {
        /// The gateway.
        gateway: GatewayId,
        /// The owners it is registered under.
        expected: Vec<Address>,
        /// The owner that its `Opened` names.
        came: Address,
    },
    /// A pending island stores no more.
    #[error(
        "a pending island stores {} pieces of evidence and {} bytes; {pieces} pieces of {bytes} bytes are recorded",
        .limits.pieces, .limits.bytes
    )]
    ProofLimit {
        /// The most it stores.
        limits: ProofLimits,
        /// Pieces recorded.
        pieces: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A back-fill has to end in a recorded header.
    #[error("no header with block hash {hash} is recorded at height {height}, where the back-fill ends")]
    UnknownHeader {
        /// The height it ends at.
        height: u64,
        /// The block hash it ends in.
        hash: Hash,
    },
    /// An event of a gateway that is not registered on this island.
    #[error("gateway {gateway} is not registered on this island")]
    UnknownGateway {
        /// The gateway.
        gateway: GatewayId,
    },
    /// An event of a gateway before its `Opened`.
    #[error("event {number} of gateway {gateway}, whose Opened (number 1) is not proven yet")]
    GatewayNotOpened {
        /// The gateway.
        gateway: GatewayId,
        /// The event's number.
        number: u64,
    },
    /// The token was revoked by the time of recording.
    #[error("the token was revoked")]
    TokenRevoked,
    /// The facts break a rule of the schema.
    #[error("the database refused these facts: {0}")]
    NotRecordable(String),
}

impl RecordRefusal {
    /// The stable, kebab-case name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HeadMoved { .. } => "not-linked-to-head",
            Self::NoSuchIsland => "no-such-island",
            Self::IslandState(_) => "island-state",
            Self::OpenedForOtherHub { .. } => "opened-for-other-hub",
            Self::OpenedForOtherOwner { .. } => "opened-for-other-owner",
            Self::ProofLimit { .. } => "proof-limit",
            Self::UnknownHeader { .. } => "unknown-header",
            Self::UnknownGateway { .. } => "unknown-gateway",
            Self::GatewayNotOpened { .. } => "gateway-not-opened",
            Self::TokenRevoked => "token-revoked",
            Self::NotRecordable(_) => "not-recordable",
        }
    }
}

/// What became of one piece.
pub(crate) type Verdict = Result<Recorded, RecordRefusal>;

/// One piece of evidence with what it proves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) hub: HubId,
    pub(crate) island: IslandId,
    pub(crate) digest: Hash,
    pub(crate) relayer: Address,
    pub(crate) signature: &'a Signature,
    pub(crate) evidence: &'a [u8],
    pub(crate) advance: &'a Advance,
    pub(crate) recorded_at: OffsetDateTime,
    pub(crate) token: Option<Uuid>,
    pub(crate) way: Way,
}

impl<'a> Piece<'a> {
    fn of(submission: &'a Submission) -> Self {
        let envelope = &submission.envelope.envelope;
        Self {
            hub: envelope.hub,
            island: envelope.island,
            digest: envelope.evidence_digest(),
            relayer: envelope.relayer,
            signature: &submission.envelope.signature,
            evidence: &envelope.evidence,
            advance: &submission.advance,
            recorded_at: submission.recorded_at,
            token: submission.token,
            way: submission.way,
        }
    }
}

impl Ledger {
    /// Records everything in one transaction and answers each in order: recorded, known before, or refused. A refused one changes
    /// nothing and does not keep the others back. The [`Writer`](crate::Writer) calls this for all that wait.
    pub async fn record(&self, items: &[Submission]) -> Result<Vec<Verdict>, LedgerError> {
        let pieces: Vec<Piece<'_>> = items.iter().map(Piece::of).collect();
        self.record_pieces(&pieces).await
    }

    pub(crate) async fn record_pieces(&self, pieces: &[Piece<'_>]) -> Result<Vec<Verdict>, LedgerError> {
        let (mut transaction, mut tails) = self.begin().await?;
        let mut snapshot = Snapshot::load(&mut transaction, pieces).await?;
        let mut folded = Folded::default();
        let verdicts: Vec<Verdict> = pieces
            .iter()
            .map(|piece| match judge::judge(&mut snapshot, &mut tails, piece) {
                Ok(news) => Ok(folded.add(piece, news)),
                Err(settled) => settled,
            })
            .collect();
        if folded.is_empty() {
            transaction.rollback().await?;
            return Ok(verdicts);
        }
        let now = folded.newest();
        opening::enter_gateways(&mut transaction, &snapshot, now).await?;
        insert::facts(&mut transaction, &folded).await?;
        let news = packets::follow(&mut transaction, &mut tails, &snapshot, &mut folded).await?;
        insert::gateways(&mut transaction, &mut snapshot, &folded).await?;
        insert::islands(&mut transaction, &snapshot).await?;
        opening::enter_proofs(&mut transaction, &snapshot).await?;
        let rotated = snapshot.rotated();
        if !rotated.is_empty() {
            rotate(&mut transaction, &rotated).await?;
        }
        // What is recorded of a pending island is held, whatever it is: rare enough to be left to the one rule.
        let proofs = pieces.iter().any(|piece| matches!(piece.way, Way::Proof(_)));
        let holds = snapshot.holds_changed() || !folded.suspensions.is_empty() || proofs;
        if holds {
            refresh_holds(&mut transaction, &mut tails, now).await?;
        }
        tails.store(&mut transaction).await?;
        transaction.commit().await?;
        let leaves = news.leaves || holds || !rotated.is_empty();
        self.signals().raise(Changes {
            evidence: true,
            leaves,
            batches: holds || !rotated.is_empty(),
            deliveries: holds || news.done,
        });
        Ok(verdicts)
    }
}
