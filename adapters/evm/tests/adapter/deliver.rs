//! Deliveries, expiries and settlements that a real gateway contract takes or refuses.

use causeway_adapter::{Destination, Outcome, Statement, testkit};
use causeway_evm_devnet::RpcFault;
use causeway_protocol::{Attestation, AttestationKind, PacketId};

use crate::island::Island;

/// Two islands, and packets sent from the first to the second.
async fn sent(name: &str, count: usize, ordered: bool) -> (Island, Island, Vec<PacketId>) {
    let (mut source, destination) = (Island::start(name).await, Island::start(&format!("{name} 2")).await);
    let mut ids = Vec::new();
    for _ in 0..count {
        let message = causeway_evm::Message { ordered, ..source.message(destination.gateway_id) };
        ids.push(source.account.send_packet(source.gateway, &message).await.unwrap().0);
    }
    source.catch_up().await;
    (source, destination, ids)
}

fn plain(kind: AttestationKind, ids: &[PacketId]) -> Vec<(Attestation, Vec<u8>)> {
    ids.iter().map(|id| (Attestation::plain(kind, *id), Vec::new())).collect()
}

fn done(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done { .. })).count()
}

async fn submit(destination: &dyn Destination, statements: &[Statement]) -> Vec<Outcome> {
    destination.submit(statements).await.unwrap().outcomes
}

#[tokio::test]
async fn packets_are_delivered_and_settled_once_and_asking_again_is_harmless() {
    let (mut source, mut destination, ids) = sent("life", 3, false).await;
    let deliver = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    testkit::destination_is_idempotent(&destination.destination(), &deliver).await;
    destination.catch_up().await;
    assert_eq!(destination.book.names(), ["Opened", "PacketDelivered", "PacketDelivered", "PacketDelivered"]);

    // The receiver has no code: the packets failed, with nothing to say.
    let results: Vec<_> = ids.iter().map(|id| (Attestation::result(*id, false, b""), Vec::new())).collect();
    let settle = source.attest(&source.book, &results);
    testkit::destination_is_idempotent(&source.destination(), &settle).await;
    source.catch_up().await;
    assert_eq!(source.book.names()[4..], ["PacketSettled", "PacketSettled", "PacketSettled"]);
}

#[tokio::test]
async fn an_ordered_lane_is_kept_within_a_batch() {
    let (source, destination, ids) = sent("ordered", 4, true).await;
    let statements = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    let adapter = destination.destination();
    let late = submit(&adapter, &statements[2..]).await;
    assert!(
        late.iter().all(|outcome| matches!(outcome, Outcome::NotYet { reason } if reason == "WrongSequence"))
    );
    assert_eq!(done(&submit(&adapter, &statements).await), 4);
}

#[tokio::test]
async fn past_its_timeout_a_packet_expires_by_the_same_statement() {
    let (mut source, destination, ids) = sent("late", 2, false).await;
    let statements = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    destination.chain.advance_time(std::time::Duration::from_secs(700));
    let adapter = destination.destination();
    let mut outcomes = submit(&adapter, &statements).await;
    if done(&outcomes) == 0 {
        outcomes = submit(&adapter, &statements).await; // the first attempt made the block whose time is past
    }
    assert_eq!(done(&outcomes), 2, "{outcomes:?}");
    let mut destination = destination;
    destination.catch_up().await;
    assert_eq!(destination.book.names()[1..], ["PacketExpired", "PacketExpired"]);

    let settle = source.attest(&source.book, &plain(AttestationKind::Expired, &ids));
    assert_eq!(done(&submit(&source.destination(), &settle).await), 2);
    source.catch_up().await;
    assert_eq!(source.book.names()[3..], ["PacketSettled", "PacketSettled"]);
}

#[tokio::test]
async fn what_policy_refuses_expires_at_once() {
    let (source, mut destination, ids) = sent("refuse", 1, false).await;
    let statements = destination.attest(&source.book, &plain(AttestationKind::Refuse, &ids));
    assert_eq!(done(&submit(&destination.destination(), &statements).await), 1);
    destination.catch_up().await;
    assert_eq!(destination.book.names()[1..], ["PacketExpired"]);
}

#[tokio::test]
async fn one_forged_or_done_statement_does_not_keep_the_others_back() {
    let (source, destination, ids) = sent("mixed", 3, false).await;
    let good = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    let adapter = destination.destination();
    assert_eq!(done(&submit(&adapter, &good[1..2]).await), 1);
    let mut forged = good[0].clone();
    forged.signatures.pop();
    let outcomes = submit(&adapter, &[good[0].clone(), good[1].clone(), good[2].clone()]).await;
    assert!(
        matches!(outcomes[..], [Outcome::Done { .. }, Outcome::AlreadyDone, Outcome::Done { .. }]),
        "{outcomes:?}"
    );
    let outcomes = submit(&adapter, &[forged]).await;
    assert_eq!(outcomes, [Outcome::Refused { reason: "TooFewSignatures".into() }]);
}

#[tokio::test]
async fn a_statement_for_another_gateway_is_refused_with_the_contracts_reason() {
    let (source, destination, ids) = sent("strange", 1, false).await;
    let statements = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    let mut wrong = statements[0].clone();
    wrong.address = source.gateway.to_vec();
    let outcomes = submit(&source.destination(), &[wrong.clone()]).await;
    assert!(matches!(&outcomes[..], [Outcome::Refused { .. }]), "{outcomes:?}");
    wrong.address = vec![1; 19];
    let outcomes = submit(&source.destination(), &[wrong]).await;
    assert!(matches!(&outcomes[..], [Outcome::Refused { .. }]), "{outcomes:?}");
}

#[tokio::test]
async fn large_batches_are_split_by_size_and_gas() {
    let (source, destination, ids) = sent("many", 12, false).await;
    let statements = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    let settings = causeway_evm::DestinationSettings { most_gas: 1_000_000, ..Default::default() };
    let account = crate::island::account(&destination.chain, &destination.nodes, 2);
    let adapter = causeway_evm::EvmDestination::new(account, settings);
    let outcomes = submit(&adapter, &statements).await;
    assert_eq!(done(&outcomes), 12);
    let mut transactions: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Done { transaction } => transaction.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    transactions.dedup();
    assert!(transactions.len() > 1);
}

#[tokio::test]
async fn a_dead_node_is_an_error_and_submitting_again_is_harmless() {
    let (source, destination, ids) = sent("outage", 2, false).await;
    let statements = destination.attest(&source.book, &plain(AttestationKind::Deliver, &ids));
    let adapter = destination.destination();
    destination.chain.faults().always(RpcFault::Fail);
    adapter.submit(&statements).await.unwrap_err();
    destination.chain.faults().clear();
    assert_eq!(done(&submit(&adapter, &statements).await), 2);
}
