//! A Fabric channel with a gateway and a message board on it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use causeway_fabric::{
    AnchorTerms, Committed, Identity, Opening, PeerSettings, Peers, PeersSettings, TlsSettings,
    TransactError, propose_anchor,
};
use causeway_fabric_node::{Chaincode, Network, NetworkConfig, NodeError, Policy, gateway_chaincode};
use causeway_protocol::{Address, Family, GatewayId, HubId, Island, LocalSigner, PacketId, Signer};
use causeway_verifier::fabric::proto;
use prost::Message as _;
use serde_json::Value;

use crate::deployment::{Listed, in_seconds};
use crate::service::secret;

const NAME: &str = "fabric";
const GATEWAY: &str = "gateway";
pub(crate) const BOARD: &str = "board";
/// What the board refuses.
pub(crate) const REFUSED: &str = "fail";

/// Both organisations have to endorse.
const BOTH: &str = "AND('Org1MSP.peer','Org2MSP.peer')";

pub(crate) struct FabricIsland {
    pub(crate) network: Network,
    peers: Arc<Peers>,
    listed: Listed,
}

/// Where a message goes.
pub(crate) struct Post<'a> {
    pub(crate) to: GatewayId,
    /// The board there.
    pub(crate) board: &'a [u8],
    pub(crate) lane: &'a str,
    pub(crate) ordered: bool,
    pub(crate) timeout: u64,
    pub(crate) text: &'a str,
}

impl FabricIsland {
    /// A channel of two organisations, its newest config block taken as the trust anchor, then a gateway and a board.
    pub(crate) async fn start(
        folder: &Path,
        hub: HubId,
        attestors: &[Address],
    ) -> Result<Option<Self>, NodeError> {
        let config = NetworkConfig {
            batch_timeout: Duration::from_secs(2),
            batch_size: 50,
            ..NetworkConfig::default()
        };
        let Some(mut network) = Network::start_or_skip(config).await? else { return Ok(None) };
        let peers = peers(&network);
        let terms = AnchorTerms { time: in_seconds(0), trusting_period: 86_400 };
        let anchor = propose_anchor(&peers, None, terms, &[]).await.unwrap();
        let binary = gateway_chaincode().await?;
        for role in [GATEWAY, BOARD] {
            let chaincode = Chaincode::new(role, binary.clone(), Policy::Signature(BOTH.into()));
            network.deploy(Chaincode { arguments: vec![role.into()], ..chaincode }).await?;
        }
        let (family, fingerprint) = (Family::Fabric, anchor.fingerprint);
        let island = Island { family, fingerprint, anchor: anchor.block }.id();
        let owner = LocalSigner::from_bytes(&[9; 32]).unwrap().address();
        let opening = Opening { island, hub, owner, threshold: 2, attestors: attestors.to_vec() };
        let opened = peers.open_gateway(GATEWAY, &opening).await.unwrap();
        let listed = Listed {
            name: NAME,
            family,
            fingerprint,
            anchor: anchor.bytes,
            gateway: GATEWAY.into(),
            gateway_id: opened.id,
            birth: opened.birth,
            owner,
            relayed: relayed(folder, &network),
        };
        Ok(Some(Self { network, peers, listed }))
    }

    /// What the services are told of it.
    pub(crate) fn listed(&self) -> Listed {
        self.listed.clone()
    }

    pub(crate) fn gateway_id(&self) -> GatewayId {
        self.listed.gateway_id
    }

