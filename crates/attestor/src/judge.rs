//! Whether a batch may be signed: every statement in it against what this attestor has verified itself.

use std::collections::HashSet;

use causeway_api::PendingBatch;
use causeway_protocol::{Address, Attestation, AttestationKind, Batch, GatewayId, MAX_BATCH, PacketId};

use crate::error::StoreError;
use crate::records::{GatewayFault, GatewayRecord, Outcome, PacketRecord};
use crate::store::View;

/// Why a batch is not signed, now or ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No leaf, or more than a batch may have.
    #[error("a batch of {0} statements, expected 1 to {MAX_BATCH}")]
    Size(usize),
    /// The same statement twice in one batch.
    #[error("packet {0}: the same statement twice in one batch")]
    Twice(PacketId),
    /// A statement with a result that its kind does not have.
    #[error("packet {0}: success and result have to be zero but in RESULT")]
    NotCanonical(PacketId),
    /// The checking gateway is not one this attestor was told to vouch for.
    #[error("gateway {0} is not pinned in this attestor's configuration")]
    NotPinned(GatewayId),
    /// The gateway's `Opened` is not proven to this attestor.
    #[error("gateway {0}: its opening is not proven")]
    NotOpen(GatewayId),
    /// The batch is for another epoch than the gateway's current one.
    #[error("gateway {gateway} is in epoch {current}, the batch is for {asked}")]
    Epoch {
        /// The gateway.
        gateway: GatewayId,
        /// Its proven epoch.
        current: u64,
        /// The batch's.
        asked: u64,
    },
    /// This attestor is not in the gateway's current set.
    #[error("gateway {gateway}: attestor {attestor} is not in its set")]
    NotInSet {
        /// The gateway.
        gateway: GatewayId,
        /// This attestor.
        attestor: Address,
    },
    /// The packet's `PacketSent` is not proven to this attestor.
    #[error("packet {0}: that it was sent is not proven")]
    NotSent(PacketId),
    /// The statement is for a gateway that does not check such statements about this packet.
    #[error("packet {packet}: {kind:?} is for gateway {expected}, the batch is for {came}")]
    OtherGateway {
        /// The packet.
        packet: PacketId,
        /// The statement's kind.
        kind: AttestationKind,
        /// Who checks it.
        expected: GatewayId,
        /// Who was to check it.
        came: GatewayId,
    },
    /// The outcome is not proven to this attestor.
    #[error("packet {0}: how it ended is not proven")]
    NotEnded(PacketId),
    /// The packet ended otherwise.
    #[error("packet {packet}: {asked} asked for, {proven} is proven")]
    OtherOutcome {
        /// The packet.
        packet: PacketId,
        /// What was proven.
        proven: String,
        /// What was asked for.
        asked: String,
    },
    /// Its destination reported more than one outcome of the packet.
    #[error("packet {0}: its destination reported two outcomes of it")]
    Disputed(PacketId),
    /// Misbehaviour of an island's validators was proven: nothing goes to it or comes from it.
    #[error("packet {0}: an island of it is frozen")]
    Frozen(PacketId),
    /// The gateway contradicted itself.
    #[error("gateway {gateway}: {fault}")]
    Faulty {
        /// The gateway.
        gateway: GatewayId,
        /// In what.
        fault: GatewayFault,
    },
    /// No DELIVER from or to a paused gateway.
    #[error("gateway {0} is paused")]
    Paused(GatewayId),
    /// This attestor's own policy refuses the packet.
    #[error("packet {0}: policy refuses packets of its source")]
    Policy(PacketId),
    /// REFUSE is signed by policy, and this attestor's allows the packet, or when a packet is overdue, and it is not.
    #[error("packet {0}: no policy of this attestor refuses it, and it can still be delivered")]
    NotRefused(PacketId),
    /// VOID needs more than a hub's question.
    #[error("packet {0}: VOID is never signed on a hub's question")]
    Void(PacketId),
}

