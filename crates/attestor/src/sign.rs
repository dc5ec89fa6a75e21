//! Answering the hub's question for signatures: judge, write down, sign, post.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use causeway_api::{AttestationStatus, PendingBatch, SignedBatch, SubmitAttestations};
use causeway_client::{ClientError, HubClient};
use causeway_protocol::{Batch, GatewayId, Hash, SignError, Signer};
use parking_lot::Mutex;

use crate::error::StoreError;
use crate::judge::{Judged, Mandate, Reason};
use crate::{Clock, JournalConflict, Store};

/// Signs what is true.
pub(crate) struct SigningDesk {
    pub(crate) hub: HubClient,
    pub(crate) store: Arc<Store>,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) mandate: Mandate,
    pub(crate) clock: Arc<dyn Clock>,
    /// Batches that were logged as unsigned, by the root of their leaves, with the reason.
    pub(crate) told: Mutex<HashMap<Hash, &'static str>>,
}

/// A batch that got no signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The gateway that was to check it.
    pub gateway: GatewayId,
    /// The stable name of the reason.
    pub code: &'static str,
    /// Whether new evidence could change that.
    pub may_pass: bool,
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

/// A question for signatures that could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum AttendError {
    /// The store failed: nothing is signed any more.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The hub does not answer, or does not take what was signed.
    #[error(transparent)]
    Hub(#[from] ClientError),
    /// Judging ended without an answer.
    #[error("judging stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl SigningDesk {
    /// Batches that wait for this attestor, waiting up to `wait` for one.
    pub(crate) async fn pending(&self, wait: Duration) -> Result<Vec<PendingBatch>, ClientError> {
        Ok(self.hub.pending_attestations(wait).await?.items)
    }

    /// Signs what can be signed of `pending` and posts it. Answers how many signatures the hub took, and what got none.
    pub(crate) async fn round(
        self: &Arc<Self>,
        pending: Vec<PendingBatch>,
    ) -> Result<(usize, Vec<Unsigned>), AttendError> {
        let desk = Arc::clone(self);
        let judged = tokio::task::spawn_blocking(move || {
            pending
                .into_iter()
                .map(|batch| desk.sign(&batch).map(|signed| (batch, signed)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await??;
        let (mut items, mut unsigned) = (Vec::new(), Vec::new());
        for (batch, signed) in judged {
            match signed {
                Ok(signed) => items.push(signed),
                Err(why) => {
                    self.tell(&batch, &why);
                    let (gateway, code, may_pass) = (batch.gateway, why.code(), why.may_pass());
                    unsigned.push(Unsigned { gateway, code, may_pass });
                }
            }
        }
        let mut taken = 0;
        if !items.is_empty() {
            let answer = self.hub.submit_attestations(&SubmitAttestations { items }).await?;
            for result in answer.results {
                if result.status == AttestationStatus::Refused {
                    let (code, detail) = (result.code, result.detail);
                    tracing::warn!(?code, ?detail, "the hub does not take a signature");
                } else {
                    taken += 1;
                }
            }
        }
        Ok((taken, unsigned))
    }

    /// The signature for one batch. The journal is durable before the signature exists.
    fn sign(&self, pending: &PendingBatch) -> Result<Result<SignedBatch, NoSignature>, AttendError> {
        let now = self.clock.now_ms() / 1000;
        let Judged { batch, overdue } = match self.mandate.judge(&self.store.view()?, pending, now)? {
            Ok(judged) => judged,
            Err(reason) => return Ok(Err(reason.into())),
        };
        if let Err(conflict) = self.store.journal(&pending.leaves, &overdue)? {
            return Ok(Err(conflict.into()));
        }
        let signature = self.signer.sign(batch.digest(pending.gateway))?;
        Ok(Ok(SignedBatch { gateway: pending.gateway, batch, signature }))
    }

    /// Logs why a batch is not signed, once for each batch and reason.
    fn tell(&self, pending: &PendingBatch, why: &NoSignature) {
        /// Batches remembered; a hub that invents more only gets more log lines.
        const REMEMBERED: usize = 4096;
        let leaves = Batch::tree(&pending.leaves).root();
        {
            let mut told = self.told.lock();
            if told.len() >= REMEMBERED {
                told.clear();
            }
            if told.insert(leaves, why.code()) == Some(why.code()) {
                return;
            }
        }
        let (gateway, epoch, statements) = (pending.gateway, pending.epoch, pending.leaves.len());
        if why.may_pass() {
            tracing::info!(%gateway, epoch, statements, code = why.code(), "not signed yet: {why}");
        } else {
            tracing::warn!(%gateway, epoch, statements, code = why.code(), "not signed: {why}");
        }
    }
}