    /// Posts to a board elsewhere. The packet has no id yet: whoever numbers it gives it one.
    pub(crate) async fn post(&self, post: &Post<'_>) -> Committed {
        let arguments = [
            BOARD.to_owned(),
            post.to.to_string(),
            post.lane.to_owned(),
            post.ordered.to_string(),
            const_hex::encode_prefixed(post.board),
            post.timeout.to_string(),
            "400000".to_owned(),
            post.text.to_owned(),
        ];
        let arguments: Vec<Vec<u8>> = arguments.into_iter().map(String::into_bytes).collect();
        for _ in 0..20 {
            match self.peers.transact(GATEWAY, "send", &arguments).await {
                Ok(committed) => return committed,
                // Peers come and go here; a send that was not committed sent nothing.
                Err(TransactError::LostRace | TransactError::Unready(_)) => {}
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("a message cannot be posted");
    }

    /// What the gateway says of a packet that was sent from here or came here.
    pub(crate) async fn standing(&self, id: PacketId) -> Value {
        let answer = self.peers.evaluate(GATEWAY, "packet", &[id.to_string().into_bytes()]).await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    /// How often each key was written by transactions that the peer counts as valid, of the gateway's keys that begin so.
    pub(crate) async fn written(&self, prefix: &str) -> BTreeMap<String, usize> {
        let newest = self.peers.newest().await.unwrap().header.unwrap().number;
        let mut first = 0;
        let mut written = BTreeMap::new();
        while first <= newest {
            let blocks = self.peers.blocks(first, newest, 64 << 20).await.unwrap();
            first += blocks.len() as u64;
            for block in blocks {
                let flags = block.metadata.unwrap().metadata[2].clone();
                for (envelope, flag) in block.data.unwrap().data.iter().zip(flags) {
                    if flag == 0 {
                        for key in keys(envelope).into_iter().filter(|key| key.starts_with(prefix)) {
                            *written.entry(key).or_default() += 1;
                        }
                    }
                }
            }
        }
        written
    }
}

/// The keys that a transaction writes in the gateway's namespace.
fn keys(envelope: &[u8]) -> Vec<String> {
    let envelope = proto::Envelope::decode(envelope).unwrap();
    let payload = proto::Payload::decode(&envelope.payload[..]).unwrap();
    let header = proto::ChannelHeader::decode(&payload.header.unwrap().channel_header[..]).unwrap();
    if header.r#type != proto::HeaderType::EndorserTransaction as i32 {
        return Vec::new();
    }
    let transaction = proto::Transaction::decode(&payload.data[..]).unwrap();
    let action = proto::ChaincodeActionPayload::decode(&transaction.actions[0].payload[..]).unwrap();
    let response = action.action.unwrap().proposal_response_payload;
    let response = proto::ProposalResponsePayload::decode(&response[..]).unwrap();
    let action = proto::ChaincodeAction::decode(&response.extension[..]).unwrap();
    let sets = proto::TxReadWriteSet::decode(&action.results[..]).unwrap().ns_rwset;
    let gateways = sets.into_iter().filter(|set| set.namespace == GATEWAY);
    let writes = gateways.flat_map(|set| proto::KvRwSet::decode(&set.rwset[..]).unwrap().writes);
    writes.map(|write| write.key).collect()
}

/// The peers of a network, asked as a client of its first organisation.
fn peers(network: &Network) -> Arc<Peers> {
    let user = network.organisations()[0].user("User1").unwrap();
    let mut settings = Vec::new();
    for organisation in network.organisations() {
        let (roots, identity) = (organisation.tls_root().unwrap(), Some(user.tls().unwrap()));
        let tls = TlsSettings { roots, name: None, identity };
        settings.extend(organisation.peer_addresses().into_iter().map(|address| PeerSettings {
            url: format!("grpcs://{address}"),
            msp: organisation.msp().to_owned(),
            tls: tls.clone(),
        }));
    }
    let identity = Identity::new(&user.msp, &user.certificate, &user.key).unwrap();
    Arc::new(Peers::new(&PeersSettings::new(network.channel(), settings), identity).unwrap())
}

/// The island's table in the relayer's configuration: a client of the second organisation.
fn relayed(folder: &Path, network: &Network) -> String {
    let user = network.organisations()[1].user("User1").unwrap();
    let (tls_certificate, tls_key) = user.tls().unwrap();
    let file = |name: &str, content: &str| secret(folder, &format!("{NAME}.{name}"), content);
    let mut table = format!(
        "[islands.fabric]\nchannel = \"{}\"\nmsp = \"{}\"\ncertificate = \"{}\"\nkey = \"{}\"\n[islands.fabric.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        network.channel(),
        user.msp,
        file("certificate", &user.certificate),
        file("key", &user.key),
        file("tls-certificate", &tls_certificate),
        file("tls-key", &tls_key),
    );
    for organisation in network.organisations() {
        let roots = file(&format!("{}.roots", organisation.msp()), &organisation.tls_root().unwrap());
        for address in organisation.peer_addresses() {
            let _ = write!(
                table,
                "[[islands.fabric.peers]]\nurl = \"grpcs://{address}\"\nmsp = \"{}\"\ntls_roots = \"{roots}\"\n",
                organisation.msp(),
            );
        }
    }
    table
}
