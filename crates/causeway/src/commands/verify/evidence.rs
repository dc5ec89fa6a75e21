//! `causeway verify evidence`: pieces of evidence, one after the other, from a trust anchor.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use causeway_protocol::{Family, GatewayEventKind, GatewayId, Hash, Island, SignedEnvelope, keccak256};
use causeway_verifier::{EventFact, EvidenceKind, Gateway, Refusal, Replay};
use clap::Args;
use serde::Serialize;

use crate::cli::OutputArgs;
use crate::config::{decode_hex, read_anchor};
use crate::output::{self, Reported};

/// Evidence to verify.
#[derive(Debug, Args)]
pub(crate) struct Evidence {
    /// Files of evidence, or of envelopes with evidence, in the order they were recorded: raw bytes, or 0x-hex.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The trust anchor in canonical form: 0x-hex, or a file that holds it.
    #[arg(long, value_name = "FILE|HEX")]
    anchor: String,
    /// The family the evidence has to be of; without it, the anchor's.
    #[arg(long)]
    family: Option<Family>,
    /// The genesis block's hash: with it, the island's id and the gateways' are checked.
    #[arg(long, value_name = "HASH")]
    fingerprint: Option<Hash>,
    /// A gateway whose events are expected, as ID@ADDRESS. May be given several times.
    #[arg(long = "gateway", value_name = "ID@ADDRESS", value_parser = gateway)]
    gateways: Vec<(GatewayId, Vec<u8>)>,
    /// The moment to verify at, in Unix seconds: when it was recorded. Now, unless given.
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
}

fn gateway(text: &str) -> Result<(GatewayId, Vec<u8>), String> {
    let (id, address) = text.split_once('@').ok_or("expected ID@ADDRESS")?;
    Ok((id.parse().map_err(|error| format!("{error}"))?, decode_hex(address)?))
}

