//! `causeway packet`: packets, and what happened to them.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use causeway_api::{Packet, PacketState, Timeline};
use causeway_client::PacketFilter;
use causeway_protocol::PacketId;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{HubArgs, OutputArgs};
use crate::output::{self, name_of};

/// What to do with packets.
#[derive(Debug, Subcommand)]
pub(crate) enum PacketCommand {
    /// List packets, newest first.
    List(List),
    /// Show one packet: its fields, its proven events, and who signed for it.
    Show {
        /// Its id.
        id: PacketId,
        #[command(flatten)]
        hub: HubArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Fetch a packet's proof into a file, for `causeway verify bundle`.
    Bundle {
        /// Its id.
        id: PacketId,
        /// Where to put it; without it, a file named after the packet.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        hub: HubArgs,
    },
}

/// Which packets.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Sent from or to this island, by name or id.
    #[arg(long)]
    island: Option<String>,
    /// In this state: verified, attested, delivered, failed, expired, settled, refunded or held.
    #[arg(long, value_parser = state)]
    state: Option<PacketState>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn state(text: &str) -> Result<PacketState, String> {
    serde_json::from_value(json!(text)).map_err(|_| format!("{text:?} is no state of a packet"))
}

/// Runs it.
pub(crate) async fn run(command: PacketCommand) -> anyhow::Result<()> {
    match command {
        PacketCommand::List(list) => {
            let client = list.hub.client()?;
            let filter = PacketFilter { island: list.island, state: list.state, ..PacketFilter::default() };
            let (mut packets, mut next) = (Vec::new(), None);
            loop {
                let page = client.packets(&filter, next.as_deref()).await?;
                packets.extend(page.items);
                next = page.next;
                if next.is_none() || packets.len() >= list.limit {
                    break;
                }
            }
            packets.truncate(list.limit);
            if list.output.json {
                return output::json(&packets);
            }
            let rows: Vec<_> = packets.iter().map(row).collect();
            output::table(["packet", "state", "sequence", "recorded", "changed"], &rows)
        }
        PacketCommand::Bundle { id, out, hub } => {
            let bundle = hub.client()?.bundle(id).await?;
            let out = out.unwrap_or_else(|| PathBuf::from(format!("{id}.bundle")));
            std::fs::write(&out, &bundle).with_context(|| format!("{} cannot be written", out.display()))?;
            output::line(format!("{}: {} bytes", out.display(), bundle.len()))
        }
        PacketCommand::Show { id, hub, output } => {
            let client = hub.client()?;
            let packet = client.packet(id).await?;
            if packet.packet.id() != id {
                bail!("the hub answers packet {} when asked for {id}", packet.packet.id());
            }
            let timeline = client.timeline(id).await?;
            if output.json {
                output::json(&json!({ "packet": packet, "timeline": timeline }))
            } else {
                show(&packet, &timeline)
            }
        }
    }
}

fn row(packet: &Packet) -> [String; 5] {
    [
        packet.id.to_string(),
        name_of(&packet.state),
        packet.packet.sequence.to_string(),
        packet.recorded_at.to_string(),
        packet.changed_at.to_string(),
    ]
}

fn show(packet: &Packet, timeline: &Timeline) -> anyhow::Result<()> {
    let fields = &packet.packet;
    let text = |bytes: &[u8]| const_hex::encode_prefixed(bytes);
    for (name, value) in [
        ("packet", packet.id.to_string()),
        ("state", name_of(&packet.state)),
        ("from island", packet.source_island.to_string()),
        ("to island", packet.destination_island.map_or("not registered".into(), |id| id.to_string())),
        ("source", fields.source.to_string()),
        ("destination", fields.destination.to_string()),
        ("lane", fields.lane.to_string()),
        ("sequence", fields.sequence.to_string()),
        ("sender", text(&fields.sender)),
        ("receiver", text(&fields.receiver)),
        ("timeout", fields.timeout.to_string()),
        ("budget", fields.budget.to_string()),
        ("payload", text(&fields.payload)),
    ] {
        output::line(format!("{name:<12} {value}"))?;
    }
    output::line("")?;
    let events = timeline.events.iter().map(|event| {
        [
            event.recorded_at.to_string(),
            event.event.clone(),
            event.island.to_string(),
            event.height.to_string(),
            event.number.to_string(),
        ]
    });
    output::table(["recorded", "event", "island", "height", "number"], &events.collect::<Vec<_>>())?;
    output::line("")?;
    let signed = timeline.attestations.iter().map(|signed| {
        [
            signed.recorded_at.to_string(),
            name_of(&signed.kind),
            signed.attestor.to_string(),
            signed.epoch.to_string(),
        ]
    });
    output::table(["recorded", "statement", "attestor", "epoch"], &signed.collect::<Vec<_>>())
}
