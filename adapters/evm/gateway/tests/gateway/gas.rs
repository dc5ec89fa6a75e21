//! Case 27, the gas sweep: at every gas limit a delivery reverts or gives the receiver its whole budget, and a settlement
//! completes its callback or reverts.

use alloy_primitives::{Address, Bytes, U256, hex};
use alloy_sol_types::{SolCall, SolEvent};
use causeway_evm_gateway::Gateway;
use causeway_protocol::Attestation;
use causeway_protocol::AttestationKind::Deliver;
use revm::primitives::hardfork::SpecId;

use crate::harness::{Draft, Ending, Frame, Island, Loop, Receipt, Sent, account};

/// The gas schedules of the networks in question: FISCO BCOS and old Besu, GoQuorum, and Besu now.
const SCHEDULES: [SpecId; 4] = [SpecId::ISTANBUL, SpecId::BERLIN, SpecId::CANCUN, SpecId::PRAGUE];

/// Gas limits from too little for anything to more than enough: coarse, and gas by gas around `edge`.
fn limits(edge: u64) -> impl Iterator<Item = u64> {
    let coarse = (30_000..edge + 400_000).step_by(7_507);
    coarse.chain(edge.saturating_sub(150)..edge + 150)
}

/// The smallest gas limit at which `ends_well`.
fn threshold(mut ends_well: impl FnMut(u64) -> bool) -> u64 {
    let (mut bad, mut good) = (21_000, 60_000_000);
    assert!(ends_well(good));
    while good - bad > 1 {
        let middle = bad.midpoint(good);
        if ends_well(middle) { good = middle } else { bad = middle }
    }
    good
}

fn frame_of(frames: &[Frame], target: Address) -> Option<Frame> {
    frames.iter().copied().find(|frame| frame.target == target)
}

struct Stage {
    island: Island,
    receiver: Address,
    sent: Sent,
}

/// A packet on its way to a receiver that succeeds once less than `floor` gas is left.
fn greedy(spec: SpecId, budget: u64, floor: u64) -> Stage {
    let (mut source, mut island) = (Island::with_spec(1, spec), Island::with_spec(2, spec));
    let receiver = island.deploy(&Loop::BYTECODE, &[]);
    let payload = U256::from(floor).to_be_bytes::<32>().to_vec();
    let draft = Draft { budget, payload, ..Draft::to(island.id, receiver, source.now()) };
    let sent = source.send(account(1), &draft);
    Stage { island, receiver, sent }
}

#[test]
fn case_27_deliver_gives_the_receiver_its_whole_budget_or_reverts() {
    for spec in SCHEDULES {
        // Burning millions of gas at a thousand limits takes minutes: the larger budgets are only measured.
        for (budget, floor) in [(0, 300), (30_000, 300), (1_000_000, u64::MAX), (5_000_000, u64::MAX)] {
            let Stage { mut island, receiver, sent } = greedy(spec, budget, floor);
            let input = island.delivering(&sent).abi_encode();
            let mut run = |gas| island.chain.trace(account(1), island.gateway, input.clone(), gas);
            let edge = threshold(|gas| run(gas).0.success);
            for gas in limits(edge) {
                let (receipt, frames) = run(gas);
                assert_eq!(receipt.success, gas >= edge, "success is not monotonous in gas at {gas}");
                if receipt.success {
                    let frame = frame_of(&frames, receiver).expect("the receiver was not called");
                    assert_eq!(frame.gas, budget, "{spec:?}: {gas} gas");
                    // What it did with the whole budget is the same at every limit.
                    let event = receipt.event::<Gateway::PacketDelivered>();
                    assert_eq!((event.success, frame.success), (budget > 0, budget > 0));
                } else {
                    assert!(receipt.logs.is_empty());
                    // A receiver that is called has the gateway's own work behind it paid for, too.
                    assert_eq!(frame_of(&frames, receiver), None, "{spec:?}: {gas} gas");
                }
            }
        }
    }
}

