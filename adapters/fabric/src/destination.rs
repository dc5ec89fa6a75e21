//! Delivering to a Fabric island: statements in batches, one application a transaction, split where one spoils a batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use causeway_adapter::{AdapterError, Destination, Outcome, Statement, Submission};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::Peers;
use crate::statements::{Action, size};
use crate::transact::TransactError;
use crate::verdict::{ChaincodeRefusal, Verdict};

/// How much goes into one transaction.
#[derive(Debug, Clone)]
pub struct DestinationSettings {
    /// Most statements of one transaction. 100.
    pub most_items: usize,
    /// Most bytes of statements in one transaction, unless a single one has more. 512 KiB.
    pub most_bytes: usize,
    /// Most transactions under way at once. 8.
    pub most_flights: usize,
    /// How often a transaction that lost a race is endorsed and ordered again. 5.
    pub most_races: usize,
}

impl Default for DestinationSettings {
    fn default() -> Self {
        Self { most_items: 100, most_bytes: 512 * 1024, most_flights: 8, most_races: 5 }
    }
}

/// Delivers to the gateways of one channel.
#[derive(Debug)]
pub struct FabricDestination {
    peers: Arc<Peers>,
    settings: DestinationSettings,
}

/// Statements to submit in one transaction: of one gateway, calling one application.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Attempt {
    chaincode: String,
    action: Action,
    /// Indices into the statements of the call.
    items: Vec<usize>,
    races: usize,
}

impl FabricDestination {
    /// Delivers through these peers.
    pub fn new(peers: Arc<Peers>, settings: DestinationSettings) -> Self {
        Self { peers, settings }
    }

    async fn attempt(
        &self,
        attempt: Attempt,
        statements: &[Statement],
    ) -> (Attempt, Result<Vec<u8>, TransactError>) {
        let items: Vec<&Statement> = attempt.items.iter().map(|&index| &statements[index]).collect();
        let arguments = attempt.action.arguments(&items);
        let done = self.peers.transact(&attempt.chaincode, attempt.action.function(), &arguments).await;
        let transaction = done.map(|committed| committed.transaction_bytes());
        (attempt, transaction)
    }
}

#[async_trait]
impl Destination for FabricDestination {
    async fn submit(&self, statements: &[Statement]) -> Result<Submission, AdapterError> {
        let waiting = Outcome::NotYet { reason: "not submitted".into() };
        let mut outcomes = vec![waiting; statements.len()];
        let mut waiting = plan(statements, &self.settings, &mut outcomes);
        let mut flights = FuturesUnordered::new();
        loop {
            while flights.len() < self.settings.most_flights
                && let Some(attempt) = waiting.pop()
            {
                flights.push(self.attempt(attempt, statements));
            }
            let Some((attempt, result)) = flights.next().await else { break };
            waiting.extend(take_in(attempt, result, statements, self.settings.most_races, &mut outcomes));
        }
        Ok(Submission { outcomes })
    }
}

/// What statements of one transaction share: the gateway, its function, and the application it calls.
type Together<'a> = (&'a [u8], Action, Option<&'a [u8]>);

/// Splits the statements into attempts by gateway, function, application and size. What can never be submitted is judged at
/// once. The first attempt is the last in the list.
fn plan(statements: &[Statement], settings: &DestinationSettings, outcomes: &mut [Outcome]) -> Vec<Attempt> {
    let mut groups: BTreeMap<Together<'_>, Vec<Vec<usize>>> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        let judged = judge(statement);
        let (action, application) = match judged {
            Ok(judged) => judged,
            Err(reason) => {
                outcomes[index] = Outcome::Refused { reason: reason.into() };
                continue;
            }
        };
        let group = groups.entry((&statement.address, action, application)).or_default();
        let has_room = |items: &Vec<usize>| {
            let bytes: usize = items.iter().chain([&index]).map(|&index| size(&statements[index])).sum();
            items.len() < settings.most_items && bytes <= settings.most_bytes
        };
        match group.last_mut().filter(|items| has_room(items)) {
            Some(items) => items.push(index),
            None => group.push(vec![index]),
        }
    }
    let mut attempts: Vec<Attempt> = groups
        .into_iter()
        .flat_map(|((address, action, _), items)| {
            let chaincode = String::from_utf8_lossy(address).into_owned();
            items.into_iter().map(move |items| Attempt {
                chaincode: chaincode.clone(),
                action,
                items,
                races: 0,
            })
        })
        .collect();
    attempts.sort_by_key(|attempt| core::cmp::Reverse(attempt.items[0]));
    attempts
}

