//! Delivery: once, to the receiver, within its time; a receiver that fails is a failed delivery.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{GatewayId, Hash, LaneTerms};
use proptest::prelude::*;

use crate::harness::{Draft, Ending, Island, Puppet, Receipt, Sent, account};

/// Two islands, a puppet on the second, and a packet on its way to it.
struct UnderWay {
    source: Island,
    destination: Island,
    puppet: Address,
    sent: Sent,
}

fn under_way() -> UnderWay {
    let (mut source, mut destination) = (Island::new(1), Island::new(2));
    let puppet = destination.puppet();
    let draft = Draft { budget: 1_000_000, ..Draft::to(destination.id, puppet, source.now()) };
    let sent = source.send(account(1), &draft);
    UnderWay { source, destination, puppet, sent }
}

fn delivered(receipt: Receipt) -> (bool, Vec<u8>) {
    let event = receipt.ok().event::<Gateway::PacketDelivered>();
    (event.success, event.result.to_vec())
}

#[test]
fn the_receiver_learns_the_packet_and_its_answer_is_the_result() {
    let UnderWay { mut destination, puppet, sent, .. } = under_way();
    destination.ends(puppet, Ending::Return, &Bytes::from_static(b"thanks").abi_encode(), 0);
    let receipt = destination.deliver(&sent).ok();
    let event = receipt.event::<Gateway::PacketDelivered>();
    assert_eq!((event.number, event.id), (2, B256::from(sent.id().0)));
    assert_eq!(event.gateway, B256::from(destination.id.0));
    assert_eq!(delivered(receipt), (true, b"thanks".to_vec()));

    alloy_sol_types::sol! {
        function onPacket(bytes32 id, bytes32 source, bytes sender, bytes payload) returns (bytes);
    }
    let input = destination.chain.view(puppet, Puppet::lastInputCall {});
    let call = onPacketCall::abi_decode(&input).unwrap();
    assert_eq!(call.abi_encode(), input.to_vec());
    assert_eq!((call.id, call.source), (event.id, B256::from(sent.packet.source.0)));
    assert_eq!((call.sender.to_vec(), call.payload.to_vec()), (sent.packet.sender, sent.packet.payload));
}

#[test]
fn a_packet_is_delivered_only_once() {
    let UnderWay { mut destination, sent, .. } = under_way();
    destination.deliver(&sent).ok();
    destination.deliver(&sent).reverted_with(Gateway::AlreadyFinal {});
    assert_eq!(destination.view(Gateway::receivedCall { id: sent.id().0.into() }), 1);
}

#[test]
fn a_failed_delivery_is_final_too() {
    let UnderWay { mut destination, puppet, sent, .. } = under_way();
    destination.ends(puppet, Ending::Revert, b"no", 0);
    assert_eq!(delivered(destination.deliver(&sent)), (false, b"no".to_vec()));
    destination.deliver(&sent).reverted_with(Gateway::AlreadyFinal {});
}

#[test]
fn a_packet_for_another_gateway_is_refused() {
    let UnderWay { mut destination, mut sent, .. } = under_way();
    sent.packet.destination = GatewayId([1; 32]);
    destination.deliver(&sent).reverted_with(Gateway::WrongDestination {});
}

#[test]
fn a_packet_that_claims_to_come_from_the_gateway_itself_is_refused() {
    let UnderWay { mut destination, mut sent, .. } = under_way();
    sent.packet.source = destination.id;
    destination.deliver(&sent).reverted_with(Gateway::WrongSource {});
}

#[test]
fn a_lane_that_its_terms_do_not_lead_to_is_refused() {
    let UnderWay { mut destination, sent, .. } = under_way();
    let terms = sent.lane;
    for lane in [
        LaneTerms { name: Hash([1; 32]), ..terms },
        LaneTerms { ordered: true, ..terms },
        LaneTerms { name: Hash::ZERO, ordered: false },
    ] {
        destination.deliver(&Sent { lane, ..sent.clone() }).reverted_with(Gateway::WrongLane {});
    }
    destination.deliver(&sent).ok();
}

