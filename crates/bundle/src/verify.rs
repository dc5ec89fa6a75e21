//! Goes through a bundle.

use causeway_log::{Checkpoint, CheckpointError, Note, SignedCheckpoint, TreeHead, VerifierKey};
use causeway_protocol::{Hash, HubId};

use crate::chain::Chain;
use crate::fault::Fault;
use crate::format::Bundle;
use crate::leaves::{self, Said};
use crate::life::Life;
use crate::report::{
    Report, ReportedAttestor, ReportedEvent, ReportedIsland, ReportedLog, ReportedStatement,
};
use crate::statements::{self, Signed};

/// What whoever verifies knows from elsewhere. Whatever is left out is believed, and the report says so.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// SHA-256 of trust anchors that they trust. Each has to be in the bundle.
    pub anchors: Vec<Hash>,
    /// The log's keys. One of them has to have signed the checkpoint.
    pub log_keys: Vec<VerifierKey>,
    /// Witnesses of the log. Cosignatures of theirs have to hold.
    pub witnesses: Vec<VerifierKey>,
}

/// Verifies a bundle: evidence from the trust anchors on, statements, signatures, and the log.
///
/// Fails at the first thing that does not hold, and says which. What is not in question here: whether the bundle is the newest of its
/// packet. A bundle of an earlier moment verifies, and reports the packet as it was then.
pub fn verify(bundle: &Bundle, trust: &Trust) -> Result<Report, Fault> {
    let hub = HubId::of_origin(&bundle.origin);
    let chains = bundle.islands.iter().enumerate().map(|(island, part)| Chain::verify(island, part));
    let chains = chains.collect::<Result<Vec<_>, Fault>>()?;
    if chains.is_empty() {
        return Err(Fault::Islands { expected: 1, came: 0 });
    }
    let unknown = trust.anchors.iter().find(|anchor| chains.iter().all(|chain| chain.anchor != **anchor));
    if let Some(anchor) = unknown {
        return Err(Fault::OtherAnchor(*anchor));
    }
    let life = Life::of(bundle.packet, hub, &chains)?;
    let signed = bundle.statements.iter().enumerate();
    let signed =
        signed.map(|(at, part)| statements::check(at, part, &life)).collect::<Result<Vec<_>, Fault>>()?;
    let (tree, witnesses) = checkpoint(bundle, trust)?;
    let said = leaves::check(&bundle.leaves, tree, &chains, &life, &signed)?;
    let log = ReportedLog {
        origin: bundle.origin.clone(),
        hub,
        size: tree.size,
        root: tree.root,
        leaves: bundle.leaves.len(),
        signed: !trust.log_keys.is_empty(),
        witnesses,
    };
    Ok(report(&chains, &life, &signed, &said, log, trust))
}

/// The checkpoint's tree, and who cosigned it.
fn checkpoint(bundle: &Bundle, trust: &Trust) -> Result<(TreeHead, Vec<String>), Fault> {
    if trust.log_keys.is_empty() {
        let note = Note::decode(&bundle.checkpoint).map_err(CheckpointError::from)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin != bundle.origin {
            let expected = bundle.origin.clone();
            return Err(CheckpointError::Origin { expected, came: checkpoint.origin }.into());
        }
        return Ok((checkpoint.head, Vec::new()));
    }
    let signed = SignedCheckpoint::open(&bundle.checkpoint, &bundle.origin, &trust.log_keys)?;
    let cosigned = signed.cosignatures(&trust.witnesses).map_err(Fault::Cosignature)?;
    let witnesses = cosigned.iter().map(|signature| signature.key.name().as_str().to_owned()).collect();
    Ok((signed.head(), witnesses))
}

fn report(
    chains: &[Chain],
    life: &Life<'_>,
    signed: &[Signed<'_>],
    said: &Said,
    log: ReportedLog,
    trust: &Trust,
) -> Report {
    let name = |place: usize| said.islands.get(&place).map(|(name, _)| name.clone()).unwrap_or_default();
    let islands: Vec<ReportedIsland> = chains
        .iter()
        .enumerate()
        .map(|(place, chain)| ReportedIsland {
            id: chain.island,
            name: name(place),
            family: chain.family,
            anchor: chain.anchor,
            anchor_trusted: trust.anchors.contains(&chain.anchor),
            pieces: chain.pieces.len(),
            height: chain.height,
            frozen: chain.frozen,
        })
        .collect();
    let events: Vec<ReportedEvent> = life
        .events
        .iter()
        .filter_map(|(place, proven)| {
            Some(ReportedEvent {
                event: proven.fact.event.kind.name(),
                island: chains.get(*place)?.island,
                gateway: proven.fact.event.gateway,
                number: proven.fact.event.number,
                height: proven.fact.height,
                block: proven.fact.block,
                time: proven.fact.time,
            })
        })
        .collect();
    let statements: Vec<ReportedStatement> = signed
        .iter()
        .map(|signed| ReportedStatement {
            kind: signed.part.attestation.kind,
            gateway: life.checker(signed.part.attestation.kind).0,
            epoch: signed.part.batch.epoch,
            threshold: signed.threshold,
            of: signed.attestors,
            enough: signed.is_enough(),
            signed_by: signed
                .signers
                .iter()
                .map(|attestor| ReportedAttestor {
                    attestor: *attestor,
                    held_by_hub: said.held_by_hub.get(attestor).copied(),
                })
                .collect(),
        })
        .collect();
    let attested = signed.iter().any(Signed::is_enough);
    let (proven, believed) = crate::words::say(&islands, &events, &statements, said, &log, life);
    Report {
        id: life.packet.id(),
        state: life.state(attested),
        packet: life.packet.clone(),
        lane: life.lane,
        islands,
        events,
        statements,
        log,
        proven,
        believed,
    }
}
