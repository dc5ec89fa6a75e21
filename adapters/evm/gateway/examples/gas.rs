//! What a gateway's calls cost, as tables of gas: `cargo run -p causeway-evm-gateway --example gas`.
//!
//! Two of three attestors sign. The gas is the transaction's whole gas, its intrinsic part and refunds included; calls
//! into applications are listed apart, by measuring with receivers and senders that have no code and with a message board.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use causeway_evm_gateway::{Gateway, MessageBoard};
use causeway_protocol::Attestation;
use causeway_protocol::AttestationKind::{Deliver, Expired, Refuse};
use revm::primitives::hardfork::SpecId;

// The tests' chains and attestors; some of what they offer is for the tests alone.
#[allow(dead_code, unused_imports)]
#[path = "../tests/gateway/harness/mod.rs"]
mod harness;

use harness::{Draft, Island, Receipt, Sent, account};

/// A call's gas and the bytes of its input.
struct Cost {
    gas: u64,
    bytes: usize,
}

struct Bench {
    source: Island,
    destination: Island,
    board: Address,
    home: Address,
    payload: usize,
}

impl Bench {
    fn new(spec: SpecId, payload: usize) -> Self {
        let (mut source, mut destination) = (Island::with_spec(1, spec), Island::with_spec(2, spec));
        let (home, board) = (source.board(), destination.board());
        let mut bench = Self { source, destination, board, home, payload };
        // The first packet of a lane, the first message of a board and the first result are dearer: not measured.
        let first = bench.send(true);
        let receipt = bench.destination.deliver(&first);
        let result = receipt.event::<Gateway::PacketDelivered>().result;
        bench.source.settle(&first, true, &result).ok();
        bench
    }

    /// A packet to the board, or to an account without code; from the board at home, or from an account.
    fn send(&mut self, board: bool) -> Sent {
        let receiver = if board { self.board } else { account(2) };
        let draft = Draft {
            budget: 1_000_000,
            payload: vec![0x55; self.payload],
            ..Draft::to(self.destination.id, receiver, self.source.now())
        };
        if !board {
            return self.source.send(account(1), &draft);
        }
        let post = MessageBoard::postCall {
            destination: self.destination.id.0.into(),
            lane: draft.lane,
            ordered: false,
            receiver: draft.receiver.into(),
            timeout: draft.timeout,
            budget: draft.budget,
            text: draft.payload.into(),
        };
        let receipt = self.source.chain.call(account(1), self.home, post.abi_encode());
        Sent::all(&receipt.ok()).remove(0)
    }

    fn packets(&mut self, n: usize, board: bool) -> Vec<Sent> {
        (0..n).map(|_| self.send(board)).collect()
    }

    fn cost(island: &mut Island, call: &[u8]) -> (Cost, Receipt) {
        let receipt = island.chain.call(account(3), island.gateway, call.to_vec()).ok();
        (Cost { gas: receipt.gas_used, bytes: call.len() }, receipt)
    }

    fn sending(&mut self) -> Cost {
        let draft = Draft {
            payload: vec![0x55; self.payload],
            ..Draft::to(self.destination.id, account(2), self.source.now())
        };
        self.source.send(account(3), &draft);
        Self::cost(&mut self.source, &draft.call().abi_encode()).0
    }

    fn delivering(&mut self, n: usize, board: bool) -> Cost {
        let packets = self.packets(n, board);
        let island = &mut self.destination;
        let call = if n == 1 {
            island.delivering(&packets[0]).abi_encode()
        } else {
            let attestations: Vec<_> =
                packets.iter().map(|sent| Attestation::plain(Deliver, sent.id())).collect();
            let items = packets.iter().map(Sent::delivery).collect();
            Gateway::deliverBatchCall { items, proof: island.attest(&attestations).whole() }.abi_encode()
        };
        let (cost, receipt) = Self::cost(island, &call);
        let delivered = receipt.events::<Gateway::PacketDelivered>();
        assert!(delivered.len() == n && delivered.iter().all(|event| event.success == board));
        cost
    }

