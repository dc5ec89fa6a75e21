//! `causeway config`: configurations, checked before anything runs with them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::OutputArgs;
use crate::config::{self, AttestorFile, HubFile, Problems, RelayerFile, Role, Schema};
use crate::output::{self, Reported};

/// What to do with configurations.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a file, whole: every problem in one go, with its line and key.
    Check(Check),
    /// Print an example file with every key documented.
    Example {
        /// Whose.
        #[arg(value_enum)]
        role: RoleName,
    },
    /// Print the JSON schema.
    Schema {
        /// Whose.
        #[arg(value_enum)]
        role: RoleName,
    },
}

/// A file to check.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Whose configuration it is.
    #[arg(value_enum)]
    role: RoleName,
    /// The file.
    #[arg(value_name = "FILE", required_unless_present = "config")]
    file: Option<PathBuf>,
    /// The file, as the role itself takes it.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// Also read the secrets it names and try the services it names.
    #[arg(long)]
    connect: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// A role that has a configuration.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    /// The relay service.
    Hub,
    /// The agent beside islands.
    Relayer,
    /// The independent witness.
    Attestor,
}

/// Runs it.
pub(crate) async fn run(command: ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check(check) => self::check(check).await,
        ConfigCommand::Example { role } => {
            let text = match role {
                RoleName::Hub => config::example::<HubFile>(),
                RoleName::Relayer => config::example::<RelayerFile>(),
                RoleName::Attestor => config::example::<AttestorFile>(),
            };
            output::line(text?.trim_end())
        }
        ConfigCommand::Schema { role } => output::json(
            match role {
                RoleName::Hub => Schema::of::<HubFile>(),
                RoleName::Relayer => Schema::of::<RelayerFile>(),
                RoleName::Attestor => Schema::of::<AttestorFile>(),
            }
            .json(),
        ),
    }
}

async fn check(check: Check) -> anyhow::Result<()> {
    let file = check.config.or(check.file).context("no file given")?;
    let json = check.output.json;
    match check.role {
        RoleName::Hub => {
            let config = loaded::<HubFile>(&file, json)?;
            if check.connect {
                config.try_services().await?;
            }
        }
        RoleName::Relayer => {
            let config = loaded::<RelayerFile>(&file, json)?;
            if check.connect {
                config.try_services().await?;
            }
        }
        RoleName::Attestor => {
            let config = loaded::<AttestorFile>(&file, json)?;
            if check.connect {
                config.try_services().await?;
            }
        }
    }
    if json {
        output::json(&json!({ "file": file, "ok": true, "problems": [] }))
    } else {
        output::line(format!("{}: ok", file.display()))
    }
}

/// The configuration in `file`, or every problem of it printed.
fn loaded<T: Role>(file: &Path, json: bool) -> anyhow::Result<T> {
    config::load(file, std::env::vars()).or_else(|problems| {
        report(&problems, json)?;
        Err(Reported.into())
    })
}

fn report(problems: &Problems, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(&json!({ "file": problems.file, "ok": false, "problems": problems.list }))
    } else {
        output::line(problems)
    }
}
