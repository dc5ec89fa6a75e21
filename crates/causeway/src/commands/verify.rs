//! `causeway verify`: proofs, checked offline by nothing but their bytes and a trust anchor.

mod bundle;
mod chain;
mod evidence;
#[cfg(test)]
mod flips;
mod walk;

use clap::Subcommand;

/// What to verify.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Verify a captured chain: every header, and every receipts root where receipts are given.
    Chain(chain::Chain),
    /// Verify evidence against a trust anchor.
    Evidence(evidence::Evidence),
    /// Verify an evidence bundle: a packet's whole life, and what had to be believed.
    Bundle(bundle::BundleFile),
    /// Verify an export: that it is what the hub signed, whole and in order.
    Export(super::export::Exported),
}

/// Runs it.
pub(crate) fn run(command: VerifyCommand) -> anyhow::Result<()> {
    match command {
        VerifyCommand::Chain(chain) => chain::run(&chain),
        VerifyCommand::Evidence(evidence) => evidence::run(&evidence),
        VerifyCommand::Bundle(bundle) => bundle::run(&bundle),
        VerifyCommand::Export(export) => super::export::verify(&export),
    }
}
