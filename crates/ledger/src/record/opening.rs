//! Gateways that open: whose they are, and what that proves of their island.

use causeway_api::IslandState;
use causeway_protocol::{Address, GatewayEventKind, GatewayId, HubId};
use causeway_verifier::EventFact;
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::snapshot::{GatewayNow, Snapshot};
use super::{Piece, RecordRefusal};
use crate::column::Uint;
use crate::island::{IslandChange, enter};
use crate::{Actor, LedgerError};

/// How a piece of evidence comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As evidence of an island that was approved.
    Evidence,
    /// As the proof of one that is pending, which stores only so much.
    Proof(ProofLimits),
}

/// Most that a pending island stores: nobody has approved anything about it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofLimits {
    /// Pieces of evidence.
    pub pieces: u64,
    /// Bytes of evidence, all together.
    pub bytes: u64,
}

impl Way {
    /// Whether evidence that comes this way is recorded of an island in `state`.
    pub fn leads_into(self, state: IslandState) -> bool {
        use IslandState::{Active, Pending, Retiring, Suspended};
        match self {
            Self::Evidence => matches!(state, Active | Suspended | Retiring),
            Self::Proof(_) => state == Pending,
        }
    }
}

impl ProofLimits {
    pub(super) fn leave_room(self, (pieces, bytes): (u64, u64), more: u64) -> Result<(), RecordRefusal> {
        if pieces >= self.pieces || bytes.saturating_add(more) > self.bytes {
            return Err(RecordRefusal::ProofLimit { limits: self, pieces, bytes });
        }
        Ok(())
    }
}

/// A gateway that somebody claims and that is not open yet.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) address: Vec<u8>,
    /// The anchor's height: no event of it is recorded above.
    pub(super) height: u64,
}

/// What proved an island.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    by: Actor,
    reason: String,
    at: OffsetDateTime,
}

/// A gateway's `Opened`, beside the claims of it.
#[derive(Debug)]
pub(super) struct Opening {
    gateway: GatewayId,
    hub: HubId,
    owner: Address,
    height: u64,
    /// Somebody claims it under the owner it names.
    pub(super) claimed: bool,
    owners: Vec<Address>,
}

impl Opening {
    pub(super) fn of(fact: &EventFact, known: &GatewayNow) -> Option<Self> {
        let GatewayEventKind::Opened { hub, owner, .. } = &fact.event.kind else { return None };
        Some(Self {
            gateway: fact.event.gateway,
            hub: *hub,
            owner: *owner,
            height: fact.height,
            claimed: known.owners.contains(owner),
            owners: known.owners.clone(),
        })
    }

    /// A gateway serves the hub that it opened for, and no other.
    pub(super) fn for_hub(&self, expected: HubId) -> Result<(), RecordRefusal> {
        if self.hub == expected {
            return Ok(());
        }
        Err(RecordRefusal::OpenedForOtherHub { gateway: self.gateway, expected, came: self.hub })
    }

    /// The snapshot after it.
    pub(super) fn enter(&self, snapshot: &mut Snapshot, piece: &Piece<'_>) {
        if let Some(now) = snapshot.gateways.get_mut(&self.gateway) {
            now.opened_by = Some(self.owner);
        }
        let Some(island) = snapshot.islands.get_mut(&piece.island) else { return };
        if island.state == IslandState::Pending && self.claimed {
            island.state = IslandState::Proven;
            let by = Actor { token: piece.token, name: format!("relayer {}", piece.relayer) };
            let reason =
                format!("gateway {} opened for owner {} at height {}", self.gateway, self.owner, self.height);
            island.proof = Some(Proof { by, reason, at: piece.recorded_at });
        }
    }
}

/// Evidence that contradicts every claim there is proves nothing of use, and the island would wait for ever: it is refused, with the
/// reason. While another gateway can still prove the island, it is recorded: a false claim must not keep out who claims rightly.
pub(super) fn prove_something(
    snapshot: &Snapshot,
    piece: &Piece<'_>,
    openings: &[Opening],
) -> Result<(), RecordRefusal> {
    let mut contradicted = None;
    let mut dead = Vec::new();
    for fact in &piece.advance.events {
        let known = snapshot.gateways.get(&fact.event.gateway);
        let Some(opening) = known.and_then(|known| Opening::of(fact, known)) else { continue };
        let fault = match opening.for_hub(piece.hub) {
            Err(refusal) => refusal,
            Ok(()) if !opening.claimed => RecordRefusal::OpenedForOtherOwner {
                gateway: opening.gateway,
                expected: opening.owners,
                came: opening.owner,
            },
            Ok(()) => continue,
        };
        dead.push(opening.gateway);
        contradicted.get_or_insert(fault);
    }
    let Some(refusal) = contradicted else { return Ok(()) };
    let proven = openings.iter().any(|opening| opening.claimed);
    let mut claimed =
        snapshot.gateways.iter().filter(|(_, now)| now.island == piece.island && now.claim.is_some());
    if proven || claimed.any(|(gateway, now)| !now.life.is_open() && !dead.contains(gateway)) {
        return Ok(());
    }
    Err(refusal)
}

type Tx = Transaction<'static, Postgres>;

/// Enters the claimed gateways that open in this transaction, before their events refer to them.
pub(super) async fn enter_gateways(
    transaction: &mut Tx,
    snapshot: &Snapshot,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    for (id, gateway) in &snapshot.gateways {
        let (Some(claim), Some(owner)) = (&gateway.claim, gateway.opened_by) else { continue };
        sqlx::query!(
            "INSERT INTO gateways (id, island, address, owner, registered_at) VALUES ($1, $2, $3, $4, $5)",
            id.as_ref(),
            gateway.island.as_ref(),
            claim.address,
            owner.as_ref(),
            now,
        )
        .execute(&mut **transaction)
        .await?;
        sqlx::query!(
            "INSERT INTO gateway_states (gateway, state, state_number, suspended, proven, epoch, threshold, attestors,
                                         cursor_number, cursor_height, highest)
             VALUES ($1, 'registered', 0, FALSE, FALSE, 0, 0, '{}', 0, $2, 0)",
            id.as_ref(),
            Uint(claim.height) as _,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Writes into their histories which islands are proven now.
pub(super) async fn enter_proofs(transaction: &mut Tx, snapshot: &Snapshot) -> Result<(), LedgerError> {
    for (id, island) in &snapshot.islands {
        let Some(proof) = &island.proof else { continue };
        enter(transaction, *id, IslandChange::Prove, island.state, &proof.by, &proof.reason, proof.at)
            .await?;
    }
    Ok(())
}
