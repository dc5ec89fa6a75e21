//! An island on a devnet: a small EVM chain in this process.

use std::sync::Arc;
use std::time::Duration;

use alloy_sol_types::{SolCall, SolConstructor};
use async_trait::async_trait;
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_evm::{
    Account, AccountSettings, DestinationSettings, EvmDestination, EvmSource, SourceSettings,
};
use causeway_evm_devnet::{Devnet, DevnetConfig, Key, Message, Mining, Receipt};
use causeway_evm_gateway::{Gateway, MessageBoard, PAYLOAD_LIMIT, TIMEOUT_WINDOW};
use causeway_protocol::{Address, Family, GatewayId, LocalSigner};
use causeway_verifier::bft::{Anchor, Config, Protocol};
use causeway_verifier::{Anchored, light_client};

use crate::SandboxError;
use crate::island::{Adapters, BUDGET, Chain, Island, LANE, Opening, Post, TRUSTING_PERIOD};
use crate::report::ChainId;

/// Validators of each devnet.
const VALIDATORS: usize = 4;
/// How far a block's time may lie ahead of the hub's clock, in seconds.
const CLOCK_DRIFT: u64 = 15;
/// Accounts of a devnet by their purpose.
const OWNER: usize = 0;
const RELAYER: usize = 1;
const AUTHOR: usize = 2;

/// A devnet with a message board on it.
pub(crate) struct DevnetChain {
    /// The chain.
    pub(crate) net: Devnet,
    /// The gateway's contract.
    pub(crate) gateway: Address,
    /// The message board's contract.
    board: Address,
}

/// Starts a chain of `family` and deploys gateway and board on it.
pub(crate) async fn start(
    name: &str,
    family: Family,
    chain_id: u64,
    opening: Opening<'_>,
) -> Result<Island, SandboxError> {
    let net = start_devnet(name, family, chain_id).await?;
    let (anchor, anchored) = anchor(family, &net.genesis_header())?;
    let hash = anchored.header.hash;
    let id = causeway_protocol::Island { family, fingerprint: hash, anchor: hash }.id();
    let mut chain = DevnetChain { net, gateway: Address::ZERO, board: Address::ZERO };
    let owner = chain.key(OWNER);
    let arguments = Gateway::constructorCall {
        owner_: owner.address().0.into(),
        timeoutWindow_: TIMEOUT_WINDOW,
        payloadLimit_: PAYLOAD_LIMIT,
    };
    chain.gateway = chain.create(&owner, &Gateway::BYTECODE, &arguments.abi_encode()).await?;
    let open = Gateway::openCall {
        island_: id.0.into(),
        hub_: opening.hub.0.into(),
        threshold_: opening.threshold,
        attestors_: opening.attestors.iter().map(|attestor| attestor.0.into()).collect(),
    };
    let opened = chain.call(&owner, chain.gateway, open.abi_encode()).await?;
    // The id a gateway takes follows from the block before the one it opens in.
    let birth = chain.net.block_hash(opened.block - 1).ok_or(SandboxError::Contract("birth"))?;
    let arguments = MessageBoard::constructorCall { gateway_: chain.gateway.0.into() };
    chain.board = chain.create(&owner, &MessageBoard::BYTECODE, &arguments.abi_encode()).await?;
    Ok(Island {
        name: name.to_owned(),
        family,
        id,
        fingerprint: hash,
        anchor,
        anchor_hash: hash,
        gateway: chain.gateway.0.to_vec(),
        gateway_id: GatewayId::derive(id, &chain.gateway.0, birth),
        birth,
        owner: owner.address(),
        board: chain.board.0.to_vec(),
        chain: Box::new(chain),
    })
}

impl DevnetChain {
    async fn create(&self, from: &Key, code: &[u8], arguments: &[u8]) -> Result<Address, SandboxError> {
        let message = Message { data: [code, arguments].concat(), ..Message::default() };
        let receipt = self.net.execute(from, message).await?;
        receipt.created.filter(|_| receipt.success).ok_or(SandboxError::Contract("creation"))
    }

    /// Sends a transaction and waits for its block.
    async fn call(&self, from: &Key, to: Address, data: Vec<u8>) -> Result<Receipt, SandboxError> {
        let message = Message { to: Some(to), data, ..Message::default() };
        let receipt = self.net.execute(from, message).await?;
        if receipt.success { Ok(receipt) } else { Err(SandboxError::Contract("call")) }
    }

    fn key(&self, purpose: usize) -> Key {
        self.net.keys()[purpose].clone()
    }

    /// Makes the board refuse what it gets, or not any more.
    pub(crate) async fn set_failing(&self, failing: bool) -> Result<(), SandboxError> {
        let call = MessageBoard::setFailingCall { failing_: failing };
        self.call(&self.key(OWNER), self.board, call.abi_encode()).await.map(drop)
    }
}

#[async_trait]
impl Chain for DevnetChain {
    async fn post(&self, post: &Post<'_>) -> Result<(), SandboxError> {
        let call = MessageBoard::postCall {
            destination: post.destination.0.into(),
            lane: LANE.to_owned(),
            ordered: false,
            receiver: post.receiver.to_vec().into(),
            timeout: post.timeout,
            budget: BUDGET,
            text: post.text.as_bytes().to_vec().into(),
        };
        self.call(&self.key(AUTHOR), self.board, call.abi_encode()).await.map(drop)
    }

    fn adapters(&self) -> Result<Adapters, SandboxError> {
        let settings = NodesSettings::new([self.net.url()]);
        let nodes = Arc::new(Nodes::new(&settings).map_err(|error| SandboxError::Nodes(error.to_string()))?);
        let key = Arc::new(LocalSigner::from_bytes(&self.key(RELAYER).secret())?);
        let account = Arc::new(Account::new(nodes.clone(), key, AccountSettings::default()));
        Ok(Adapters {
            source: Arc::new(EvmSource::new(nodes, SourceSettings::default())),
            destination: Arc::new(EvmDestination::new(account, DestinationSettings::default())),
        })
    }

    fn endpoint(&self) -> (String, ChainId) {
        (self.net.url().to_owned(), ChainId::Number(self.net.config().chain_id))
    }

    fn devnet(&self) -> Option<&DevnetChain> {
        Some(self)
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
