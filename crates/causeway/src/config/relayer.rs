//! The relayer's configuration file.

use std::collections::HashSet;

use anyhow::Context as _;
use causeway_client::{HubClient, Settings, Token};
use causeway_protocol::LocalSigner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Role, Secret, formats};

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

/// One EVM island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayedIsland {
    /// Its name at the hub, or its id.
    pub(crate) island: String,
    /// JSON-RPC URLs of its nodes: the next one is tried when one fails or hangs.
    #[schemars(schema_with = "formats::urls")]
    pub(crate) rpc: Vec<String>,
    /// The secret key of the account that delivers and settles there. Without it, evidence is submitted and nothing delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_key: Option<Secret>,
}

impl RelayerFile {
    /// Reads every secret, and asks the hub where each island stands.
    pub(crate) async fn try_services(&self) -> anyhow::Result<()> {
        let token = Token::new(&self.token.read().context("token")?).context("token")?;
        LocalSigner::from_hex(&self.key.read().context("key")?).context("key")?;
        let hub = HubClient::new(Settings::new(&self.hub, Some(token)).context("hub")?).context("hub")?;
        for (index, island) in self.islands.iter().enumerate() {
            if let Some(key) = &island.delivery_key {
                let context = || format!("islands[{index}].delivery_key");
                LocalSigner::from_hex(&key.read().with_context(context)?).with_context(context)?;
            }
            let context = || format!("island {} at the hub", island.island);
            hub.cursor(&island.island).await.with_context(context)?;
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
            islands: vec![RelayedIsland {
                island: "harbour".into(),
                rpc: vec!["http://127.0.0.1:8545".into(), "http://10.0.0.2:8545".into()],
                delivery_key: Some(Secret::Credential("harbour-key".into())),
            }],
        }
    }

    fn rules(&self) -> Vec<(String, String)> {
        let mut islands = HashSet::new();
        let twice = self.islands.iter().enumerate().filter(|(_, island)| !islands.insert(&island.island));
        twice
            .map(|(index, island)| {
                (format!("islands[{index}].island"), format!("{} is listed twice", island.island))
            })
            .collect()
    }
}
