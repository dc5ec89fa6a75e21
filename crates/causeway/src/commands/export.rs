//! `causeway audit export`: a list in a file, with what the hub signed about each part of it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use causeway_log::{ExportManifest, VerifierKey};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::{HubArgs, OutputArgs};
use crate::output::{self, Reported};

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Packets, newest first.
    Packets,
    /// Packets in numbers, by hour and lane.
    Hours,
    /// Who submitted how much evidence.
    Relayers,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line.
    Ndjson,
    /// RFC 4180, with a head line.
    Csv,
}

/// An export.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// What to export.
    of: Of,
    /// The file. Beside it, under the same name with `.manifest` behind it, stands what the hub signed.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// Sent from or to this island; of relayers: of this island. By name or id.
    #[arg(long)]
    island: Option<String>,
    /// In this lane.
    #[arg(long)]
    lane: Option<String>,
    /// Packets: in this state.
    #[arg(long)]
    state: Option<String>,
    /// Recorded at or after this time, RFC 3339.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Recorded before this time, RFC 3339.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Go on with an export that was cut off: the same command again.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    hub: HubArgs,
}

/// An export to verify.
#[derive(Debug, Args)]
pub(crate) struct Exported {
    /// The file; its manifest has to be beside it.
    file: PathBuf,
    /// The log's key, as its operator publishes it: `name+id+key`. Several while a key is replaced.
    #[arg(long = "log-key", value_name = "KEY", required = true)]
    log_keys: Vec<VerifierKey>,
    #[command(flatten)]
    output: OutputArgs,
}

/// A line of the manifest's file: a part of the export, and what was signed about it.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    bytes: u64,
    manifest: String,
}

fn manifest_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".manifest");
    PathBuf::from(name)
}

fn parts_of(file: &Path) -> anyhow::Result<Vec<Part>> {
    let path = manifest_of(file);
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let parts = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    parts.with_context(|| format!("{} is no manifest of an export", path.display()))
}

/// The text of a part's manifest, before anybody has checked who signed it.
fn unsigned(part: &Part) -> anyhow::Result<ExportManifest> {
    let note = causeway_log::Note::decode(part.manifest.as_bytes())?;
    Ok(note.text().parse()?)
}

/// Writes an export.
pub(crate) async fn run(export: Export) -> anyhow::Result<()> {
    let hub = export.hub.client()?;
    let out = export.out.display();
    let (mut next, mut rows, mut bytes) = (None, 0, 0);
    if export.resume {
        for part in parts_of(&export.out)? {
            let manifest = unsigned(&part)?;
            (next, rows, bytes) = (manifest.next, rows + manifest.rows, bytes + part.bytes);
        }
        if bytes > 0 && next.is_none() {
            return output::line(format!("{out}: complete already, {rows} rows"));
        }
    } else {
        ensure!(!export.out.exists(), "{out} is there already: name another file, or go on with --resume");
    }
    // What stands behind the last part that was signed was cut off.
    let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(&export.out)?;
    file.set_len(bytes)?;
    file.seek(SeekFrom::Start(bytes))?;
    let mut manifests = OpenOptions::new().create(true).append(true).open(manifest_of(&export.out))?;
    let all = [
        ("island", &export.island),
        ("lane", &export.lane),
        ("state", &export.state),
        ("since", &export.since),
        ("until", &export.until),
    ];
    let given = all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let filters: Vec<_> = given.chain([("limit", "500".to_owned())]).collect();
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    };
    let (of, format) = (name(export.of.to_possible_value()), name(export.format.to_possible_value()));
    loop {
        let part = hub.export(&of, &format, &filters, next.as_deref()).await?;
        file.write_all(part.body.as_bytes())?;
        file.sync_data()?;
        let line = Part { bytes: part.body.len() as u64, manifest: part.manifest };
        writeln!(manifests, "{}", serde_json::to_string(&line)?)?;
        manifests.sync_data()?;
        rows += part.rows;
        next = part.next;
        eprintln!("{rows} rows");
        if next.is_none() {
            break;
        }
    }
    output::line(format!("{out}: {rows} rows"))
}

/// Verifies an export.
pub(crate) fn verify(args: &Exported) -> anyhow::Result<()> {
    match check(args) {
        Ok((rows, tree)) if args.output.json => {
            output::json(&json!({ "verified": true, "rows": rows, "log_size": tree }))
        }
        Ok((rows, tree)) => output::line(format!(
            "{}: verified: {rows} rows, as the hub signed them when its log had {tree} leaves",
            args.file.display()
        )),
        Err(error) => {
            let detail = format!("{error:#}");
            if args.output.json {
                output::json(&json!({ "verified": false, "detail": detail }))?;
            } else {
                output::line(format!("{}: refused: {detail}", args.file.display()))?;
            }
            Err(Reported.into())
        }
    }
}

/// How many rows, and the size of the log when the last part was signed.
fn check(args: &Exported) -> anyhow::Result<(u64, u64)> {
    let parts = parts_of(&args.file)?;
    let mut file =
        File::open(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let (mut rows, mut tree) = (0, 0);
    let mut expected: Option<(Asked, Option<String>)> = None;
    for (place, part) in parts.iter().enumerate() {
        let manifest = ExportManifest::open(part.manifest.as_bytes(), &args.log_keys)
            .with_context(|| format!("part {place}"))?;
        let mut bytes = Vec::new();
        (&mut file).take(part.bytes).read_to_end(&mut bytes)?;
        ensure!(manifest.is_of(&bytes), "part {place}: its bytes are not those that were signed");
        let (base, next) = split(&manifest.query);
        match &expected {
            None => ensure!(next.is_none(), "part 0 is not the beginning: parts before it are missing"),
            Some((query, from)) => {
                ensure!(base == *query, "part {place} is of another query: {}", manifest.query);
                ensure!(next == *from, "part {place} does not follow the one before it");
            }
        }
        expected = Some((base, manifest.next));
        rows += manifest.rows;
        ensure!(manifest.tree.size >= tree, "part {place} was signed before the one before it");
        tree = manifest.tree.size;
    }
    let mut rest = Vec::new();
    file.take(1).read_to_end(&mut rest)?;
    ensure!(rest.is_empty(), "bytes stand behind the last part that was signed");
    match expected {
        Some((_, None)) => Ok((rows, tree)),
        Some((_, Some(_))) => bail!("it is not complete: go on with --resume"),
        None => bail!("there is no part"),
    }
}

/// What was asked, its path and its parameters, without where it goes on from; and that.
type Asked = (String, Vec<(String, String)>);

fn split(query: &str) -> (Asked, Option<String>) {
    let (path, parameters) = query.split_once('?').unwrap_or((query, ""));
    let (next, others): (Vec<_>, Vec<_>) =
        form_urlencoded::parse(parameters.as_bytes()).into_owned().partition(|(name, _)| name == "next");
    ((path.to_owned(), others), next.into_iter().next().map(|(_, value)| value))
}
