//! Token bridges between islands.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolConstructor, SolValue};
use causeway_evm_gateway::{Gateway, TokenBridge, Voucher};
use causeway_protocol::GatewayId;

use super::{Draft, Island, OddToken, Receipt, Sent, account};

/// An island with a token bridge and a token that tests can spoil.
pub(crate) struct Bank {
    pub(crate) island: Island,
    pub(crate) bridge: Address,
    pub(crate) token: Address,
}

/// Who has tokens, and sends them.
pub(crate) fn alice() -> Address {
    account(0xa1)
}

/// Who gets them, on every island.
pub(crate) fn bob() -> Address {
    account(0xb0)
}

impl Bank {
    /// A bank whose token alice has 1,000,000 of, all of it approved for the bridge.
    pub(crate) fn new(seed: u64) -> Self {
        let mut island = Island::new(seed);
        let arguments = TokenBridge::constructorCall { gateway_: island.gateway }.abi_encode();
        let bridge = island.deploy(&TokenBridge::BYTECODE, &arguments);
        let token = island.deploy(&OddToken::BYTECODE, &[]);
        let mut bank = Self { island, bridge, token };
        bank.call(alice(), token, OddToken::mintCall { to: alice(), amount: U256::from(1_000_000) }).ok();
        bank.approve(alice(), token);
        bank
    }

    pub(crate) fn call(&mut self, from: Address, to: Address, call: impl SolCall) -> Receipt {
        self.island.chain.call(from, to, call.abi_encode())
    }

    pub(crate) fn approve(&mut self, holder: Address, token: Address) {
        let approve = OddToken::approveCall { spender: self.bridge, amount: U256::MAX };
        self.call(holder, token, approve).ok();
    }

    /// From now on, the token has this habit.
    pub(crate) fn habit(&mut self, habit: u8) {
        self.call(alice(), self.token, OddToken::setHabitCall { habit_: habit }).ok();
    }

    pub(crate) fn balance(&mut self, token: Address, holder: Address) -> u64 {
        self.island.chain.view(token, OddToken::balanceOfCall { holder }).to()
    }

    /// What came in for (gateway, application, token) and was not released.
    pub(crate) fn escrow(&mut self, gateway: GatewayId, app: Address, token: Address) -> u64 {
        let call = TokenBridge::accountOfCall { source: gateway.0.into(), app: app.to_vec().into() };
        let account = self.island.chain.view(self.bridge, call);
        self.island.chain.view(self.bridge, TokenBridge::escrowedCall { account, token }).to()
    }

    /// All that the bridge owes in a token.
    pub(crate) fn held(&mut self, token: Address) -> u64 {
        self.island.chain.view(self.bridge, TokenBridge::heldCall { token }).to()
    }

    /// The call that sends tokens to bob on another island, through the bridge there.
    pub(crate) fn sending(&self, to: &Self, token: Address, amount: u64) -> TokenBridge::sendCall {
        TokenBridge::sendCall {
            destination: to.island.id.0.into(),
            app: to.bridge.to_vec().into(),
            token,
            amount: U256::from(amount),
            to: bob().to_vec().into(),
            timeout: self.island.now() + 3600,
            budget: 1_500_000,
        }
    }

    /// Sends tokens of `from` to bob on another island.
    #[track_caller]
    pub(crate) fn send(&mut self, from: Address, to: &Self, token: Address, amount: u64) -> Sent {
        let call = self.sending(to, token, amount);
        let receipt = self.call(from, self.bridge, call).ok();
        Sent::all(&receipt).remove(0)
    }

    /// A return of `token` that this island made up: nothing was destroyed for it.
    pub(crate) fn send_forged(&mut self, to: &Self, token: Address, amount: u64) -> Sent {
        self.forge(to, payload(1, token.as_slice(), bob().as_slice(), U256::from(amount)))
    }

    /// A packet in the name of this island's bridge that the bridge never sent.
    pub(crate) fn forge(&mut self, to: &Self, payload: Vec<u8>) -> Sent {
        let draft = Draft {
            payload,
            budget: 1_500_000,
            lane: "tokens".into(),
            ..Draft::to(to.island.id, to.bridge, self.island.now())
        };
        let mut sent = self.island.send(account(1), &draft);
        sent.packet.sender = self.bridge.to_vec();
        sent
    }

    /// Delivers a transfer here and tells how it ended, as the event does.
    #[track_caller]
    pub(crate) fn deliver(&mut self, sent: &Sent) -> (bool, Bytes) {
        let event = self.island.deliver(sent).ok().event::<Gateway::PacketDelivered>();
        (event.success, event.result)
    }

    /// The voucher that this bridge made of the token at `inner` behind another bridge; zero if it has not.
    pub(crate) fn voucher(&mut self, from: &Self, inner: &[u8]) -> Address {
        let path = path(from, inner);
        let path_hash = alloy_primitives::keccak256(path);
        self.island.chain.view(self.bridge, TokenBridge::vouchersCall { pathHash: path_hash })
    }

    /// What was destroyed of a voucher for transfers home that have not ended.
    pub(crate) fn returning(&mut self, voucher: Address) -> U256 {
        self.island.chain.view(voucher, Voucher::returningCall {})
    }

    /// What a voucher stands for.
    pub(crate) fn path_of(&mut self, voucher: Address) -> Vec<u8> {
        self.island.chain.view(voucher, Voucher::pathCall {}).to_vec()
    }

    /// The claim that a packet left behind: to whom, how much, and whether it is kept for them.
    pub(crate) fn claim_of(&mut self, sent: &Sent) -> Option<(Address, u64, bool)> {
        let id = B256::from(sent.id().0);
        let claim = self.island.chain.view(self.bridge, TokenBridge::claimsCall { id });
        (claim.to != Address::ZERO).then(|| (claim.to, claim.amount.to(), claim.reserved))
    }

    pub(crate) fn claim(&mut self, from: Address, sent: &Sent, payee: Address) -> Receipt {
        let call = TokenBridge::claimCall { id: sent.id().0.into(), payee };
        self.call(from, self.bridge, call)
    }
}

/// The path, seen from elsewhere, of what `from`'s bridge calls `inner`.
pub(crate) fn path(from: &Bank, inner: &[u8]) -> Vec<u8> {
    [&from.island.id.0[..], &[20], from.bridge.as_slice(), inner].concat()
}

/// What one bridge says to another: kind 0 FORWARD, 1 RETURN.
pub(crate) fn payload(kind: u8, path: &[u8], to: &[u8], amount: U256) -> Vec<u8> {
    let (path, to) = (Bytes::copy_from_slice(path), Bytes::copy_from_slice(to));
    (U256::from(kind), path, to, amount).abi_encode_params()
}
