//! A GoQuorum network with a gateway and a message board on it.

use std::path::Path;

use alloy_sol_types::{SolCall, SolConstructor, SolValue};
use causeway_evm_gateway::{Gateway, MessageBoard, PAYLOAD_LIMIT, TIMEOUT_WINDOW};
use causeway_evm_node::{Key, Network, NodeError};
use causeway_protocol::{Address, Family, GatewayId, Hash, HubId, Island, PacketId};
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{Anchor, Config, Protocol};
use serde_json::{Value, json};

use crate::deployment::Listed;
use crate::service::secret;

/// Accounts by purpose; the rest post.
const OWNER: usize = 0;
const RELAYER: usize = 1;
const FIRST_AUTHOR: usize = 2;
/// Accounts that post, at once.
pub(crate) const AUTHORS: usize = 10;
/// Accounts a network needs.
pub(crate) const ACCOUNTS: usize = FIRST_AUTHOR + AUTHORS;

/// A board somewhere.
pub(crate) struct Receiver<'a> {
    pub(crate) gateway: GatewayId,
    pub(crate) board: &'a [u8],
}

pub(crate) struct RealIsland {
    pub(crate) network: Network,
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) fingerprint: Hash,
    pub(crate) anchor: Vec<u8>,
    pub(crate) gateway: Address,
    pub(crate) gateway_id: GatewayId,
    /// The block before the one the gateway was opened in.
    pub(crate) birth: Hash,
    pub(crate) board: Address,
}

impl RealIsland {
    /// Takes an early block as the trust anchor, and deploys and opens a gateway and a board.
    pub(crate) async fn new(
        network: Network,
        name: &'static str,
        family: Family,
        hub: HubId,
        attestors: &[Address],
    ) -> Result<Self, NodeError> {
        let protocol = if family == Family::Ibft { Protocol::Ibft } else { Protocol::Qbft };
        let config = Config::plain(family, protocol, 86_400, 30);
        let header = async |height| {
            let raw = network.rpc(0)?.raw_header(height).await?;
            Ok::<_, NodeError>(RawHeader::decode(protocol, &raw).unwrap())
        };
        // GoQuorum's genesis blocks are years old, and name no chain of their own: the anchor is a block the network made.
        network.wait_for_block(2).await?;
        let (genesis, anchored) = (header(0).await?, header(2).await?);
        let anchor = Anchor { config, header: &anchored.evidence_form(0).unwrap(), set: None }.encode();
        let (fingerprint, anchor_hash) = (genesis.hash, anchored.hash);
        let id = Island { family, fingerprint, anchor: anchor_hash }.id();
        let mut island = Self {
            network,
            name,
            family,
            fingerprint,
            anchor,
            gateway: Address::ZERO,
            gateway_id: GatewayId::default(),
            birth: Hash::ZERO,
            board: Address::ZERO,
        };
        let arguments = Gateway::constructorCall {
            owner_: island.account(OWNER).address().into(),
            timeoutWindow_: TIMEOUT_WINDOW,
            payloadLimit_: PAYLOAD_LIMIT,
        };
        island.gateway = island.create(&Gateway::BYTECODE, &arguments.abi_encode()).await?;
        let open = Gateway::openCall {
            island_: id.0.into(),
            hub_: hub.0.into(),
            threshold_: 2,
            attestors_: attestors.iter().map(|attestor| attestor.0.into()).collect(),
        };
        let opened = island.call(island.account(OWNER), island.gateway, open.abi_encode()).await?;
        let block: Value =
            island.network.rpc(0)?.call("eth_getBlockByHash", json!([opened["blockHash"], false])).await?;
        island.birth = block["parentHash"].as_str().unwrap().parse().unwrap();
        let gateway_id = island.view(island.gateway, Gateway::gatewayIdCall {}.abi_encode()).await?;
        island.gateway_id = GatewayId::try_from(gateway_id.as_slice()).unwrap();
        let arguments = MessageBoard::constructorCall { gateway_: island.gateway.0.into() };
        island.board = island.create(&MessageBoard::BYTECODE, &arguments.abi_encode()).await?;
        Ok(island)
    }

    /// What the services are told of it.
    pub(crate) fn listed(&self, folder: &Path) -> Listed {
        let key = const_hex::encode_prefixed(self.account(RELAYER).secret());
        let key = secret(folder, &format!("{}.delivery-key", self.name), &key);
        Listed {
            name: self.name,
            family: self.family,
            fingerprint: self.fingerprint,
            anchor: self.anchor.clone(),
            gateway: self.gateway.0.to_vec(),
            gateway_id: self.gateway_id,
            birth: self.birth,
            owner: Address(self.account(OWNER).address()),
            relayed: format!("[islands.evm]\nrpc = {:?}\ndelivery_key = \"{key}\"", self.network.rpc_urls()),
        }
    }

