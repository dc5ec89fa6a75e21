//! One island of the sandbox, whatever its chain is.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use causeway_adapter::{Destination, Source};
use causeway_api::{ApproveIsland, IslandState, RegisterGateway, RegisterIsland};
use causeway_attestor::{PinnedGateway, WatchedIsland};
use causeway_client::HubClient;
use causeway_protocol::{Address, Family, GatewayId, Hash, HubId, IslandId, anchor_digest};

use crate::SandboxError;
use crate::devnet::DevnetChain;
use crate::report::{ChainId, ReadyIsland};

/// The lane of every message.
pub(crate) const LANE: &str = "messages";
/// What its receiver may spend on it, where spending is counted.
pub(crate) const BUDGET: u64 = 400_000;
/// How long a light client of the sandbox lives without evidence, in seconds: two weeks.
pub(crate) const TRUSTING_PERIOD: u64 = 14 * 24 * 60 * 60;
/// How long a relayer may take to prove an island.
const PROVEN_WITHIN: Duration = Duration::from_mins(1);

/// What every gateway of a sandbox is opened with.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// The hub.
    pub(crate) hub: HubId,
    /// The attestors, ascending.
    pub(crate) attestors: &'a [Address],
    /// How many of them have to sign.
    pub(crate) threshold: u8,
}

/// A chain with an open gateway and a message board, and what registering them needs.
pub(crate) struct Island {
    /// Its name.
    pub(crate) name: String,
    /// Its family.
    pub(crate) family: Family,
    /// Its id.
    pub(crate) id: IslandId,
    /// The fingerprint of its chain.
    pub(crate) fingerprint: Hash,
    /// The trust anchor.
    pub(crate) anchor: Vec<u8>,
    /// The hash of the block that the trust anchor is.
    pub(crate) anchor_hash: Hash,
    /// The gateway's address.
    pub(crate) gateway: Vec<u8>,
    /// The gateway's id.
    pub(crate) gateway_id: GatewayId,
    /// What the gateway's id follows from beside island and address.
    pub(crate) birth: Hash,
    /// The gateway's owner.
    pub(crate) owner: Address,
    /// The message board's address.
    pub(crate) board: Vec<u8>,
    /// What it runs on.
    pub(crate) chain: Box<dyn Chain>,
}

/// A message to a board elsewhere.
pub(crate) struct Post<'a> {
    /// The gateway of the island it goes to.
    pub(crate) destination: GatewayId,
    /// The board there.
    pub(crate) receiver: &'a [u8],
    /// Until when it has to have arrived, Unix seconds.
    pub(crate) timeout: u64,
    /// What it says.
    pub(crate) text: &'a str,
}

/// What a relayer watches an island with, and delivers there with.
pub(crate) struct Adapters {
    /// Watches it.
    pub(crate) source: Arc<dyn Source>,
    /// Delivers there.
    pub(crate) destination: Arc<dyn Destination>,
}

/// What the sandbox has an island's chain do.
#[async_trait]
pub(crate) trait Chain: Send + Sync {
    /// Posts a message through the board, and waits until it is in a block.
    async fn post(&self, post: &Post<'_>) -> Result<(), SandboxError>;

    /// What a relayer watches it with and delivers there with.
    fn adapters(&self) -> Result<Adapters, SandboxError>;

    /// Where its nodes are asked, and what the chain is called there.
    fn endpoint(&self) -> (String, ChainId);

    /// The chain as one whose blocks this process makes, if it is one: such a chain can be told to stand still, its board to
    /// fail, and its seals are there to be put on a lie.
    fn devnet(&self) -> Option<&DevnetChain> {
        None
    }
}

impl Island {
    /// Registers the island, as its owner.
    pub(crate) async fn register(&self, hub: &HubClient) -> Result<(), SandboxError> {
        let island = RegisterIsland {
            name: self.name.clone(),
            family: self.family,
            fingerprint: self.fingerprint,
            anchor: self.anchor.clone(),
            gateway: RegisterGateway {
                address: self.gateway.clone(),
                id: self.gateway_id,
                birth: self.birth,
                owner: self.owner,
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
            gateways: vec![PinnedGateway { id: self.gateway_id, address: self.gateway.clone() }],
        }
    }

    /// What the report says of it.
    pub(crate) fn ready(&self) -> ReadyIsland {
        let (rpc, chain_id) = self.chain.endpoint();
        ReadyIsland {
            id: self.id,
            name: self.name.clone(),
            family: self.family,
            rpc,
            chain_id,
            gateway: self.gateway.clone(),
            gateway_id: self.gateway_id,
            anchor: self.anchor_hash,
        }
    }

    /// Posts `text` to the board of `to`, which it has to reach until `timeout` (Unix seconds).
    pub(crate) async fn post(&self, to: &Self, text: &str, timeout: u64) -> Result<(), SandboxError> {
        let post = Post { destination: to.gateway_id, receiver: &to.board, timeout, text };
        self.chain.post(&post).await
    }
}
