//! `causeway island`: chains, from registration to retirement.

mod anchor;

use anyhow::Context as _;
use causeway_api::{ApproveIsland, ChangeIsland, Island, IslandEvent, RegisterGateway, RegisterIsland};
use causeway_client::IslandStep;
use causeway_protocol::{Address, Family, GatewayId, Hash, anchor_digest};
use clap::{Args, Subcommand};

use crate::cli::{HubArgs, OutputArgs};
use crate::config::{decode_hex, read_anchor};
use crate::output::{self, name_of};

/// What to do with islands.
#[derive(Debug, Subcommand)]
pub(crate) enum IslandCommand {
    /// Make the trust anchor of a chain out of what its nodes serve, to be compared with its owner before anybody trusts it.
    Anchor(Box<anchor::Anchor>),
    /// Register an island with its trust anchor and its gateway. A relayer then proves the gateway, and an operator approves.
    Register(Register),
    /// Register another gateway of an island.
    Gateway(AddGateway),
    /// Approve an island under the anchor that you compared with the island's owner.
    Approve(Approve),
    /// Deliver nothing new to or from an island.
    Suspend(Change),
    /// Go on with a suspended island.
    Resume(Change),
    /// Trust nothing an island says any more.
    Freeze(Change),
    /// End an island: its packets go home, and once none is open it is retired for good.
    Retire(Change),
    /// List islands.
    List {
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show what was done to an island, by whom and why.
    History {
        /// Its name or id.
        island: String,
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show one island.
    Show {
        /// Its name or id.
        island: String,
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// An island to register.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Its name: 1 to 64 of a-z, 0-9 and -.
    #[arg(long)]
    name: String,
    /// Its family: qbft, ibft2, ibft or fabric.
    #[arg(long)]
    family: Family,
    /// The genesis block's hash.
    #[arg(long, value_name = "HASH")]
    fingerprint: Hash,
    /// The trust anchor in canonical form: 0x-hex, or the absolute path of a file that holds it.
    #[arg(long, value_name = "FILE|HEX")]
    anchor: String,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Another gateway of an island.
#[derive(Debug, Args)]
pub(crate) struct AddGateway {
    /// The island's name or id.
    island: String,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A gateway, as it was opened.
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    /// The gateway's address on the island: 0x-hex of a contract, or the name of a chaincode.
    #[arg(long, value_name = "HEX|NAME")]
    gateway_address: String,
    /// The gateway's id, as it took it when it opened.
    #[arg(long, value_name = "ID")]
    gateway_id: GatewayId,
    /// The hash of the block before the one that the gateway was opened in: its id follows from it.
    #[arg(long, value_name = "HASH")]
    gateway_birth: Hash,
    /// The owner's address, as the gateway's Opened event names it.
    #[arg(long, value_name = "ADDRESS")]
    gateway_owner: Address,
}

/// An approval.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The island's name or id.
    island: String,
    /// The anchor as its owner gave it to you, or as your own nodes make it: 0x-hex, or the path of a file that holds it.
    #[arg(long, value_name = "FILE|HEX", required_unless_present = "anchor_digest")]
    anchor: Option<String>,
    /// Instead of the anchor: SHA-256 of its bytes, as its owner told you.
    #[arg(long, value_name = "HASH", conflicts_with = "anchor")]
    anchor_digest: Option<Hash>,
    /// Why it is approved; kept in the history.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A step in an island's life.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// The island's name or id.
    island: String,
    /// Why; kept in the history.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) async fn run(command: IslandCommand) -> anyhow::Result<()> {
    match command {
        IslandCommand::Anchor(args) => anchor::run(&args).await,
        IslandCommand::Register(register) => self::register(register).await,
        IslandCommand::Gateway(add) => add_gateway(add).await,
        IslandCommand::Approve(approve) => self::approve(approve).await,
        IslandCommand::Suspend(change) => step(IslandStep::Suspend, change).await,
        IslandCommand::Resume(change) => step(IslandStep::Resume, change).await,
        IslandCommand::Freeze(change) => step(IslandStep::Freeze, change).await,
        IslandCommand::Retire(change) => step(IslandStep::Retire, change).await,
        IslandCommand::List { hub, output } => {
            let client = hub.client()?;
            let (mut islands, mut next) = (Vec::new(), None);
            loop {
                let page = client.islands(next.as_deref()).await?;
                islands.extend(page.items);
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
            if output.json {
                return output::json(&islands);
            }
            output::table(
                ["name", "family", "state", "height", "id"],
                &islands.iter().map(row).collect::<Vec<_>>(),
            )
        }
        IslandCommand::History { island, hub, output } => history(&hub, &island, output).await,
        IslandCommand::Show { island, hub, output } => print(&hub.client()?.island(&island).await?, output),
    }
}

async fn register(register: Register) -> anyhow::Result<()> {
    let island = RegisterIsland {
        name: register.name,
        family: register.family,
        fingerprint: register.fingerprint,
        anchor: read_anchor(&register.anchor)?,
        gateway: register.gateway.read()?,
    };
    print(&register.hub.client()?.register_island(&island).await?, register.output)
}

async fn history(hub: &HubArgs, island: &str, output: OutputArgs) -> anyhow::Result<()> {
    let client = hub.client()?;
    let mut events = Vec::new();
    loop {
        let after = events.last().map_or(0, |event: &IslandEvent| event.sequence);
        let page = client.island_history(island, after).await?;
        events.extend(page.items);
        if page.next.is_none() {
            break;
        }
    }
    if output.json {
        return output::json(&events);
    }
    let rows = events.into_iter().map(|event| [event.at.to_string(), event.change, event.by, event.reason]);
    output::table(["at", "change", "by", "reason"], &rows.collect::<Vec<_>>())
}

async fn add_gateway(add: AddGateway) -> anyhow::Result<()> {
    let gateway = add.gateway.read()?;
    print(&add.hub.client()?.register_gateway(&add.island, &gateway).await?, add.output)
}

impl GatewayArgs {
    fn read(&self) -> anyhow::Result<RegisterGateway> {
        let address = if self.gateway_address.starts_with("0x") {
            decode_hex(&self.gateway_address)
                .map_err(|problem| anyhow::anyhow!("--gateway-address: {problem}"))?
        } else {
            self.gateway_address.clone().into_bytes()
        };
        let (id, birth, owner) = (self.gateway_id, self.gateway_birth, self.gateway_owner);
        Ok(RegisterGateway { address, id, birth, owner })
    }
}

async fn approve(approve: Approve) -> anyhow::Result<()> {
    let anchor_digest = match (approve.anchor, approve.anchor_digest) {
        (Some(anchor), _) => anchor_digest(&read_anchor(&anchor)?),
        (None, digest) => digest.context("--anchor or --anchor-digest is needed")?,
    };
    let approval = ApproveIsland { anchor_digest, reason: approve.reason };
    print(&approve.hub.client()?.approve_island(&approve.island, &approval).await?, approve.output)
}

async fn step(step: IslandStep, change: Change) -> anyhow::Result<()> {
    let client = change.hub.client()?;
    let island = client.change_island(&change.island, step, &ChangeIsland { reason: change.reason }).await?;
    print(&island, change.output)
}

fn row(island: &Island) -> [String; 5] {
    [
        island.name.clone(),
        island.family.to_string(),
        name_of(&island.state),
        island.head.height.to_string(),
        island.id.to_string(),
    ]
}

fn print(island: &Island, output: OutputArgs) -> anyhow::Result<()> {
    if output.json {
        return output::json(island);
    }
    for (name, value) in [
        ("island", island.name.clone()),
        ("id", island.id.to_string()),
        ("family", island.family.to_string()),
        ("state", name_of(&island.state)),
        ("fingerprint", island.fingerprint.to_string()),
        ("anchor", island.anchor.to_string()),
        ("digest", island.anchor_digest.to_string()),
        ("head", format!("{} {}", island.head.height, island.head.hash)),
        ("trust", format!("{} until {}", name_of(&island.trust.standing), island.trust.until)),
        ("registered", island.registered_at.to_string()),
    ] {
        output::line(format!("{name:<12} {value}"))?;
    }
    for validator in &island.validators {
        output::line(format!("{:<12} {validator}", "validator"))?;
    }
    for gateway in &island.gateways {
        let address = const_hex::encode_prefixed(&gateway.address);
        let (state, proven) = (name_of(&gateway.state), if gateway.proven { "proven" } else { "not proven" });
        output::line(format!("{:<12} {} at {address}, {state}, {proven}", "gateway", gateway.id))?;
        if let Some(owner) = gateway.owner {
            output::line(format!("{:<12} {owner}", "owner"))?;
        }
        output::line(format!(
            "{:<12} epoch {}, {} of {}",
            "attestors",
            gateway.epoch,
            gateway.threshold,
            gateway.attestors.len(),
        ))?;
    }
    Ok(())
}
