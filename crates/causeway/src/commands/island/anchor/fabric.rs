//! Anchors of Fabric islands: from blocks in files, or from peers that a connection profile names.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use causeway_fabric::{
    AnchorTerms, Identity, Peers, PeersSettings, Profile, ProposedAnchor, anchor_from_blocks, propose_anchor,
};
use clap::Args;

use super::Proposed;
use crate::config::read_secret_file;

/// The blocks, or where they are asked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Family fabric: blocks in files, or peers")]
pub(super) struct FabricBlocks {
    /// The config block to trust, as `peer channel fetch config` writes it.
    #[arg(long, value_name = "FILE", requires = "genesis_block")]
    config_block: Option<PathBuf>,
    /// Block 0 of the channel, as `peer channel fetch 0` writes it.
    #[arg(long, value_name = "FILE", requires = "config_block")]
    genesis_block: Option<PathBuf>,
    /// Ask peers instead: the connection profile (YAML or JSON) that names them.
    #[arg(long, value_name = "FILE", conflicts_with = "config_block", requires_all = ["channel", "msp", "certificate", "key"])]
    profile: Option<PathBuf>,
    /// The channel to ask for.
    #[arg(long, requires = "profile")]
    channel: Option<String>,
    /// The MSP id of the organisation that asks.
    #[arg(long, requires = "profile")]
    msp: Option<String>,
    /// The certificate of the client that asks: PEM.
    #[arg(long, value_name = "FILE", requires = "profile")]
    certificate: Option<PathBuf>,
    /// Its secret key: P-256, PEM.
    #[arg(long, value_name = "FILE", requires = "profile")]
    key: Option<PathBuf>,
    /// The client's TLS certificate, where peers ask for one: PEM.
    #[arg(long, value_name = "FILE", requires_all = ["profile", "tls_key"])]
    tls_certificate: Option<PathBuf>,
    /// Its secret key: PEM.
    #[arg(long, value_name = "FILE", requires_all = ["profile", "tls_certificate"])]
    tls_key: Option<PathBuf>,
    /// A gateway's chaincode that may have been defined before the anchor: its definition then stands in it. May be given
    /// several times.
    #[arg(long, value_name = "CHAINCODE", requires = "profile")]
    gateway: Vec<String>,
}

impl FabricBlocks {
    pub(super) async fn propose(
        &self,
        height: Option<u64>,
        trusting_period: u64,
    ) -> anyhow::Result<Proposed> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).context("this machine's clock")?.as_secs();
        let terms = AnchorTerms { time, trusting_period };
        let proposed = match (&self.config_block, &self.genesis_block) {
            (Some(block), Some(genesis)) => anchor_from_blocks(&file(block)?, &file(genesis)?, terms)?,
            _ => self.ask(height, terms).await?,
        };
        let ProposedAnchor { fingerprint, bytes, height, block, validators, oversize, .. } = proposed;
        if let Some(oversize) = oversize {
            tracing::warn!("{oversize}");
        }
        Ok(Proposed { fingerprint, height, block, validators, bytes })
    }

    async fn ask(&self, height: Option<u64>, terms: AnchorTerms) -> anyhow::Result<ProposedAnchor> {
        let (Some(profile), Some(channel), Some(msp), Some(certificate), Some(key)) =
            (&self.profile, &self.channel, &self.msp, &self.certificate, &self.key)
        else {
            anyhow::bail!(
                "family fabric needs --config-block and --genesis-block, or --profile and who asks"
            );
        };
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some((text(certificate)?, read_secret_file(key)?.to_string())),
            _ => None,
        };
        let profile = Profile::read(profile, tls)?;
        let identity = Identity::new(msp, &text(certificate)?, &read_secret_file(key)?)?;
        let peers = Peers::new(&PeersSettings::new(channel, profile.peers), identity)?;
        Ok(propose_anchor(&peers, height, terms, &self.gateway).await?)
    }
}

fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}
