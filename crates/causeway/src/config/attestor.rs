//! The attestor's configuration file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use causeway_attestor::{AttestorConfig, PinnedGateway, WatchedIsland};
use causeway_client::{HubClient, Settings, Token};
use causeway_protocol::{Family, GatewayId, Hash, LocalSigner};
use causeway_verifier::light_client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Role, Secret, decode_hex, formats};

/// An independent witness: takes evidence from the hub, verifies it again from its own anchors, and signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestorFile {
    /// The hub. Nothing it says is believed.
    #[schemars(schema_with = "formats::url")]
    pub(crate) hub: String,
    /// The bearer token of role attestor, bound to this key's address.
    pub(crate) token: Secret,
    /// The secret key: 0x and 64 hex digits. Whoever holds it is this attestor.
    pub(crate) key: Secret,
    /// Folder of the attestor's own store: what it verified, and the journal of what it signed. Never run two attestors of
    /// one key, and never bring back an old copy of this folder.
    #[schemars(schema_with = "formats::path")]
    pub(crate) data: PathBuf,
    /// How far the hub's clock may be away from this machine's, in seconds.
    #[serde(default = "clock_skew")]
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) clock_skew_seconds: u64,
    /// How long one question for work waits at the hub, in seconds.
    #[serde(default = "poll")]
    #[schemars(range(min = 1, max = 60))]
    pub(crate) poll_seconds: u64,
    /// Policy: packets of these source gateways are refused (REFUSE is signed for them, DELIVER never).
    #[serde(default)]
    #[schemars(schema_with = "formats::hashes")]
    pub(crate) refuse_sources: Vec<GatewayId>,
    /// The islands it verifies, each from a trust anchor that you compared with the island's owner yourself.
    #[schemars(length(min = 1))]
    pub(crate) islands: Vec<AttestedIsland>,
}

/// One island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestedIsland {
    /// Its name in logs.
    #[schemars(schema_with = "formats::name_of_island")]
    pub(crate) name: String,
    /// Its family: qbft, ibft2, ibft or fabric.
    #[schemars(schema_with = "formats::family")]
    pub(crate) family: Family,
    /// The genesis block's hash.
    #[schemars(schema_with = "formats::hash")]
    pub(crate) fingerprint: Hash,
    /// The trust anchor in canonical form, as 0x-hex or as the absolute path of a file that holds that.
    #[schemars(schema_with = "formats::hex_or_file")]
    pub(crate) anchor: String,
    /// The gateways it signs for.
    #[schemars(length(min = 1))]
    pub(crate) gateways: Vec<AttestedGateway>,
}

/// One gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestedGateway {
    /// Its id.
    #[schemars(schema_with = "formats::hash")]
    pub(crate) id: GatewayId,
    /// Its address on the island, as 0x-hex: a contract's 20 bytes, or the bytes of a chaincode's name.
    #[schemars(schema_with = "formats::hex")]
    pub(crate) address: String,
}

fn clock_skew() -> u64 {
    30
}

fn poll() -> u64 {
    25
}

impl AttestorFile {
    /// The attestor's own configuration: secrets read, anchors loaded.
    pub(crate) fn to_config(&self) -> anyhow::Result<AttestorConfig> {
        let token = Token::new(&self.token.read().context("token")?).context("token")?;
        let signer = LocalSigner::from_hex(&self.key.read().context("key")?).context("key")?;
        let hub = HubClient::new(Settings::new(&self.hub, Some(token)).context("hub")?).context("hub")?;
        let islands = self.islands.iter().map(AttestedIsland::to_config).collect::<anyhow::Result<_>>()?;
        Ok(AttestorConfig {
            hub,
            signer: Arc::new(signer),
            data: self.data.clone(),
            islands,
            refuse_sources: self.refuse_sources.clone(),
            clock_skew: Duration::from_secs(self.clock_skew_seconds),
            poll: Duration::from_secs(self.poll_seconds),
        })
    }
}

impl AttestorFile {
    /// Reads every secret and anchor, and asks the hub for work.
    pub(crate) async fn try_services(&self) -> anyhow::Result<()> {
        let config = self.to_config()?;
        for island in &config.islands {
            let client = light_client(island.family)?;
            client.anchor(&island.anchor).with_context(|| format!("anchor of island {}", island.name))?;
        }
        config.hub.pending_attestations(Duration::ZERO).await.context("hub")?;
        Ok(())
    }
}

impl AttestedIsland {
    fn to_config(&self) -> anyhow::Result<WatchedIsland> {
        let anchor = read_anchor(&self.anchor).with_context(|| format!("anchor of island {}", self.name))?;
        let gateways = self.gateways.iter().map(|gateway| {
            let address = decode_hex(&gateway.address).map_err(anyhow::Error::msg)?;
            Ok(PinnedGateway { id: gateway.id, address })
        });
        Ok(WatchedIsland {
            name: self.name.clone(),
            family: self.family,
            fingerprint: self.fingerprint,
            anchor,
            gateways: gateways.collect::<anyhow::Result<_>>()?,
        })
    }
}

/// A trust anchor, given as 0x-hex or as a file that holds it.
pub(crate) fn read_anchor(text: &str) -> anyhow::Result<Vec<u8>> {
    if text.starts_with("0x") {
        return decode_hex(text).map_err(anyhow::Error::msg);
    }
    let content =
        std::fs::read_to_string(Path::new(text)).with_context(|| format!("{text} cannot be read"))?;
    decode_hex(content.trim()).map_err(|problem| anyhow::anyhow!("{text}: {problem}"))
}

impl Role for AttestorFile {
    const NAME: &'static str = "attestor";

    fn example() -> Self {
        let island = |name: &str, n: u8| AttestedIsland {
            name: name.into(),
            family: Family::Qbft,
            fingerprint: Hash([n; 32]),
            anchor: format!("/etc/causeway/anchors/{name}.hex"),
            gateways: vec![AttestedGateway {
                id: GatewayId([n + 1; 32]),
                address: format!("0x{}", const_hex::encode([n + 2; 20])),
            }],
        };
        Self {
            hub: "https://hub.example.org".into(),
            token: Secret::Credential("token".into()),
            key: Secret::Credential("key".into()),
            data: "/var/lib/causeway-attestor".into(),
            clock_skew_seconds: clock_skew(),
            poll_seconds: poll(),
            refuse_sources: Vec::new(),
            islands: vec![island("harbour", 0x11), island("customs", 0x21)],
        }
    }

    fn rules(&self) -> Vec<(String, String)> {
        let mut broken = Vec::new();
        let (mut names, mut ids) = (HashSet::new(), HashSet::new());
        for (index, island) in self.islands.iter().enumerate() {
            let at = format!("islands[{index}]");
            if let Err(unsupported) = light_client(island.family) {
                broken.push((format!("{at}.family"), unsupported.to_string()));
            }
            if !names.insert(&island.name) {
                broken.push((format!("{at}.name"), format!("{} is named twice", island.name)));
            }
            for (gateway_index, gateway) in island.gateways.iter().enumerate() {
                if !ids.insert(gateway.id) {
                    let key = format!("{at}.gateways[{gateway_index}].id");
                    broken.push((key, format!("gateway {} is listed twice", gateway.id)));
                }
            }
        }
        broken
    }
}
