//! The nodes of an EVM island, and the account that delivers there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use causeway_adapter::Destination;
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_evm::{
    Account, AccountSettings, DestinationSettings, EvmDestination, EvmSource, Price, SourceSettings,
};
use causeway_protocol::LocalSigner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Adapter;
use crate::config::{Secret, formats};

/// The nodes of an EVM island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvmNodes {
    /// JSON-RPC URLs of its nodes: the next one is tried when one fails or hangs.
    #[schemars(schema_with = "formats::urls")]
    pub(crate) rpc: Vec<String>,
    /// The secret key of the account that delivers and settles there. Without it, evidence is submitted and nothing delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_key: Option<Secret>,
    /// What a unit of gas is paid with, in wei; 0 where gas is free.
    #[serde(default)]
    pub(crate) gas_price: u64,
    /// Pay what a node suggests instead.
    #[serde(default)]
    pub(crate) suggested_gas_price: bool,
    /// How long one call to one node may take, in seconds.
    #[serde(default = "rpc_timeout")]
    #[schemars(range(min = 1, max = 300))]
    pub(crate) rpc_timeout_seconds: u64,
}

fn rpc_timeout() -> u64 {
    5
}

impl EvmNodes {
    pub(super) fn example() -> Self {
        Self {
            rpc: vec!["http://127.0.0.1:8545".into(), "http://10.0.0.2:8545".into()],
            delivery_key: Some(Secret::Credential("harbour-key".into())),
            gas_price: 0,
            suggested_gas_price: false,
            rpc_timeout_seconds: rpc_timeout(),
        }
    }

    pub(super) fn adapter(&self) -> anyhow::Result<Adapter> {
        let timeout = Duration::from_secs(self.rpc_timeout_seconds);
        let settings = NodesSettings { timeout, ..NodesSettings::new(&self.rpc) };
        let nodes = Arc::new(Nodes::new(&settings).context("rpc")?);
        let delivery = self.delivery_key.as_ref().map(|key| {
            let key = key.read()?;
            let signer = LocalSigner::from_hex(&key)?;
            let price =
                if self.suggested_gas_price { Price::Suggested } else { Price::Fixed(self.gas_price.into()) };
            let settings = AccountSettings { price, ..AccountSettings::default() };
            let account = Arc::new(Account::new(nodes.clone(), Arc::new(signer), settings));
            let destination = EvmDestination::new(account, DestinationSettings::default());
            anyhow::Ok(Arc::new(destination) as Arc<dyn Destination>)
        });
        let destination = delivery.transpose().context("delivery_key")?;
        Ok((Arc::new(EvmSource::new(nodes, SourceSettings::default())), destination))
    }
}
