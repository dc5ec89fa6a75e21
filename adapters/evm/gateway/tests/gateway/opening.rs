//! A gateway's birth: deployed by anyone, opened once by its owner, with an id that no other gateway can have.

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolCall, SolConstructor, SolError};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{Address as ProtocolAddress, Attestation, AttestationKind, GatewayId, Rotation};
use revm::primitives::hardfork::SpecId;

use crate::harness::{Attestors, Chain, Draft, Island, account};

fn unopened() -> Island {
    Island::unopened(1, SpecId::BERLIN)
}

#[test]
fn a_gateway_without_an_owner_is_refused() {
    let arguments = Gateway::constructorCall { owner_: Address::ZERO, timeoutWindow_: 1, payloadLimit_: 1 };
    let refused = Chain::new(1).create(account(1), &Gateway::BYTECODE, &arguments.abi_encode());
    assert_eq!(refused.unwrap_err(), Gateway::ZeroOwner {}.abi_encode());
}

#[test]
fn only_the_owner_opens_and_only_once() {
    let mut island = unopened();
    let opening = island.opening(Island::name(1));
    island.call(account(1), opening.clone()).reverted_with(Gateway::NotOwner {});
    island.owner_call(opening.clone()).ok();
    island.owner_call(opening).reverted_with(Gateway::AlreadyOpened {});
}

#[test]
fn case_1_a_zero_island_and_an_unknown_birth_are_refused() {
    let mut island = unopened();
    let nameless = island.opening(B256::ZERO);
    island.owner_call(nameless).reverted_with(Gateway::ZeroIsland {});
    island.chain.forget_parent();
    let opening = island.opening(Island::name(1));
    island.owner_call(opening.clone()).reverted_with(Gateway::NoBirth {});
    // The genesis block has no parent at all.
    island.chain.number = 0;
    let receipt = island.chain.simulate(island.owner, island.gateway, opening.abi_encode(), 10_000_000);
    receipt.reverted_with(Gateway::NoBirth {});
}

#[test]
fn nothing_runs_before_the_gateway_is_open() {
    let mut open = Island::new(2);
    let sent = open.send(account(1), &Draft::to(GatewayId([9; 32]), account(2), 1_700_000_000));
    let mut island = unopened();
    let attestors = island.attestors.addresses();
    let whole = island.attest(&[Attestation::plain(AttestationKind::Deliver, sent.id())]).whole();
    let item = Island::outcome(&sent, true, &[]);
    let calls: Vec<Vec<u8>> = vec![
        Gateway::beatCall {}.abi_encode(),
        Gateway::pauseCall {}.abi_encode(),
        Gateway::unpauseCall {}.abi_encode(),
        Gateway::closeCall {}.abi_encode(),
        Gateway::blockSourceCall { source: B256::ZERO }.abi_encode(),
        Gateway::unblockSourceCall { source: B256::ZERO }.abi_encode(),
        Gateway::noticeRotationCall { threshold_: 2, attestors_: attestors.clone() }.abi_encode(),
        Gateway::rotateNoticedCall { threshold_: 2, attestors_: attestors.clone() }.abi_encode(),
        Gateway::rotateCall { threshold_: 2, attestors_: attestors, signatures: vec![] }.abi_encode(),
        island.delivering(&sent).abi_encode(),
        Gateway::deliverBatchCall { items: vec![sent.delivery()], proof: whole.clone() }.abi_encode(),
        island.expiring(&sent, AttestationKind::Refuse).abi_encode(),
        Gateway::expireBatchCall { items: vec![sent.delivery()], kind: 1, proof: whole.clone() }.abi_encode(),
        island.settling(&sent, true, &[]).abi_encode(),
        Gateway::settleBatchCall { items: vec![item], callbackGas: 0, proof: whole }.abi_encode(),
    ];
    for call in calls {
        let receipt = island.chain.call(island.owner, island.gateway, call);
        receipt.reverted_with(Gateway::NotOpened {});
    }
}

#[test]
fn case_2_thresholds_follow_the_formula_for_every_size() {
    let mut island = unopened();
    for n in 0..=33u8 {
        for threshold in 0..=34u8 {
            let attestors = Attestors::new("set", threshold, n);
            let opening = Gateway::openCall {
                threshold_: threshold,
                attestors_: attestors.addresses(),
                ..island.opening(Island::name(1))
            };
            let receipt =
                island.chain.simulate(island.owner, island.gateway, opening.abi_encode(), 10_000_000);
            let rotation = Rotation {
                epoch: 1,
                threshold,
                attestors: attestors.addresses().iter().map(|a| ProtocolAddress(a.into_array())).collect(),
            };
            assert_eq!(receipt.success, rotation.check().is_ok(), "{threshold} of {n}");
            let size = alloy_primitives::U256::from(n);
            if n > 32 {
                receipt.reverted_with(Gateway::TooManyAttestors { attestors: size });
            } else if !receipt.success {
                let threshold = alloy_primitives::U256::from(threshold);
                receipt.reverted_with(Gateway::BadThreshold { threshold, attestors: size });
            }
        }
    }
}

#[test]
fn attestors_are_ascending_and_not_zero() {
    let mut island = unopened();
    let (a, b) = (account(1), account(2));
    for attestors in [vec![b, a], vec![a, a], vec![Address::ZERO, a]] {
        let opening = Gateway::openCall { attestors_: attestors, ..island.opening(Island::name(1)) };
        island.owner_call(opening).reverted_with(Gateway::AttestorsNotAscending {});
    }
}

#[test]
fn an_open_gateway_tells_who_it_is() {
    let mut island = unopened();
    let opening = island.opening(Island::name(1));
    let opened = island.owner_call(opening.clone()).ok().event::<Gateway::Opened>();
    assert_eq!(
        (opened.number, opened.island, opened.hub, opened.owner, opened.epoch, opened.threshold),
        (1, opening.island_, opening.hub_, island.owner, 1, 2)
    );
    assert_eq!(opened.attestors, opening.attestors_);
    assert_eq!(island.view(Gateway::gatewayIdCall {}), opened.gateway);
    assert_eq!(island.view(Gateway::islandCall {}), opening.island_);
    assert_eq!(island.view(Gateway::hubCall {}), opening.hub_);
    assert_eq!(island.view(Gateway::ownerCall {}), island.owner);
    assert_eq!(island.view(Gateway::numberCall {}), 1);
    assert_eq!(island.view(Gateway::epochCall {}), 1);
    assert_eq!(island.view(Gateway::thresholdCall {}), 2);
    assert_eq!(island.view(Gateway::attestorsCall {}), opening.attestors_);
    assert_eq!(island.view(Gateway::timeoutWindowCall {}), causeway_evm_gateway::TIMEOUT_WINDOW);
    assert_eq!(island.view(Gateway::payloadLimitCall {}), causeway_evm_gateway::PAYLOAD_LIMIT);
    assert!(!island.view(Gateway::pausedCall {}));
    assert!(!island.view(Gateway::closedCall {}));
}

#[test]
fn case_18_twin_chains_and_gateways_deployed_again_have_ids_of_their_own() {
    // The same deployer, nonce and code, and the same island in the call: only the chain's history differs.
    let (mut one, mut twin) = (unopened(), Island::unopened(2, SpecId::BERLIN));
    assert_eq!(one.gateway, twin.gateway);
    let opening = one.opening(Island::name(1));
    one.owner_call(opening.clone()).ok();
    twin.owner_call(opening).ok();
    let (one, twin) = (one.view(Gateway::gatewayIdCall {}), twin.view(Gateway::gatewayIdCall {}));
    assert_ne!(one, twin);
}