/// The function that takes a statement, and the application it calls.
fn judge(statement: &Statement) -> Result<(Action, Option<&[u8]>), &'static str> {
    let action = Action::of(statement.attestation.kind)
        .ok_or("only the owner of the source gateway can submit VOID")?;
    let application = action.application(&statement.packet);
    if !is_name(&statement.address) {
        return Err("the gateway's address is no chaincode's name");
    }
    if application.is_some_and(|application| !is_name(application)) {
        return Err("the packet's party here is no chaincode's name");
    }
    Ok((action, application))
}

/// Whether a chaincode can have this name: letters, digits, dashes and underscores, no mark first or last or twice.
fn is_name(bytes: &[u8]) -> bool {
    let mut parts = bytes.split(|byte| b"-_".contains(byte));
    parts.all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
}

/// Takes in what became of an attempt, and answers what to attempt next instead.
fn take_in(
    attempt: Attempt,
    result: Result<Vec<u8>, TransactError>,
    statements: &[Statement],
    most_races: usize,
    outcomes: &mut [Outcome],
) -> Vec<Attempt> {
    let not_yet = |outcomes: &mut [Outcome], items: &[usize], reason: &str| {
        for &index in items {
            outcomes[index] = Outcome::NotYet { reason: reason.to_owned() };
        }
    };
    match result {
        Ok(transaction) => {
            for &index in &attempt.items {
                outcomes[index] = Outcome::Done { transaction: transaction.clone() };
            }
        }
        Err(TransactError::LostRace) if attempt.races < most_races => {
            return vec![Attempt { races: attempt.races + 1, ..attempt }];
        }
        Err(TransactError::Refused(words)) => return refused(attempt, &words, statements, outcomes),
        Err(error) => not_yet(outcomes, &attempt.items, &error.to_string()),
    }
    Vec::new()
}

/// The chaincode refuses the transaction, for one item's sake or for all: that item is judged, or the batch is halved until
/// it stands alone.
fn refused(
    attempt: Attempt,
    words: &str,
    statements: &[Statement],
    outcomes: &mut [Outcome],
) -> Vec<Attempt> {
    let refusal = ChaincodeRefusal::read(words);
    let named = |&&index: &&usize| refusal.packet == Some(statements[index].id().0);
    let culprit = match attempt.items.as_slice() {
        [only] => Some(*only),
        items => items.iter().find(named).copied(),
    };
    let Some(culprit) = culprit else {
        if !refusal.by_chaincode {
            // Peers that are missing, or at different blocks, are so for every part of it.
            for &index in &attempt.items {
                outcomes[index] = Outcome::NotYet { reason: words.to_owned() };
            }
            return Vec::new();
        }
        let (first, second) = attempt.items.split_at(attempt.items.len() / 2);
        return [first, second].map(|items| Attempt { items: items.to_vec(), ..attempt.clone() }).into();
    };
    let reason = || words.to_owned();
    outcomes[culprit] = match refusal.verdict() {
        Verdict::Done => Outcome::AlreadyDone,
        Verdict::Later => Outcome::NotYet { reason: reason() },
        Verdict::Never => Outcome::Refused { reason: reason() },
    };
    let items: Vec<usize> = attempt.items.iter().copied().filter(|&index| index != culprit).collect();
    if items.is_empty() { Vec::new() } else { vec![Attempt { items, ..attempt }] }
}

#[cfg(test)]
mod tests {
    use causeway_protocol::{
        Attestation, AttestationKind, Batch, BatchProof, GatewayId, Hash, LaneId, LaneTerms, Packet,
    };

    use super::*;

    fn statement(kind: AttestationKind, sequence: u64, party: &str, payload: usize) -> Statement {
        let packet = Packet {
            source: GatewayId([9; 32]),
            destination: GatewayId([8; 32]),
            lane: LaneId([7; 32]),
            sequence,
            sender: party.into(),
            receiver: party.into(),
            timeout: 1,
            budget: 0,
            payload: vec![0; payload],
        };
        Statement {
            gateway: packet.destination,
            address: b"gateway".to_vec(),
            attestation: Attestation::plain(kind, packet.id()),
            packet,
            lane: LaneTerms { name: Hash([6; 32]), ordered: false },
            result: Vec::new(),
            batch: Batch { epoch: 1, count: 1, root: Hash([1; 32]) },
            proof: BatchProof { index: 0, path: Vec::new() },
            signatures: Vec::new(),
        }
    }

