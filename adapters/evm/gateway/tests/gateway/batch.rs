//! Batches: signatures are checked once, and items do not touch each other.

use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::{SolCall, SolError};
use causeway_evm_gateway::Gateway;
use causeway_protocol::AttestationKind::{Deliver, Expired, Refuse};
use causeway_protocol::{Attestation, AttestationKind};

use crate::harness::{Draft, Ending, Island, Puppet, Sent, Signed, account};

const PROCESSED: FixedBytes<4> = FixedBytes::ZERO;

fn refusal<E: SolError>(_: E) -> FixedBytes<4> {
    E::SELECTOR.into()
}

/// Two islands, a puppet on the second, and `n` packets on their way to it.
fn under_way(n: usize) -> (Island, Island, Address, Vec<Sent>) {
    let (mut source, mut destination) = (Island::new(1), Island::new(2));
    let puppet = destination.puppet();
    let draft = Draft { budget: 500_000, ..Draft::to(destination.id, puppet, source.now()) };
    let packets = (0..n).map(|_| source.send(account(1), &draft)).collect();
    (source, destination, puppet, packets)
}

fn attest(island: &Island, packets: &[Sent], kind: AttestationKind) -> Signed {
    let attestations: Vec<_> = packets.iter().map(|sent| Attestation::plain(kind, sent.id())).collect();
    island.attest(&attestations)
}

fn deliveries(packets: &[Sent]) -> Vec<Gateway::Delivery> {
    packets.iter().map(Sent::delivery).collect()
}

fn deliver_batch(island: &Island, packets: &[Sent]) -> Gateway::deliverBatchCall {
    Gateway::deliverBatchCall { items: deliveries(packets), proof: attest(island, packets, Deliver).whole() }
}

#[test]
fn a_whole_batch_needs_no_paths() {
    for n in [1, 2, 3, 7, 8, 9, 33] {
        let (_, mut destination, puppet, packets) = under_way(n);
        let call = deliver_batch(&destination, &packets);
        let receipt = destination.call(account(3), call).ok();
        assert_eq!(receipt.returned::<Gateway::deliverBatchCall>(), vec![PROCESSED; n]);
        let delivered: Vec<B256> =
            receipt.events::<Gateway::PacketDelivered>().iter().map(|event| event.id).collect();
        assert_eq!(delivered, packets.iter().map(|sent| B256::from(sent.id().0)).collect::<Vec<_>>());
        assert_eq!(destination.chain.view(puppet, Puppet::callsCall {}), U256::from(n));
    }
}

#[test]
fn some_items_of_a_batch_come_with_their_paths_in_any_order() {
    let (_, mut destination, _, packets) = under_way(7);
    let signed = attest(&destination, &packets, Deliver);
    let chosen = [6usize, 0, 3];
    let items = chosen.iter().map(|i| packets[*i].delivery()).collect();
    let call = Gateway::deliverBatchCall { items, proof: signed.some(&[6, 0, 3]) };
    destination.call(account(3), call).ok();
    for (index, sent) in packets.iter().enumerate() {
        let state = destination.view(Gateway::receivedCall { id: sent.id().0.into() });
        assert_eq!(state == 1, chosen.contains(&index));
    }
}

#[test]
fn a_batch_whose_proof_does_not_fit_its_items_is_refused() {
    let (_, mut destination, _, packets) = under_way(3);
    let signed = attest(&destination, &packets, Deliver);
    let good = Gateway::deliverBatchCall { items: deliveries(&packets), proof: signed.some(&[0, 1, 2]) };
    let changes: [fn(&mut Gateway::deliverBatchCall); 5] = [
        |call| call.proof.indices.truncate(2),
        |call| drop(call.proof.paths.pop()),
        |call| drop(call.items.pop()),
        |call| call.items.clear(),
        |call| call.proof.paths.clear(),
    ];
    for change in changes {
        let mut call = good.clone();
        change(&mut call);
        destination.call(account(3), call).reverted_with(Gateway::BadBatch {});
    }
    let whole = Gateway::deliverBatchCall { items: deliveries(&packets[..2]), proof: signed.whole() };
    destination.call(account(3), whole).reverted_with(Gateway::BadBatch {});
    let nothing = Gateway::deliverBatchCall {
        items: vec![],
        proof: Gateway::BatchProof { count: 0, ..signed.whole() },
    };
    destination.call(account(3), nothing).reverted_with(Gateway::BadBatch {});
    let mut call = good.clone();
    call.proof.paths[2][0].0[0] ^= 1;
    destination.call(account(3), call).reverted_with(Gateway::BadPath {});
    destination.call(account(3), good).ok();
}

