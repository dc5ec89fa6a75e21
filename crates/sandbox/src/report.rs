//! What the sandbox says: one event after another, as JSON lines for programs or as text for people.

use std::io::Write;
use std::sync::Mutex;
use std::time::Instant;

use causeway_api::PacketState;
use causeway_protocol::{Family, GatewayId, Hash, IslandId, LaneId, PacketId, json};
use serde::Serialize;

/// One thing that happened. Its JSON is a promise: `{"event": …}` on one line.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step of the start, in words.
    Progress {
        /// What is being done.
        step: String,
    },
    /// Everything is up.
    Ready(Box<Ready>),
    /// A packet reached a final state.
    Packet {
        /// The packet.
        id: PacketId,
        /// Its lane.
        lane: LaneId,
        /// `settled` or `refunded`; `failed` for a settled packet whose receiver failed.
        state: PacketState,
        /// From its sending to its settlement as the hub recorded it, in milliseconds.
        ms: u64,
    },
    /// The hub refused what it has to refuse.
    Refused {
        /// What was tried.
        what: String,
        /// The stable name of the reason.
        code: String,
        /// The reason in words.
        detail: String,
    },
    /// All packets of the demo ended, or time ran out.
    Summary(Summary),
}

/// Where everything is.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// The hub's URL.
    pub hub: String,
    /// The hub's transparency log, which it serves under its URL.
    pub log: ReadyLog,
    /// One bearer token for each role.
    pub tokens: Tokens,
    /// The islands.
    pub islands: Vec<ReadyIsland>,
    /// The hub's database.
    pub postgres: String,
}

/// How a reader of the log knows it.
#[derive(Debug, Clone, Serialize)]
pub struct ReadyLog {
    /// The first line of its checkpoints.
    pub origin: String,
    /// The key that signs them, as name+id+base64 (C2SP signed-note).
    pub verifier_key: String,
}

/// One bearer token for each role.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the names of the roles
pub struct Tokens {
    pub operator: String,
    pub owner: String,
    pub relayer: String,
    pub attestor: String,
    pub auditor: String,
}

/// An island that is up and registered.
#[derive(Debug, Clone, Serialize)]
pub struct ReadyIsland {
    /// Its id.
    pub id: IslandId,
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// Where a node of it is asked: the URL of an EVM node's JSON-RPC, or a Fabric peer's (`grpcs://…`).
    pub rpc: String,
    /// What the chain is called by its nodes.
    pub chain_id: ChainId,
    /// The address of its gateway.
    #[serde(with = "json::hex")]
    pub gateway: Vec<u8>,
    /// The id of its gateway.
    pub gateway_id: GatewayId,
    /// The block hash of its trust anchor.
    pub anchor: Hash,
}

/// What a chain is called by its nodes: whoever talks to them has to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ChainId {
    /// The chain id of an EVM chain (EIP-155).
    Number(u64),
    /// The name of a Fabric channel.
    Channel(String),
}

impl std::fmt::Display for ChainId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "chain id {number}"),
            Self::Channel(name) => write!(f, "channel {name}"),
        }
    }
}

/// How the demo ended.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Packets sent.
    pub packets: u64,
    /// Acknowledged as success.
    pub settled: u64,
    /// Acknowledged as failure.
    pub failed: u64,
    /// Expired and home.
    pub refunded: u64,
    /// Not ended in time.
    pub pending: u64,
    /// Whether the forged packet was refused.
    pub forged_refused: bool,
    /// From the start of the sandbox to the first settled packet, in milliseconds.
    pub first_settled_ms: Option<u64>,
    /// Median time from sending to settlement, in milliseconds.
    pub p50_ms: Option<u64>,
    /// 99th percentile of the same.
    pub p99_ms: Option<u64>,
    /// Whether every packet ended as it should and the forged one was refused.
    pub ok: bool,
}

/// Where events go.
pub struct Report {
    started: Instant,
    json: bool,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Report {
    /// A report to `out`: JSON lines, or text.
    pub fn new(json: bool, out: Box<dyn Write + Send>) -> Self {
        Self { started: Instant::now(), json, out: Mutex::new(out) }
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Says that `step` begins.
    pub fn step(&self, step: impl Into<String>) {
        self.emit(&Event::Progress { step: step.into() });
    }

    /// Says that `event` happened. A reader that went away does not stop the sandbox.
    pub fn emit(&self, event: &Event) {
        let text = if self.json {
            if matches!(event, Event::Progress { .. }) {
                // For whoever watches; standard output is a program's.
                eprintln!("{}", self.in_words(event));
                return;
            }
            serde_json::to_string(event).unwrap_or_default()
        } else {
            self.in_words(event)
        };
        if let Ok(mut out) = self.out.lock() {
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
        }
    }

    fn in_words(&self, event: &Event) -> String {
        let at = format!("{:>5}.{} s", self.elapsed_ms() / 1000, self.elapsed_ms() % 1000 / 100);
        match event {
            Event::Progress { step } => format!("{at}  {step}"),
            Event::Ready(ready) => format!("{at}  ready\n{}", ready.in_words()),
            Event::Packet { id, state, ms, .. } => {
                format!("{at}  packet {}  {:<8} after {ms} ms", short(&id.0), name(*state))
            }
            Event::Refused { what, code, detail } => format!("{at}  {what} refused: {code} ({detail})"),
            Event::Summary(summary) => format!("\n{}", summary.in_words()),
        }
    }
}

/// A state's name as the REST interface writes it.
fn name(state: PacketState) -> &'static str {
    match state {
        PacketState::Verified => "verified",
        PacketState::Attested => "attested",
        PacketState::Delivered => "delivered",
        PacketState::Failed => "failed",
        PacketState::Expired => "expired",
        PacketState::Settled => "settled",
        PacketState::Refunded => "refunded",
        PacketState::Held => "held",
    }
}

fn short(bytes: &[u8; 32]) -> String {
    let full = Hash(*bytes).to_string();
    format!("{}…{}", &full[..10], &full[62..])
}

impl Ready {
    fn in_words(&self) -> String {
        let mut lines = vec![
            format!("          hub       {}  (interface: {}/docs)", self.hub, self.hub),
            format!("          log       {}/checkpoint  (key: {})", self.hub, self.log.verifier_key),
            format!("          postgres  {}", self.postgres),
        ];
        for island in &self.islands {
            lines.push(format!(
                "          {:<9} {}  {}, {}, gateway {} ({})",
                island.name,
                island.rpc,
                island.chain_id,
                island.family,
                Hex(&island.gateway),
                short(&island.gateway_id.0),
            ));
        }
        lines.push(format!("          tokens    operator {}", self.tokens.operator));
        lines.push(format!("                    auditor  {}", self.tokens.auditor));
        lines.join("\n")
    }
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Summary {
    fn in_words(&self) -> String {
        let time = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
        format!(
            "{} packets: {} settled, {} failed at their receiver and acknowledged so, {} expired and refunded, {} pending\n\
             forged packet: {}\n\
             first settled {} after the start; sent to settled: median {}, p99 {}\n\
             {}",
            self.packets,
            self.settled,
            self.failed,
            self.refunded,
            self.pending,
            if self.forged_refused { "refused" } else { "NOT REFUSED" },
            time(self.first_settled_ms),
            time(self.p50_ms),
            time(self.p99_ms),
            if self.ok { "Everything ended as it should." } else { "NOT everything ended as it should." },
        )
    }
}