    fn outcomes(count: usize) -> Vec<Outcome> {
        vec![Outcome::NotYet { reason: "not submitted".into() }; count]
    }

    fn groups(attempts: &[Attempt]) -> Vec<(Action, Vec<usize>)> {
        attempts.iter().rev().map(|attempt| (attempt.action, attempt.items.clone())).collect()
    }

    #[test]
    fn a_transaction_calls_one_application_and_is_of_bounded_size() {
        let of = |kind, party, payload| statement(kind, 1, party, payload);
        let statements = [
            of(AttestationKind::Deliver, "board", 10),
            of(AttestationKind::Deliver, "token", 10),
            of(AttestationKind::Refuse, "token", 10),
            of(AttestationKind::Deliver, "board", 10),
            of(AttestationKind::Refuse, "anything \u{0}", 10),
            of(AttestationKind::Result, "board", 10),
            of(AttestationKind::Deliver, "board", 1500),
            of(AttestationKind::Deliver, "board", 1500),
            of(AttestationKind::Void, "board", 10),
            of(AttestationKind::Deliver, "no name", 10),
        ];
        let settings = DestinationSettings { most_bytes: 2500, ..DestinationSettings::default() };
        let mut outcomes = outcomes(statements.len());
        let attempts = plan(&statements, &settings, &mut outcomes);
        let expected = [
            (Action::Deliver, vec![0, 3, 6]),
            (Action::Deliver, vec![1]),
            (Action::Expire, vec![2, 4]),
            (Action::Settle, vec![5]),
            (Action::Deliver, vec![7]),
        ];
        assert_eq!(groups(&attempts), expected);
        let refused: Vec<usize> =
            (0..outcomes.len()).filter(|&index| matches!(outcomes[index], Outcome::Refused { .. })).collect();
        assert_eq!(refused, [8, 9]);
    }

    fn attempt(items: &[usize]) -> Attempt {
        Attempt { chaincode: "gateway".into(), action: Action::Deliver, items: items.to_vec(), races: 0 }
    }

    #[test]
    fn a_refusal_that_names_a_packet_leaves_the_others() {
        let statements: Vec<Statement> =
            (1..=3).map(|sequence| statement(AttestationKind::Deliver, sequence, "board", 1)).collect();
        let mut outcomes = outcomes(3);
        let id = const_hex::encode(statements[1].id().0);
        let words = format!("Org1MSP: chaincode response 500, already-final: packet 0x{id}: ended");
        let next = refused(attempt(&[0, 1, 2]), &words, &statements, &mut outcomes);
        assert_eq!(outcomes[1], Outcome::AlreadyDone);
        assert_eq!(groups(&next), [(Action::Deliver, vec![0, 2])]);
    }

    #[test]
    fn a_refusal_of_all_is_halved_where_a_chaincode_made_it_and_waits_where_peers_did() {
        let statements: Vec<Statement> =
            (1..=3).map(|sequence| statement(AttestationKind::Deliver, sequence, "board", 1)).collect();
        let mut outcomes = outcomes(3);
        let words = "chaincode response 500, app-refused: board: failing";
        let next = refused(attempt(&[0, 1, 2]), words, &statements, &mut outcomes);
        assert_eq!(groups(&next), [(Action::Deliver, vec![1, 2]), (Action::Deliver, vec![0])]);
        assert!(refused(attempt(&[0]), words, &statements, &mut outcomes).is_empty());
        assert!(matches!(&outcomes[0], Outcome::NotYet { reason } if reason.contains("app-refused")));

        let next = refused(attempt(&[0, 1, 2]), "endorsements are missing", &statements, &mut outcomes);
        assert!(next.is_empty());
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::NotYet { .. })));
    }

    #[test]
    fn a_lost_race_is_run_again_so_often_and_no_more() {
        let mut outcomes = outcomes(1);
        let mut next = vec![attempt(&[0])];
        let mut races = 0;
        while let Some(attempt) = next.pop() {
            next = take_in(attempt, Err(TransactError::LostRace), &[], 5, &mut outcomes);
            races += 1;
        }
        assert_eq!(races, 6);
        assert!(matches!(&outcomes[0], Outcome::NotYet { .. }));
    }
}
