//! Evidence: submitting it, and following what was recorded.

use causeway_api::{EvidenceItem, EvidenceResults, Page};
use causeway_protocol::{MEDIA_TYPE, SignedEnvelope};

use crate::request::Request;
use crate::{ClientError, HubClient};

/// Every method takes an island by its name or its id.
impl HubClient {
    /// Submits one envelope: `POST /v1/islands/{island}/evidence`. Repeated on failure: its digest is its key.
    pub async fn submit_evidence(
        &self,
        island: &str,
        envelope: &SignedEnvelope,
    ) -> Result<EvidenceResults, ClientError> {
        let request = Request::post(&["v1", "islands", island, "evidence"]).repeatable();
        self.json(request.bytes(MEDIA_TYPE, envelope.encode())).await
    }

    /// Submits one envelope as the proof of a pending island: `POST /v1/islands/{island}/proof`. Repeated on failure.
    pub async fn submit_proof(
        &self,
        island: &str,
        envelope: &SignedEnvelope,
    ) -> Result<EvidenceResults, ClientError> {
        let request = Request::post(&["v1", "islands", island, "proof"]).repeatable();
        self.json(request.bytes(MEDIA_TYPE, envelope.encode())).await
    }

    /// A page of the evidence recorded after the sequence `after`, oldest first: `GET /v1/islands/{island}/evidence`.
    pub async fn evidence_after(
        &self,
        island: &str,
        after: u64,
        limit: u32,
    ) -> Result<Page<EvidenceItem>, ClientError> {
        let request = Request::get(&["v1", "islands", island, "evidence"]);
        self.json(request.query("after", after).query("limit", limit)).await
    }

    /// Reports misbehaviour: `POST /v1/misbehaviour`. The envelope names the island; anyone with a token may do it.
    pub async fn report_misbehaviour(
        &self,
        envelope: &SignedEnvelope,
    ) -> Result<EvidenceResults, ClientError> {
        let request = Request::post(&["v1", "misbehaviour"]).repeatable();
        self.json(request.bytes(MEDIA_TYPE, envelope.encode())).await
    }
}
