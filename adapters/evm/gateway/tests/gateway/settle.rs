//! Settlement: what became of a packet comes home exactly once.

use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use causeway_evm_gateway::Gateway;
use causeway_protocol::AttestationKind::{Expired, Result as Outcome, Void};
use causeway_protocol::{Attestation, GatewayId};

use crate::harness::{Draft, Ending, Island, Puppet, Sent, account};

const DESTINATION: GatewayId = GatewayId([0x22; 32]);
const DAY: u64 = 24 * 60 * 60;

alloy_sol_types::sol! {
    function onAck(bytes32 id, bool success, bytes result);
    function onExpired(bytes32 id);
}

/// A packet that a puppet sent.
fn under_way() -> (Island, alloy_primitives::Address, Sent) {
    let mut island = Island::new(1);
    let puppet = island.puppet();
    let sent = island.puppet_sends(puppet, &Draft::to(DESTINATION, account(2), island.now()));
    (island, puppet, sent)
}

#[test]
fn the_sender_is_told_the_result_once() {
    for success in [true, false] {
        let (mut island, puppet, sent) = under_way();
        let event = island.settle(&sent, success, b"result").ok().event::<Gateway::PacketSettled>();
        assert_eq!((event.number, event.id), (3, B256::from(sent.id().0)));
        assert_eq!((event.kind, event.success), (Outcome as u8, success));
        let input = island.chain.view(puppet, Puppet::lastInputCall {});
        let expected = onAckCall { id: event.id, success, result: Bytes::from_static(b"result") };
        assert_eq!(input.to_vec(), expected.abi_encode());
        assert_eq!(island.view(Gateway::sentCall { id: event.id }).state, 2);

        island.settle(&sent, success, b"result").reverted_with(Gateway::AlreadySettled {});
        island.refund(&sent).reverted_with(Gateway::AlreadySettled {});
        assert_eq!(island.chain.view(puppet, Puppet::callsCall {}), U256::from(1));
    }
}

#[test]
fn the_sender_is_told_of_an_expiry_once() {
    let (mut island, puppet, sent) = under_way();
    let event = island.refund(&sent).ok().event::<Gateway::PacketSettled>();
    assert_eq!((event.kind, event.success), (Expired as u8, false));
    let input = island.chain.view(puppet, Puppet::lastInputCall {});
    assert_eq!(input.to_vec(), onExpiredCall { id: event.id }.abi_encode());
    island.refund(&sent).reverted_with(Gateway::AlreadySettled {});
    island.settle(&sent, true, &[]).reverted_with(Gateway::AlreadySettled {});
}

#[test]
fn a_sender_without_code_is_not_called() {
    let mut island = Island::new(1);
    let sent = island.send(account(1), &Draft::to(DESTINATION, account(2), island.now()));
    island.settle(&sent, true, b"result").ok().event::<Gateway::PacketSettled>();
    let sent = island.send(account(1), &Draft::to(DESTINATION, account(2), island.now()));
    island.refund(&sent).ok().event::<Gateway::PacketSettled>();
}

#[test]
fn a_packet_that_was_never_sent_here_does_not_settle() {
    let (mut island, _, mut sent) = under_way();
    sent.packet.payload.push(1);
    island.settle(&sent, true, &[]).reverted_with(Gateway::UnknownPacket {});
    island.refund(&sent).reverted_with(Gateway::UnknownPacket {});
}

#[test]
fn another_result_than_the_signed_one_is_refused() {
    let (mut island, _, sent) = under_way();
    let good = island.settling(&sent, true, b"result");
    for item in [
        Gateway::Settlement { success: false, ..good.item.clone() },
        Gateway::Settlement { result: Bytes::from_static(b"Result"), ..good.item.clone() },
        Gateway::Settlement { result: Bytes::new(), ..good.item.clone() },
        Gateway::Settlement { id: B256::ZERO, ..good.item.clone() },
        Gateway::Settlement {
            kind: Expired as u8,
            success: false,
            result: Bytes::new(),
            ..good.item.clone()
        },
    ] {
        let receipt = island.call(account(1), Gateway::settleCall { item, ..good.clone() });
        assert!(!receipt.success);
    }
    island.call(account(1), good).ok();
}

