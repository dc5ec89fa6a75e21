//! Deliveries: what is ready for an island.

use core::time::Duration;

use causeway_api::Deliveries;

use crate::request::Request;
use crate::{ClientError, HubClient};

impl HubClient {
    /// What became ready for `island` (name or id) after the sequence `after` and is not proven done, waiting up to `wait`
    /// when there is nothing: `GET /v1/islands/{island}/deliveries`. From 0 it answers everything that is open.
    pub async fn deliveries(
        &self,
        island: &str,
        after: u64,
        wait: Duration,
    ) -> Result<Deliveries, ClientError> {
        let request = Request::get(&["v1", "islands", island, "deliveries"]);
        self.json(request.query("after", after).wait(wait)).await
    }
}
