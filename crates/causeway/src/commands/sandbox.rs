//! `causeway sandbox`: a whole Causeway in one process.

use std::path::PathBuf;

use causeway_protocol::Family;
use causeway_sandbox::{Options, Report};
use clap::Args;

use super::roles::shutdown_on_signal;
use crate::output::Reported;

/// What the sandbox does.
#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// How many packets the demo sends, at least 3: one of them expires, one fails at its receiver.
    #[arg(long, default_value_t = Options::default().packets, value_name = "N")]
    packets: u64,
    /// End after the demo, with exit code 0 only if every packet ended as it should.
    #[arg(long)]
    exit: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// The families of the islands, at least two: qbft, ibft2, ibft, fabric. A Fabric island runs real nodes, which Go builds the
    /// first time; not all can be Fabric.
    #[arg(long, value_delimiter = ',', default_value = "qbft,qbft", value_name = "FAMILIES")]
    islands: Vec<Family>,
    /// The hub's port on 127.0.0.1; any free one unless given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where Postgres and the attestors keep their data; a temporary folder unless given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs it.
pub(crate) async fn run(args: Sandbox) -> anyhow::Result<()> {
    let shutdown = shutdown_on_signal()?;
    let report = Report::new(args.json, Box::new(std::io::stdout()));
    let Sandbox { packets, exit, islands, port, data, .. } = args;
    let options = Options { packets, exit, islands, port, data };
    match causeway_sandbox::run(options, &report, shutdown).await? {
        Some(summary) if !summary.ok => Err(Reported.into()),
        // Stopped before the demo's end is no failure: whoever stopped it knows.
        _ => Ok(()),
    }
}
