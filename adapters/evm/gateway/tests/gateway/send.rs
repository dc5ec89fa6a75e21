//! Sending: what is refused, what is numbered, and what an id is made of.

use alloy_primitives::{B256, U256};
use causeway_evm_gateway::{Gateway, PAYLOAD_LIMIT, TIMEOUT_WINDOW};
use causeway_protocol::{GatewayId, MAX_BUDGET, MAX_PARTY};
use proptest::prelude::*;

use crate::harness::{Draft, Island, account};

const DESTINATION: GatewayId = GatewayId([0x22; 32]);

fn draft(island: &Island) -> Draft {
    Draft::to(DESTINATION, account(2), island.now())
}

#[test]
fn the_gateway_sets_source_sender_and_sequence_itself() {
    let mut island = Island::new(1);
    let draft = draft(&island);
    let receipt = island.call(account(1), draft.call()).ok();
    let returned = receipt.returned::<Gateway::sendCall>();
    let sent = crate::harness::Sent::all(&receipt).remove(0);
    assert_eq!((returned.id, returned.sequence), (B256::from(sent.id().0), 1));
    assert_eq!(sent.packet.source, island.id);
    assert_eq!(sent.packet.sender, account(1).to_vec());
    assert_eq!(sent.packet.destination, DESTINATION);
    assert_eq!(sent.packet.receiver, draft.receiver);
    assert_eq!(
        (sent.packet.timeout, sent.packet.budget, &sent.packet.payload),
        (draft.timeout, draft.budget, &draft.payload)
    );
    assert_eq!(sent.lane.name, causeway_protocol::keccak256(b"default"));
    assert!(!sent.lane.ordered);
    let remembered = island.view(Gateway::sentCall { id: returned.id });
    assert_eq!((remembered.sender, remembered.timeout, remembered.state), (account(1), draft.timeout, 1));
}

#[test]
fn sequences_start_at_one_in_every_lane_and_have_no_gaps() {
    let mut island = Island::new(1);
    let plain = draft(&island);
    let other = Draft { lane: "other".into(), ..plain.clone() };
    let ordered = Draft { ordered: true, ..plain.clone() };
    for sequence in 1..=3 {
        for draft in [&plain, &other, &ordered] {
            assert_eq!(island.send(account(1), draft).packet.sequence, sequence);
        }
        // An unordered lane is everyone's, an ordered one belongs to its sender and its receiver.
        assert_eq!(island.send(account(5), &ordered).packet.sequence, sequence);
    }
    let shared = island.send(account(5), &plain);
    assert_eq!(shared.packet.sequence, 4);
    assert_eq!(island.view(Gateway::nextSequenceCall { lane: shared.packet.lane.0.into() }), 5);
}

#[test]
fn a_packet_to_nowhere_or_to_the_gateway_itself_is_refused() {
    let mut island = Island::new(1);
    for destination in [GatewayId([0; 32]), island.id] {
        let draft = Draft { destination, ..draft(&island) };
        island.call(account(1), draft.call()).reverted_with(Gateway::BadDestination {});
    }
}

#[test]
fn a_receiver_of_more_than_64_bytes_is_refused() {
    let mut island = Island::new(1);
    let longest = Draft { receiver: vec![1; MAX_PARTY], ..draft(&island) };
    island.call(account(1), longest.call()).ok();
    let longer = Draft { receiver: vec![1; MAX_PARTY + 1], ..longest };
    island.call(account(1), longer.call()).reverted_with(Gateway::ReceiverTooLong { length: U256::from(65) });
}

#[test]
fn a_timeout_lies_after_now_and_within_the_window() {
    let mut island = Island::new(1);
    let now = island.now();
    for (timeout, good) in [
        (0, false),
        (now - 1, false),
        (now, false),
        (now + 1, true),
        (now + TIMEOUT_WINDOW, true),
        (now + TIMEOUT_WINDOW + 1, false),
        (u64::MAX, false),
    ] {
        let draft = Draft { timeout, ..draft(&island) };
        let receipt = island.call(account(1), draft.call());
        assert_eq!(receipt.success, good, "{timeout} at {now}");
        if !good {
            receipt.reverted_with(Gateway::BadTimeout {
                timeout: U256::from(timeout),
                current: U256::from(now),
            });
        }
    }
}

#[test]
fn a_chain_that_counts_milliseconds_is_read_in_seconds_rounded_down() {
    let mut island = Island::new(1);
    let now = island.now();
    let timeout = now + TIMEOUT_WINDOW;
    island.chain.time = now * 1000 + 999;
    let latest = Draft { timeout, ..draft(&island) };
    let latest = Draft { timeout, ..latest };
    island.call(account(1), latest.call()).ok();
    let later = Draft { timeout: timeout + 1, ..latest };
    island
        .call(account(1), later.call())
        .reverted_with(Gateway::BadTimeout { timeout: U256::from(timeout + 1), current: U256::from(now) });

    // 10^11 itself still counts as seconds; one more is a moment in 1973, in milliseconds.
    island.chain.time = 100_000_000_000;
    let seconds = Draft { timeout: 100_000_000_001, ..later.clone() };
    island.call(account(1), seconds.call()).ok();
    island.chain.time = 100_000_000_001;
    let milliseconds = Draft { timeout: 100_000_001, ..later };
    island.call(account(1), milliseconds.call()).ok();
}

#[test]
fn a_budget_over_five_million_is_refused() {
    let mut island = Island::new(1);
    let most = Draft { budget: MAX_BUDGET, ..draft(&island) };
    island.call(account(1), most.call()).ok();
    let more = Draft { budget: MAX_BUDGET + 1, ..most };
    island.call(account(1), more.call()).reverted_with(Gateway::BudgetTooLarge {});
}

#[test]
fn a_payload_over_the_limit_is_refused() {
    let mut island = Island::new(1);
    let limit = usize::try_from(PAYLOAD_LIMIT).unwrap();
    let longest = Draft { payload: vec![1; limit], ..draft(&island) };
    island.call(account(1), longest.call()).ok();
    let longer = Draft { payload: vec![1; limit + 1], ..longest };
    island
        .call(account(1), longer.call())
        .reverted_with(Gateway::PayloadTooLarge { length: U256::from(limit + 1), limit: U256::from(limit) });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// `Island::send` compares the gateway's packet and lane ids with those that Rust computes.
    #[test]
    fn packet_and_lane_ids_equal_those_of_the_protocol(
        destination in any::<[u8; 32]>(),
        lane in ".{0,40}",
        ordered in any::<bool>(),
        receiver in prop::collection::vec(any::<u8>(), 0..=64),
        budget in 0..=MAX_BUDGET,
        ahead in 1..=TIMEOUT_WINDOW,
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut island = Island::new(1);
        let timeout = island.now() + ahead;
        let destination = GatewayId(destination);
        prop_assume!(destination != GatewayId([0; 32]));
        let draft = Draft { destination, lane, ordered, receiver, timeout, budget, payload };
        let sent = island.send(account(1), &draft);
        prop_assert_eq!(sent.lane.name, causeway_protocol::keccak256(draft.lane.as_bytes()));
        prop_assert!(sent.packet.check().is_ok());
    }
}
