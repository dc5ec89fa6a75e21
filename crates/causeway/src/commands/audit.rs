//! `causeway audit`: looking at a hub without trusting it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use causeway_api::{AccessedPath, LaneHour, RelayerWork};
use causeway_audit::{Islands, Mirror, Packets, Trouble};
use causeway_client::{HoursFilter, HubClient};
use causeway_log::{SignedCheckpoint, VerifierKey};
use causeway_protocol::LaneId;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use tokio::signal::unix::{SignalKind, signal};

use super::export::{self, Export};
use crate::cli::{HubArgs, OutputArgs};
use crate::config::read_anchor;
use crate::output::{self, Reported};

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Mirror the hub's log, verify its evidence again, compare what it says of packets with that, and raise an alarm.
    ///
    /// Needs an auditor's token. Runs until it is told to end; with `--once` it looks once. Exit code 1 after an alarm.
    Follow(Follow),
    /// Packets in numbers, by the hour and lane: how many there were, what has become of them, how long they took.
    Hours(Hours),
    /// Who submitted how much evidence of which island.
    Relayers {
        /// Of this island, by name or id.
        #[arg(long)]
        island: Option<String>,
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Write a list into a file, with what the hub signs about it, for `causeway verify export`.
    Export(Export),
    /// What auditors read, the newest first.
    Accesses {
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Which hours.
#[derive(Debug, Args)]
pub(crate) struct Hours {
    /// Recorded at or after this time, RFC 3339; a day before the end where it is left out.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Recorded before this time, RFC 3339; now where it is left out. At most 31 days after the beginning.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Sent from or to this island, by name or id.
    #[arg(long)]
    island: Option<String>,
    /// In this lane.
    #[arg(long)]
    lane: Option<LaneId>,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How to follow.
#[derive(Debug, Args)]
pub(crate) struct Follow {
    /// The folder of the mirror: C2SP tlog-tiles, as any reader of those reads them. What proves a fork is kept there.
    #[arg(long, value_name = "FOLDER")]
    mirror: PathBuf,
    /// The log's key, as its operator publishes it: `name+id+key`. Several while a key is replaced.
    #[arg(long = "log-key", value_name = "KEY", required = true)]
    log_keys: Vec<VerifierKey>,
    /// A witness of the log, as `name+id+key`: whether it cosigned is said.
    #[arg(long = "witness", value_name = "KEY")]
    witnesses: Vec<VerifierKey>,
    /// A trust anchor that you trust, as NAME=FILE or NAME=HEX. Of other islands the hub's own is taken, and that is said.
    #[arg(long = "anchor", value_name = "NAME=FILE|HEX", value_parser = anchor)]
    anchors: Vec<(String, Vec<u8>)>,
    /// How many packets' timelines to compare in each look, the newest first.
    #[arg(long, default_value_t = 100, value_name = "N")]
    packets: usize,
    /// Seconds between looks.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400), value_name = "SECONDS")]
    every: u64,
    /// Look once and end.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn anchor(text: &str) -> Result<(String, Vec<u8>), String> {
    let (name, anchor) = text.split_once('=').ok_or("expected NAME=FILE or NAME=HEX")?;
    Ok((name.to_owned(), read_anchor(anchor).map_err(|error| format!("{error:#}"))?))
}

/// Runs it.
pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::Follow(follow) => self::follow(follow).await,
        AuditCommand::Hours(args) => hours(args).await,
        AuditCommand::Relayers { island, hub, output } => relayers(island.as_deref(), &hub, &output).await,
        AuditCommand::Export(args) => export::run(args).await,
        AuditCommand::Accesses { limit, hub, output } => accesses(limit, &hub, &output).await,
    }
}

async fn hours(args: Hours) -> anyhow::Result<()> {
    let hub = args.hub.client()?;
    let filter = HoursFilter { since: args.since, until: args.until, island: args.island, lane: args.lane };
    let (mut hours, mut next) = (Vec::new(), None);
    loop {
        let page = hub.lane_hours(&filter, next.as_deref()).await?;
        hours.extend(page.items);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    if args.output.json {
        return output::json(&hours);
    }
    let ms = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    let row = |hour: &LaneHour| {
        let began = hour.hour.format(&Rfc3339).unwrap_or_default();
        let counts =
            [hour.sent, hour.settled, hour.failed, hour.refunded, hour.open].map(|count| count.to_string());
        let [sent, settled, failed, refunded, open] = counts;
        let (p50, p99) = (ms(hour.settle_ms_p50), ms(hour.settle_ms_p99));
        [began, hour.lane.to_string(), sent, settled, failed, refunded, open, p50, p99]
    };
    let head = ["hour", "lane", "sent", "settled", "failed", "refunded", "open", "p50 ms", "p99 ms"];
    output::table(head, &hours.iter().map(row).collect::<Vec<_>>())
}

async fn relayers(island: Option<&str>, hub: &HubArgs, output: &OutputArgs) -> anyhow::Result<()> {
    let hub = hub.client()?;
    let (mut work, mut next) = (Vec::new(), None);
    loop {
        let page = hub.relayer_work(island, next.as_deref()).await?;
        work.extend(page.items);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    if output.json {
        return output::json(&work);
    }
    let row = |work: &RelayerWork| {
        let name = work.name.clone().unwrap_or_else(|| "-".to_owned());
        let counts = [work.pieces, work.events, work.bytes].map(|count| count.to_string());
        let [pieces, events, bytes] = counts;
        let last = work.last_at.format(&Rfc3339).unwrap_or_default();
        [name, work.relayer.to_string(), work.island.to_string(), pieces, events, bytes, last]
    };
    let head = ["name", "relayer", "island", "pieces", "events", "bytes", "last"];
    output::table(head, &work.iter().map(row).collect::<Vec<_>>())
}

async fn accesses(limit: usize, hub: &HubArgs, output: &OutputArgs) -> anyhow::Result<()> {
    let hub = hub.client()?;
    let (mut read, mut next) = (Vec::new(), None);
    while read.len() < limit {
        let page = hub.accesses(next.as_deref()).await?;
        read.extend(page.items);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    read.truncate(limit);
    if output.json {
        return output::json(&read);
    }
    let row = |access: &AccessedPath| {
        let (first, last) = (access.first_at.format(&Rfc3339), access.last_at.format(&Rfc3339));
        let asked = if access.query.is_empty() {
            access.path.clone()
        } else {
            format!("{}?{}", access.path, access.query)
        };
        let times = access.count.to_string();
        [access.actor.clone(), first.unwrap_or_default(), last.unwrap_or_default(), times, asked]
    };
    output::table(["auditor", "first", "last", "times", "what"], &read.iter().map(row).collect::<Vec<_>>())
}

async fn follow(follow: Follow) -> anyhow::Result<()> {
    let hub = follow.hub.client()?;
    // The key's name is the log's.
    let origin = follow.log_keys.first().map(|key| key.name().as_str().to_owned()).unwrap_or_default();
    let mut mirror = Mirror::open(&follow.mirror, &origin, follow.log_keys.clone())?;
    let mut islands = Islands::new(follow.anchors.iter().cloned().collect::<BTreeMap<_, _>>());
    let mut end = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut alarmed = false;
    loop {
        match look(&follow, &hub, &mut mirror, &mut islands).await {
            Ok(()) => {}
            Err(Trouble::Alarm(alarm)) => {
                alarmed = true;
                let value = json!({ "event": "alarm", "kind": alarm.kind(), "detail": alarm.to_string() });
                say(&follow, &value, &format!("ALARM {}: {alarm}", alarm.kind()))?;
            }
            Err(trouble @ Trouble::Unreachable(_)) if !follow.once => {
                let value = json!({ "event": "trouble", "detail": trouble.to_string() });
                say(&follow, &value, &format!("the hub did not answer: {trouble}"))?;
            }
            Err(trouble) => return Err(trouble.into()),
        }
        if follow.once {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(follow.every)) => {}
            _ = end.recv() => break,
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    if alarmed { Err(Reported.into()) } else { Ok(()) }
}

async fn look(
    follow: &Follow,
    hub: &HubClient,
    mirror: &mut Mirror,
    islands: &mut Islands,
) -> Result<(), Trouble> {
    let grown = mirror.look(hub).await?;
    let cosigned = cosigned(follow, mirror)?;
    let value = json!({
        "event": "log", "size": grown.tree.size, "root": grown.tree.root,
        "new": grown.tree.size - grown.before, "witnesses": cosigned,
    });
    let by = if cosigned.is_empty() { "no witness that you know".to_owned() } else { cosigned.join(", ") };
    let line = format!(
        "log: {} leaves, {} of them new, cosigned by {by}",
        grown.tree.size,
        grown.tree.size - grown.before
    );
    tell(follow, &value, &line)?;
    // First what the hub says, then what is proven: nothing is called unproven that was only on its way.
    let packets = Packets::of(hub, follow.packets).await?;
    for island in islands.look(hub).await? {
        let anchor = if island.anchor_believed { "the hub's" } else { "yours" };
        let value = json!({
            "event": "island", "name": island.name, "pieces": island.pieces, "events": island.events,
            "height": island.height, "anchor": anchor,
        });
        let line = format!(
            "island {}: {} new pieces of evidence verified, {} events, to height {}, from {anchor} trust anchor",
            island.name, island.pieces, island.events, island.height
        );
        tell(follow, &value, &line)?;
    }
    let compared = packets.compare(islands)?;
    let line = format!("packets: {compared} events of the newest are what the evidence proves");
    tell(follow, &json!({ "event": "packets", "events": compared }), &line)
}

/// Which of the witnesses that are known cosigned what is mirrored.
fn cosigned(follow: &Follow, mirror: &Mirror) -> Result<Vec<String>, Trouble> {
    if mirror.head().size == 0 {
        return Ok(Vec::new());
    }
    let note = std::fs::read(follow.mirror.join("checkpoint"))?;
    let origin = follow.log_keys.first().map(|key| key.name().as_str()).unwrap_or_default();
    let signed = SignedCheckpoint::open(&note, origin, &follow.log_keys)
        .map_err(|error| Trouble::Damaged(error.to_string()))?;
    let cosigned =
        signed.cosignatures(&follow.witnesses).map_err(|error| Trouble::Damaged(error.to_string()))?;
    Ok(cosigned.iter().map(|signature| signature.key.name().as_str().to_owned()).collect())
}

fn say(follow: &Follow, value: &Value, line: &str) -> anyhow::Result<()> {
    if follow.output.json { output::line(value) } else { output::line(line) }
}

fn tell(follow: &Follow, value: &Value, line: &str) -> Result<(), Trouble> {
    say(follow, value, line).map_err(|error| Trouble::Folder(std::io::Error::other(error.to_string())))
}
