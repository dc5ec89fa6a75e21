//! One island of the sandbox: a devnet with a gateway and a message board on it.

use std::time::Duration;

use alloy_sol_types::{SolCall, SolConstructor};
use causeway_api::{ApproveIsland, IslandState, RegisterGateway, RegisterIsland};
use causeway_attestor::{PinnedGateway, WatchedIsland};
use causeway_client::HubClient;
use causeway_evm_devnet::{Devnet, DevnetConfig, Key, Message, Mining, Receipt};
use causeway_evm_gateway::{Gateway, MessageBoard, PAYLOAD_LIMIT, TIMEOUT_WINDOW};
use causeway_protocol::{Address, Family, GatewayId, Hash, HubId, Island, IslandId, anchor_digest};
use causeway_verifier::bft::{Anchor, Config, Protocol};
use causeway_verifier::{Anchored, light_client};

use crate::SandboxError;
use crate::report::ReadyIsland;

/// Validators of each devnet.
const VALIDATORS: usize = 4;
/// How long a light client of the sandbox lives without evidence, in seconds: two weeks.
const TRUSTING_PERIOD: u64 = 14 * 24 * 60 * 60;
/// How far a block's time may lie ahead of the hub's clock, in seconds.
const CLOCK_DRIFT: u64 = 15;
/// How long a relayer may take to prove an island.
const PROVEN_WITHIN: Duration = Duration::from_secs(30);
/// Accounts of a devnet by their purpose.
const OWNER: usize = 0;
const RELAYER: usize = 1;
const AUTHOR: usize = 2;

/// A devnet, its gateway, its message board, and what registering them needs.
pub(crate) struct Chain {
    /// The chain.
    pub(crate) devnet: Devnet,
    /// Its name.
    pub(crate) name: String,
    /// Its family.
    pub(crate) family: Family,
    /// Its id.
    pub(crate) id: IslandId,
    /// The trust anchor: its genesis block.
    anchor: Vec<u8>,
    fingerprint: Hash,
    /// The gateway's contract.
    pub(crate) gateway: Address,
    /// The gateway's id.
    pub(crate) gateway_id: GatewayId,
    /// The block before the one the gateway was opened in.
    birth: Hash,
    /// The message board's contract.
    pub(crate) board: Address,
}

impl Chain {
    /// Starts a chain of `family` and deploys gateway and board on it, with these attestors.
    pub(crate) async fn start(
        name: &str,
        family: Family,
        chain_id: u64,
        hub: HubId,
        attestors: &[Address],
        threshold: u8,
    ) -> Result<Self, SandboxError> {
        let devnet = start_devnet(name, family, chain_id).await?;
        let (anchor, anchored) = anchor(family, &devnet.genesis_header())?;
        let hash = anchored.header.hash;
        let id = Island { family, fingerprint: hash, anchor: hash }.id();
        let mut chain = Self {
            devnet,
            name: name.to_owned(),
            family,
            id,
            anchor,
            fingerprint: hash,
            gateway: Address::ZERO,
            gateway_id: GatewayId([0; 32]),
            birth: Hash::ZERO,
            board: Address::ZERO,
        };
        chain.deploy(hub, attestors, threshold).await?;
        Ok(chain)
    }

    async fn deploy(&mut self, hub: HubId, attestors: &[Address], threshold: u8) -> Result<(), SandboxError> {
        let owner = self.key(OWNER);
        let arguments = Gateway::constructorCall {
            owner_: owner.address().0.into(),
            timeoutWindow_: TIMEOUT_WINDOW,
            payloadLimit_: PAYLOAD_LIMIT,
        };
        self.gateway = self.create(&owner, &Gateway::BYTECODE, &arguments.abi_encode()).await?;
        let open = Gateway::openCall {
            island_: self.id.0.into(),
            hub_: hub.0.into(),
            threshold_: threshold,
            attestors_: attestors.iter().map(|attestor| attestor.0.into()).collect(),
        };
        let opened = self.call(&owner, self.gateway, open.abi_encode()).await?;
        // The id a gateway takes follows from the block before the one it opens in.
        let birth = self.devnet.block_hash(opened.block - 1).ok_or(SandboxError::Contract("birth"))?;
        self.gateway_id = GatewayId::derive(self.id, &self.gateway.0, birth);
        self.birth = birth;
        let arguments = MessageBoard::constructorCall { gateway_: self.gateway.0.into() };
        self.board = self.create(&owner, &MessageBoard::BYTECODE, &arguments.abi_encode()).await?;
        Ok(())
    }

    async fn create(&self, from: &Key, code: &[u8], arguments: &[u8]) -> Result<Address, SandboxError> {
        let message = Message { data: [code, arguments].concat(), ..Message::default() };
        let receipt = self.devnet.execute(from, message).await?;
        receipt.created.filter(|_| receipt.success).ok_or(SandboxError::Contract("creation"))
    }

