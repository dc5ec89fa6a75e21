//! History in numbers.

use causeway_api::{AccessedPath, ExportChunk, LaneHour, Page, RelayerWork};
use causeway_protocol::LaneId;

use crate::request::Request;
use crate::{ClientError, HubClient};

/// Which hours to list. Everything left out matches everything of the last day.
#[derive(Debug, Clone, Default)]
pub struct HoursFilter {
    /// Recorded at or after this time, RFC 3339.
    pub since: Option<String>,
    /// Recorded before this time, RFC 3339.
    pub until: Option<String>,
    /// Sent from or to this island, by name or id.
    pub island: Option<String>,
    /// In this lane.
    pub lane: Option<LaneId>,
}

impl HubClient {
    /// One page of packets in numbers, by hour and lane: `GET /v1/stats/hours`. `next` is the one of the page before.
    pub async fn lane_hours(
        &self,
        filter: &HoursFilter,
        next: Option<&str>,
    ) -> Result<Page<LaneHour>, ClientError> {
        let request = Request::get(&["v1", "stats", "hours"])
            .query_if("since", filter.since.as_ref())
            .query_if("until", filter.until.as_ref())
            .query_if("island", filter.island.as_ref())
            .query_if("lane", filter.lane)
            .query_if("next", next);
        self.json(request).await
    }

    /// One page of who submitted how much evidence: `GET /v1/relayers`. `next` is the one of the page before.
    pub async fn relayer_work(
        &self,
        island: Option<&str>,
        next: Option<&str>,
    ) -> Result<Page<RelayerWork>, ClientError> {
        self.json(Request::get(&["v1", "relayers"]).query_if("island", island).query_if("next", next)).await
    }

    /// One page of what auditors read, the newest first: `GET /v1/accesses`. `next` is the one of the page before.
    pub async fn accesses(&self, next: Option<&str>) -> Result<Page<AccessedPath>, ClientError> {
        self.json(Request::get(&["v1", "accesses"]).query_if("next", next)).await
    }

    /// One part of an export: `GET /v1/exports/{of}/{format}`, where `of` is `packets`, `hours` or `relayers`, `format` is `ndjson` or `csv`, and
    /// `filters` are query parameters of that list. `next` is the one of the part before.
    pub async fn export(
        &self,
        of: &str,
        format: &str,
        filters: &[(&'static str, String)],
        next: Option<&str>,
    ) -> Result<ExportChunk, ClientError> {
        let request = Request::get(&["v1", "exports", of, format]);
        let request = filters.iter().fold(request, |request, (name, value)| request.query(name, value));
        self.json(request.query_if("next", next)).await
    }
}
