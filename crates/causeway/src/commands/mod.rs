//! The commands, one module each.

pub(crate) mod audit;
pub(crate) mod config;
mod export;
pub(crate) mod island;
pub(crate) mod key;
pub(crate) mod packet;
pub(crate) mod roles;
pub(crate) mod sandbox;
pub(crate) mod token;
pub(crate) mod verify;

use crate::cli::Command;

/// Runs one command.
pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Hub(args) => roles::hub(&args).await,
        Command::Relayer(args) => roles::relayer(&args).await,
        Command::Attestor(args) => roles::attestor(&args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Config(command) => config::run(command).await,
        Command::Island(command) => island::run(command).await,
        Command::Packet(command) => packet::run(command).await,
        Command::Token(command) => token::run(command).await,
        Command::Key(command) => key::run(command),
        Command::Verify(command) => verify::run(command),
        Command::Audit(command) => audit::run(command).await,
    }
}
