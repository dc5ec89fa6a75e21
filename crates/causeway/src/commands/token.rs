//! `causeway token`: bearer tokens of the hub.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use causeway_api::{CreateToken, Role, Token};
use causeway_protocol::{Address, IslandId};
use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use crate::cli::{HubArgs, OutputArgs};
use crate::output::{self, name_of};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token. Its secret is shown once.
    Create(Create),
    /// List tokens, without their secrets.
    List {
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Revoke a token, from now on.
    Revoke {
        /// Its id.
        id: Uuid,
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// A token to make.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is for, in words.
    #[arg(long)]
    name: String,
    /// What it may do.
    #[arg(long, value_enum)]
    role: RoleName,
    /// Relayer and attestor: the address of the key it is bound to.
    #[arg(long, value_name = "ADDRESS", required_if_eq_any([("role", "relayer"), ("role", "attestor")]))]
    address: Option<Address>,
    /// Owner and relayer: the only island it may act for.
    #[arg(long, value_name = "ID")]
    island: Option<IslandId>,
    /// Attestor: the hub's own operator holds the key.
    #[arg(long)]
    held_by_hub: bool,
    /// Write the secret to this new file, readable by you alone, instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A role's name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Runs the hub: approves islands, makes tokens.
    Operator,
    /// Owns islands: registers them.
    Owner,
    /// Submits evidence and fetches deliveries.
    Relayer,
    /// Fetches evidence and submits attestations.
    Attestor,
    /// Reads history.
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Operator => Self::Operator,
            RoleName::Owner => Self::Owner,
            RoleName::Relayer => Self::Relayer,
            RoleName::Attestor => Self::Attestor,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

/// Runs it.
pub(crate) async fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create(create) => make(create).await,
        TokenCommand::List { hub, output } => {
            let client = hub.client()?;
            let (mut tokens, mut next) = (Vec::new(), None);
            loop {
                let page = client.tokens(next.as_deref()).await?;
                tokens.extend(page.items);
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
            if output.json {
                return output::json(&tokens);
            }
            output::table(
                ["id", "role", "name", "bound to", "state"],
                &tokens.iter().map(row).collect::<Vec<_>>(),
            )
        }
        TokenCommand::Revoke { id, hub, output } => {
            let token = hub.client()?.revoke_token(id).await?;
            if output.json { output::json(&token) } else { output::line(format!("{id} is revoked")) }
        }
    }
}

async fn make(create: Create) -> anyhow::Result<()> {
    let client = create.hub.client()?;
    // The file first: a secret that could not be kept would be lost.
    let file = create.out.as_ref().map(|path| {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        file.with_context(|| format!("{} cannot be made", path.display()))
    });
    let file = file.transpose()?;
    let request = CreateToken {
        name: create.name,
        role: create.role.into(),
        address: create.address,
        island: create.island,
        held_by_hub: create.held_by_hub,
    };
    let created = match client.create_token(&request).await {
        Ok(created) => created,
        Err(error) => {
            if let Some(path) = &create.out {
                std::fs::remove_file(path).ok();
            }
            return Err(error.into());
        }
    };
    if let Some(mut file) = file {
        writeln!(file, "{}", created.secret)?;
        file.sync_all()?;
        let token = created.token;
        return if create.output.json { output::json(&token) } else { output::line(token.id) };
    }
    if create.output.json { output::json(&created) } else { output::line(created.secret) }
}

fn row(token: &Token) -> [String; 5] {
    let bound = [token.address.map(|address| address.to_string()), token.island.map(|id| id.to_string())];
    [
        token.id.to_string(),
        name_of(&token.role),
        token.name.clone(),
        bound.into_iter().flatten().collect::<Vec<_>>().join(" "),
        if token.revoked_at.is_some() { "revoked".into() } else { "valid".into() },
    ]
}
