//! `causeway verify`: proofs, checked offline by nothing but their bytes and a trust anchor.

mod evidence;

use clap::Subcommand;

/// What to verify.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Verify evidence against a trust anchor.
    Evidence(evidence::Evidence),
}

/// Runs it.
pub(crate) fn run(command: VerifyCommand) -> anyhow::Result<()> {
    match command {
        VerifyCommand::Evidence(evidence) => evidence::run(&evidence),
    }
}
