//! Case 26, the money model: three islands, one of which forges its own events. Packets are delivered, refused, failed,
//! refunded, blocked and closed in any order, attestors rotate; and at every step the honest islands keep their books:
//! nothing more is released to a (gateway, application, token) than came from it, nothing ends twice, everything ends.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use causeway_evm_gateway::{Gateway, TokenBridge};
use causeway_protocol::AttestationKind::{Deliver, Refuse};
use causeway_protocol::PacketId;
use proptest::prelude::*;

use crate::harness::{Attestors, Bank, Draft, Sent, account, alice, bob, path, payload};

/// Islands 0 and 1 are honest. Island 2 makes up whatever events it likes, and its attestors' evidence says so.
const FORGER: usize = 2;
const ISLANDS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// Alice sends native tokens.
    Send {
        from: usize,
        to: usize,
        amount: u64,
    },
    /// Bob sends vouchers back where they came from, or on to the third island.
    Return {
        from: usize,
        origin: usize,
        to: usize,
        amount: U256,
    },
    /// The forger says that bob returned tokens that it was given, or that it never had.
    Forge {
        to: usize,
        amount: U256,
    },
    /// The forger says that something of its own, or the honest island's own token by another path, was sent.
    ForgeForward {
        to: usize,
        own: bool,
        amount: U256,
    },
    Deliver {
        pick: prop::sample::Index,
    },
    Refuse {
        pick: prop::sample::Index,
    },
    Expire {
        pick: prop::sample::Index,
    },
    /// Brings home what happened to a packet. For one that went to the forger: whatever the forger says.
    Settle {
        pick: prop::sample::Index,
        lie: u8,
    },
    /// A token stops paying out, or goes on.
    Freeze {
        island: usize,
        frozen: bool,
    },
    Block {
        island: usize,
        blocked: bool,
    },
    Rotate {
        island: usize,
    },
    Close {
        island: usize,
    },
    Wait,
}