#[test]
fn an_expiry_carries_no_success_and_no_result() {
    let (mut island, _, sent) = under_way();
    for kind in [Expired, Void] {
        let good = island.refunding(&sent, kind);
        for item in [
            Gateway::Settlement { success: true, ..good.item.clone() },
            Gateway::Settlement { result: Bytes::from_static(b"x"), ..good.item.clone() },
        ] {
            let call = Gateway::settleCall { item, ..good.clone() };
            island.call(account(1), call).reverted_with(Gateway::OutcomeNotEmpty {});
        }
    }
}

#[test]
fn only_an_outcome_settles() {
    let (mut island, _, sent) = under_way();
    let good = island.settling(&sent, false, &[]);
    for kind in [0, 1, 2, 6, 255] {
        let item = Gateway::Settlement { kind, ..good.item.clone() };
        let call = Gateway::settleCall { item, ..good.clone() };
        island.call(account(1), call).reverted_with(Gateway::BadKind {});
    }
}

#[test]
fn a_callback_that_reverts_reverts_the_settlement_which_can_be_tried_again() {
    let (mut island, puppet, sent) = under_way();
    island.ends(puppet, Ending::Revert, b"not now", 0);
    for receipt in [island.settle(&sent, true, &[]), island.refund(&sent)] {
        assert!(!receipt.success);
        assert_eq!(receipt.output, Bytes::from_static(b"not now"));
        assert!(receipt.logs.is_empty());
    }
    assert_eq!(island.view(Gateway::sentCall { id: sent.id().0.into() }).state, 1);
    island.ends(puppet, Ending::Return, &[], 0);
    island.settle(&sent, true, &[]).ok();
    assert_eq!(island.chain.view(puppet, Puppet::callsCall {}), U256::from(1));
}

#[test]
fn a_callback_that_reverts_with_a_megabyte_is_passed_on_cut() {
    let (mut island, puppet, sent) = under_way();
    island.ends(puppet, Ending::Revert, &[], 1_000_000);
    let receipt = island.settle(&sent, true, &[]);
    assert_eq!((receipt.success, receipt.output.len()), (false, 1024));
}

#[test]
fn void_needs_the_owner_and_thirty_days_past_the_timeout() {
    let (mut island, puppet, sent) = under_way();
    island.chain.time = sent.packet.timeout + 30 * DAY;
    let call = island.refunding(&sent, Void);
    island.owner_call(call.clone()).reverted_with(Gateway::NotVoidable {});
    island.chain.time += 1;
    island.call(account(1), call.clone()).reverted_with(Gateway::NotVoidable {});
    let mut unsigned = call.clone();
    unsigned.proof.signatures.truncate(1);
    island
        .owner_call(unsigned)
        .reverted_with(Gateway::TooFewSignatures { needed: U256::from(2), given: U256::from(1) });

    let event = island.owner_call(call.clone()).ok().event::<Gateway::PacketSettled>();
    assert_eq!((event.kind, event.success), (Void as u8, false));
    let input = island.chain.view(puppet, Puppet::lastInputCall {});
    assert_eq!(input.to_vec(), onExpiredCall { id: event.id }.abi_encode());
    island.owner_call(call).reverted_with(Gateway::AlreadySettled {});
    island.settle(&sent, true, &[]).reverted_with(Gateway::AlreadySettled {});
}

#[test]
fn void_after_a_result_is_too_late() {
    let (mut island, _, sent) = under_way();
    island.settle(&sent, true, &[]).ok();
    island.chain.time = sent.packet.timeout + 31 * DAY;
    let call = island.refunding(&sent, Void);
    island.owner_call(call).reverted_with(Gateway::AlreadySettled {});
}

#[test]
fn an_owner_that_is_also_the_attestors_enemy_cannot_void_with_other_signatures() {
    let (mut island, _, sent) = under_way();
    island.chain.time = sent.packet.timeout + 31 * DAY;
    let expired = island.attest_one(Attestation::plain(Expired, sent.id()));
    let call = Gateway::settleCall { proof: expired, ..island.refunding(&sent, Void) };
    assert!(!island.owner_call(call).success);
}
