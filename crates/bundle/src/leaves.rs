//! The leaves of the log: that the hub wrote down what evidence and signatures prove, and what it alone says.

use std::collections::{BTreeMap, BTreeSet};

use causeway_log::fact::{BatchAttested, GatewayEvent};
use causeway_log::{Entry, Fact, TreeHead, verify_inclusion};
use causeway_protocol::{Address, GatewayEventKind, GatewayId, Hash, keccak256};

use crate::chain::{Chain, Proven};
use crate::fault::Fault;
use crate::format::LeafPart;
use crate::life::Life;
use crate::statements::Signed;

/// What only the hub says, in leaves of its log.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Of each attestor that signed: whether the hub's operator holds its key.
    pub(crate) held_by_hub: BTreeMap<Address, bool>,
    /// The names that islands were registered under, and who approved each, why; by the island's place.
    pub(crate) islands: BTreeMap<usize, (String, Vec<(String, String)>)>,
}

/// What has to be in the leaves.
struct Needed<'a> {
    events: BTreeMap<(GatewayId, u64), &'a Proven>,
    /// Every piece, by its island's place and its digest, with its time.
    evidence: BTreeMap<(usize, Hash), u64>,
    signatures: BTreeSet<(GatewayId, u64, Hash, Address)>,
    attestors: BTreeSet<Address>,
    /// Attestors of whom no token was shown yet.
    unknown: BTreeSet<Address>,
    islands: BTreeSet<usize>,
    /// Islands whose approval was not shown yet. Where anything is signed, both were approved.
    approvals: BTreeSet<usize>,
}

