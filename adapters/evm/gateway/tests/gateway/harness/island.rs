//! An island: a chain with an open gateway, its owner, and the attestors it accepts.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolConstructor};
use causeway_evm_gateway::{Gateway, MessageBoard, PAYLOAD_LIMIT, TIMEOUT_WINDOW};
use causeway_protocol::AttestationKind::{Deliver, Expired, Refuse};
use causeway_protocol::{Attestation, AttestationKind, GatewayId, Hash, IslandId};
use revm::primitives::hardfork::SpecId;

use super::{Attestors, Chain, Draft, Puppet, Receipt, Sent, Signed};

/// A chain with a gateway on it.
pub(crate) struct Island {
    pub(crate) chain: Chain,
    pub(crate) gateway: Address,
    pub(crate) id: GatewayId,
    pub(crate) owner: Address,
    pub(crate) attestors: Attestors,
    pub(crate) epoch: u64,
}

/// Somebody with an account.
pub(crate) fn account(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

impl Island {
    /// An island whose gateway two of three attestors serve.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with_spec(seed, SpecId::BERLIN)
    }

    pub(crate) fn with_spec(seed: u64, spec: SpecId) -> Self {
        let mut island = Self::unopened(seed, spec);
        let birth = island.chain.parent_hash();
        let name = Self::name(seed);
        let receipt = island.owner_call(island.opening(name)).ok();
        let opened = receipt.event::<Gateway::Opened>();
        island.id = GatewayId(opened.gateway.0);
        let expected = GatewayId::derive(IslandId(name.0), island.gateway.as_slice(), Hash(birth.0));
        assert_eq!(island.id, expected, "the gateway and the protocol disagree about its id");
        island
    }

    /// An island whose gateway is deployed and not open yet.
    pub(crate) fn unopened(seed: u64, spec: SpecId) -> Self {
        let mut chain = Chain::with_spec(seed, spec);
        let owner = account(0x0a);
        let gateway = chain.create(owner, &Gateway::BYTECODE, &Self::arguments(owner)).expect("a gateway");
        Self {
            chain,
            gateway,
            id: GatewayId([0; 32]),
            owner,
            attestors: Attestors::new("attestor", 2, 3),
            epoch: 1,
        }
    }

    /// The constructor's arguments of a usual gateway.
    pub(crate) fn arguments(owner: Address) -> Vec<u8> {
        Gateway::constructorCall {
            owner_: owner,
            timeoutWindow_: TIMEOUT_WINDOW,
            payloadLimit_: PAYLOAD_LIMIT,
        }
        .abi_encode()
    }

    /// The id of the island with this seed.
    pub(crate) fn name(seed: u64) -> B256 {
        alloy_primitives::keccak256(seed.to_be_bytes())
    }

    /// The call that opens the gateway.
    pub(crate) fn opening(&self, island: B256) -> Gateway::openCall {
        Gateway::openCall {
            island_: island,
            hub_: B256::repeat_byte(0x77),
            threshold_: self.attestors.threshold,
            attestors_: self.attestors.addresses(),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.chain.time
    }

    pub(crate) fn call(&mut self, from: Address, call: impl SolCall) -> Receipt {
        self.chain.call(from, self.gateway, call.abi_encode())
    }

    pub(crate) fn owner_call(&mut self, call: impl SolCall) -> Receipt {
        self.call(self.owner, call)
    }

    pub(crate) fn view<C: SolCall>(&mut self, call: C) -> C::Return {
        self.chain.view(self.gateway, call)
    }

    /// A contract without a constructor's arguments, or with them encoded.
    pub(crate) fn deploy(&mut self, code: &[u8], arguments: &[u8]) -> Address {
        self.chain.create(self.owner, code, arguments).expect("a contract")
    }

    /// A message board of this gateway.
    pub(crate) fn board(&mut self) -> Address {
        let arguments = MessageBoard::constructorCall { gateway_: self.gateway }.abi_encode();
        self.deploy(&MessageBoard::BYTECODE, &arguments)
    }

    /// Sends a packet from `from`.
    #[track_caller]
    pub(crate) fn send(&mut self, from: Address, draft: &Draft) -> Sent {
        let receipt = self.call(from, draft.call()).ok();
        let mut sent = Sent::all(&receipt);
        assert_eq!(sent.len(), 1);
        sent.remove(0)
    }

    /// Attestations that this gateway's attestors sign.
    pub(crate) fn attest(&self, attestations: &[Attestation]) -> Signed {
        self.attestors.attest(self.id, self.epoch, attestations)
    }

    /// One attestation, signed.
    pub(crate) fn attest_one(&self, attestation: Attestation) -> Gateway::Proof {
        self.attest(&[attestation]).proof(0)
    }

    /// The call that delivers a packet, with good signatures.
    pub(crate) fn delivering(&self, sent: &Sent) -> Gateway::deliverCall {
        let proof = self.attest_one(Attestation::plain(Deliver, sent.id()));
        Gateway::deliverCall { item: sent.delivery(), proof }
    }

    pub(crate) fn deliver(&mut self, sent: &Sent) -> Receipt {
        let call = self.delivering(sent);
        self.call(account(0xee), call)
    }

    /// The call that expires a packet, with good DELIVER or REFUSE signatures.
    pub(crate) fn expiring(&self, sent: &Sent, kind: AttestationKind) -> Gateway::expireCall {
        assert!(matches!(kind, Deliver | Refuse));
        let proof = self.attest_one(Attestation::plain(kind, sent.id()));
        Gateway::expireCall { item: sent.delivery(), kind: kind as u8, proof }
    }

    pub(crate) fn expire(&mut self, sent: &Sent, kind: AttestationKind) -> Receipt {
        let call = self.expiring(sent, kind);
        self.call(account(0xee), call)
    }

    /// The call that brings home how a packet of this gateway was delivered, with good signatures.
    pub(crate) fn settling(&self, sent: &Sent, success: bool, result: &[u8]) -> Gateway::settleCall {
        let proof = self.attest_one(Attestation::result(sent.id(), success, result));
        Gateway::settleCall { item: Self::outcome(sent, success, result), proof }
    }

    pub(crate) fn settle(&mut self, sent: &Sent, success: bool, result: &[u8]) -> Receipt {
        let call = self.settling(sent, success, result);
        self.call(account(0xee), call)
    }

    /// A RESULT as `settle` takes it.
    pub(crate) fn outcome(sent: &Sent, success: bool, result: &[u8]) -> Gateway::Settlement {
        Gateway::Settlement {
            id: B256::from(sent.id().0),
            kind: AttestationKind::Result as u8,
            success,
            result: Bytes::copy_from_slice(result),
        }
    }

    /// The call that brings home that a packet ended without delivery: EXPIRED or VOID.
    pub(crate) fn refunding(&self, sent: &Sent, kind: AttestationKind) -> Gateway::settleCall {
        let proof = self.attest_one(Attestation::plain(kind, sent.id()));
        let item = Gateway::Settlement { kind: kind as u8, ..Self::outcome(sent, false, &[]) };
        Gateway::settleCall { item, proof }
    }

    pub(crate) fn refund(&mut self, sent: &Sent) -> Receipt {
        let call = self.refunding(sent, Expired);
        self.call(account(0xee), call)
    }
}

/// How a puppet ends its callbacks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    Return = 0,
    Revert = 1,
    /// Uses up all its gas.
    Burn = 2,
}

