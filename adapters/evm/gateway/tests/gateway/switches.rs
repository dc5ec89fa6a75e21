//! The owner's switches: pause, close, block; and anyone's beat.

use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use causeway_evm_gateway::Gateway;
use causeway_protocol::AttestationKind::{Deliver, Refuse};

use crate::harness::{Draft, Island, Sent, account};

/// Two islands, and a packet on its way from the first to the second.
fn under_way() -> (Island, Island, Sent) {
    let (mut source, destination) = (Island::new(1), Island::new(2));
    let sent = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    (source, destination, sent)
}

#[test]
fn only_the_owner_has_switches() {
    let mut island = Island::new(1);
    let source = B256::repeat_byte(1);
    let set = island.attestors.addresses();
    let calls: [Vec<u8>; 8] = [
        Gateway::pauseCall {}.abi_encode(),
        Gateway::unpauseCall {}.abi_encode(),
        Gateway::closeCall {}.abi_encode(),
        Gateway::blockSourceCall { source }.abi_encode(),
        Gateway::unblockSourceCall { source }.abi_encode(),
        Gateway::noticeRotationCall { threshold_: 2, attestors_: set.clone() }.abi_encode(),
        Gateway::rotateNoticedCall { threshold_: 2, attestors_: set.clone() }.abi_encode(),
        Gateway::rotateCall { threshold_: 2, attestors_: set, signatures: vec![] }.abi_encode(),
    ];
    for call in calls {
        island.chain.call(account(1), island.gateway, call).reverted_with(Gateway::NotOwner {});
    }
}

#[test]
fn a_pause_stops_send_and_deliver_and_nothing_else() {
    let (mut source, mut destination, sent) = under_way();
    let home = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    for island in [&mut source, &mut destination] {
        island.owner_call(Gateway::pauseCall {}).ok().event::<Gateway::Paused>();
        island.owner_call(Gateway::pauseCall {}).reverted_with(Gateway::GatewayPaused {});
        assert!(island.view(Gateway::pausedCall {}));
    }
    let draft = Draft::to(destination.id, account(2), source.now());
    source.call(account(1), draft.call()).reverted_with(Gateway::GatewayPaused {});
    destination.deliver(&sent).reverted_with(Gateway::GatewayPaused {});

    destination.expire(&sent, Refuse).ok();
    source.refund(&sent).ok();
    source.settle(&home, true, &[]).ok();

    destination.owner_call(Gateway::unpauseCall {}).ok().event::<Gateway::Unpaused>();
    destination.owner_call(Gateway::unpauseCall {}).reverted_with(Gateway::NotPaused {});
    destination.deliver(&home).ok();
}

#[test]
fn a_closed_gateway_expires_at_once_and_delivers_no_more() {
    let (mut source, mut destination, sent) = under_way();
    destination.expire(&sent, Deliver).reverted_with(Gateway::NotPastTimeout {});
    for island in [&mut source, &mut destination] {
        island.owner_call(Gateway::closeCall {}).ok().event::<Gateway::Closed>();
        island.owner_call(Gateway::closeCall {}).reverted_with(Gateway::GatewayClosed {});
        assert!(island.view(Gateway::closedCall {}));
    }
    let draft = Draft::to(destination.id, account(2), source.now());
    source.call(account(1), draft.call()).reverted_with(Gateway::GatewayClosed {});
    destination.deliver(&sent).reverted_with(Gateway::GatewayClosed {});
    destination.expire(&sent, Deliver).ok();
    source.refund(&sent).ok();
}

#[test]
fn a_blocked_source_is_not_delivered_from_and_its_packets_still_end() {
    let (mut source, mut destination, sent) = under_way();
    let other = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    let source_id = B256::from(source.id.0);
    let blocked = destination.owner_call(Gateway::blockSourceCall { source: source_id }).ok();
    assert_eq!(blocked.event::<Gateway::Blocked>().source, source_id);
    destination
        .owner_call(Gateway::blockSourceCall { source: source_id })
        .reverted_with(Gateway::SourceBlocked {});
    assert!(destination.view(Gateway::blockedCall { source: source_id }));
    destination.deliver(&sent).reverted_with(Gateway::SourceBlocked {});
    destination.expire(&sent, Refuse).ok();

    let unblocked = destination.owner_call(Gateway::unblockSourceCall { source: source_id }).ok();
    assert_eq!(unblocked.event::<Gateway::Unblocked>().source, source_id);
    destination
        .owner_call(Gateway::unblockSourceCall { source: source_id })
        .reverted_with(Gateway::NotBlocked {});
    destination.deliver(&other).ok();
}

#[test]
fn case_25_every_event_of_a_gateway_has_the_next_number() {
    let (mut source, mut destination, sent) = under_way();
    let back = destination.send(account(2), &Draft::to(source.id, account(1), destination.now()));
    let expired = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    let from = B256::from(source.id.0);
    let attestors = destination.attestors.addresses();
    let signatures = destination.attestors.sign_rotation(destination.id, 2, &destination.attestors);
    let mut receipts = vec![
        destination.call(account(9), Gateway::beatCall {}),
        destination.owner_call(Gateway::pauseCall {}),
        destination.owner_call(Gateway::unpauseCall {}),
        destination.owner_call(Gateway::blockSourceCall { source: from }),
        destination.owner_call(Gateway::unblockSourceCall { source: from }),
        destination.deliver(&sent),
        destination.expire(&expired, Refuse),
        destination.settle(&back, true, &[]),
        destination.owner_call(Gateway::noticeRotationCall { threshold_: 2, attestors_: attestors.clone() }),
        destination.owner_call(Gateway::rotateCall { threshold_: 2, attestors_: attestors, signatures }),
    ];
    receipts.push(destination.owner_call(Gateway::closeCall {}));
    // 1 was Opened and 2 the packet sent back.
    for (number, receipt) in (3u64..).zip(receipts) {
        let receipt = receipt.ok();
        assert_eq!(receipt.logs.len(), 1);
        let topics = receipt.logs[0].topics();
        assert_eq!(topics[1], B256::from(alloy_primitives::U256::from(number)));
        assert_eq!(topics[2], B256::from(destination.id.0));
    }
    assert_eq!(destination.view(Gateway::numberCall {}), 13);
}
