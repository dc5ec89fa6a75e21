//! Asking witnesses to cosign what was published (C2SP tlog-witness), beside the sequencer and never in its way.

use std::time::Duration;

use causeway_ledger::{Ledger, LogProofError};
use causeway_log::{
    AddCheckpoint, AddCheckpointError, NoteError, NoteSignature, ProofError, ProofPlan, SignedCheckpoint,
    VerifierKey, WitnessAnswer, WitnessRefusal,
};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Witness;

/// How long one witness may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const MOST: usize = 64 * 1024;

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
enum Uncosigned {
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    #[error("it could not be asked: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("its answer is longer than any")]
    TooLong,
    #[error("it cosigned {came} leaves, and the log has {size}")]
    Ahead { came: u64, size: u64 },
    #[error("it answered with no cosignature of its key")]
    NotIts,
    #[error("its cosignature: {0}")]
    Signature(#[from] NoteError),
    #[error("the request: {0}")]
    Request(#[from] AddCheckpointError),
    #[error("the proof: {0}")]
    Proof(#[from] ProofError),
    #[error("the proof: {0}")]
    Tiles(#[from] LogProofError),
}

/// One witness, and the size it cosigned last as far as this hub knows.
struct Asked {
    witness: Witness,
    keys: [VerifierKey; 1],
    old: u64,
}

/// Has every checkpoint that `published` brings cosigned, and publishes it again with the cosignatures, until the sender is gone.
pub(super) async fn run(
    ledger: Ledger,
    clock: std::sync::Arc<dyn Clock>,
    witnesses: Vec<Witness>,
    mut published: watch::Receiver<Option<SignedCheckpoint>>,
) {
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let client = match client {
        Ok(client) if !witnesses.is_empty() => client,
        Ok(_) => return,
        Err(error) => return tracing::error!(%error, "witnesses cannot be asked"),
    };
    let asked = witnesses.into_iter().map(|witness| Asked { keys: [witness.key.clone()], witness, old: 0 });
    let mut asked: Vec<Asked> = asked.collect();
    while published.changed().await.is_ok() {
        let Some(mut checkpoint) = published.borrow_and_update().clone() else { continue };
        let asking = asked.iter_mut().map(|asked| ask(&client, &ledger, asked, &checkpoint));
        let mut answers = Vec::new();
        for answer in futures::future::join_all(asking).await {
            answers.extend(answer);
        }
        let keys: Vec<VerifierKey> = asked.iter().map(|asked| asked.witness.key.clone()).collect();
        match checkpoint.cosign(&answers, &keys) {
            Ok(0) => continue,
            Ok(_) => {}
            // Each was checked before: a defect.
            Err(error) => {
                tracing::error!(%error, "cosignatures that held do not hold together");
                continue;
            }
        }
        let note = checkpoint.note().encode();
        if let Err(error) = ledger.publish_checkpoint(checkpoint.head(), &note, clock.now()).await {
            tracing::warn!(%error, "a cosigned checkpoint was not published");
        }
    }
}

/// Asks one witness, a second time from where it says it stands; says in the log why it did not cosign.
async fn ask(
    client: &reqwest::Client,
    ledger: &Ledger,
    asked: &mut Asked,
    checkpoint: &SignedCheckpoint,
) -> Vec<NoteSignature> {
    for _ in 0..2 {
        match ask_once(client, ledger, asked, checkpoint).await {
            Ok(WitnessAnswer::Cosigned(lines)) => {
                asked.old = checkpoint.head().size;
                return lines;
            }
            Ok(WitnessAnswer::Conflict { size }) => asked.old = size,
            Err(reason) => {
                tracing::warn!(witness = %asked.witness.key.name(), %reason, "a witness did not cosign");
                return Vec::new();
            }
        }
    }
    tracing::warn!(witness = %asked.witness.key.name(), "a witness keeps naming other sizes; somebody else may be asking it");
    Vec::new()
}

async fn ask_once(
    client: &reqwest::Client,
    ledger: &Ledger,
    asked: &Asked,
    checkpoint: &SignedCheckpoint,
) -> Result<WitnessAnswer, Uncosigned> {
    let size = checkpoint.head().size;
    if asked.old > size {
        return Err(Uncosigned::Ahead { came: asked.old, size });
    }
    let plan = ProofPlan::consistency(asked.old, size)?;
    let proof = ledger.log_proof(&plan, size).await?;
    let request = AddCheckpoint { old: asked.old, proof, checkpoint: checkpoint.note().clone() };
    let url = format!("{}/add-checkpoint", asked.witness.url.trim_end_matches('/'));
    let mut response = client.post(url).body(request.encode()?).send().await?;
    let status = response.status().as_u16();
    let media_type =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > MOST {
            return Err(Uncosigned::TooLong);
        }
    }
    let answer = WitnessAnswer::decode(status, media_type.as_deref(), &body)?;
    if let WitnessAnswer::Cosigned(lines) = &answer {
        let mut copy = checkpoint.clone();
        if copy.cosign(lines, &asked.keys)? == 0 {
            return Err(Uncosigned::NotIts);
        }
    }
    Ok(answer)
}