impl Reason {
    /// Whether new evidence could make the batch acceptable, so that it is worth another look.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotOpen(_) | Self::NotSent(_) | Self::NotEnded(_) | Self::Paused(_) => true,
            Self::Epoch { current, asked, .. } => asked > current,
            _ => false,
        }
    }

    /// A stable name, for logs and counts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Size(_) => "batch-size",
            Self::Twice(_) => "statement-twice",
            Self::NotCanonical(_) => "not-canonical",
            Self::NotPinned(_) => "gateway-not-pinned",
            Self::NotOpen(_) => "gateway-not-opened",
            Self::Epoch { .. } => "other-epoch",
            Self::NotInSet { .. } => "not-in-set",
            Self::NotSent(_) => "packet-not-proven",
            Self::OtherGateway { .. } => "other-gateway",
            Self::NotEnded(_) => "outcome-not-proven",
            Self::OtherOutcome { .. } => "other-outcome",
            Self::Disputed(_) => "packet-disputed",
            Self::Frozen(_) => "island-frozen",
            Self::Faulty { .. } => "gateway-faulty",
            Self::Paused(_) => "gateway-paused",
            Self::Policy(_) => "refused-by-policy",
            Self::NotRefused(_) => "not-refused",
            Self::Void(_) => "void",
        }
    }
}

/// A batch to sign.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) batch: Batch,
    /// Packets in it that nobody can deliver any more.
    pub(crate) overdue: HashSet<PacketId>,
}

/// What one attestor may sign: its key's address, what it was told to vouch for, and its policy.
#[derive(Debug, Clone)]
pub(crate) struct Mandate {
    /// The attestor.
    pub(crate) attestor: Address,
    /// The gateways it vouches for.
    pub(crate) pinned: HashSet<GatewayId>,
    /// Source gateways whose packets it refuses.
    pub(crate) refused: HashSet<GatewayId>,
}

impl Mandate {
    /// The batch to sign for `pending`, if every statement in it is true and allowed at `now`, Unix seconds.
    pub(crate) fn judge(
        &self,
        view: &View,
        pending: &PendingBatch,
        now: u64,
    ) -> Result<Result<Judged, Reason>, StoreError> {
        match self.rules(view, pending, now) {
            Ok(judged) => Ok(Ok(judged)),
            Err(Fault::Rule(reason)) => Ok(Err(reason)),
            Err(Fault::Store(error)) => Err(error),
        }
    }

    fn rules(&self, view: &View, pending: &PendingBatch, now: u64) -> Result<Judged, Fault> {
        let batch = Batch::of(pending.epoch, &pending.leaves).ok_or(Reason::Size(pending.leaves.len()))?;
        let checking = self.open_gateway(view, pending.gateway)?;
        if checking.set.epoch != pending.epoch {
            let (gateway, asked) = (pending.gateway, pending.epoch);
            return Err(Reason::Epoch { gateway, current: checking.set.epoch, asked }.into());
        }
        if !checking.set.attestors.contains(&self.attestor) {
            return Err(Reason::NotInSet { gateway: pending.gateway, attestor: self.attestor }.into());
        }
        let (mut seen, mut overdue) = (HashSet::new(), HashSet::new());
        for leaf in &pending.leaves {
            if !leaf.is_canonical() {
                return Err(Reason::NotCanonical(leaf.packet).into());
            }
            if !seen.insert(leaf.leaf()) {
                return Err(Reason::Twice(leaf.packet).into());
            }
            let packet = self.statement(view, pending.gateway, leaf, now)?;
            if packet.is_overdue(now) {
                overdue.insert(leaf.packet);
            }
        }
        Ok(Judged { batch, overdue })
    }

    /// A gateway that is pinned and whose `Opened` is proven.
    fn open_gateway(&self, view: &View, gateway: GatewayId) -> Result<GatewayRecord, Fault> {
        if !self.pinned.contains(&gateway) {
            return Err(Reason::NotPinned(gateway).into());
        }
        view.gateway(gateway)?.ok_or(Fault::Rule(Reason::NotOpen(gateway)))
    }