#[test]
fn an_ordered_lane_cannot_be_passed_off_as_an_unordered_one() {
    let UnderWay { mut source, mut destination, puppet, .. } = under_way();
    let draft = Draft { ordered: true, ..Draft::to(destination.id, puppet, source.now()) };
    source.send(account(1), &draft);
    let second = source.send(account(1), &draft);
    destination.deliver(&second).reverted_with(Gateway::WrongSequence {});
    let disguised = Sent { lane: LaneTerms { ordered: false, ..second.lane }, ..second };
    destination.deliver(&disguised).reverted_with(Gateway::WrongLane {});
}

#[test]
fn delivery_is_possible_until_the_last_second_of_the_timeout() {
    let UnderWay { mut destination, sent, .. } = under_way();
    destination.chain.time = sent.packet.timeout + 1;
    destination.deliver(&sent).reverted_with(Gateway::PastTimeout {});
    destination.chain.time = sent.packet.timeout;
    destination.deliver(&sent).ok();
}

#[test]
fn the_timeout_is_judged_in_seconds_on_a_chain_that_counts_milliseconds() {
    let UnderWay { mut destination, sent, .. } = under_way();
    destination.chain.time = (sent.packet.timeout + 1) * 1000;
    destination.deliver(&sent).reverted_with(Gateway::PastTimeout {});
    destination.chain.time = sent.packet.timeout * 1000 + 999;
    destination.deliver(&sent).ok();
}

#[test]
fn a_forged_budget_over_five_million_is_refused_and_can_expire() {
    let UnderWay { mut destination, mut sent, .. } = under_way();
    sent.packet.budget = 5_000_001;
    destination.deliver(&sent).reverted_with(Gateway::BudgetTooLarge {});
    destination.chain.time = sent.packet.timeout + 1;
    destination.expire(&sent, causeway_protocol::AttestationKind::Deliver).ok();
}

#[test]
fn packets_of_an_unordered_lane_arrive_in_any_order() {
    let UnderWay { mut source, mut destination, puppet, sent } = under_way();
    let second = source.send(account(1), &Draft::to(destination.id, puppet, source.now()));
    destination.deliver(&second).ok();
    destination.deliver(&sent).ok();
}

#[test]
fn packets_of_an_ordered_lane_arrive_in_their_order() {
    let UnderWay { mut source, mut destination, puppet, .. } = under_way();
    let draft = Draft { ordered: true, ..Draft::to(destination.id, puppet, source.now()) };
    let packets: Vec<Sent> = (0..3).map(|_| source.send(account(1), &draft)).collect();
    let lane = B256::from(packets[0].packet.lane.0);
    destination.deliver(&packets[1]).reverted_with(Gateway::WrongSequence {});
    for (next, sent) in (1..).zip(&packets) {
        assert_eq!(destination.view(Gateway::nextSequenceCall { lane }), next);
        destination.deliver(sent).ok();
    }
    // Nobody else's lane waited for these.
    let other = source.send(account(5), &draft);
    destination.deliver(&other).ok();
}

#[test]
fn a_receiver_that_cannot_be_called_is_a_failed_delivery() {
    let UnderWay { mut source, mut destination, puppet, .. } = under_way();
    let receivers = [
        vec![],
        puppet[..19].to_vec(),
        [puppet.as_slice(), &[0]].concat(),
        vec![7; 64],
        account(9).to_vec(),
        destination.gateway.to_vec(),
        // A precompile answers, but has no code.
        Address::with_last_byte(4).to_vec(),
        Address::ZERO.to_vec(),
    ];
    for receiver in receivers {
        let draft = Draft { receiver: receiver.clone(), ..Draft::to(destination.id, puppet, source.now()) };
        let sent = source.send(account(1), &draft);
        assert_eq!(delivered(destination.deliver(&sent)), (false, vec![]), "{receiver:?}");
    }
    assert_eq!(destination.chain.view(puppet, Puppet::callsCall {}), U256::ZERO);
}

#[test]
fn the_gateway_itself_is_never_called_as_a_receiver() {
    let UnderWay { mut source, mut destination, puppet, .. } = under_way();
    let receiver = destination.gateway.to_vec();
    let sent =
        source.send(account(1), &Draft { receiver, ..Draft::to(destination.id, puppet, source.now()) });
    let call = destination.delivering(&sent).abi_encode();
    let (receipt, frames) = destination.chain.trace(account(3), destination.gateway, call, 10_000_000);
    assert_eq!(delivered(receipt), (false, vec![]));
    assert_eq!(frames.iter().filter(|frame| frame.target == destination.gateway).count(), 1);
}

