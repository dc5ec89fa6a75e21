//! Attestations: what waits for this token's attestor, and its signatures.

use core::time::Duration;

use causeway_api::{AttestationsAnswer, PendingBatches, SubmitAttestations};

use crate::request::Request;
use crate::{ClientError, HubClient};

impl HubClient {
    /// Batches this token's attestor has not signed, waiting up to `wait` when there are none:
    /// `GET /v1/attestations/pending`.
    pub async fn pending_attestations(&self, wait: Duration) -> Result<PendingBatches, ClientError> {
        self.json(Request::get(&["v1", "attestations", "pending"]).wait(wait)).await
    }

    /// Submits signatures: `POST /v1/attestations`. Repeated on failure: a signature is its own key.
    pub async fn submit_attestations(
        &self,
        signatures: &SubmitAttestations,
    ) -> Result<AttestationsAnswer, ClientError> {
        self.json(Request::post(&["v1", "attestations"]).repeatable().json(signatures)?).await
    }
}
