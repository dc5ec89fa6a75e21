//! `causeway token`: bearer tokens of the hub.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use causeway_api::{CreateToken, CreatedToken, Role, RotateToken, Token};
use causeway_client::{ClientError, HubClient};
use causeway_protocol::{Address, IslandId};
use clap::{Args, Subcommand, ValueEnum};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
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
    /// Replace a token by a new one for the same role, key and island. The new secret is shown once.
    Rotate(Rotate),
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
    /// End it after so many days; without this it never ends by itself.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A token to replace.
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Its id.
    id: Uuid,
    /// Minutes for which the old one is still taken, a week at most.
    #[arg(long, value_name = "MINUTES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_080))]
    grace: u32,
    /// End the new one after so many days; without this it lives as long as the old one was made for.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Where a new secret goes.
#[derive(Debug, Args)]
struct SecretArgs {
    /// Write the secret to this new file, readable by you alone, instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
        TokenCommand::Rotate(rotate) => replace(rotate).await,
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
                ["id", "role", "name", "bound to", "state", "ends"],
                &tokens.iter().map(|token| row(token, OffsetDateTime::now_utc())).collect::<Vec<_>>(),
            )
        }
        TokenCommand::Revoke { id, hub, output } => {
            let token = hub.client()?.revoke_token(id).await?;
            if output.json { output::json(&token) } else { output::line(format!("{id} is revoked")) }
        }
    }
}

async fn make(create: Create) -> anyhow::Result<()> {
    let request = CreateToken {
        name: create.name,
        role: create.role.into(),
        address: create.address,
        island: create.island,
        held_by_hub: create.held_by_hub,
        expires_at: end(create.days)?,
    };
    let ask = async |client: HubClient| client.create_token(&request).await;
    keep(&create.secret, &create.hub, &create.output, ask).await
}

async fn replace(rotate: Rotate) -> anyhow::Result<()> {
    let request = RotateToken { grace: rotate.grace * 60, expires_at: end(rotate.days)? };
    let ask = async |client: HubClient| client.rotate_token(rotate.id, &request).await;
    keep(&rotate.secret, &rotate.hub, &rotate.output, ask).await
}

fn end(days: Option<u32>) -> anyhow::Result<Option<OffsetDateTime>> {
    let after = |days: u32| OffsetDateTime::now_utc().checked_add(Duration::days(days.into()));
    days.map(|days| after(days).context("--days: beyond the end of the calendar")).transpose()
}

/// Asks for a token and keeps its secret where it was asked to.
async fn keep(
    secret: &SecretArgs,
    hub: &HubArgs,
    output: &OutputArgs,
    ask: impl AsyncFnOnce(HubClient) -> Result<CreatedToken, ClientError>,
) -> anyhow::Result<()> {
    let client = hub.client()?;
    // The file first: a secret that could not be kept would be lost.
    let file = secret.out.as_ref().map(|path| {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        file.with_context(|| format!("{} cannot be made", path.display()))
    });
    let file = file.transpose()?;
    let created = match ask(client).await {
        Ok(created) => created,
        Err(error) => {
            if let Some(path) = &secret.out {
                std::fs::remove_file(path).ok();
            }
            return Err(error.into());
        }
    };
    if let Some(mut file) = file {
        writeln!(file, "{}", created.secret)?;
        file.sync_all()?;
        let token = created.token;
        return if output.json { output::json(&token) } else { output::line(token.id) };
    }
    if output.json { output::json(&created) } else { output::line(created.secret) }
}

fn row(token: &Token, now: OffsetDateTime) -> [String; 6] {
    let bound = [token.address.map(|address| address.to_string()), token.island.map(|id| id.to_string())];
    let state = match (token.revoked_at, token.successor) {
        (Some(_), _) => "revoked",
        (None, Some(_)) => "rotated",
        (None, None) if !token.is_valid(now) => "expired",
        (None, None) => "valid",
    };
    let ends = token.expires_at.and_then(|end| end.format(&Rfc3339).ok()).unwrap_or_default();
    [
        token.id.to_string(),
        name_of(&token.role),
        token.name.clone(),
        bound.into_iter().flatten().collect::<Vec<_>>().join(" "),
        state.to_owned(),
        ends,
    ]
}
