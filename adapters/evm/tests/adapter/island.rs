//! A devnet with an open gateway, and everything that acts on it.

use std::sync::Arc;
use std::time::Duration;

use causeway_adapter::Statement;
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_evm::{
    Account, AccountSettings, DestinationSettings, EvmDestination, EvmSource, Message, Opening,
    SourceSettings, propose_anchor,
};
use causeway_evm_devnet::{Devnet, DevnetConfig, Mining};
use causeway_protocol::{
    Attestation, Batch, BatchProof, Family, GatewayEventKind, GatewayId, HubId, Island as IslandParts,
    LocalSigner, Signer,
};
use causeway_verifier::Gateway;
use causeway_verifier::bft::{Config, Protocol};

use crate::book::Book;

pub(crate) const DAY: u64 = 86_400;

/// A gateway on a chain, and everything that acts on it.
pub(crate) struct Island<C = Devnet> {
    pub(crate) chain: C,
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) account: Arc<Account>,
    pub(crate) gateway: [u8; 20],
    pub(crate) gateway_id: GatewayId,
    pub(crate) book: Book,
}

/// Three attestors, two of whom have to sign, ascending by address.
pub(crate) fn attestors() -> Vec<LocalSigner> {
    let mut signers: Vec<_> = (1..=3).map(|seed| LocalSigner::from_bytes(&[seed; 32]).unwrap()).collect();
    signers.sort_by_key(Signer::address);
    signers
}

/// A message to nobody in particular.
pub(crate) fn message(destination: GatewayId, timeout: u64) -> Message {
    Message {
        destination,
        lane: "test".into(),
        ordered: false,
        receiver: vec![0x42; 20],
        timeout,
        budget: 50_000,
        payload: b"hello".to_vec(),
    }
}

pub(crate) fn nodes(urls: &[&str]) -> Arc<Nodes> {
    let mut settings = NodesSettings::new(urls.iter().copied());
    settings.timeout = Duration::from_millis(800);
    settings.cool_down = Duration::from_millis(300);
    Arc::new(Nodes::new(&settings).unwrap())
}

pub(crate) fn account(devnet: &Devnet, nodes: &Arc<Nodes>, index: usize) -> Arc<Account> {
    account_of(nodes, &devnet.keys()[index].secret())
}

pub(crate) fn account_of(nodes: &Arc<Nodes>, secret: &[u8; 32]) -> Arc<Account> {
    let key = LocalSigner::from_bytes(secret).unwrap();
    let settings = AccountSettings {
        poll: Duration::from_millis(20),
        resend_after: Duration::from_millis(500),
        timeout: Duration::from_secs(10),
        ..AccountSettings::default()
    };
    Arc::new(Account::new(nodes.clone(), Arc::new(key), settings))
}

impl Island {
    /// A QBFT island that makes a block as soon as there is a transaction.
    pub(crate) async fn start(name: &str) -> Self {
        Self::of(name, Protocol::Qbft).await
    }

    pub(crate) async fn of(name: &str, protocol: Protocol) -> Self {
        let mut config = DevnetConfig::new(name, 1337, 4).unwrap();
        config.protocol = protocol;
        config.mining = Mining::Automatic { block_time: Duration::from_millis(20), empty_block_time: None };
        Self::on(Devnet::start(config).await.unwrap()).await
    }

    /// Opens a gateway on a devnet that has no block but its genesis, where it is anchored.
    pub(crate) async fn on(devnet: Devnet) -> Self {
        let (family, protocol) = match devnet.config().protocol {
            Protocol::Qbft => (Family::Qbft, Protocol::Qbft),
            Protocol::Ibft2 => (Family::Ibft2, Protocol::Ibft2),
            Protocol::Ibft => (Family::Ibft, Protocol::Ibft),
        };
        let nodes = nodes(&[devnet.url()]);
        let account = account(&devnet, &nodes, 0);
        Self::open(devnet, nodes, account, Config::plain(family, protocol, DAY, 60)).await
    }

    pub(crate) fn destination(&self) -> EvmDestination {
        EvmDestination::new(account(&self.chain, &self.nodes, 1), DestinationSettings::default())
    }

    /// A message to nobody in particular, good for ten minutes.
    pub(crate) fn message(&self, destination: GatewayId) -> Message {
        message(destination, self.chain.time() + 600)
    }
}

impl<C> Island<C> {
    /// Opens a gateway that `account` owns, on an island anchored at its newest block.
    pub(crate) async fn open(chain: C, nodes: Arc<Nodes>, account: Arc<Account>, config: Config) -> Self {
        let family = config.family;
        let anchor = propose_anchor(&nodes, config, nodes.newest().await.unwrap()).await.unwrap();
        let id = IslandParts { family, fingerprint: anchor.fingerprint, anchor: anchor.block }.id();
        let gateway = account.deploy_gateway().await.unwrap();
        let attestors = attestors().iter().map(Signer::address).collect();
        let opening = Opening { island: id, hub: HubId::of_origin("hub.test/log"), threshold: 2, attestors };
        let gateway_id = account.open_gateway(gateway, &opening).await.unwrap();
        let registered = Gateway { island: id, address: gateway.to_vec(), id: gateway_id };
        let book = Book::new(family, &anchor.bytes, registered);
        Self { chain, nodes, account, gateway, gateway_id, book }
    }

    pub(crate) fn source(&self) -> EvmSource {
        EvmSource::new(self.nodes.clone(), SourceSettings::default())
    }

    /// Statements that the attestors of this island's gateway sign together.
    pub(crate) fn attest(&self, of: &Book, kinds: &[(Attestation, Vec<u8>)]) -> Vec<Statement> {
        let attestations: Vec<Attestation> = kinds.iter().map(|(attestation, _)| *attestation).collect();
        let batch = Batch::of(1, &attestations).unwrap();
        let tree = Batch::tree(&attestations);
        let digest = batch.digest(self.gateway_id);
        let signatures: Vec<_> =
            attestors()[..2].iter().map(|attestor| attestor.sign(digest).unwrap()).collect();
        let statement = |(index, (attestation, result)): (usize, &(Attestation, Vec<u8>))| {
            let sent = of.events.values().find_map(|(_, event)| match &event.kind {
                GatewayEventKind::PacketSent { packet, lane } if packet.id() == attestation.packet => {
                    Some((packet.as_ref().clone(), *lane))
                }
                _ => None,
            });
            let (packet, lane) = sent.unwrap();
            Statement {
                gateway: self.gateway_id,
                address: self.gateway.to_vec(),
                packet,
                lane,
                attestation: *attestation,
                result: result.clone(),
                batch,
                proof: BatchProof { index: u32::try_from(index).unwrap(), path: tree.path(index).unwrap() },
                signatures: signatures.clone(),
            }
        };
        kinds.iter().enumerate().map(statement).collect()
    }

    /// Proves and records everything that happened.
    pub(crate) async fn catch_up(&mut self) {
        use causeway_adapter::Source as _;
        let source = self.source();
        while let Some(evidence) = source.next(&self.book.standing).await.unwrap() {
            self.book.record(&evidence).unwrap();
        }
    }
}
