//! A channel with an open gateway and a board, and everything that acts on it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_adapter::{Source as _, Statement};
use causeway_fabric::{
    AnchorTerms, DestinationSettings, FabricDestination, FabricSource, Identity, Opening, PeerSettings,
    Peers, PeersSettings, SourceSettings, TlsSettings, propose_anchor,
};
use causeway_fabric_node::{Chaincode, Network, NetworkConfig, Policy, gateway_chaincode};
use causeway_protocol::{
    Attestation, AttestationKind, Batch, BatchProof, Family, GatewayId, HubId, Island as IslandParts,
    IslandId, LaneTerms, LocalSigner, Packet, Signer,
};
use causeway_verifier::Gateway;

use crate::book::Book;

pub(crate) const BOTH: &str = "AND('Org1MSP.peer','Org2MSP.peer')";

/// A gateway on a channel, and everything that acts on it.
pub(crate) struct Island {
    pub(crate) network: Network,
    pub(crate) peers: Arc<Peers>,
    pub(crate) gateway: GatewayId,
    /// What was recorded of it.
    pub(crate) book: Book,
}

/// Three attestors, two of whom have to sign, ascending by address.
pub(crate) fn attestors() -> Vec<LocalSigner> {
    let mut signers: Vec<_> = (1..=3).map(|seed| LocalSigner::from_bytes(&[seed; 32]).unwrap()).collect();
    signers.sort_by_key(Signer::address);
    signers
}

/// Seconds from now.
pub(crate) fn in_seconds(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds
}

/// The peers of a network, asked as a client of its first organisation.
pub(crate) fn peers(network: &Network) -> Arc<Peers> {
    peers_of(network, network.channel())
}

/// The peers of one of a network's channels.
pub(crate) fn peers_of(network: &Network, channel: &str) -> Arc<Peers> {
    Arc::new(plain_peers_of(network, channel))
}

pub(crate) fn plain_peers_of(network: &Network, channel: &str) -> Peers {
    let user = network.organisations()[0].user("User1").unwrap();
    let of = |organisation: &causeway_fabric_node::Organisation| {
        let msp = organisation.msp().to_owned();
        let tls = TlsSettings {
            roots: organisation.tls_root().unwrap(),
            name: None,
            identity: Some(user.tls().unwrap()),
        };
        let peer = move |address| PeerSettings {
            url: format!("grpcs://{address}"),
            msp: msp.clone(),
            tls: tls.clone(),
        };
        organisation.peer_addresses().into_iter().map(peer).collect::<Vec<_>>()
    };
    let mut settings = PeersSettings::new(channel, network.organisations().iter().flat_map(of).collect());
    settings.orderers = vec![PeerSettings {
        url: format!("grpcs://{}", network.orderer_address()),
        msp: "OrdererMSP".into(),
        tls: TlsSettings {
            roots: network.orderer_tls_root().unwrap(),
            name: None,
            identity: Some(user.tls().unwrap()),
        },
    }];
    settings.timeout = Duration::from_secs(4);
    settings.cool_down = Duration::from_secs(2);
    let identity = Identity::new(&user.msp, &user.certificate, &user.key).unwrap();
    Peers::new(&settings, identity).unwrap()
}

/// Text arguments of a chaincode's function.
pub(crate) fn texts(arguments: &[&str]) -> Vec<Vec<u8>> {
    arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect()
}

/// A channel where gateway and board are defined, and the gateway is not open; none where there are no nodes.
pub(crate) async fn network_with_gateway(config: NetworkConfig) -> Option<Network> {
    let mut network = Network::start_or_skip(config).await.unwrap()?;
    let binary = gateway_chaincode().await.unwrap();
    for role in ["gateway", "board"] {
        let chaincode = Chaincode::new(role, binary.clone(), Policy::Signature(BOTH.into()));
        network.deploy(Chaincode { arguments: vec![role.into()], ..chaincode }).await.unwrap();
    }
    Some(network)
}

/// With what a gateway of this island opens.
pub(crate) fn opening(island: IslandId) -> Opening {
    let attestors: Vec<_> = attestors().iter().map(Signer::address).collect();
    let owner = LocalSigner::from_bytes(&[9; 32]).unwrap().address();
    Opening { island, hub: HubId::of_origin("hub.test/log"), owner, threshold: 2, attestors }
}

/// Opens the gateway of a channel, anchored at its newest config block.
pub(crate) async fn open(peers: &Peers) -> (GatewayId, Book) {
    let terms = AnchorTerms { time: in_seconds(0), trusting_period: 86_400 };
    let anchor = propose_anchor(peers, None, terms, &["gateway".to_owned()]).await.unwrap();
    let (fingerprint, block) = (anchor.fingerprint, anchor.block);
    let id = IslandParts { family: Family::Fabric, fingerprint, anchor: block }.id();
    let gateway = peers.open_gateway("gateway", &opening(id)).await.unwrap().id;
    let registered = Gateway { island: id, address: b"gateway".to_vec(), id: gateway };
    (gateway, Book::new(&anchor.bytes, registered))
}