/// What one piece of evidence proved, or why it did not.
#[derive(Debug, Serialize)]
struct Verdict {
    file: PathBuf,
    digest: Hash,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    events: Vec<Event>,
    /// Whether a skip lies between the anchor and this: then it may belong to another chain of the same validators.
    behind_skip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// One proven event.
#[derive(Debug, Serialize)]
struct Event {
    event: &'static str,
    gateway: GatewayId,
    number: u64,
    height: u64,
    /// Whether the gateway's `Opened` was proven before. Otherwise nothing says that its id belongs to this contract.
    opening_proven: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<causeway_protocol::PacketId>,
}

impl Event {
    /// The event. A gateway's opening joins it to `opened`.
    fn of(fact: &EventFact, opened: &mut BTreeSet<GatewayId>) -> Self {
        if matches!(fact.event.kind, GatewayEventKind::Opened { .. }) {
            opened.insert(fact.event.gateway);
        }
        Self {
            event: fact.event.kind.name(),
            gateway: fact.event.gateway,
            number: fact.event.number,
            height: fact.height,
            opening_proven: opened.contains(&fact.event.gateway),
            packet: fact.event.kind.packet(),
        }
    }
}

/// Runs it.
pub(crate) fn run(args: &Evidence) -> anyhow::Result<()> {
    let mut session = Session::start(args)?;
    let verdicts = args.files.iter().map(|file| session.take(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let good = verdicts.iter().all(|verdict| verdict.verified);
    if args.output.json {
        output::json(&verdicts)?;
    } else {
        verdicts.iter().try_for_each(print)?;
    }
    if good { Ok(()) } else { Err(Reported.into()) }
}

/// On the way from the anchor through the evidence.
struct Session {
    replay: Replay,
    gateways: Vec<Gateway>,
    /// Gateways whose `Opened` is proven.
    opened: BTreeSet<GatewayId>,
    now: u64,
    /// Whether a skip led here.
    behind_skip: bool,
}

impl Session {
    fn start(args: &Evidence) -> anyhow::Result<Self> {
        let bytes = read_anchor(&args.anchor).context("anchor")?;
        let replay = Replay::start(&bytes).context("anchor")?;
        let (family, anchored) = (replay.family(), replay.anchored());
        if let Some(given) = args.family.filter(|given| *given != family) {
            bail!("the anchor is of family {family}, --family says {given}");
        }
        let fingerprint = match (args.fingerprint, anchored.fingerprint) {
            (Some(given), Some(own)) if given != own => {
                bail!("the anchor is the genesis block {own}, --fingerprint says {given}")
            }
            (given, own) => given.or(own),
        };
        let island =
            fingerprint.map(|fingerprint| Island { family, fingerprint, anchor: anchored.header.hash }.id());
        if island.is_none() && !args.gateways.is_empty() {
            bail!("gateways are checked against the island's id: --fingerprint is needed");
        }
        let ids: BTreeSet<_> = args.gateways.iter().map(|(id, _)| id).collect();
        if ids.len() < args.gateways.len() {
            bail!("a gateway is given twice, and each stands at one address");
        }
        let gateways = args.gateways.iter().filter_map(|(id, address)| {
            island.map(|island| Gateway { island, address: address.clone(), id: *id })
        });
        let now = match args.now {
            Some(now) => now,
            None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        };
        Ok(Self { replay, gateways: gateways.collect(), opened: BTreeSet::new(), now, behind_skip: false })
    }

    fn take(&mut self, file: &Path) -> anyhow::Result<Verdict> {
        let evidence = read(file)?;
        let mut verdict = Verdict {
            file: file.to_path_buf(),
            digest: keccak256(&evidence),
            verified: false,
            kind: None,
            first: None,
            last: None,
            events: Vec::new(),
            behind_skip: false,
            code: None,
            detail: None,
        };
        match self.verify(&evidence, &mut verdict) {
            Ok(()) => {
                verdict.verified = true;
                verdict.behind_skip = self.behind_skip;
            }
            Err(refusal) => {
                verdict.code = Some(refusal.code());
                verdict.detail = Some(refusal.to_string());
            }
        }
        Ok(verdict)
    }

    fn verify(&mut self, evidence: &[u8], verdict: &mut Verdict) -> Result<(), Refusal> {
        let span = self.replay.inspect(evidence)?;
        (verdict.first, verdict.last) = (Some(span.first), Some(span.last));
        verdict.kind = Some(match span.kind {
            EvidenceKind::Run => "run",
            EvidenceKind::BackFill => "back-fill",
            EvidenceKind::Misbehaviour => "misbehaviour",
            EvidenceKind::Skip => "skip",
        });
        if span.kind == EvidenceKind::Skip {
            // Whoever passes one says which chain it is of: everything behind it is marked.
            self.replay.skip(evidence, self.now)?;
            self.behind_skip = true;
            return Ok(());
        }
        let replayed = self.replay.take(&self.gateways, evidence, self.now)?;
        verdict.events = replayed.events.iter().map(|fact| Event::of(fact, &mut self.opened)).collect();
        Ok(())
    }
}

/// The evidence in a file: bytes or 0x-hex, bare or in an envelope.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let bytes = match std::str::from_utf8(&bytes) {
        Ok(text) if text.starts_with("0x") => {
            decode_hex(text.trim()).map_err(|problem| anyhow::anyhow!("{}: {problem}", file.display()))?
        }
        _ => bytes,
    };
    // An envelope and evidence differ in the type of their first item, so at most one of the two readings succeeds.
    match SignedEnvelope::decode(&bytes) {
        Ok(signed) => {
            signed.check_signature().with_context(|| format!("{}: envelope", file.display()))?;
            Ok(signed.envelope.evidence)
        }
        Err(_) => Ok(bytes),
    }
}

fn print(verdict: &Verdict) -> anyhow::Result<()> {
    let file = verdict.file.display();
    if let (Some(code), Some(detail)) = (verdict.code, &verdict.detail) {
        return output::line(format!("{file}: refused: {code}: {detail}"));
    }
    let (kind, first, last) = (verdict.kind.unwrap_or_default(), verdict.first, verdict.last);
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let mark = if verdict.behind_skip {
        " (behind a skip: maybe a twin's, which has the same validators)"
    } else {
        ""
    };
    output::line(format!(
        "{file}: verified: {kind} {first} to {last}, {} events{mark}",
        verdict.events.len()
    ))?;
    for event in &verdict.events {
        let packet = event.packet.map(|packet| format!(" {packet}")).unwrap_or_default();
        let doubt = if event.opening_proven { "" } else { " (its gateway's opening is not proven)" };
        output::line(format!("  {} {} number {}{packet}{doubt}", event.height, event.event, event.number))?;
    }
    Ok(())
}
