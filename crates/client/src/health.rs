//! Whether the hub is up, and its numbers.

use causeway_api::Stats;

use crate::request::Request;
use crate::{ClientError, HubClient};

impl HubClient {
    /// Whether the hub's process answers: `GET /healthz`.
    pub async fn healthy(&self) -> Result<(), ClientError> {
        self.send(&Request::get(&["healthz"])).await.map(drop)
    }

    /// Whether the hub can serve, its ledger included: `GET /readyz`.
    pub async fn ready(&self) -> Result<(), ClientError> {
        self.send(&Request::get(&["readyz"])).await.map(drop)
    }

    /// The hub in numbers: `GET /v1/stats`.
    pub async fn stats(&self) -> Result<Stats, ClientError> {
        self.json(Request::get(&["v1", "stats"])).await
    }
}
