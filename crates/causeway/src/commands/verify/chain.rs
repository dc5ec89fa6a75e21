//! `causeway verify chain`: a captured chain, from a trusted block on.

use std::path::PathBuf;

use anyhow::Context as _;
use causeway_protocol::Family;
use causeway_verifier::family_of;
use clap::Args;
use serde_json::json;

use super::walk::{Report, walk};
use crate::capture::Capture;
use crate::cli::OutputArgs;
use crate::config::read_anchor;
use crate::output::{self, Reported};

/// A captured chain to verify.
#[derive(Debug, Args)]
pub(crate) struct Chain {
    /// The capture: JSON with `genesis` and `blocks`, in height order.
    file: PathBuf,
    /// The family it has to be of: qbft, ibft2 or ibft; without it, that of the anchor or of its genesis file.
    #[arg(long)]
    family: Option<Family>,
    /// Trust this anchor instead of the first block: 0x-hex, or a file that holds it.
    #[arg(long, value_name = "FILE|HEX")]
    anchor: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) fn run(args: &Chain) -> anyhow::Result<()> {
    let shown = args.file.display();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("{shown} cannot be read"))?;
    let capture = Capture::parse(&text).with_context(|| shown.to_string())?;
    let anchor = args.anchor.as_deref().map(read_anchor).transpose().context("anchor")?;
    let family = match (args.family, &anchor) {
        (Some(family), _) => family,
        (None, Some(anchor)) => family_of(anchor).context("anchor")?,
        (None, None) => capture.family().context("the genesis file names no family; --family is needed")?,
    };
    let report = walk(family, &capture, anchor.as_deref()).with_context(|| shown.to_string())?;
    print(args, &report)?;
    if report.first_refusal.is_none() { Ok(()) } else { Err(Reported.into()) }
}

fn print(args: &Chain, report: &Report) -> anyhow::Result<()> {
    if args.output.json {
        return output::json(&json!(report));
    }
    let Report { headers, verified, refused, receipt_roots, .. } = report;
    output::line(format!(
        "{}: {verified} of {headers} headers verified, {refused} refused",
        args.file.display()
    ))?;
    output::line(format!("receipts of {receipt_roots} blocks match their roots"))?;
    if report.through_descendants > 0 {
        let count = report.through_descendants;
        output::line(format!(
            "{count} headers fell short of a quorum and count through a linked descendant"
        ))?;
    }
    for change in &report.validator_changes {
        let list = |addresses: &[causeway_protocol::Address]| {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let mut parts = vec![format!("validators change at {}", change.height)];
        if !change.added.is_empty() {
            parts.push(format!("in: {}", list(&change.added)));
        }
        if !change.removed.is_empty() {
            parts.push(format!("out: {}", list(&change.removed)));
        }
        if change.by_configuration {
            parts.push("put in place by the chain's configuration".into());
        }
        output::line(parts.join(", "))?;
    }
    if let Some(refusal) = &report.first_refusal {
        output::line(format!(
            "refused from height {}: {}: {}",
            refusal.height, refusal.code, refusal.detail
        ))?;
    }
    Ok(())
}