/// Few, or nearly as many as a token can count.
fn any_amount() -> impl Strategy<Value = U256> {
    (1..500u64, prop::bool::weighted(0.3)).prop_map(|(amount, near_most)| {
        let amount = U256::from(amount);
        if near_most { U256::MAX - amount } else { amount }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let island = 0..ISLANDS;
    let amount = 1..500u64;
    let pick = any::<prop::sample::Index>();
    prop_oneof![
        4 => (island.clone(), island.clone(), amount)
            .prop_map(|(from, to, amount)| Step::Send { from, to, amount }),
        4 => (island.clone(), island.clone(), island.clone(), any_amount())
            .prop_map(|(from, origin, to, amount)| Step::Return { from, origin, to, amount }),
        3 => (0..FORGER, any_amount()).prop_map(|(to, amount)| Step::Forge { to, amount }),
        3 => (0..FORGER, any::<bool>(), any_amount())
            .prop_map(|(to, own, amount)| Step::ForgeForward { to, own, amount }),
        10 => pick.clone().prop_map(|pick| Step::Deliver { pick }),
        2 => pick.clone().prop_map(|pick| Step::Refuse { pick }),
        2 => pick.clone().prop_map(|pick| Step::Expire { pick }),
        10 => (pick, any::<u8>()).prop_map(|(pick, lie)| Step::Settle { pick, lie }),
        1 => (island.clone(), any::<bool>()).prop_map(|(island, frozen)| Step::Freeze { island, frozen }),
        1 => (island.clone(), any::<bool>()).prop_map(|(island, blocked)| Step::Block { island, blocked }),
        1 => island.clone().prop_map(|island| Step::Rotate { island }),
        1 => (0..10 * ISLANDS).prop_filter_map("seldom", |island| {
            (island < ISLANDS).then_some(Step::Close { island })
        }),
        1 => Just(Step::Wait),
    ]
}

/// The forger makes vouchers of its own token on one island, and bob sends his back: the steps above seldom do so.
fn flood() -> impl Strategy<Value = Step> {
    let (victim, own, back) = (0, true, FORGER);
    let pick = any::<prop::sample::Index>();
    prop_oneof![
        2 => any_amount().prop_map(move |amount| Step::ForgeForward { to: victim, own, amount }),
        3 => any_amount()
            .prop_map(move |amount| Step::Return { from: victim, origin: FORGER, to: back, amount }),
        4 => pick.clone().prop_map(|pick| Step::Deliver { pick }),
        1 => (pick, any::<u8>()).prop_map(|(pick, lie)| Step::Settle { pick, lie }),
    ]
}

/// How a packet ended where it was to arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Delivered(bool, Bytes),
    Expired,
}

struct Parcel {
    from: usize,
    to: usize,
    sent: Sent,
    /// What the destination's event said.
    end: Option<End>,
    settled: bool,
    /// Made up by the forger: nothing waits for its settlement.
    forged: bool,
}

struct Model {
    banks: Vec<Bank>,
    parcels: Vec<Parcel>,
    rotations: u32,
    /// Packets by the number of times they were delivered or expired, and settled.
    ended: BTreeMap<PacketId, (u32, u32)>,
    /// Of each honest island's own token: put in for, and paid out to, each remote bridge and its people.
    escrowed: BTreeMap<(usize, usize), u64>,
    released: BTreeMap<(usize, usize), u64>,
}

impl Model {
    fn new() -> Self {
        Self {
            banks: (1..=ISLANDS as u64).map(Bank::new).collect(),
            parcels: Vec::new(),
            rotations: 0,
            ended: BTreeMap::new(),
            escrowed: BTreeMap::new(),
            released: BTreeMap::new(),
        }
    }

    fn pair(&mut self, from: usize, to: usize) -> (&mut Bank, &Bank) {
        assert_ne!(from, to);
        let (low, high) = self.banks.split_at_mut(from.max(to));
        if from < to { (&mut low[from], &high[0]) } else { (&mut high[0], &low[to]) }
    }

    fn send(&mut self, sender: Address, from: usize, to: usize, token: Address, amount: U256) {
        let (bank, remote) = self.pair(from, to);
        let call = TokenBridge::sendCall { amount, ..bank.sending(remote, token, 0) };
        let receipt = bank.call(sender, bank.bridge, call);
        if !receipt.success {
            return;
        }
        if token == self.banks[from].token {
            *self.escrowed.entry((from, to)).or_default() += amount.to::<u64>();
        }
        let sent = Sent::all(&receipt).remove(0);
        self.parcels.push(Parcel { from, to, sent, end: None, settled: false, forged: false });
    }

    fn forge(&mut self, to: usize, bytes: Vec<u8>) {
        let (bank, victim) = self.pair(FORGER, to);
        let draft = Draft {
            payload: bytes,
            budget: 1_500_000,
            lane: "tokens".into(),
            ..Draft::to(victim.island.id, victim.bridge, bank.island.now())
        };
        let receipt = bank.island.call(account(1), draft.call());
        if !receipt.success {
            return;
        }
        let mut sent = Sent::all(&receipt).remove(0);
        sent.packet.sender = bank.bridge.to_vec();
        self.parcels.push(Parcel { from: FORGER, to, sent, end: None, settled: false, forged: true });
    }

    fn deliver(&mut self, index: usize) {
        let Parcel { to, sent, .. } = &self.parcels[index];
        let (to, sent) = (*to, sent.clone());
        let before = self.paid_out(to);
        let receipt = self.banks[to].island.deliver(&sent);
        if receipt.success {
            let event = receipt.event::<Gateway::PacketDelivered>();
            self.ended.entry(sent.id()).or_default().0 += 1;
            self.parcels[index].end = Some(End::Delivered(event.success, event.result));
            let from = self.parcels[index].from;
            // A claim is as good as paid: what it is for has left the account.
            let owed = receipt.events::<TokenBridge::Owed>();
            let token = self.banks[to].token;
            let owed: u64 = owed.iter().filter(|o| o.token == token).map(|o| o.amount.to::<u64>()).sum();
            *self.released.entry((to, from)).or_default() += self.paid_out(to) - before + owed;
        }
    }

    /// What bob has been paid of an island's own token.
    fn paid_out(&mut self, island: usize) -> u64 {
        let token = self.banks[island].token;
        self.banks[island].balance(token, bob())
    }

    fn expire(&mut self, index: usize, refuse: bool) {
        let kind = if refuse { Refuse } else { Deliver };
        let Parcel { to, sent, .. } = &self.parcels[index];
        let (to, sent) = (*to, sent.clone());
        if self.banks[to].island.expire(&sent, kind).success {
            self.ended.entry(sent.id()).or_default().0 += 1;
            self.parcels[index].end = Some(End::Expired);
        }
    }

    /// Attestors bring home what is proven. What the forger says is proven too: it controls its own chain.
    fn settle(&mut self, index: usize, lie: u8) {
        let parcel = &self.parcels[index];
        let (from, to, sent) = (parcel.from, parcel.to, parcel.sent.clone());
        let end = match (to == FORGER, lie % 3) {
            (false, _) => parcel.end.clone(),
            (true, 0) => Some(End::Expired),
            (true, 1) => Some(End::Delivered(false, Bytes::from_static(b"no"))),
            (true, _) => Some(End::Delivered(true, Bytes::new())),
        };
        let Some(end) = end else { return };
        let island = &mut self.banks[from].island;
        let receipt = match &end {
            End::Delivered(success, result) => island.settle(&sent, *success, result),
            End::Expired => island.refund(&sent),
        };
        if receipt.success {
            let event = receipt.event::<Gateway::PacketSettled>();
            assert_eq!(event.id, B256::from(sent.id().0));
            self.ended.entry(sent.id()).or_default().1 += 1;
            self.parcels[index].settled = true;
            let refunds = receipt.events::<TokenBridge::Refunded>();
            let token = self.banks[from].token;
            for refund in refunds.iter().filter(|refund| refund.token == token) {
                // A refund the account could not cover was not paid.
                let unpaid = matches!(self.banks[from].claim_of(&sent), Some((_, _, false)));
                if !unpaid {
                    *self.released.entry((from, to)).or_default() += refund.amount.to::<u64>();
                }
            }
        }
    }

    fn apply(&mut self, step: Step) {
        let index = |parcels: &[Parcel], pick: prop::sample::Index| {
            (!parcels.is_empty()).then(|| pick.index(parcels.len()))
        };
        match step {
            Step::Send { from, to, amount } if from != to => {
                let token = self.banks[from].token;
                self.send(alice(), from, to, token, U256::from(amount));
            }
            Step::Return { from, origin, to, amount } if from != origin && from != to => {
                let token = self.banks[origin].token;
                let (bank, remote) = self.pair(from, origin);
                let voucher = bank.voucher(remote, token.as_slice());
                if voucher != Address::ZERO {
                    bank.approve(bob(), voucher);
                    self.send(bob(), from, to, voucher, amount);
                }
            }
            Step::Forge { to, amount } => {
                let token = self.banks[to].token;
                self.forge(to, payload(1, token.as_slice(), bob().as_slice(), amount));
            }
            Step::ForgeForward { to, own, amount } => {
                // More of its own token, or a voucher named as if it came from the honest island itself.
                let (forger, victim) = (&self.banks[FORGER], &self.banks[to]);
                let name = if own { forger.token.to_vec() } else { path(victim, victim.token.as_slice()) };
                self.forge(to, payload(0, &name, bob().as_slice(), amount));
            }
            Step::Deliver { pick } => {
                if let Some(index) = index(&self.parcels, pick) {
                    self.deliver(index);
                }
            }
            Step::Refuse { pick } => {
                if let Some(index) = index(&self.parcels, pick) {
                    self.expire(index, true);
                }
            }
            Step::Expire { pick } => {
                if let Some(index) = index(&self.parcels, pick) {
                    self.expire(index, false);
                }
            }
            Step::Settle { pick, lie } => {
                if let Some(index) = index(&self.parcels, pick) {
                    self.settle(index, lie);
                }
            }
            Step::Freeze { island, frozen } => self.banks[island].habit(if frozen { 3 } else { 0 }),
            Step::Block { island, blocked } => {
                let source = B256::from(self.banks[FORGER].island.id.0);
                let island = &mut self.banks[island].island;
                if blocked {
                    island.owner_call(Gateway::blockSourceCall { source });
                } else {
                    island.owner_call(Gateway::unblockSourceCall { source });
                }
            }
            Step::Rotate { island } => self.rotate(island),
            Step::Close { island } => drop(self.banks[island].island.owner_call(Gateway::closeCall {})),
            Step::Wait => {
                for bank in &mut self.banks {
                    bank.island.chain.time += 1000;
                }
            }
            Step::Send { .. } | Step::Return { .. } => {}
        }
    }

    fn rotate(&mut self, island: usize) {
        self.rotations += 1;
        let next = Attestors::new(&format!("set {}", self.rotations), 2, 3);
        let island = &mut self.banks[island].island;
        let signatures = island.attestors.sign_rotation(island.id, island.epoch + 1, &next);
        let call = Gateway::rotateCall { threshold_: 2, attestors_: next.addresses(), signatures };
        island.owner_call(call).ok();
        island.attestors = next;
        island.epoch += 1;
    }

    /// What holds on the honest islands after every step.
    fn check(&mut self) {
        for (packet, (ended, settled)) in &self.ended {
            assert!(*ended <= 1 && *settled <= 1, "{packet} ended {ended} times and settled {settled} times");
        }
        for island in 0..FORGER {
            let (token, bridge) = (self.banks[island].token, self.banks[island].bridge);
            let held = self.banks[island].held(token);
            assert_eq!(self.banks[island].balance(token, bridge), held, "tokens and books disagree");
            let mut open = 0;
            for remote in (0..ISLANDS).filter(|remote| *remote != island) {
                let (gateway, app) = (self.banks[remote].island.id, self.banks[remote].bridge);
                let escrow = self.banks[island].escrow(gateway, app, token);
                let put_in = self.escrowed.get(&(island, remote)).copied().unwrap_or_default();
                let taken_out = self.released.get(&(island, remote)).copied().unwrap_or_default();
                assert!(taken_out <= put_in, "released {taken_out} of {put_in} to {remote}");
                assert_eq!(escrow, put_in - taken_out, "island {island}'s account for {remote}");
                open += escrow;
            }
            // The rest is kept for claims.
            assert!(open <= held);
        }
        // Between honest islands every voucher is backed.
        for (home, abroad) in [(0, 1), (1, 0)] {
            let token = self.banks[home].token;
            let (bank, remote) = self.pair(abroad, home);
            let voucher = bank.voucher(remote, token.as_slice());
            if voucher == Address::ZERO {
                continue;
            }
            let supply = causeway_evm_gateway::Voucher::totalSupplyCall {};
            let supply: u64 = bank.island.chain.view(voucher, supply).to();
            let (gateway, app) = (self.banks[abroad].island.id, self.banks[abroad].bridge);
            let escrow = self.banks[home].escrow(gateway, app, token);
            assert!(supply <= escrow, "{supply} vouchers for {escrow} tokens");
        }
    }

    /// Whatever happened, every packet of the honest islands ends once time has passed.
    fn finish(&mut self) {
        for bank in &mut self.banks {
            bank.habit(0);
            bank.island.chain.time += 8 * 24 * 3600;
        }
        for index in 0..self.parcels.len() {
            self.expire(index, false);
            if !self.parcels[index].forged {
                self.settle(index, 0);
                let Parcel { from, to, settled, .. } = &self.parcels[index];
                assert!(settled, "a packet from {from} to {to} did not end");
            }
        }
    }
}

fn run(steps: Vec<Step>) {
    let mut model = Model::new();
    for step in steps {
        model.apply(step);
        model.check();
    }
    model.finish();
    model.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn case_26_whatever_a_forger_does_no_more_is_released_than_came_in_and_every_packet_ends(
        steps in prop::collection::vec(step(), 1..90),
    ) {
        run(steps);
    }

    #[test]
    fn case_26_however_many_vouchers_a_forger_makes_every_packet_ends(
        steps in prop::collection::vec(flood(), 20..60),
    ) {
        run(steps);
    }
}
