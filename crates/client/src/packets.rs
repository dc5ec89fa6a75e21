//! Packets: history, one packet, its events.

use causeway_api::{Packet, PacketState, Page, Timeline};
use causeway_protocol::{LaneId, PacketId};

use crate::request::Request;
use crate::{ClientError, HubClient};

/// Which packets to list. Everything left out matches everything.
#[derive(Debug, Clone, Default)]
pub struct PacketFilter {
    /// Sent from or to this island, by name or id.
    pub island: Option<String>,
    /// Sent from this island or gateway, by name or id.
    pub source: Option<String>,
    /// Sent to this island or gateway, by name or id.
    pub destination: Option<String>,
    /// In this lane.
    pub lane: Option<LaneId>,
    /// In this state.
    pub state: Option<PacketState>,
    /// From this sender, its bytes as `0x`-hex.
    pub sender: Option<String>,
    /// To this receiver, its bytes as `0x`-hex.
    pub receiver: Option<String>,
    /// Recorded at or after this time, RFC 3339.
    pub since: Option<String>,
    /// Recorded before this time, RFC 3339.
    pub until: Option<String>,
    /// How many a page has, 1 to 500.
    pub limit: Option<u32>,
}

impl HubClient {
    /// One page of packets: `GET /v1/packets`. `next` is the one of the page before.
    pub async fn packets(
        &self,
        filter: &PacketFilter,
        next: Option<&str>,
    ) -> Result<Page<Packet>, ClientError> {
        // The state's name in a query is its name in JSON.
        let state = filter.state.and_then(|state| serde_json::to_value(state).ok());
        let request = Request::get(&["v1", "packets"])
            .query_if("island", filter.island.as_ref())
            .query_if("source", filter.source.as_ref())
            .query_if("destination", filter.destination.as_ref())
            .query_if("lane", filter.lane)
            .query_if("state", state.as_ref().and_then(|state| state.as_str()))
            .query_if("sender", filter.sender.as_ref())
            .query_if("receiver", filter.receiver.as_ref())
            .query_if("since", filter.since.as_ref())
            .query_if("until", filter.until.as_ref())
            .query_if("limit", filter.limit)
            .query_if("next", next);
        self.json(request).await
    }

    /// One packet: `GET /v1/packets/{id}`.
    pub async fn packet(&self, id: PacketId) -> Result<Packet, ClientError> {
        self.json(Request::get(&["v1", "packets", &id.to_string()])).await
    }

    /// Its proven events and signatures: `GET /v1/packets/{id}/timeline`.
    pub async fn timeline(&self, id: PacketId) -> Result<Timeline, ClientError> {
        self.json(Request::get(&["v1", "packets", &id.to_string(), "timeline"])).await
    }

    /// Its proof to take away, canonical bytes of a bundle: `GET /v1/packets/{id}/bundle`.
    pub async fn bundle(&self, id: PacketId) -> Result<Vec<u8>, ClientError> {
        self.send(&Request::get(&["v1", "packets", &id.to_string(), "bundle"])).await
    }
}