    /// Whether one statement is true and allowed; the packet that it is about.
    fn statement(
        &self,
        view: &View,
        checking: GatewayId,
        leaf: &Attestation,
        now: u64,
    ) -> Result<PacketRecord, Fault> {
        if leaf.kind == AttestationKind::Void {
            return Err(Reason::Void(leaf.packet).into());
        }
        let packet = view.packet(leaf.packet)?.ok_or(Reason::NotSent(leaf.packet))?;
        let expected = if leaf.kind.checked_by_destination() { packet.destination } else { packet.source };
        if expected != checking {
            let (kind, came) = (leaf.kind, checking);
            return Err(Reason::OtherGateway { packet: leaf.packet, kind, expected, came }.into());
        }
        let source = self.open_gateway(view, packet.source)?;
        let destination = self.open_gateway(view, packet.destination)?;
        match leaf.kind {
            AttestationKind::Deliver => {
                self.not_refused(leaf.packet, &packet)?;
                not_frozen(view, leaf.packet, &[&source, &destination])?;
                not_faulty(packet.source, &source)?;
                not_faulty(packet.destination, &destination)?;
                not_paused(packet.source, &source)?;
                not_paused(packet.destination, &destination)?;
            }
            AttestationKind::Refuse => {
                if !self.refused.contains(&packet.source) && !packet.is_overdue(now) {
                    return Err(Reason::NotRefused(leaf.packet).into());
                }
                not_frozen(view, leaf.packet, &[&source])?;
            }
            AttestationKind::Result | AttestationKind::Expired | AttestationKind::Void => {
                not_frozen(view, leaf.packet, &[&destination])?;
                ended_so(view, leaf, packet.destination)?;
            }
        }
        Ok(packet)
    }

    fn not_refused(&self, id: PacketId, packet: &PacketRecord) -> Result<(), Fault> {
        if self.refused.contains(&packet.source) { Err(Reason::Policy(id).into()) } else { Ok(()) }
    }
}

/// Design 1, states of an island: frozen, nothing to or from it is delivered, and nothing it says is signed.
fn not_frozen(view: &View, id: PacketId, ends: &[&GatewayRecord]) -> Result<(), Fault> {
    for end in ends {
        if view.island(end.island)?.is_none_or(|island| island.frozen) {
            return Err(Reason::Frozen(id).into());
        }
    }
    Ok(())
}

fn not_faulty(gateway: GatewayId, record: &GatewayRecord) -> Result<(), Fault> {
    record.fault.map_or(Ok(()), |fault| Err(Reason::Faulty { gateway, fault }.into()))
}

fn not_paused(gateway: GatewayId, record: &GatewayRecord) -> Result<(), Fault> {
    if record.paused { Err(Reason::Paused(gateway).into()) } else { Ok(()) }
}

/// The outcome counts by the word of the packet's destination only: any gateway can emit an event with any packet's id. A gateway
/// that contradicted itself about another packet is still heard: what is open there has to find its way home.
fn ended_so(view: &View, leaf: &Attestation, destination: GatewayId) -> Result<(), Fault> {
    let outcome = view.outcome(leaf.packet, destination)?.ok_or(Reason::NotEnded(leaf.packet))?;
    let proven = match outcome {
        Outcome::Delivered { success, result } => {
            Attestation { kind: AttestationKind::Result, packet: leaf.packet, success, result }
        }
        Outcome::Expired => Attestation::plain(AttestationKind::Expired, leaf.packet),
        Outcome::Disputed => return Err(Reason::Disputed(leaf.packet).into()),
    };
    if proven == *leaf {
        Ok(())
    } else {
        let (proven, asked) = (describe(&proven), describe(leaf));
        Err(Reason::OtherOutcome { packet: leaf.packet, proven, asked }.into())
    }
}

fn describe(attestation: &Attestation) -> String {
    match attestation.kind {
        AttestationKind::Result => {
            format!("RESULT (success {}, result {})", attestation.success, attestation.result)
        }
        kind => format!("{kind:?}").to_uppercase(),
    }
}

/// Either a rule says no, or the store failed.
enum Fault {
    Rule(Reason),
    Store(StoreError),
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self::Rule(reason)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