impl Island {
    /// A channel of two organisations, both of whom have to endorse; none where there are no nodes.
    pub(crate) async fn start() -> Option<Self> {
        Self::of(NetworkConfig::default()).await
    }

    pub(crate) async fn of(config: NetworkConfig) -> Option<Self> {
        Some(Self::on(network_with_gateway(config).await?).await)
    }

    /// Opens the gateway of a network, anchored at its newest config block.
    pub(crate) async fn on(network: Network) -> Self {
        let peers = peers(&network);
        let (gateway, book) = open(&peers).await;
        Self { network, peers, gateway, book }
    }

    pub(crate) fn destination(&self) -> FabricDestination {
        FabricDestination::new(self.peers.clone(), DestinationSettings::default())
    }

    pub(crate) fn source(&self) -> FabricSource {
        FabricSource::new(self.peers.clone(), SourceSettings::default())
    }

    /// Posts texts to a board elsewhere, all at the same time.
    pub(crate) async fn post(&self, count: usize, ordered: bool) {
        let destination = format!("0x{}", "07".repeat(32));
        let timeout = in_seconds(600).to_string();
        let arguments =
            texts(&["board", &destination, "test", &ordered.to_string(), "0x42", &timeout, "0", "hello"]);
        let posts = (0..count).map(|_| self.peers.transact("gateway", "send", &arguments));
        for posted in futures::future::join_all(posts).await {
            posted.unwrap();
        }
    }

    /// Posts texts one after the other, the first as soon as the peers know enough of each other to endorse it.
    pub(crate) async fn post_when_ready(&self, count: usize) {
        let destination = format!("0x{}", "07".repeat(32));
        let timeout = in_seconds(600).to_string();
        let arguments = texts(&["board", &destination, "test", "false", "0x42", &timeout, "0", "hello"]);
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        let mut posted = 0;
        while posted < count {
            match self.peers.transact("gateway", "send", &arguments).await {
                Ok(_) => posted += 1,
                Err(error) => {
                    assert!(std::time::Instant::now() < deadline, "{error}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// Proves and records what happened until `enough` is recorded.
    pub(crate) async fn record_until(&mut self, enough: impl Fn(&Book) -> bool) {
        let source = self.source();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while !enough(&self.book) {
            assert!(std::time::Instant::now() < deadline, "recorded: {:?}", self.book.names());
            match source.next(&self.book.standing).await.unwrap() {
                Some(evidence) => drop(self.book.record(&evidence).unwrap()),
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// A packet from elsewhere to the board here.
    pub(crate) fn arrival(&self, sequence: u64, ordered: bool, text: &str) -> (Packet, LaneTerms) {
        let lane = LaneTerms { name: causeway_protocol::keccak256(b"test"), ordered };
        let mut packet = Packet {
            source: GatewayId([7; 32]),
            destination: self.gateway,
            lane: causeway_protocol::LaneId([0; 32]),
            sequence,
            sender: vec![0x42; 20],
            receiver: b"board".to_vec(),
            timeout: in_seconds(600),
            budget: 0,
            payload: text.as_bytes().to_vec(),
        };
        packet.lane = lane.lane_id(&packet);
        (packet, lane)
    }

    /// Statements of one kind that the attestors of this island's gateway sign together.
    pub(crate) fn attest(&self, kind: AttestationKind, packets: &[(Packet, LaneTerms)]) -> Vec<Statement> {
        let attestations: Vec<_> =
            packets.iter().map(|(packet, _)| Attestation::plain(kind, packet.id())).collect();
        self.sign(&attestations, packets, &[])
    }

    /// Statements about these packets, signed together.
    pub(crate) fn sign(
        &self,
        attestations: &[Attestation],
        packets: &[(Packet, LaneTerms)],
        result: &[u8],
    ) -> Vec<Statement> {
        let batch = Batch::of(1, attestations).unwrap();
        let tree = Batch::tree(attestations);
        let digest = batch.digest(self.gateway);
        let signatures: Vec<_> =
            attestors()[..2].iter().map(|attestor| attestor.sign(digest).unwrap()).collect();
        let statement = |(index, attestation): (usize, &Attestation)| Statement {
            gateway: self.gateway,
            address: b"gateway".to_vec(),
            packet: packets[index].0.clone(),
            lane: packets[index].1,
            attestation: *attestation,
            result: result.to_vec(),
            batch,
            proof: BatchProof { index: u32::try_from(index).unwrap(), path: tree.path(index).unwrap() },
            signatures: signatures.clone(),
        };
        attestations.iter().enumerate().map(statement).collect()
    }
}