    fn expiring(&mut self, n: usize) -> Cost {
        let packets = self.packets(n, false);
        let island = &mut self.destination;
        let call = if n == 1 {
            island.expiring(&packets[0], Refuse).abi_encode()
        } else {
            let attestations: Vec<_> =
                packets.iter().map(|sent| Attestation::plain(Refuse, sent.id())).collect();
            let items = packets.iter().map(Sent::delivery).collect();
            let proof = island.attest(&attestations).whole();
            Gateway::expireBatchCall { items, kind: Refuse as u8, proof }.abi_encode()
        };
        let (cost, receipt) = Self::cost(island, &call);
        assert_eq!(receipt.events::<Gateway::PacketExpired>().len(), n);
        cost
    }

    fn settling(&mut self, n: usize, board: bool) -> Cost {
        const RESULT: &[u8] = &[1; 32];
        let packets = self.packets(n, board);
        let island = &mut self.source;
        let call = if n == 1 {
            island.settling(&packets[0], true, RESULT).abi_encode()
        } else {
            let attestations: Vec<_> =
                packets.iter().map(|sent| Attestation::result(sent.id(), true, RESULT)).collect();
            let items = packets.iter().map(|sent| Island::outcome(sent, true, RESULT)).collect();
            let proof = island.attest(&attestations).whole();
            Gateway::settleBatchCall { items, callbackGas: 100_000, proof }.abi_encode()
        };
        let (cost, receipt) = Self::cost(island, &call);
        assert_eq!(receipt.events::<Gateway::PacketSettled>().len(), n);
        cost
    }

    fn refunding(&mut self) -> Cost {
        let sent = self.send(false);
        let call = self.source.refunding(&sent, Expired).abi_encode();
        Self::cost(&mut self.source, &call).0
    }
}

fn row(name: &str, n: usize, cost: &Cost) {
    let each = cost.gas / n as u64;
    println!("| {name} | {n} | {} | {each} | {} |", cost.gas, cost.bytes);
}

fn main() {
    println!(
        "| call | packets | gas | gas per packet | bytes of input |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for (title, spec, payload) in [
        ("Berlin (GoQuorum), payload of 32 bytes", SpecId::BERLIN, 32),
        ("Berlin (GoQuorum), payload of 1 KiB", SpecId::BERLIN, 1024),
        ("Istanbul (older networks), payload of 32 bytes", SpecId::ISTANBUL, 32),
    ] {
        println!("| **{title}** | | | | |");
        let mut bench = Bench::new(spec, payload);
        row("send", 1, &bench.sending());
        for n in [1, 10, 100] {
            row("deliver, receiver without code", n, &bench.delivering(n, false));
        }
        for n in [1, 10, 100] {
            row("deliver to a message board", n, &bench.delivering(n, true));
        }
        for n in [1, 10, 100] {
            row("expire", n, &bench.expiring(n));
        }
        for n in [1, 10, 100] {
            row("settle, sender without code", n, &bench.settling(n, false));
        }
        for n in [1, 10, 100] {
            row("settle to a message board", n, &bench.settling(n, true));
        }
        row("settle as expired", 1, &bench.refunding());
    }
    println!("\ncode of the gateway: {} bytes", Gateway::DEPLOYED_BYTECODE.len());
    println!("deployment and opening: {} gas", deployment());
}

/// Gas of creating a gateway and opening it, on Berlin.
fn deployment() -> u64 {
    let mut island = Island::unopened(9, SpecId::BERLIN);
    let code = [&Gateway::BYTECODE[..], &Island::arguments(island.owner)].concat();
    let created = island.chain.creation_gas(island.owner, Bytes::from(code));
    let opening = island.opening(Island::name(9));
    created + island.owner_call(opening).ok().gas_used
}
