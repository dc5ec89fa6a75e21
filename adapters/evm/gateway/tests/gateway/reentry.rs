//! Callbacks that call back: everything that settles or delivers is locked, sending is not.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};
use causeway_evm_gateway::Gateway;
use causeway_protocol::Attestation;
use causeway_protocol::AttestationKind::{Deliver, Refuse};

use crate::harness::{Draft, Island, Puppet, Receipt, Sent, account};

/// An island with a puppet, a packet that came for it, one more, and one that it sent.
struct Stage {
    island: Island,
    puppet: Address,
    arrived: Sent,
    other: Sent,
    own: Sent,
}

fn stage() -> Stage {
    let (mut remote, mut island) = (Island::new(1), Island::new(2));
    let puppet = island.puppet();
    let draft = Draft { budget: 4_000_000, ..Draft::to(island.id, puppet, remote.now()) };
    let arrived = remote.send(account(1), &draft);
    let other = remote.send(account(1), &draft);
    let own = island.puppet_sends(puppet, &Draft::to(remote.id, account(1), island.now()));
    Stage { island, puppet, arrived, other, own }
}

/// Every call that changes what became of a packet, or who may say so.
fn locked_calls(stage: &Stage) -> Vec<(&'static str, Vec<u8>)> {
    let Stage { island, other, own, .. } = stage;
    let whole = |kind| island.attest(&[Attestation::plain(kind, other.id())]).whole();
    let settled = island.attest(&[Attestation::result(own.id(), true, &[])]).whole();
    let outcome = Island::outcome(own, true, &[]);
    let items = vec![other.delivery()];
    let set = island.attestors.addresses();
    let signatures = island.attestors.sign_rotation(island.id, 2, &island.attestors);
    vec![
        ("deliver", island.delivering(other).abi_encode()),
        (
            "deliverBatch",
            Gateway::deliverBatchCall { items: items.clone(), proof: whole(Deliver) }.abi_encode(),
        ),
        ("expire", island.expiring(other, Refuse).abi_encode()),
        ("expireBatch", Gateway::expireBatchCall { items, kind: 2, proof: whole(Refuse) }.abi_encode()),
        ("settle", island.settling(own, true, &[]).abi_encode()),
        (
            "settleBatch",
            Gateway::settleBatchCall { items: vec![outcome], callbackGas: 0, proof: settled }.abi_encode(),
        ),
        ("rotate", Gateway::rotateCall { threshold_: 2, attestors_: set.clone(), signatures }.abi_encode()),
        ("rotateNoticed", Gateway::rotateNoticedCall { threshold_: 2, attestors_: set }.abi_encode()),
    ]
}

fn script(island: &mut Island, puppet: Address, input: Vec<u8>) {
    let call = Puppet::scriptCall { target_: island.gateway, input: input.into() };
    island.chain.call(account(1), puppet, call.abi_encode()).ok();
}

#[track_caller]
fn found_it_locked(island: &mut Island, puppet: Address, name: &str, receipt: Receipt) {
    let receipt = receipt.ok();
    assert_eq!(receipt.logs.len(), 1, "{name}");
    assert!(!island.chain.view(puppet, Puppet::scriptSucceededCall {}), "{name} ran inside a callback");
    let answer = island.chain.view(puppet, Puppet::scriptAnswerCall {});
    // The rotations are the owner's: a puppet that owns the gateway is below.
    let expected = if name.starts_with("rotate") {
        Gateway::NotOwner {}.abi_encode()
    } else {
        Gateway::Locked {}.abi_encode()
    };
    assert_eq!(answer.to_vec(), expected, "{name}");
}

#[test]
fn a_receiver_can_neither_deliver_nor_expire_nor_settle() {
    for (name, input) in locked_calls(&stage()) {
        let Stage { mut island, puppet, arrived, .. } = stage();
        script(&mut island, puppet, input);
        let receipt = island.deliver(&arrived);
        found_it_locked(&mut island, puppet, name, receipt);
    }
}

