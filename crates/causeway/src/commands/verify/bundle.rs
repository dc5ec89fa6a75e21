//! `causeway verify bundle`: a packet's whole life, from one file.

use std::path::PathBuf;

use anyhow::Context as _;
use causeway_bundle::{Bundle, Fault, MAX_BUNDLE, Report, Trust, verify};
use causeway_log::VerifierKey;
use causeway_protocol::anchor_digest;
use clap::Args;
use serde_json::json;

use crate::cli::OutputArgs;
use crate::config::read_anchor;
use crate::output::{self, Reported};

/// A bundle to verify.
#[derive(Debug, Args)]
pub(crate) struct BundleFile {
    /// The bundle.
    file: PathBuf,
    /// A trust anchor that you trust: 0x-hex, or a file that holds it. One for each island. Without it, the report says whom you believe.
    #[arg(long = "anchor", value_name = "FILE|HEX")]
    anchors: Vec<String>,
    /// The log's key, as its operator publishes it: `name+id+key`. Several while a key is replaced.
    #[arg(long = "log-key", value_name = "KEY")]
    log_keys: Vec<VerifierKey>,
    /// A witness of the log, as `name+id+key`.
    #[arg(long = "witness", value_name = "KEY", requires = "log_keys")]
    witnesses: Vec<VerifierKey>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) fn run(args: &BundleFile) -> anyhow::Result<()> {
    let file = args.file.display();
    let size = std::fs::metadata(&args.file).with_context(|| format!("{file} cannot be read"))?.len();
    anyhow::ensure!(size <= MAX_BUNDLE as u64, "{file} has {size} bytes, a bundle has at most {MAX_BUNDLE}");
    let bytes = std::fs::read(&args.file).with_context(|| format!("{file} cannot be read"))?;
    let anchors = args.anchors.iter().map(|anchor| Ok(anchor_digest(&read_anchor(anchor)?)));
    let trust = Trust {
        anchors: anchors.collect::<anyhow::Result<_>>().context("--anchor")?,
        log_keys: args.log_keys.clone(),
        witnesses: args.witnesses.clone(),
    };
    let (code, detail) = match Bundle::decode(&bytes) {
        Err(error) => ("malformed-bundle", error.to_string()),
        Ok(bundle) => match verify(&bundle, &trust) {
            Ok(report) if args.output.json => return output::json(&report),
            Ok(report) => return print(&report),
            Err(fault) => (Fault::code(&fault), fault.to_string()),
        },
    };
    if args.output.json {
        output::json(&json!({ "verified": false, "code": code, "detail": detail }))?;
    } else {
        output::line(format!("{file}: refused: {code}: {detail}"))?;
    }
    Err(Reported.into())
}

fn print(report: &Report) -> anyhow::Result<()> {
    output::line(format!("Packet {} is {}.", report.id, report.state))?;
    output::line("\nProven:")?;
    report.proven.iter().try_for_each(|sentence| output::line(format!("  - {sentence}")))?;
    output::line("\nBelieved:")?;
    report.believed.iter().try_for_each(|sentence| output::line(format!("  - {sentence}")))
}
