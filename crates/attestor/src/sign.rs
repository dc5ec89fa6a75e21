//! Answering the hub's question for signatures: judge, write down, sign, post.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use causeway_api::{AttestationStatus, PendingBatch, SignedBatch, SubmitAttestations};
use causeway_client::{ClientError, HubClient};
use causeway_protocol::{Hash, SignError, Signer};

use crate::error::StoreError;
use crate::judge::{Mandate, Reason};
use crate::{JournalConflict, Store};

/// Signs what is true.
pub(crate) struct SigningDesk {
    pub(crate) hub: HubClient,
    pub(crate) store: Arc<Store>,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) mandate: Mandate,
}

/// What became of the batches that were pending.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Signed and taken by the hub.
    pub(crate) signed: usize,
    /// Waiting for evidence.
    pub(crate) waiting: usize,
    /// Refused for good, or by the hub.
    pub(crate) refused: usize,
}

/// Why a batch got no signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSignature {
    /// A statement is not true, or not allowed.
    #[error(transparent)]
    Reason(#[from] Reason),
    /// It contradicts what this attestor stated before.
    #[error(transparent)]
    Journal(#[from] JournalConflict),
}

impl NoSignature {
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Reason(reason) if reason.may_pass())
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Reason(reason) => reason.code(),
            Self::Journal(_) => "contradicts-journal",
        }
    }
}

/// The attestor cannot sign at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Hub(#[from] ClientError),
    #[error("judging stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl SigningDesk {
    /// Batches that wait for this attestor, waiting up to `wait` for one.
    pub(crate) async fn pending(&self, wait: Duration) -> Result<Vec<PendingBatch>, ClientError> {
        Ok(self.hub.pending_attestations(wait).await?.items)
    }

    /// Signs what can be signed of `pending` and posts it. Refusals are logged once each: `told` remembers them.
    pub(crate) async fn round(
        self: &Arc<Self>,
        pending: Vec<PendingBatch>,
        told: &mut HashMap<Hash, &'static str>,
    ) -> Result<Round, DeskError> {
        let desk = Arc::clone(self);
        let judged = tokio::task::spawn_blocking(move || {
            pending
                .into_iter()
                .map(|batch| desk.sign(&batch).map(|signed| (batch, signed)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await??;
        let mut round = Round::default();
        let mut items = Vec::new();
        for (batch, signed) in judged {
            match signed {
                Ok(signed) => items.push(signed),
                Err(why) => {
                    if why.may_pass() {
                        round.waiting += 1;
                    } else {
                        round.refused += 1;
                    }
                    tell(told, &batch, &why);
                }
            }
        }
        if !items.is_empty() {
            let answer = self.hub.submit_attestations(&SubmitAttestations { items }).await?;
            for result in answer.results {
                if result.status == AttestationStatus::Refused {
                    round.refused += 1;
                    let (code, detail) = (result.code, result.detail);
                    tracing::warn!(?code, ?detail, "the hub does not take a signature");
                } else {
                    round.signed += 1;
                }
            }
        }
        Ok(round)
    }

    /// The signature for one batch. The journal is durable before the signature exists.
    fn sign(&self, pending: &PendingBatch) -> Result<Result<SignedBatch, NoSignature>, DeskError> {
        let batch = match self.mandate.judge(&self.store.view()?, pending)? {
            Ok(batch) => batch,
            Err(reason) => return Ok(Err(reason.into())),
        };
        if let Err(conflict) = self.store.journal(&pending.leaves)? {
            return Ok(Err(conflict.into()));
        }
        let signature = self.signer.sign(batch.digest(pending.gateway))?;
        Ok(Ok(SignedBatch { gateway: pending.gateway, batch, signature }))
    }
}

/// Logs why a batch is not signed, once for each batch and reason.
fn tell(told: &mut HashMap<Hash, &'static str>, pending: &PendingBatch, why: &NoSignature) {
    /// Batches remembered; a hub that invents more only gets more log lines.
    const REMEMBERED: usize = 4096;
    let leaves = causeway_protocol::Batch::tree(&pending.leaves).root();
    if told.len() >= REMEMBERED {
        told.clear();
    }
    if told.insert(leaves, why.code()) == Some(why.code()) {
        return;
    }
    let (gateway, epoch, statements) = (pending.gateway, pending.epoch, pending.leaves.len());
    if why.may_pass() {
        tracing::info!(%gateway, epoch, statements, code = why.code(), "not signed yet: {why}");
    } else {
        tracing::warn!(%gateway, epoch, statements, code = why.code(), "not signed: {why}");
    }
}
