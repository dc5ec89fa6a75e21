//! `causeway island anchor`: trust anchors, proposed by nodes and decided by people.

use std::path::PathBuf;

use anyhow::Context as _;
use causeway_evm::propose_anchor;
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_protocol::{Address, Family, Hash, anchor_digest};
use causeway_verifier::bft::{Config, Mode, Protocol, ValidatorContract};
use clap::Args;
use serde_json::json;

use crate::cli::OutputArgs;
use crate::output;

/// What the anchor is made from.
#[derive(Debug, Args)]
pub(crate) struct Anchor {
    /// JSON-RPC URL of one of the chain's nodes; may be given several times.
    #[arg(long, required = true, value_name = "URL")]
    rpc: Vec<String>,
    /// The chain's family: qbft, ibft2 or ibft.
    #[arg(long)]
    family: Family,
    /// The block to trust; without it the nodes' newest. A genesis block does not tell two chains made from one file apart.
    #[arg(long)]
    height: Option<u64>,
    /// How long after the head's time the light client still advances, in days.
    #[arg(long, default_value_t = 14, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3650))]
    trusting_period: u64,
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
    /// Write the anchor as 0x-hex to this file, for `island register` and the attestors' configurations.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Anchor {
    fn config(&self) -> Config {
        let first = match self.family {
            Family::Ibft2 => Protocol::Ibft2,
            Family::Ibft => Protocol::Ibft,
            // A family without such headers is refused by its missing light client.
            _ => Protocol::Qbft,
        };
        let period = self.trusting_period * 24 * 60 * 60;
        let mut config = Config::plain(self.family, first, period, self.clock_drift);
        config.schedule.extend(self.qbft_from.map(|height| (height, Protocol::Qbft)));
        if let (Some(address), Some(code_hash)) = (self.validator_contract, self.validator_code_hash) {
            let slot = causeway_protocol::words::uint(self.validator_slot);
            config.modes = vec![(0, Mode::Contract(ValidatorContract { address, code_hash, slot }))];
        }
        config
    }
}

/// Runs it.
pub(crate) async fn run(args: &Anchor) -> anyhow::Result<()> {
    let nodes = Nodes::new(&NodesSettings::new(&args.rpc)).context("--rpc")?;
    let height = match args.height {
        Some(height) => height,
        None => nodes.newest().await.context("the nodes' newest block")?,
    };
    let proposed = propose_anchor(&nodes, args.config(), height).await?;
    let hex = const_hex::encode_prefixed(&proposed.bytes);
    if let Some(path) = &args.out {
        std::fs::write(path, format!("{hex}\n"))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let digest = anchor_digest(&proposed.bytes);
    let validators: Vec<_> = proposed.validators.iter().map(const_hex::encode_prefixed).collect();
    if args.output.json {
        return output::json(&json!({
            "family": proposed.family,
            "fingerprint": proposed.fingerprint,
            "height": proposed.height.to_string(),
            "block": proposed.block,
            "validators": validators,
            "digest": digest,
            "anchor": hex,
        }));
    }
    output::line(format!("fingerprint  {}", proposed.fingerprint))?;
    output::line(format!("block        {} {}", proposed.height, proposed.block))?;
    output::line(format!("digest       {digest}"))?;
    for validator in validators {
        output::line(format!("validator    {validator}"))?;
    }
    if args.out.is_none() {
        output::line(format!("anchor       {hex}"))?;
    }
    Ok(())
}
