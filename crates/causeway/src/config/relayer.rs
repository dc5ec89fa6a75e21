//! The relayer's configuration file.

mod evm;
mod fabric;

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context as _;
use causeway_adapter::{Destination, Source};
use causeway_client::{HubClient, Settings, Token};
use causeway_fabric::ChannelConfig;
use causeway_protocol::{HubId, LocalSigner};
use causeway_relayer::{IslandConfig, Pace, RelayerConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Role, Secret, formats};
use evm::EvmNodes;

/// The agent beside islands: watches them, submits evidence, delivers packets. It only ever dials out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayerFile {
    /// The hub.
    #[schemars(schema_with = "formats::url")]
    pub(crate) hub: String,
    /// The origin line of the hub's log: envelopes are signed for this hub and no other.
    pub(crate) origin: String,
    /// The bearer token of role relayer, bound to this key's address.
    pub(crate) token: Secret,
    /// The secret key that signs envelopes: 0x and 64 hex digits.
    pub(crate) key: Secret,
    /// The islands it serves.
    #[schemars(length(min = 1))]
    pub(crate) islands: Vec<RelayedIsland>,
}

/// One island, and how its nodes are reached: one of the tables for a kind of chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayedIsland {
    /// Its name at the hub, or its id.
    pub(crate) island: String,
    /// Families qbft, ibft2 and ibft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evm: Option<EvmNodes>,
    /// Family fabric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fabric: Option<ChannelConfig<Secret>>,
}

impl RelayerFile {
    /// The relayer's own configuration: secrets read, adapters made.
    pub(crate) fn to_config(&self) -> anyhow::Result<RelayerConfig> {
        let token = Token::new(&self.token.read().context("token")?).context("token")?;
        let signer = LocalSigner::from_hex(&self.key.read().context("key")?).context("key")?;
        let islands = self.islands.iter().enumerate().map(|(index, island)| {
            island.to_config().with_context(|| format!("islands[{index}] ({})", island.island))
        });
        Ok(RelayerConfig {
            hub: HubClient::new(Settings::new(&self.hub, Some(token)).context("hub")?).context("hub")?,
            hub_id: HubId::of_origin(&self.origin),
            signer: Arc::new(signer),
            islands: islands.collect::<anyhow::Result<_>>()?,
            pace: Pace::default(),
        })
    }
}

impl RelayedIsland {
    fn to_config(&self) -> anyhow::Result<IslandConfig> {
        let (source, destination) = match (&self.evm, &self.fabric) {
            (Some(evm), _) => evm.adapter().context("evm")?,
            (None, Some(channel)) => fabric::adapter(channel).context("fabric")?,
            (None, None) => anyhow::bail!("no table says how its nodes are reached"),
        };
        Ok(IslandConfig { island: self.island.clone(), source, destination })
    }

    /// The names of the tables it has: exactly one is right.
    fn tables(&self) -> Vec<&'static str> {
        self.evm.iter().map(|_| "evm").chain(self.fabric.iter().map(|_| "fabric")).collect()
    }
}

/// What an adapter is to the relayer. Without an account, evidence is submitted and nothing delivered.
type Adapter = (Arc<dyn Source>, Option<Arc<dyn Destination>>);

impl RelayerFile {
    /// Reads every secret, asks the hub where each island stands, and every island for its newest block.
    pub(crate) async fn try_services(&self) -> anyhow::Result<()> {
        let config = self.to_config()?;
        for island in &config.islands {
            let context = || format!("island {} at the hub", island.island);
            config.hub.cursor(&island.island).await.with_context(context)?;
            let context = || format!("nodes of island {}", island.island);
            island.source.head().await.with_context(context)?;
        }
        Ok(())
    }
}

impl Role for RelayerFile {
    const NAME: &'static str = "relayer";

    fn example() -> Self {
        Self {
            hub: "https://hub.example.org".into(),
            origin: "hub.example.org/log".into(),
            token: Secret::Credential("token".into()),
            key: Secret::Credential("key".into()),
            islands: vec![
                RelayedIsland { island: "harbour".into(), evm: Some(EvmNodes::example()), fabric: None },
                RelayedIsland { island: "mill".into(), evm: None, fabric: Some(fabric::example()) },
            ],
        }
    }

    fn rules(&self) -> Vec<(String, String)> {
        let mut islands = HashSet::new();
        let twice = self.islands.iter().enumerate().filter(|(_, island)| !islands.insert(&island.island));
        let twice = twice.map(|(index, island)| {
            (format!("islands[{index}].island"), format!("{} is listed twice", island.island))
        });
        let tables = self.islands.iter().enumerate().filter(|(_, island)| island.tables().len() != 1);
        let tables = tables.map(|(index, island)| {
            let came = island.tables().join(" and ");
            let came = if came.is_empty() { "none" } else { &came };
            (format!("islands[{index}]"), format!("expected one table for its kind of chain, got {came}"))
        });
        twice.chain(tables).collect()
    }
}