/// Checks every leaf against the checkpoint's tree, and against what is proven.
pub(crate) fn check(
    leaves: &[LeafPart],
    tree: TreeHead,
    chains: &[Chain],
    life: &Life<'_>,
    statements: &[Signed<'_>],
) -> Result<Said, Fault> {
    let mut needed = Needed::of(chains, life, statements);
    let mut said = Said::default();
    for (leaf, part) in leaves.iter().enumerate() {
        let fact = Fact::decode(&part.fact).map_err(|fault| Fault::Fact { leaf, fault })?;
        let entry = Entry::new(fact.kind(), part.salt, &part.fact);
        verify_inclusion(entry.leaf_hash(), part.index, tree, &part.proof)
            .map_err(|fault| Fault::NotIncluded { leaf, index: part.index, fault })?;
        needed.take(leaf, &fact, chains, statements, &mut said)?;
    }
    needed.finish()?;
    Ok(said)
}

impl<'a> Needed<'a> {
    fn of(chains: &[Chain], life: &'a Life<'_>, statements: &[Signed<'_>]) -> Self {
        let events = life.events.iter().map(|(_, proven)| {
            let event = &proven.fact.event;
            ((event.gateway, event.number), *proven)
        });
        let pieces = chains.iter().enumerate();
        let evidence = pieces.flat_map(|(island, chain)| {
            chain.pieces.iter().map(move |(digest, at)| ((island, *digest), *at))
        });
        let signatures = statements.iter().flat_map(|signed| {
            let (gateway, _) = life.checker(signed.part.attestation.kind);
            let batch = signed.part.batch;
            signed.signers.iter().map(move |signer| (gateway, batch.epoch, batch.root, *signer))
        });
        let attestors: BTreeSet<Address> =
            statements.iter().flat_map(|signed| signed.signers.iter().copied()).collect();
        Self {
            events: events.collect(),
            evidence: evidence.collect(),
            signatures: signatures.collect(),
            unknown: attestors.clone(),
            attestors,
            islands: (0..chains.len()).collect(),
            approvals: if statements.is_empty() { BTreeSet::new() } else { (0..chains.len()).collect() },
        }
    }

    /// Takes one leaf for what it has to say.
    fn take(
        &mut self,
        leaf: usize,
        fact: &Fact,
        chains: &[Chain],
        statements: &[Signed<'_>],
        said: &mut Said,
    ) -> Result<(), Fault> {
        let useless = Fault::UselessLeaf { leaf };
        let contradicted = |what| Fault::Contradicted { leaf, what };
        match fact {
            Fact::GatewayEvent(fact) => {
                let proven = self.events.remove(&(fact.gateway, fact.number)).ok_or(useless)?;
                if is_same(fact, proven) { Ok(()) } else { Err(contradicted("an event")) }
            }
            Fact::EvidenceRecorded(fact) => {
                let island = chains.iter().position(|chain| chain.island == fact.island);
                let recorded = island.and_then(|island| self.evidence.remove(&(island, fact.digest)));
                let at = recorded.ok_or(useless)?;
                if seconds(fact.at) == at { Ok(()) } else { Err(contradicted("evidence")) }
            }
            Fact::BatchAttested(fact) => {
                let BatchAttested { gateway, epoch, count, root, attestor, signature, .. } = fact;
                if !self.signatures.remove(&(*gateway, *epoch, *root, *attestor)) {
                    return Err(useless);
                }
                let same = statements.iter().any(|signed| {
                    let batch = signed.part.batch;
                    (batch.epoch, u64::from(batch.count), batch.root) == (*epoch, *count, *root)
                        && signed.part.signatures.contains(signature)
                });
                if same { Ok(()) } else { Err(contradicted("a signature")) }
            }
            Fact::TokenAdmitted(fact) => {
                let attestor =
                    fact.address.filter(|address| self.attestors.contains(address)).ok_or(useless)?;
                self.unknown.remove(&attestor);
                // Whoever ever held it for the hub may have kept it.
                *said.held_by_hub.entry(attestor).or_default() |= fact.held_by_hub;
                Ok(())
            }
            Fact::IslandRegistered(fact) => {
                let place = chains.iter().position(|chain| chain.island == fact.island);
                let place = place.filter(|place| self.islands.remove(place)).ok_or(useless)?;
                if chains.get(place).is_none_or(|chain| chain.anchor != fact.digest) {
                    return Err(contradicted("a trust anchor"));
                }
                said.islands.entry(place).or_default().0.clone_from(&fact.name);
                Ok(())
            }
            Fact::IslandChanged(fact) if fact.change == "approved" => {
                let place = chains.iter().position(|chain| chain.island == fact.island).ok_or(useless)?;
                self.approvals.remove(&place);
                let approvals = &mut said.islands.entry(place).or_default().1;
                approvals.push((fact.actor.clone(), fact.reason.clone()));
                Ok(())
            }
            _ => Err(useless),
        }
    }

    fn finish(self) -> Result<(), Fault> {
        let missing = |what: String| Err(Fault::MissingLeaf(what));
        if let Some(((gateway, number), _)) = self.events.first_key_value() {
            return missing(format!("event {number} of gateway {gateway}"));
        }
        if let Some(((_, digest), _)) = self.evidence.first_key_value() {
            return missing(format!("the recording of evidence {digest}"));
        }
        if let Some((gateway, epoch, root, signer)) = self.signatures.first() {
            return missing(format!(
                "{signer}'s signature on batch {root} of epoch {epoch} for gateway {gateway}"
            ));
        }
        if let Some(place) = self.islands.first() {
            return missing(format!("the registration of islands[{place}]"));
        }
        if let Some(place) = self.approvals.first() {
            return missing(format!("the approval of islands[{place}]"));
        }
        if let Some(attestor) = self.unknown.first() {
            return missing(format!("the admission of attestor {attestor}"));
        }
        Ok(())
    }
}

/// A fact's time in the seconds that evidence is verified by.
fn seconds(micros: u64) -> u64 {
    micros / 1_000_000
}

/// Whether the log says of an event what the evidence proves.
fn is_same(fact: &GatewayEvent, proven: &Proven) -> bool {
    let event = &proven.fact.event;
    let (success, outcome, result) = match &event.kind {
        GatewayEventKind::PacketDelivered { success, result, .. } => {
            (Some(*success), None, Some(keccak256(result)))
        }
        GatewayEventKind::PacketSettled { outcome, success, .. } => {
            (Some(*success), Some(*outcome as u8), None)
        }
        _ => (None, None, None),
    };
    let said = (&fact.event[..], fact.subject, fact.success, fact.outcome, fact.result);
    let subject = event.kind.packet().map(Hash::from);
    let place = (fact.height, &fact.block[..], fact.transaction, fact.log, fact.time, fact.evidence);
    let EventPlace { height, block, transaction, log, time } = EventPlace::of(proven);
    said == (event.kind.name(), subject, success, outcome, result)
        && place == (height, block, transaction, log, time, proven.digest)
        && seconds(fact.at) == proven.at
}

struct EventPlace<'a> {
    height: u64,
    block: &'a [u8],
    transaction: u64,
    log: u64,
    time: u64,
}

impl<'a> EventPlace<'a> {
    fn of(proven: &'a Proven) -> Self {
        let fact = &proven.fact;
        let (height, transaction, log, time) = (fact.height, fact.transaction, fact.log, fact.time);
        Self { height, block: fact.block.as_ref(), transaction, log, time }
    }
}