#[test]
fn a_sender_that_is_told_a_result_can_neither_deliver_nor_expire_nor_settle() {
    for (name, input) in locked_calls(&stage()) {
        let Stage { mut island, puppet, own, .. } = stage();
        script(&mut island, puppet, input);
        let receipt = island.settle(&own, true, &[]);
        found_it_locked(&mut island, puppet, name, receipt);
    }
}

#[test]
fn an_owner_cannot_rotate_inside_a_callback() {
    let (mut remote, mut island) = (Island::new(1), Island::new(2));
    let puppet = island.puppet();
    // A gateway that the puppet owns and opened.
    let arguments = Island::arguments(puppet);
    island.gateway = island.deploy(&Gateway::BYTECODE, &arguments);
    let opening = island.opening(Island::name(2));
    let open = Puppet::relayCall { to: island.gateway, input: opening.abi_encode().into() };
    let receipt = island.chain.call(account(1), puppet, open.abi_encode()).ok();
    island.id = causeway_protocol::GatewayId(receipt.event::<Gateway::Opened>().gateway.0);

    let set = island.attestors.addresses();
    let signatures = island.attestors.sign_rotation(island.id, 2, &island.attestors);
    let rotate = Gateway::rotateCall { threshold_: 2, attestors_: set.clone(), signatures };
    let noticed = Gateway::rotateNoticedCall { threshold_: 2, attestors_: set };
    for input in [rotate.abi_encode(), noticed.abi_encode()] {
        let draft = Draft { budget: 2_000_000, ..Draft::to(island.id, puppet, remote.now()) };
        let arrived = remote.send(account(1), &draft);
        script(&mut island, puppet, input);
        island.deliver(&arrived).ok();
        let answer = island.chain.view(puppet, Puppet::scriptAnswerCall {});
        assert_eq!(answer.to_vec(), Gateway::Locked {}.abi_encode());
    }
    assert_eq!(island.view(Gateway::epochCall {}), 1);
}

#[test]
fn a_callback_may_send_and_its_event_comes_before_the_deliverys() {
    let Stage { mut island, puppet, arrived, own, .. } = stage();
    let draft = Draft::to(arrived.packet.source, account(1), island.now());
    island.scripts(puppet, draft.call());
    let receipt = island.deliver(&arrived).ok();
    let (sent, delivered) =
        (receipt.event::<Gateway::PacketSent>(), receipt.event::<Gateway::PacketDelivered>());
    assert!(delivered.success);
    assert_eq!((sent.number, delivered.number), (3, 4));
    assert_eq!(sent.sender.to_vec(), puppet.to_vec());

    let receipt = island.settle(&own, true, &[]).ok();
    let (sent, settled) = (receipt.event::<Gateway::PacketSent>(), receipt.event::<Gateway::PacketSettled>());
    assert_eq!((sent.number, settled.number), (5, 6));
}

#[test]
fn what_a_failed_receiver_sent_was_never_sent() {
    let Stage { mut island, puppet, arrived, .. } = stage();
    let draft = Draft::to(arrived.packet.source, account(1), island.now());
    island.scripts(puppet, draft.call());
    island.ends(puppet, crate::harness::Ending::Revert, &[], 0);
    let receipt = island.deliver(&arrived).ok();
    assert!(receipt.events::<Gateway::PacketSent>().is_empty());
    assert_eq!(receipt.event::<Gateway::PacketDelivered>().number, 3);
    assert_eq!(island.chain.view(puppet, Puppet::callsCall {}), U256::ZERO);
}

#[test]
fn a_refused_call_leaves_no_lock_behind() {
    let Stage { mut island, arrived, other, .. } = stage();
    let mut bad = island.delivering(&arrived);
    bad.proof.signatures.clear();
    assert!(!island.call(account(1), bad).success);
    island.deliver(&arrived).ok();
    island.deliver(&other).ok();
}
