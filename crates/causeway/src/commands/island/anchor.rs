//! `causeway island anchor`: trust anchors, proposed by nodes and decided by people.

mod evm;
mod fabric;

use std::path::PathBuf;

use anyhow::Context as _;
use causeway_protocol::{Family, Hash, Island, anchor_digest};
use clap::Args;
use serde_json::json;

use crate::cli::OutputArgs;
use crate::output;

/// What the anchor is made from.
#[derive(Debug, Args)]
pub(crate) struct Anchor {
    /// The chain's family: qbft, ibft2, ibft or fabric.
    #[arg(long)]
    family: Family,
    /// The block to trust; without it the nodes' newest (Fabric: the newest config block). A genesis block does not tell two
    /// chains made from one file apart.
    #[arg(long)]
    height: Option<u64>,
    /// How long after the head's time the light client still advances, in days.
    #[arg(long, default_value_t = 14, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3650))]
    trusting_period: u64,
    #[command(flatten)]
    evm: evm::EvmNodes,
    #[command(flatten)]
    fabric: fabric::FabricBlocks,
    /// Write the anchor as 0x-hex to this file, for `island register` and the attestors' configurations.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What nodes propose.
struct Proposed {
    fingerprint: Hash,
    height: u64,
    block: Hash,
    validators: Vec<Vec<u8>>,
    bytes: Vec<u8>,
}

/// Runs it.
pub(crate) async fn run(args: &Anchor) -> anyhow::Result<()> {
    let trusting_period = args.trusting_period * 24 * 60 * 60;
    let proposed = match args.family {
        Family::Fabric => args.fabric.propose(args.height, trusting_period).await?,
        family => args.evm.propose(family, args.height, trusting_period).await?,
    };
    let hex = const_hex::encode_prefixed(&proposed.bytes);
    if let Some(path) = &args.out {
        std::fs::write(path, format!("{hex}\n"))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let digest = anchor_digest(&proposed.bytes);
    let parts = Island { family: args.family, fingerprint: proposed.fingerprint, anchor: proposed.block };
    let island = parts.id();
    let validators: Vec<_> = proposed.validators.iter().map(const_hex::encode_prefixed).collect();
    if args.output.json {
        return output::json(&json!({
            "family": args.family,
            "island": island,
            "fingerprint": proposed.fingerprint,
            "height": proposed.height.to_string(),
            "block": proposed.block,
            "validators": validators,
            "digest": digest,
            "anchor": hex,
        }));
    }
    output::line(format!("island       {island}"))?;
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