    /// Sends a transaction and waits for its block.
    async fn call(&self, from: &Key, to: Address, data: Vec<u8>) -> Result<Receipt, SandboxError> {
        let message = Message { to: Some(to), data, ..Message::default() };
        let receipt = self.devnet.execute(from, message).await?;
        if receipt.success { Ok(receipt) } else { Err(SandboxError::Contract("call")) }
    }

    fn key(&self, purpose: usize) -> Key {
        self.devnet.keys()[purpose].clone()
    }

    /// The funded key a relayer delivers with.
    pub(crate) fn relayer_key(&self) -> Key {
        self.key(RELAYER)
    }

    /// Registers the island, as its owner.
    pub(crate) async fn register(&self, hub: &HubClient) -> Result<(), SandboxError> {
        let island = RegisterIsland {
            name: self.name.clone(),
            family: self.family,
            fingerprint: self.fingerprint,
            anchor: self.anchor.clone(),
            gateway: RegisterGateway {
                address: self.gateway.0.to_vec(),
                id: self.gateway_id,
                birth: self.birth,
                owner: self.key(OWNER).address(),
            },
        };
        hub.register_island(&island).await?;
        Ok(())
    }

    /// Approves the island, as the operator, once a relayer has proven it.
    pub(crate) async fn approve(&self, hub: &HubClient) -> Result<(), SandboxError> {
        let deadline = tokio::time::Instant::now() + PROVEN_WITHIN;
        while hub.island(&self.name).await?.state != IslandState::Proven {
            if tokio::time::Instant::now() > deadline {
                return Err(SandboxError::NotReady("the proof of an island"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let approval = ApproveIsland {
            anchor_digest: anchor_digest(&self.anchor),
            reason: "started by this sandbox".to_owned(),
        };
        hub.approve_island(&self.name, &approval).await?;
        Ok(())
    }

    /// What an attestor pins of it.
    pub(crate) fn watched(&self) -> WatchedIsland {
        WatchedIsland {
            name: self.name.clone(),
            family: self.family,
            fingerprint: self.fingerprint,
            anchor: self.anchor.clone(),
            gateways: vec![PinnedGateway { id: self.gateway_id, address: self.gateway.0.to_vec() }],
        }
    }

    /// What the report says of it.
    pub(crate) fn ready(&self) -> ReadyIsland {
        ReadyIsland {
            id: self.id,
            name: self.name.clone(),
            family: self.family,
            rpc: self.devnet.url().to_owned(),
            chain_id: self.devnet.config().chain_id,
            gateway: self.gateway.0.to_vec(),
            gateway_id: self.gateway_id,
            anchor: self.fingerprint,
        }
    }

    /// Posts `text` to the board of `to`, which it has to reach until `timeout` (Unix seconds).
    pub(crate) async fn post(&self, to: &Self, text: &str, timeout: u64) -> Result<(), SandboxError> {
        let post = MessageBoard::postCall {
            destination: to.gateway_id.0.into(),
            lane: "messages".to_owned(),
            ordered: false,
            receiver: to.board.0.to_vec().into(),
            timeout,
            budget: 400_000,
            text: text.as_bytes().to_vec().into(),
        };
        self.call(&self.key(AUTHOR), self.board, post.abi_encode()).await.map(drop)
    }

    /// Makes the board refuse what it gets, or not any more.
    pub(crate) async fn set_failing(&self, failing: bool) -> Result<(), SandboxError> {
        let call = MessageBoard::setFailingCall { failing_: failing };
        self.call(&self.key(OWNER), self.board, call.abi_encode()).await.map(drop)
    }
}

async fn start_devnet(name: &str, family: Family, chain_id: u64) -> Result<Devnet, SandboxError> {
    let mut config = DevnetConfig::new(name, chain_id, VALIDATORS)?;
    config.protocol = protocol(family)?;
    config.mining = Mining::Automatic {
        block_time: Duration::from_millis(250),
        empty_block_time: Some(Duration::from_secs(2)),
    };
    Ok(Devnet::start(config).await?)
}

fn protocol(family: Family) -> Result<Protocol, SandboxError> {
    match family {
        Family::Qbft => Ok(Protocol::Qbft),
        Family::Ibft2 => Ok(Protocol::Ibft2),
        Family::Ibft => Ok(Protocol::Ibft),
        other => Err(SandboxError::Family(other)),
    }
}

/// The genesis block as a trust anchor, and what it says.
fn anchor(family: Family, genesis: &[u8]) -> Result<(Vec<u8>, Anchored), SandboxError> {
    let config = Config::plain(family, protocol(family)?, TRUSTING_PERIOD, CLOCK_DRIFT);
    let anchor = Anchor { config, header: genesis, set: None }.encode();
    let anchored = light_client(family).map_err(|_| SandboxError::Family(family))?.anchor(&anchor)?;
    Ok((anchor, anchored.into_inner()))
}
