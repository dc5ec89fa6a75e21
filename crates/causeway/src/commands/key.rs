//! `causeway key`: signing keys of relayers and attestors.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use causeway_log::{KeyKind, KeyName, NoteSigner};
use causeway_protocol::{Address, LocalSigner, Signer as _};
use clap::Subcommand;
use rand::TryRngCore as _;
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::OutputArgs;
use crate::config::read_secret_file;
use crate::output;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new key in a new file that only you can read, and print its address.
    New {
        /// The file to make; it must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Make a key that signs the log of this origin instead, and print its public half.
        #[arg(long, value_name = "ORIGIN")]
        log: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print the address of a key; never the key.
    Show {
        /// The file that holds the key.
        file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Runs it.
pub(crate) fn run(command: KeyCommand) -> anyhow::Result<()> {
    let (address, file, output) = match command {
        KeyCommand::New { out, log: Some(origin), output } => return new_log_key(&origin, &out, output),
        KeyCommand::New { out, log: None, output } => (new(&out)?, out, output),
        KeyCommand::Show { file, output } => {
            let signer = LocalSigner::from_hex(&read_secret_file(&file)?)
                .with_context(|| format!("{} holds no key", file.display()))?;
            (signer.address(), file, output)
        }
    };
    if output.json {
        output::json(&json!({ "address": address, "file": file }))
    } else {
        output::line(address)
    }
}

fn new(path: &Path) -> anyhow::Result<Address> {
    let mut secret = Zeroizing::new([0; 32]);
    // Nearly every 32 random bytes are a key: one in 2^128 is not.
    let signer = loop {
        rand::rngs::OsRng.try_fill_bytes(secret.as_mut_slice()).context("the system gives no randomness")?;
        if let Ok(signer) = LocalSigner::from_bytes(&secret) {
            break signer;
        }
    };
    write_secret(path, &const_hex::encode_prefixed(secret.as_slice()).into())?;
    Ok(signer.address())
}

/// Makes a key that signs a log, and prints what readers of the log are configured with.
fn new_log_key(origin: &str, path: &Path, output: OutputArgs) -> anyhow::Result<()> {
    let mut seed = Zeroizing::new([0; 32]);
    rand::rngs::OsRng.try_fill_bytes(seed.as_mut_slice()).context("the system gives no randomness")?;
    let signer = NoteSigner::new(KeyName::new(origin)?, KeyKind::Note, &seed)?;
    write_secret(path, &signer.to_secret_text())?;
    let key = signer.verifier();
    if output.json {
        output::json(&json!({ "verifier_key": key.to_string(), "file": path }))
    } else {
        output::line(key)
    }
}

/// Writes a secret into a new file that only its owner can read.
fn write_secret(path: &Path, secret: &Zeroizing<String>) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} cannot be made", path.display()))?;
    let text = Zeroizing::new(format!("{}\n", secret.as_str()));
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{}", path.display()))
}