#[test]
fn case_27_with_a_little_less_gas_than_needed_the_error_says_so() {
    let Stage { mut island, sent, .. } = greedy(SpecId::BERLIN, 1_000_000, u64::MAX);
    let input = island.delivering(&sent).abi_encode();
    let mut run = |gas| island.chain.simulate(account(1), island.gateway, input.clone(), gas);
    let edge = threshold(|gas| run(gas).success);
    run(edge - 1).reverted_with(Gateway::InsufficientGas {});
    run(edge - 1_000_000).reverted_with(Gateway::InsufficientGas {});
    run(30_000).halted();
}

#[test]
fn case_27_a_megabyte_answer_leaves_the_gateway_enough_gas_at_every_limit() {
    for (ending, success) in [(Ending::Return, true), (Ending::Revert, false)] {
        let (mut source, mut island) = (Island::new(1), Island::new(2));
        let puppet = island.puppet();
        island.ends(puppet, ending, &[], 1_000_000);
        let draft = Draft { budget: 5_000_000, ..Draft::to(island.id, puppet, source.now()) };
        let sent = source.send(account(1), &draft);
        let input = island.delivering(&sent).abi_encode();
        let mut run = |gas| island.chain.trace(account(1), island.gateway, input.clone(), gas);
        let edge = threshold(|gas| run(gas).0.success);
        for gas in (edge - 40..edge + 40).chain((edge..edge + 3_000_000).step_by(100_003)) {
            let (receipt, frames) = run(gas);
            if receipt.success {
                assert_eq!(frame_of(&frames, puppet).unwrap().gas, 5_000_000);
                assert_eq!(receipt.event::<Gateway::PacketDelivered>().success, success);
            }
        }
    }
}

#[test]
fn case_27_the_longest_result_and_payload_leave_enough_gas_too() {
    for spec in SCHEDULES {
        let (mut source, mut island) = (Island::with_spec(1, spec), Island::with_spec(2, spec));
        let answer: Vec<u8> = alloy_sol_types::SolValue::abi_encode(&Bytes::from(vec![0xff; 1024]));
        let puppet = island.puppet();
        island.ends(puppet, Ending::Return, &answer, 0);
        // A puppet writes its input to storage: 2 KiB are most of what the budget pays for.
        let draft =
            Draft { budget: 5_000_000, payload: vec![0; 2048], ..Draft::to(island.id, puppet, source.now()) };
        let sent = source.send(account(1), &draft);
        let input = island.delivering(&sent).abi_encode();
        let mut run = |gas| island.chain.trace(account(1), island.gateway, input.clone(), gas);
        let edge = threshold(|gas| run(gas).0.success);
        for gas in edge - 40..edge + 40 {
            let (receipt, frames) = run(gas);
            assert_eq!(receipt.success, gas >= edge);
            if receipt.success {
                assert_eq!(frame_of(&frames, puppet).unwrap().gas, 5_000_000);
                let event = receipt.event::<Gateway::PacketDelivered>();
                assert_eq!((event.success, event.result.len()), (true, 1024));
            }
        }
    }
}

#[test]
fn case_27_what_the_gateway_keeps_back_pays_for_the_longest_result() {
    // PUSH1 20 PUSH1 00 MSTORE, PUSH2 0400 PUSH1 20 MSTORE, PUSH2 0440 PUSH1 00 RETURN: 1024 bytes, canonical, for next to
    // nothing; and before it what copies these 17 bytes into the code of the contract.
    const ANSWER: [u8; 29] = hex!("6011600c60003960116000f3" "602060005261040060205261044060" "00f3");
    for spec in SCHEDULES {
        let (mut source, mut island) = (Island::with_spec(1, spec), Island::with_spec(2, spec));
        let receiver = island.deploy(&ANSWER, &[]);
        let draft = Draft { budget: 1_000, ..Draft::to(island.id, receiver, source.now()) };
        let sent = source.send(account(1), &draft);
        let input = island.delivering(&sent).abi_encode();
        let mut run = |gas| island.chain.trace(account(1), island.gateway, input.clone(), gas);
        let edge = threshold(|gas| run(gas).0.success);
        let event = run(edge).0.event::<Gateway::PacketDelivered>();
        assert_eq!((event.success, event.result.len()), (true, 1024));
        let (receipt, frames) = run(edge - 1);
        receipt.reverted_with(Gateway::InsufficientGas {});
        assert_eq!(frame_of(&frames, receiver), None);
    }
}