#[test]
fn the_first_1024_bytes_of_a_revert_go_home() {
    for length in [0, 1, 31, 32, 33, 1023, 1024, 1025, 5000] {
        let UnderWay { mut destination, puppet, sent, .. } = under_way();
        let reason: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
        destination.ends(puppet, Ending::Revert, &reason[..length.min(1100)], length.saturating_sub(1100));
        let (success, result) = delivered(destination.deliver(&sent));
        assert!(!success);
        assert_eq!(result, reason[..length.min(1024)]);
    }
}

#[test]
fn case_27_a_megabyte_of_answer_or_of_revert_is_not_copied() {
    for (ending, success, length) in [(Ending::Return, true, 0), (Ending::Revert, false, 1024)] {
        let UnderWay { mut source, mut destination, puppet, .. } = under_way();
        let draft = Draft { budget: 5_000_000, ..Draft::to(destination.id, puppet, source.now()) };
        let sent = source.send(account(1), &draft);
        destination.ends(puppet, ending, &[], 1_000_000);
        let receipt = destination.deliver(&sent).ok();
        assert!(receipt.gas_used < 5_000_000);
        assert_eq!(delivered(receipt), (success, vec![0; length]));
    }
}

#[test]
fn case_27_an_answer_that_is_no_canonical_bytes_is_an_empty_result() {
    let word = |value: u64| U256::from(value).to_be_bytes::<32>().to_vec();
    let good = Bytes::from_static(b"thanks").abi_encode();
    let mut dirty = good.clone();
    *dirty.last_mut().unwrap() = 1;
    let huge = [word(0x20), U256::MAX.to_be_bytes::<32>().to_vec()].concat();
    let cases: Vec<Vec<u8>> = vec![
        vec![],
        word(0x20),
        b"thanks".to_vec(),
        // Another offset, even one that leads to the same content.
        [word(0x40), word(0), word(6), good[64..].to_vec()].concat(),
        [word(0x21), good[32..].to_vec()].concat(),
        // Longer or shorter than its length says.
        [good.clone(), word(0)].concat(),
        good[..good.len() - 1].to_vec(),
        good[..70].to_vec(),
        [word(0x20), word(33), word(1)].concat(),
        [word(0x20), word(0), word(0)].concat(),
        dirty,
        huge,
        Bytes::from(vec![1; 1025]).abi_encode(),
        Bytes::from(vec![1; 1056]).abi_encode(),
    ];
    for answer in cases {
        let UnderWay { mut destination, puppet, sent, .. } = under_way();
        destination.ends(puppet, Ending::Return, &answer, 0);
        assert_eq!(delivered(destination.deliver(&sent)), (true, vec![]), "{}", Bytes::from(answer));
    }
}

#[test]
fn a_receiver_that_uses_up_its_budget_is_a_failed_delivery() {
    let UnderWay { mut destination, puppet, sent, .. } = under_way();
    destination.ends(puppet, Ending::Burn, &[], 0);
    let receipt = destination.deliver(&sent).ok();
    assert!(receipt.gas_used > sent.packet.budget);
    assert_eq!(delivered(receipt), (false, vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_canonical_answer_of_up_to_1024_bytes_is_the_result(
        answer in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..=1024),
            (992usize..=1024).prop_map(|length| vec![0xff; length]),
        ],
    ) {
        let UnderWay { mut source, mut destination, puppet, .. } = under_way();
        let draft = Draft { budget: 3_000_000, ..Draft::to(destination.id, puppet, source.now()) };
        let sent = source.send(account(1), &draft);
        destination.ends(puppet, Ending::Return, &Bytes::from(answer.clone()).abi_encode(), 0);
        let event = destination.deliver(&sent).ok().event::<Gateway::PacketDelivered>();
        prop_assert!(event.success);
        prop_assert_eq!(keccak256(&event.result), keccak256(&answer));
    }
}
