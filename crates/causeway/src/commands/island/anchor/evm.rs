//! Anchors of EVM islands, from their nodes.

use anyhow::Context as _;
use causeway_evm::propose_anchor;
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_protocol::{Address, Family, Hash};
use causeway_verifier::bft::{Config, Mode, Protocol, ValidatorContract};
use clap::Args;

use super::Proposed;

/// The nodes, and the rules by which the light client goes on from the anchor.
#[derive(Debug, Args)]
#[command(next_help_heading = "Families qbft, ibft2 and ibft")]
pub(super) struct EvmNodes {
    /// JSON-RPC URL of one of the chain's nodes; may be given several times.
    #[arg(long, value_name = "URL", required_if_eq_any([("family", "qbft"), ("family", "ibft2"), ("family", "ibft")]))]
    rpc: Vec<String>,
    /// How far a header's time may lie ahead of the hub's clock, in seconds.
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    clock_drift: u64,
    /// IBFT chains that become QBFT: the first QBFT block.
    #[arg(long, value_name = "HEIGHT")]
    qbft_from: Option<u64>,
    /// Validator-contract mode: the contract's address.
    #[arg(long, value_name = "ADDRESS", requires = "validator_code_hash")]
    validator_contract: Option<Address>,
    /// Validator-contract mode: the hash of the contract's code, pinned.
    #[arg(long, value_name = "HASH", requires = "validator_contract")]
    validator_code_hash: Option<Hash>,
    /// Validator-contract mode: the storage slot of the array's length.
    #[arg(long, default_value_t = 0, value_name = "SLOT")]
    validator_slot: u64,
}

impl EvmNodes {
    fn config(&self, family: Family, trusting_period: u64) -> Config {
        let first = match family {
            Family::Ibft2 => Protocol::Ibft2,
            Family::Ibft => Protocol::Ibft,
            // A family without such headers is refused by its missing light client.
            _ => Protocol::Qbft,
        };
        let mut config = Config::plain(family, first, trusting_period, self.clock_drift);
        config.schedule.extend(self.qbft_from.map(|height| (height, Protocol::Qbft)));
        if let (Some(address), Some(code_hash)) = (self.validator_contract, self.validator_code_hash) {
            let slot = causeway_protocol::words::uint(self.validator_slot);
            config.modes = vec![(0, Mode::Contract(ValidatorContract { address, code_hash, slot }))];
        }
        config
    }

    pub(super) async fn propose(
        &self,
        family: Family,
        height: Option<u64>,
        trusting_period: u64,
    ) -> anyhow::Result<Proposed> {
        let nodes = Nodes::new(&NodesSettings::new(&self.rpc)).context("--rpc")?;
        let height = match height {
            Some(height) => height,
            None => nodes.newest().await.context("the nodes' newest block")?,
        };
        let proposed = propose_anchor(&nodes, self.config(family, trusting_period), height).await?;
        Ok(Proposed {
            fingerprint: proposed.fingerprint,
            height: proposed.height,
            block: proposed.block,
            validators: proposed.validators,
            bytes: proposed.bytes,
        })
    }
}