/// Puppets: applications that do as a test tells them.
impl Island {
    pub(crate) fn puppet(&mut self) -> Address {
        self.deploy(&Puppet::BYTECODE, &[])
    }

    /// From now on, the puppet ends its callbacks so, with these bytes and `tail` zero bytes behind them.
    pub(crate) fn ends(&mut self, puppet: Address, ending: Ending, answer: &[u8], tail: usize) {
        let call = Puppet::endCall {
            ending_: ending as u8,
            answer: Bytes::copy_from_slice(answer),
            tail_: U256::from(tail),
        };
        self.chain.call(account(1), puppet, call.abi_encode()).ok();
    }

    /// From now on, the puppet makes this call to the gateway in its callbacks.
    pub(crate) fn scripts(&mut self, puppet: Address, call: impl SolCall) {
        let call = Puppet::scriptCall { target_: self.gateway, input: call.abi_encode().into() };
        self.chain.call(account(1), puppet, call.abi_encode()).ok();
    }

    /// The puppet sends a packet.
    pub(crate) fn puppet_sends(&mut self, puppet: Address, draft: &Draft) -> Sent {
        let call = Puppet::relayCall { to: self.gateway, input: draft.call().abi_encode().into() };
        let receipt = self.chain.call(account(1), puppet, call.abi_encode()).ok();
        Sent::all(&receipt).remove(0)
    }
}
