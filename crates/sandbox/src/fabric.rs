//! An island on Hyperledger Fabric: a real channel of two organisations, its nodes processes of their own.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use causeway_fabric::{
    AnchorTerms, DestinationSettings, FabricDestination, FabricSource, Identity, PeerSettings, Peers,
    PeersSettings, SourceSettings, TlsSettings, TransactError, propose_anchor,
};
use causeway_fabric_node::{
    Binaries, Chaincode, Network, NetworkConfig, NodeError, Policy, gateway_chaincode,
};
use causeway_protocol::{Family, Signer};
use tokio::time::Instant;

use crate::island::{Adapters, BUDGET, Chain, Island, LANE, Opening, Post, TRUSTING_PERIOD};
use crate::report::{ChainId, Report};
use crate::{SandboxError, keys};

/// The chaincodes, by their names on the channel and as roles of their program.
const GATEWAY: &str = "gateway";
const BOARD: &str = "board";
/// Both organisations have to endorse.
const BOTH: &str = "AND('Org1MSP.peer','Org2MSP.peer')";
/// The organisation whose client posts messages, and the one whose client relays.
const AUTHOR: usize = 0;
const RELAYER: usize = 1;
/// How often a message is posted again that lost a race or found no endorsers.
const ATTEMPTS: usize = 20;
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// A build that takes longer is worth a word, and another one this much later.
const WORD_AFTER: Duration = Duration::from_secs(1);
const WORD_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// What a channel is started from, built and at hand.
#[derive(Debug)]
pub(crate) struct Programs {
    chaincode: PathBuf,
}

impl Programs {
    /// Builds what has not been built before, which needs Go and takes a minute or two, and says so.
    pub(crate) async fn build(report: &Report) -> Result<Self, SandboxError> {
        let fabric = said(report, "Hyperledger Fabric's programs", Binaries::find());
        fabric.await.map_err(SandboxError::fabric)?;
        let chaincode = said(report, "the gateway's chaincode", gateway_chaincode());
        Ok(Self { chaincode: chaincode.await.map_err(SandboxError::fabric)? })
    }
}

/// Waits for a build and says how it goes on.
async fn said<T>(report: &Report, what: &str, build: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let mut build = pin!(build);
    let mut pause = WORD_AFTER;
    loop {
        tokio::select! {
            built = &mut build => return built,
            () = tokio::time::sleep(pause) => {
                let seconds = started.elapsed().as_secs();
                report.step(format!("building {what} with Go, once: a minute or two ({seconds} s so far)"));
                pause = WORD_AGAIN_AFTER;
            }
        }
    }
}

/// A channel with a message board on it.
struct FabricChain {
    network: Network,
    author: Arc<Peers>,
    relayer: Arc<Peers>,
}

/// Starts a channel that is called as the island is, with gateway and board on it.
pub(crate) async fn start(
    name: &str,
    programs: &Programs,
    opening: Opening<'_>,
) -> Result<Island, SandboxError> {
    let config = NetworkConfig { channel: name.to_owned(), ..NetworkConfig::default() };
    let mut network = Network::start(config).await.map_err(SandboxError::fabric)?;
    let (author, relayer) = (peers(&network, AUTHOR)?, peers(&network, RELAYER)?);
    // Before there is a gateway, so that its definition, too, is proven and not taken on trust.
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let terms = AnchorTerms { time, trusting_period: TRUSTING_PERIOD };
    let anchor = propose_anchor(&author, None, terms, &[]).await?;
    for role in [GATEWAY, BOARD] {
        deploy(&mut network, role, &programs.chaincode).await.map_err(SandboxError::fabric)?;
    }
    let (family, fingerprint, anchor_hash) = (Family::Fabric, anchor.fingerprint, anchor.block);
    let id = causeway_protocol::Island { family, fingerprint, anchor: anchor_hash }.id();
    let owner = keys::signer("the owner of a gateway")?.address();
    let opening = causeway_fabric::Opening {
        island: id,
        hub: opening.hub,
        owner,
        threshold: opening.threshold,
        attestors: opening.attestors.to_vec(),
    };
    let opened = author.open_gateway(GATEWAY, &opening).await?;
    Ok(Island {
        name: name.to_owned(),
        family,
        id,
        fingerprint,
        anchor: anchor.bytes,
        anchor_hash,
        gateway: GATEWAY.into(),
        gateway_id: opened.id,
        birth: opened.birth,
        owner,
        board: BOARD.into(),
        chain: Box::new(FabricChain { network, author, relayer }),
    })
}

async fn deploy(network: &mut Network, role: &str, program: &Path) -> Result<(), NodeError> {
    let chaincode = Chaincode::new(role, program.to_owned(), Policy::Signature(BOTH.into()));
    network.deploy(Chaincode { arguments: vec![role.into()], ..chaincode }).await
}

/// The channel's peers, asked as a client of an organisation, its own peers first.
fn peers(network: &Network, of: usize) -> Result<Arc<Peers>, SandboxError> {
    let organisations = network.organisations();
    let user = organisations[of].user("User1").map_err(SandboxError::fabric)?;
    let mut settings = Vec::new();
    for organisation in organisations.iter().cycle().skip(of).take(organisations.len()) {
        let roots = organisation.tls_root().map_err(SandboxError::fabric)?;
        let identity = Some(user.tls().map_err(SandboxError::fabric)?);
        let tls = TlsSettings { roots, name: None, identity };
        settings.extend(organisation.peer_addresses().into_iter().map(|address| PeerSettings {
            url: format!("grpcs://{address}"),
            msp: organisation.msp().to_owned(),
            tls: tls.clone(),
        }));
    }
    let nodes = |error: &dyn std::fmt::Display| SandboxError::Nodes(error.to_string());
    let identity = Identity::new(&user.msp, &user.certificate, &user.key).map_err(|error| nodes(&error))?;
    let settings = PeersSettings::new(network.channel(), settings);
    Ok(Arc::new(Peers::new(&settings, identity).map_err(|error| nodes(&error))?))
}

#[async_trait]
impl Chain for FabricChain {
    async fn post(&self, post: &Post<'_>) -> Result<(), SandboxError> {
        let arguments = [
            BOARD.to_owned(),
            post.destination.to_string(),
            LANE.to_owned(),
            false.to_string(),
            const_hex::encode_prefixed(post.receiver),
            post.timeout.to_string(),
            BUDGET.to_string(),
            post.text.to_owned(),
        ];
        let arguments: Vec<Vec<u8>> = arguments.into_iter().map(String::into_bytes).collect();
        let mut attempt = 1;
        loop {
            match self.author.transact(GATEWAY, "send", &arguments).await {
                // What was not committed sent nothing.
                Err(TransactError::LostRace | TransactError::Unready(_)) if attempt < ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done.map(drop).map_err(Into::into),
            }
        }
    }

    fn adapters(&self) -> Result<Adapters, SandboxError> {
        let source = FabricSource::new(self.relayer.clone(), SourceSettings::default());
        let destination = FabricDestination::new(self.relayer.clone(), DestinationSettings::default());
        Ok(Adapters { source: Arc::new(source), destination: Arc::new(destination) })
    }

    fn endpoint(&self) -> (String, ChainId) {
        let peer = self.network.organisations()[AUTHOR].peer_addresses().into_iter().next();
        let url = peer.map(|address| format!("grpcs://{address}")).unwrap_or_default();
        (url, ChainId::Channel(self.network.channel().to_owned()))
    }
}
