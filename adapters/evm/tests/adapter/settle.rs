//! Settlements whose sender is a contract: its callback may want more gas than a batch gives, or revert.

use alloy_primitives::U256;
use alloy_sol_types::{SolCall as _, sol};
use causeway_adapter::{Destination as _, Outcome};
use causeway_evm::{Call, DestinationSettings, EvmDestination};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{Attestation, GatewayEventKind, PacketId};

use crate::island::{Island, account};

sol!(
    #[allow(missing_docs)]
    Puppet,
    "gateway/tests/artifacts/Puppet.json"
);

/// Endings of [`Puppet`]'s callback.
const RETURN: u8 = 0;
const REVERT: u8 = 1;

struct Scene {
    source: Island,
    other: Island,
    puppet: [u8; 20],
}

impl Scene {
    async fn start(name: &str) -> Self {
        let (source, other) = (Island::start(name).await, Island::start(&format!("{name} 2")).await);
        let puppet = source.account.deploy(Puppet::BYTECODE.to_vec(), 3_000_000).await.unwrap();
        Self { source, other, puppet }
    }

    async fn call(&self, data: Vec<u8>) {
        let call = Call { to: Some(self.puppet), data, gas: 2_000_000 };
        assert!(self.source.account.execute(&call).await.unwrap().success);
    }

    /// A packet from the puppet and one from an account, which is not called back.
    async fn send(&mut self) -> [PacketId; 2] {
        let message = self.source.message(self.other.gateway_id);
        let call = Gateway::sendCall {
            destination: message.destination.0.into(),
            lane: message.lane.clone(),
            ordered: false,
            receiver: message.receiver.clone().into(),
            timeout: message.timeout,
            budget: message.budget,
            payload: message.payload.clone().into(),
        };
        let to = self.source.gateway.into();
        self.call(Puppet::relayCall { to, input: call.abi_encode().into() }.abi_encode()).await;
        self.source.account.send_packet(self.source.gateway, &message).await.unwrap();
        self.source.catch_up().await;
        let sent = self.source.book.events.values().filter_map(|(_, event)| match &event.kind {
            GatewayEventKind::PacketSent { packet, .. } => Some(packet.id()),
            _ => None,
        });
        sent.collect::<Vec<_>>().try_into().unwrap()
    }

    async fn settle(&self, adapter: &EvmDestination, packets: &[PacketId]) -> Vec<Outcome> {
        let results: Vec<_> =
            packets.iter().map(|id| (Attestation::result(*id, true, b"ok"), b"ok".to_vec())).collect();
        adapter.submit(&self.source.attest(&self.source.book, &results)).await.unwrap().outcomes
    }

    /// A destination that gives callbacks little gas in a batch.
    fn adapter(&self) -> EvmDestination {
        let settings = DestinationSettings { callback_gas: 30_000, ..DestinationSettings::default() };
        EvmDestination::new(account(&self.source.chain, &self.source.nodes, 1), settings)
    }
}

#[tokio::test]
async fn a_callback_that_needs_more_than_a_batch_gives_is_settled_alone() {
    let mut scene = Scene::start("greedy callback").await;
    let packets = scene.send().await;
    let outcomes = scene.settle(&scene.adapter(), &packets).await;
    let [Outcome::Done { transaction: alone }, Outcome::Done { transaction: batch }] = &outcomes[..] else {
        panic!("{outcomes:?}");
    };
    assert_ne!(alone, batch);
}

#[tokio::test]
async fn a_callback_that_reverts_is_tried_again_and_keeps_nothing_back() {
    let mut scene = Scene::start("reverting callback").await;
    let packets = scene.send().await;
    let end = |ending| Puppet::endCall { ending_: ending, answer: Vec::new().into(), tail_: U256::ZERO };
    scene.call(end(REVERT).abi_encode()).await;
    let adapter = scene.adapter();
    let outcomes = scene.settle(&adapter, &packets).await;
    assert!(
        matches!(&outcomes[..], [Outcome::NotYet { reason }, Outcome::Done { .. }] if reason.contains("callback"))
    );
    scene.call(end(RETURN).abi_encode()).await;
    let outcomes = scene.settle(&adapter, &packets).await;
    assert!(matches!(&outcomes[..], [Outcome::Done { .. }, Outcome::AlreadyDone]), "{outcomes:?}");
}