#[test]
fn case_27_a_batch_delivers_all_it_can_or_reverts() {
    for spec in [SpecId::ISTANBUL, SpecId::PRAGUE] {
        let (mut source, mut island) = (Island::with_spec(1, spec), Island::with_spec(2, spec));
        let receiver = island.deploy(&Loop::BYTECODE, &[]);
        let payload = U256::from(u64::MAX).to_be_bytes::<32>().to_vec();
        let packets: Vec<Sent> = [200_000, 10_000, 700_000]
            .into_iter()
            .map(|budget| {
                let draft = Draft {
                    budget,
                    payload: payload.clone(),
                    ..Draft::to(island.id, receiver, source.now())
                };
                source.send(account(1), &draft)
            })
            .collect();
        let attestations: Vec<_> =
            packets.iter().map(|sent| Attestation::plain(Deliver, sent.id())).collect();
        let items = packets.iter().map(Sent::delivery).collect();
        let input =
            Gateway::deliverBatchCall { items, proof: island.attest(&attestations).whole() }.abi_encode();
        let mut run = |gas| island.chain.trace(account(1), island.gateway, input.clone(), gas);
        let edge = threshold(|gas| run(gas).0.success);
        for gas in limits(edge) {
            let (receipt, frames) = run(gas);
            assert_eq!(receipt.success, gas >= edge);
            if receipt.success {
                let given: Vec<u64> =
                    frames.iter().filter(|frame| frame.target == receiver).map(|f| f.gas).collect();
                assert_eq!(given, [200_000, 10_000, 700_000]);
                let delivered = receipt.events::<Gateway::PacketDelivered>();
                assert!(delivered.len() == 3 && delivered.iter().all(|event| event.success));
            }
        }
    }
}

/// Every gas limit up to plenty, for a settlement whose sender writes storage.
fn sweep_settlement(input: &[u8], island: &mut Island, sender: Address, call: &str) {
    let mut run = |gas| island.chain.trace(account(1), island.gateway, input.to_vec(), gas);
    let settled = |receipt: &Receipt| {
        let topic = Gateway::PacketSettled::SIGNATURE_HASH;
        receipt.logs.iter().any(|log| log.topics()[0] == topic)
    };
    let edge = threshold(|gas| settled(&run(gas).0));
    for gas in limits(edge) {
        let (receipt, frames) = run(gas);
        if settled(&receipt) {
            let frame = frame_of(&frames, sender).expect("the sender was not called");
            assert!(frame.success, "{call} settled without its callback at {gas}");
        }
    }
}

#[test]
fn case_27_settle_completes_its_callback_or_reverts() {
    for spec in SCHEDULES {
        let mut island = Island::with_spec(1, spec);
        let puppet = island.puppet();
        let destination = causeway_protocol::GatewayId([2; 32]);
        let sent = island.puppet_sends(puppet, &Draft::to(destination, account(2), island.now()));
        let single = island.settling(&sent, true, &[0xff; 1024]).abi_encode();
        sweep_settlement(&single, &mut island, puppet, "settle");

        let attestation = Attestation::result(sent.id(), true, &[0xff; 1024]);
        let batch = Gateway::settleBatchCall {
            items: vec![Island::outcome(&sent, true, &[0xff; 1024])],
            callbackGas: 1_500_000,
            proof: island.attest(&[attestation]).whole(),
        };
        sweep_settlement(&batch.abi_encode(), &mut island, puppet, "settleBatch");
    }
}