#[test]
fn items_that_cannot_be_delivered_are_skipped_without_a_trace() {
    let (mut source, mut destination, puppet, mut packets) = under_way(6);
    let mut third = Island::new(3);
    let from_blocked = third.send(account(1), &Draft::to(destination.id, puppet, third.now()));
    let blocked = B256::from(third.id.0);
    destination.owner_call(Gateway::blockSourceCall { source: blocked }).ok();
    let ordered = Draft { ordered: true, ..Draft::to(destination.id, puppet, source.now()) };
    source.send(account(1), &ordered);
    let out_of_order = source.send(account(1), &ordered);

    destination.deliver(&packets[0]).ok();
    packets[1].packet.timeout = destination.now() - 1;
    packets[2].packet.destination.0[0] ^= 1;
    packets[3].lane.name.0[0] ^= 1;
    packets[4].packet.budget = 5_000_001;
    packets.extend([from_blocked, out_of_order]);
    let again = packets[5].clone();
    packets.push(again);

    let before = destination.view(Gateway::numberCall {});
    let call = deliver_batch(&destination, &packets);
    let receipt = destination.call(account(3), call).ok();
    assert_eq!(
        receipt.returned::<Gateway::deliverBatchCall>(),
        vec![
            refusal(Gateway::AlreadyFinal {}),
            refusal(Gateway::PastTimeout {}),
            refusal(Gateway::WrongDestination {}),
            refusal(Gateway::WrongLane {}),
            refusal(Gateway::BudgetTooLarge {}),
            PROCESSED,
            refusal(Gateway::SourceBlocked {}),
            refusal(Gateway::WrongSequence {}),
            refusal(Gateway::AlreadyFinal {}),
        ]
    );
    assert_eq!(receipt.event::<Gateway::PacketDelivered>().id, B256::from(packets[5].id().0));
    assert_eq!(destination.view(Gateway::numberCall {}), before + 1);
}

#[test]
fn receivers_that_burn_revert_or_answer_a_megabyte_do_not_touch_their_neighbours() {
    let (mut source, mut destination, good, _) = under_way(0);
    let receivers: Vec<Address> =
        [(Ending::Burn, 0), (Ending::Revert, 1_000_000), (Ending::Return, 1_000_000)]
            .into_iter()
            .map(|(ending, tail)| {
                let puppet = destination.puppet();
                destination.ends(puppet, ending, &[], tail);
                puppet
            })
            .collect();
    let mut packets = Vec::new();
    for receiver in receivers {
        for to in [receiver, good] {
            let draft = Draft { budget: 3_000_000, ..Draft::to(destination.id, to, source.now()) };
            packets.push(source.send(account(1), &draft));
        }
    }
    let call = deliver_batch(&destination, &packets);
    let receipt = destination.call(account(3), call).ok();
    let success: Vec<bool> =
        receipt.events::<Gateway::PacketDelivered>().iter().map(|event| event.success).collect();
    assert_eq!(success, [false, true, false, true, true, true]);
    assert_eq!(destination.chain.view(good, Puppet::callsCall {}), U256::from(3));
}

#[test]
fn a_batch_expires_what_can_expire() {
    let (_, mut destination, _, packets) = under_way(3);
    destination.deliver(&packets[1]).ok();
    for (kind, early) in [(Deliver, true), (Refuse, false)] {
        let proof = attest(&destination, &packets, kind).whole();
        let call = Gateway::expireBatchCall { items: deliveries(&packets), kind: kind as u8, proof };
        let receipt = destination.call(account(3), call).ok();
        let first = if early { refusal(Gateway::NotPastTimeout {}) } else { PROCESSED };
        let expected = vec![first, refusal(Gateway::AlreadyFinal {}), first];
        assert_eq!(receipt.returned::<Gateway::expireBatchCall>(), expected);
        assert_eq!(receipt.events::<Gateway::PacketExpired>().len(), if early { 0 } else { 2 });
    }
}

