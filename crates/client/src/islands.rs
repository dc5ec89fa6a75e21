//! Islands: registering, approving, life cycle, cursor.

use causeway_api::{
    Anchor, ApproveIsland, ChangeIsland, Cursor, Island, IslandEvent, Page, RecordedHeader, RegisterGateway,
    RegisterIsland,
};

use crate::request::Request;
use crate::{ClientError, HubClient};

/// Every method takes an island by its name or its id.
impl HubClient {
    /// Registers an island: `POST /v1/islands`.
    pub async fn register_island(&self, island: &RegisterIsland) -> Result<Island, ClientError> {
        self.json(Request::post(&["v1", "islands"]).json(island)?).await
    }

    /// One page of the islands the token may see: `GET /v1/islands`. `next` is the one of the page before.
    pub async fn islands(&self, next: Option<&str>) -> Result<Page<Island>, ClientError> {
        self.json(Request::get(&["v1", "islands"]).query_if("next", next)).await
    }

    /// One island: `GET /v1/islands/{island}`.
    pub async fn island(&self, island: &str) -> Result<Island, ClientError> {
        self.json(Request::get(&["v1", "islands", island])).await
    }

    /// The trust anchor it was registered under: `GET /v1/islands/{island}/anchor`.
    pub async fn anchor(&self, island: &str) -> Result<Anchor, ClientError> {
        self.json(Request::get(&["v1", "islands", island, "anchor"])).await
    }

    /// Registers another gateway of an island: `POST /v1/islands/{island}/gateways`.
    pub async fn register_gateway(
        &self,
        island: &str,
        gateway: &RegisterGateway,
    ) -> Result<Island, ClientError> {
        self.json(Request::post(&["v1", "islands", island, "gateways"]).json(gateway)?).await
    }

    /// Approves an island under the anchor that was compared with its owner: `POST /v1/islands/{island}/approve`.
    pub async fn approve_island(
        &self,
        island: &str,
        approval: &ApproveIsland,
    ) -> Result<Island, ClientError> {
        self.json(Request::post(&["v1", "islands", island, "approve"]).json(approval)?).await
    }

    /// Takes a step in an island's life: `POST /v1/islands/{island}/suspend`, `…/resume`, `…/freeze` or `…/retire`.
    pub async fn change_island(
        &self,
        island: &str,
        step: IslandStep,
        change: &ChangeIsland,
    ) -> Result<Island, ClientError> {
        self.json(Request::post(&["v1", "islands", island, step.as_str()]).json(change)?).await
    }

    /// What was done to it, oldest first, after the place `after`: `GET /v1/islands/{island}/history`.
    pub async fn island_history(&self, island: &str, after: u64) -> Result<Page<IslandEvent>, ClientError> {
        self.json(Request::get(&["v1", "islands", island, "history"]).query("after", after)).await
    }

    /// Where a relayer resumes: `GET /v1/islands/{island}/cursor`.
    pub async fn cursor(&self, island: &str) -> Result<Cursor, ClientError> {
        self.json(Request::get(&["v1", "islands", island, "cursor"])).await
    }

    /// The lowest recorded header at `height` or above: where back-fill for that height ends.
    /// `GET /v1/islands/{island}/recorded`.
    pub async fn recorded_header(&self, island: &str, height: u64) -> Result<RecordedHeader, ClientError> {
        self.json(Request::get(&["v1", "islands", island, "recorded"]).query("at", height)).await
    }
}

/// A step in an island's life, after its approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IslandStep {
    /// Deliver nothing new.
    Suspend,
    /// Go on.
    Resume,
    /// Trust nothing it says any more.
    Freeze,
    /// Let its packets go home, then end it for good.
    Retire,
}

impl IslandStep {
    /// Its name in the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Freeze => "freeze",
            Self::Retire => "retire",
        }
    }
}