    fn account(&self, index: usize) -> &Key {
        &self.network.accounts()[index]
    }

    async fn create(&self, code: &[u8], arguments: &[u8]) -> Result<Address, NodeError> {
        let receipt = self.network.transact(self.account(OWNER), None, [code, arguments].concat()).await?;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        Ok(receipt["contractAddress"].as_str().unwrap().parse().unwrap())
    }

    async fn call(&self, from: &Key, to: Address, data: Vec<u8>) -> Result<Value, NodeError> {
        let receipt = self.network.transact(from, Some(to.0), data).await?;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        Ok(receipt)
    }

    async fn view(&self, to: Address, data: Vec<u8>) -> Result<Vec<u8>, NodeError> {
        let call = json!({"to": to, "data": const_hex::encode_prefixed(data)});
        let answer: String = self.network.rpc(0)?.call("eth_call", json!([call, "latest"])).await?;
        Ok(const_hex::decode(answer).unwrap())
    }

    /// The board here.
    pub(crate) fn receiver(&self) -> Receiver<'_> {
        Receiver { gateway: self.gateway_id, board: &self.board.0 }
    }

    /// Posts to the board of `to` from one of the accounts; answers the packet's id.
    pub(crate) async fn post(
        &self,
        author: usize,
        to: &Receiver<'_>,
        text: &str,
        ordered: bool,
        timeout: u64,
    ) -> Result<PacketId, NodeError> {
        let post = MessageBoard::postCall {
            destination: to.gateway.0.into(),
            lane: if ordered { "in order".into() } else { "messages".into() },
            ordered,
            receiver: to.board.to_vec().into(),
            timeout,
            budget: 400_000,
            text: text.as_bytes().to_vec().into(),
        };
        let receipt = self.call(self.account(FIRST_AUTHOR + author), self.board, post.abi_encode()).await?;
        let logs = receipt["logs"].as_array().unwrap();
        let sent =
            logs.iter().find(|log| log["address"].as_str().unwrap().parse() == Ok(self.gateway)).unwrap();
        Ok(sent["topics"][3].as_str().unwrap().parse().unwrap())
    }

    /// Makes the board refuse what it gets, or not any more.
    pub(crate) async fn set_failing(&self, failing: bool) -> Result<(), NodeError> {
        let call = MessageBoard::setFailingCall { failing_: failing }.abi_encode();
        self.call(self.account(OWNER), self.board, call).await.map(drop)
    }

    /// How many messages the board has.
    pub(crate) async fn messages(&self) -> Result<u64, NodeError> {
        let answer = self.view(self.board, MessageBoard::countCall {}.abi_encode()).await?;
        Ok(<(u64,)>::abi_decode(&answer).unwrap().0)
    }

    /// What became of a packet that came here: 0 nothing, 1 delivered, 2 expired.
    pub(crate) async fn received(&self, id: PacketId) -> Result<u8, NodeError> {
        let answer = self.view(self.gateway, Gateway::receivedCall { id: id.0.into() }.abi_encode()).await?;
        Ok(answer[31])
    }

    /// What became of a message posted here: 1 pending, 2 accepted, 3 rejected, 4 expired.
    pub(crate) async fn outcome(&self, id: PacketId) -> Result<u8, NodeError> {
        let answer =
            self.view(self.board, MessageBoard::outcomesCall { id: id.0.into() }.abi_encode()).await?;
        Ok(answer[31])
    }

    /// The number of the gateway's last event.
    pub(crate) async fn last_number(&self) -> Result<u64, NodeError> {
        let answer = self.view(self.gateway, Gateway::numberCall {}.abi_encode()).await?;
        Ok(<(u64,)>::abi_decode(&answer).unwrap().0)
    }

    /// The ids of every event of one kind that the chain holds, in order: whether something happened twice is the chain's to say.
    pub(crate) async fn event_ids(&self, signature: &str) -> Result<Vec<PacketId>, NodeError> {
        let topic = causeway_protocol::keccak256(signature.as_bytes());
        let filter =
            json!([{ "address": self.gateway, "fromBlock": "0x0", "toBlock": "latest", "topics": [topic] }]);
        let logs: Vec<Value> = self.network.rpc(0)?.call("eth_getLogs", filter).await?;
        Ok(logs.iter().map(|log| log["topics"][3].as_str().unwrap().parse().unwrap()).collect())
    }
}
