//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;

/// Causeway carries packets between islands: closed blockchains, connected by proofs.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, propagate_version = true, subcommand_required = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage.")]
pub(crate) struct Cli {
    /// How logs are written to stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// What is logged: a level, or levels of modules as `info,causeway_hub=debug`.
    #[arg(long, global = true, env = "CAUSEWAY_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the hub: verify evidence, record it, serve REST.
    Hub(RoleArgs),
    /// Run a relayer: watch islands, submit evidence, deliver packets.
    Relayer(RoleArgs),
    /// Run an attestor: verify evidence again, and sign.
    Attestor(RoleArgs),
    /// Start a whole Causeway in one process: Postgres, two islands, hub, attestors, relayer; and send packets.
    Sandbox(commands::sandbox::Sandbox),
    /// Check a configuration, or print an example or the schema of one.
    #[command(subcommand)]
    Config(commands::config::ConfigCommand),
    /// Register islands, approve them, and see how they are.
    #[command(subcommand)]
    Island(commands::island::IslandCommand),
    /// See packets.
    #[command(subcommand)]
    Packet(commands::packet::PacketCommand),
    /// Make, list and revoke bearer tokens.
    #[command(subcommand)]
    Token(commands::token::TokenCommand),
    /// Make signing keys, and see their addresses.
    #[command(subcommand)]
    Key(commands::key::KeyCommand),
    /// Verify evidence or a captured chain, offline.
    #[command(subcommand)]
    Verify(commands::verify::VerifyCommand),
    /// Look at a hub without trusting it: its log, its evidence, what it says of packets.
    #[command(subcommand)]
    Audit(commands::audit::AuditCommand),
}

impl Command {
    /// What is logged unless somebody says otherwise: services say what they do, tools only what goes wrong.
    pub(crate) fn usual_log(&self) -> &'static str {
        match self {
            Self::Hub(_) | Self::Relayer(_) | Self::Attestor(_) => "info",
            _ => "warn",
        }
    }
}

/// Which configuration to run with.
#[derive(Debug, Args)]
pub(crate) struct RoleArgs {
    /// The configuration file (TOML). `causeway config example` prints one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

/// Which hub to ask.
#[derive(Debug, Args)]
pub(crate) struct HubArgs {
    /// The hub's URL.
    #[arg(long, env = "CAUSEWAY_HUB", value_name = "URL")]
    pub(crate) hub: String,
    /// A file that holds the bearer token.
    #[arg(long, env = "CAUSEWAY_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

impl HubArgs {
    /// A client of that hub.
    pub(crate) fn client(&self) -> anyhow::Result<causeway_client::HubClient> {
        let token = self.token_file.as_deref().map(|file| {
            let text = crate::config::read_secret_file(file)?;
            anyhow::Ok(causeway_client::Token::new(&text)?)
        });
        let settings = causeway_client::Settings::new(&self.hub, token.transpose()?)?;
        Ok(causeway_client::HubClient::new(settings)?)
    }
}

/// How data is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
