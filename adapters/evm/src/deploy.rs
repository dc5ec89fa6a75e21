//! What an island's owner does once, and applications do all the time: deploying and opening a gateway, sending packets.

use alloy_primitives::Address as EvmAddress;
use alloy_sol_types::{SolCall as _, SolConstructor as _, SolEvent as _};
use causeway_adapter::AdapterError;
use causeway_evm_gateway::{Gateway, PAYLOAD_LIMIT, TIMEOUT_WINDOW};
use causeway_protocol::{Address, GatewayId, Hash, HubId, IslandId, PacketId};

use crate::account::{Account, Call, Executed};

/// Gas for the deployment of a gateway, and more.
const DEPLOYMENT_GAS: u64 = 12_000_000;
/// Gas for opening a gateway with the most attestors.
const OPENING_GAS: u64 = 3_000_000;

/// How a gateway is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The island it is on.
    pub island: IslandId,
    /// The hub it works with.
    pub hub: HubId,
    /// How many attestors have to sign.
    pub threshold: u8,
    /// The attestors, ascending.
    pub attestors: Vec<Address>,
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Message {
    /// The gateway it goes to.
    pub destination: GatewayId,
    /// The lane's name.
    pub lane: String,
    /// Whether the lane is ordered.
    pub ordered: bool,
    /// Who gets it.
    pub receiver: Vec<u8>,
    /// Last moment for delivery, Unix seconds.
    pub timeout: u64,
    /// Gas the receiver is guaranteed.
    pub budget: u64,
    /// The message itself.
    pub payload: Vec<u8>,
}

impl Account {
    /// Makes a contract of creation code with its arguments behind it. Answers its address.
    pub async fn deploy(&self, code: Vec<u8>, gas: u64) -> Result<[u8; 20], AdapterError> {
        let executed = self.execute(&Call { to: None, data: code, gas }).await?;
        match executed.created {
            Some(address) if executed.success => Ok(address),
            _ => Err(reverted("a deployment", &executed)),
        }
    }

    /// Deploys a gateway, owned by this account, with the usual limits. Answers its address.
    pub async fn deploy_gateway(&self) -> Result<[u8; 20], AdapterError> {
        let arguments = Gateway::constructorCall {
            owner_: EvmAddress::from(self.address()),
            timeoutWindow_: TIMEOUT_WINDOW,
            payloadLimit_: PAYLOAD_LIMIT,
        };
        let code = [&Gateway::BYTECODE[..], &arguments.abi_encode()].concat();
        self.deploy(code, DEPLOYMENT_GAS).await
    }

    /// Opens a gateway that this account owns. Answers the id it took.
    pub async fn open_gateway(
        &self,
        gateway: [u8; 20],
        opening: &Opening,
    ) -> Result<GatewayId, AdapterError> {
        let call = Gateway::openCall {
            island_: opening.island.0.into(),
            hub_: opening.hub.0.into(),
            threshold_: opening.threshold,
            attestors_: opening.attestors.iter().map(|attestor| attestor.0.into()).collect(),
        };
        let call = Call { to: Some(gateway), data: call.abi_encode(), gas: OPENING_GAS };
        let executed = self.execute(&call).await?;
        let id = topic(&executed, gateway, Gateway::Opened::SIGNATURE_HASH.0, 2);
        id.map(GatewayId::from).ok_or_else(|| reverted("opening a gateway", &executed))
    }

    /// Sends a packet from this account through `gateway`. Answers its id and the height it was sent at.
    pub async fn send_packet(
        &self,
        gateway: [u8; 20],
        message: &Message,
    ) -> Result<(PacketId, u64), AdapterError> {
        let call = Gateway::sendCall {
            destination: message.destination.0.into(),
            lane: message.lane.clone(),
            ordered: message.ordered,
            receiver: message.receiver.clone().into(),
            timeout: message.timeout,
            budget: message.budget,
            payload: message.payload.clone().into(),
        };
        let data = call.abi_encode();
        let gas = 400_000 + 60 * data.len() as u64;
        let executed = self.execute(&Call { to: Some(gateway), data, gas }).await?;
        let id = topic(&executed, gateway, Gateway::PacketSent::SIGNATURE_HASH.0, 3);
        id.map(|id| (PacketId::from(id), executed.block))
            .ok_or_else(|| reverted("sending a packet", &executed))
    }
}

/// Topic number `place` of the event `event` of `contract` in a transaction.
fn topic(executed: &Executed, contract: [u8; 20], event: [u8; 32], place: usize) -> Option<Hash> {
    let of_event = |(address, topics): &&([u8; 20], Vec<Hash>)| {
        *address == contract && topics.first() == Some(&Hash(event))
    };
    executed.logs.iter().find(of_event).and_then(|(_, topics)| topics.get(place).copied())
}

fn reverted(what: &str, executed: &Executed) -> AdapterError {
    let detail = format!("{what}: transaction {} reverted", executed.transaction);
    AdapterError::Unprovable { height: executed.block, detail }
}