/// A batch that settles: RESULT for the first, EXPIRED for all others.
fn settle_batch(island: &Island, packets: &[Sent], callback_gas: u64) -> Gateway::settleBatchCall {
    let mut attestations = vec![Attestation::result(packets[0].id(), true, b"result")];
    let mut items = vec![Island::outcome(&packets[0], true, b"result")];
    for sent in &packets[1..] {
        attestations.push(Attestation::plain(Expired, sent.id()));
        items.push(Gateway::Settlement { kind: Expired as u8, ..Island::outcome(sent, false, &[]) });
    }
    Gateway::settleBatchCall { items, callbackGas: callback_gas, proof: island.attest(&attestations).whole() }
}

#[test]
fn a_batch_settles_what_can_be_settled_and_the_rest_can_be_settled_alone() {
    let (mut source, destination, ..) = under_way(0);
    let mut packets = Vec::new();
    let mut puppets = Vec::new();
    for ending in [Ending::Return, Ending::Revert, Ending::Burn, Ending::Return] {
        let puppet = source.puppet();
        let sent = source.puppet_sends(puppet, &Draft::to(destination.id, account(2), source.now()));
        source.ends(puppet, ending, &[], 0);
        packets.push(sent);
        puppets.push(puppet);
    }
    // No code to call, settled already, never sent.
    packets.push(source.send(account(1), &Draft::to(destination.id, account(2), source.now())));
    packets.push(source.send(account(1), &Draft::to(destination.id, account(2), source.now())));
    source.refund(&packets[5]).ok();
    let mut unknown = packets[0].clone();
    unknown.packet.sequence = 99;
    packets.push(unknown);

    let call = settle_batch(&source, &packets, 300_000);
    let receipt = source.call(account(3), call.clone()).ok();
    assert_eq!(
        receipt.returned::<Gateway::settleBatchCall>(),
        vec![
            PROCESSED,
            refusal(Gateway::CallbackFailed {}),
            refusal(Gateway::CallbackFailed {}),
            PROCESSED,
            PROCESSED,
            refusal(Gateway::AlreadySettled {}),
            refusal(Gateway::UnknownPacket {}),
        ]
    );
    assert_eq!(receipt.events::<Gateway::PacketSettled>().len(), 3);

    source.ends(puppets[1], Ending::Return, &[], 0);
    source.refund(&packets[1]).ok();
    let receipt = source.call(account(3), call).ok();
    assert_eq!(receipt.events::<Gateway::PacketSettled>().len(), 0);
    for (puppet, calls) in puppets.iter().zip([1, 1, 0, 1]) {
        assert_eq!(source.chain.view(*puppet, Puppet::callsCall {}), U256::from(calls));
    }
}

#[test]
fn a_batch_with_less_gas_than_it_promises_a_callback_reverts() {
    let (mut source, destination, ..) = under_way(0);
    let puppet = source.puppet();
    let packets = vec![source.puppet_sends(puppet, &Draft::to(destination.id, account(2), source.now()))];
    let call = settle_batch(&source, &packets, 1_000_000).abi_encode();
    let receipt = source.chain.call_with_gas(account(3), source.gateway, call, 1_000_000);
    receipt.reverted_with(Gateway::InsufficientGas {});
    assert_eq!(source.chain.view(puppet, Puppet::callsCall {}), U256::ZERO);
}

#[test]
fn a_batch_of_1024_is_proven_whole_and_one_of_1025_is_not() {
    let (mut source, mut destination, ..) = under_way(0);
    // Nobody at home: the failed deliveries cost the least.
    let draft = Draft { receiver: vec![], ..Draft::to(destination.id, account(2), source.now()) };
    let mut packets: Vec<Sent> = (0..1024).map(|_| source.send(account(1), &draft)).collect();
    let call = deliver_batch(&destination, &packets);
    let receipt = destination.call(account(3), call.clone()).ok();
    assert_eq!(receipt.events::<Gateway::PacketDelivered>().len(), 1024);

    packets.push(source.send(account(1), &draft));
    let proof = Gateway::BatchProof { count: 1025, ..call.proof };
    let call = Gateway::deliverBatchCall { items: deliveries(&packets), proof };
    destination.call(account(3), call).reverted_with(Gateway::BadCount { count: U256::from(1025) });
}
