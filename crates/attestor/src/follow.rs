//! Following one island: the hub's evidence, in its order, verified again from the attestor's own anchor.

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_api::EvidenceItem;
use causeway_client::{ClientError, HubClient};
use causeway_protocol::IslandId;
use causeway_verifier::{
    ClientState, EvidenceKind, Gateway, LightClient, Recorded, Refusal, UnsupportedFamily, light_client,
};
use tokio::sync::Mutex;

use crate::error::{AttestorError, StoreError};
use crate::facts::Place;
use crate::feed::{self, FeedFault};
use crate::records::IslandRecord;
use crate::store::{Anchored, View};
use crate::{Clock, Store, WatchedIsland};

/// Pieces of evidence asked for at once.
const PAGE: u32 = 20;

/// Why an island is not followed any further for now. The next attempt starts at the same place.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The hub does not answer, or not with what was asked for.
    #[error(transparent)]
    Hub(#[from] ClientError),
    /// The feed contradicts itself or the attestor's clock.
    #[error("evidence {sequence}: {fault}")]
    Feed {
        /// The item.
        sequence: u64,
        /// What is wrong with it.
        fault: FeedFault,
    },
    /// The evidence does not verify.
    #[error("evidence {sequence}: {refusal}")]
    Refused {
        /// The item.
        sequence: u64,
        /// Why not.
        refusal: Box<Refusal>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Verification ended without an answer.
    #[error("verification stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl FollowError {
    /// Whether the hub served something that honest software does not.
    pub fn is_suspicious(&self) -> bool {
        matches!(self, Self::Feed { .. } | Self::Refused { .. })
    }

    /// A stable name, for logs and counts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Hub(_) => "hub",
            Self::Feed { fault, .. } => fault.code(),
            Self::Refused { refusal, .. } => refusal.code(),
            Self::Store(_) => "store",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// Follows one island.
pub(crate) struct Follower {
    name: String,
    id: IslandId,
    hub: HubClient,
    track: Arc<Track>,
    /// One catch-up at a time.
    turn: Mutex<()>,
}

/// The part of a follower that works on blocking threads.
struct Track {
    id: IslandId,
    client: &'static dyn LightClient,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    skew_ms: u64,
    island: WatchedIsland,
}

impl Follower {
    /// A follower of `island` from its pinned anchor, or from where the store left off.
    pub(crate) fn new(
        island: WatchedIsland,
        hub: HubClient,
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        skew_ms: u64,
    ) -> Result<Self, AttestorError> {
        let anchor_fault = |cause: Box<dyn std::error::Error + Send + Sync>| AttestorError::Anchor {
            island: island.name.clone(),
            cause,
        };
        let client = light_client(island.family)
            .map_err(|unsupported: UnsupportedFamily| anchor_fault(Box::new(unsupported)))?;
        let anchored = client.anchor(&island.anchor).map_err(|refusal| anchor_fault(Box::new(refusal)))?;
        let id = causeway_protocol::Island {
            family: island.family,
            fingerprint: island.fingerprint,
            anchor: anchored.header.hash,
        }
        .id();
        store.island(
            id,
            island.family,
            Anchored {
                state: &anchored.state.bytes,
                height: anchored.header.height,
                hash: anchored.header.hash,
            },
        )?;
        let name = island.name.clone();
        let track = Arc::new(Track { id, client, store, clock, skew_ms, island });
        Ok(Self { name, id, hub, track, turn: Mutex::new(()) })
    }

    pub(crate) fn id(&self) -> IslandId {
        self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Follows the feed to its present end. Answers how many pieces of evidence were taken.
    pub(crate) async fn catch_up(&self) -> Result<usize, FollowError> {
        let _turn = self.turn.lock().await;
        let island = self.id.to_string();
        let mut taken = 0;
        let mut record = self.track.record()?;
        while !record.frozen {
            // Read before the hub is asked: what it does not hold at this moment cannot be recorded before it.
            let asked_ms = self.track.clock.now_ms();
            let page = self.hub.evidence_after(&island, record.sequence, PAGE).await?;
            let track = Arc::clone(&self.track);
            if page.items.is_empty() {
                let before = record;
                tokio::task::spawn_blocking(move || track.store.caught_up(track.id, &before, asked_ms))
                    .await??;
                break;
            }
            let gateways = self.gateways().await?;
            taken += page.items.len();
            record = tokio::task::spawn_blocking(move || {
                page.items.iter().try_fold(record, |record, item| track.take(&record, &gateways, item))
            })
            .await??;
        }
        Ok(taken)
    }

    /// The gateways whose events the evidence may prove: those the hub has registered, and the pinned ones. Each id stands at one
    /// address, a pinned one where it is pinned, whatever the hub says: no event but `Opened` proves where a gateway is. A
    /// gateway on the hub's list that lies is harmless, and one that is missing makes evidence fail.
    async fn gateways(&self) -> Result<Vec<Gateway>, ClientError> {
        let island = self.id;
        let registered = self.hub.island(&island.to_string()).await?.gateways;
        let registered = registered.into_iter().map(|gateway| (gateway.id, gateway.address));
        let pinned = self.track.island.gateways.iter().map(|gateway| (gateway.id, gateway.address.clone()));
        let places: BTreeMap<_, _> = registered.chain(pinned).collect(); // the last word on an id counts
        let gateways = places.into_iter().map(|(id, address)| Gateway { island, address, id });
        Ok(gateways.collect())
    }
}

impl Track {
    /// How far the island has been followed.
    fn record(&self) -> Result<IslandRecord, StoreError> {
        let anchored = || StoreError::Missing { island: self.id };
        self.store.view()?.island(self.id)?.ok_or_else(anchored)
    }

    /// Verifies the next piece of evidence and keeps what it proves.
    fn take(
        &self,
        record: &IslandRecord,
        gateways: &[Gateway],
        item: &EvidenceItem,
    ) -> Result<IslandRecord, FollowError> {
        let sequence = item.sequence;
        let place = feed::check(record, item, self.clock.now_ms(), self.skew_ms)
            .map_err(|fault| FollowError::Feed { sequence, fault })?;
        self.verify(record, place, gateways, item)
    }

    fn verify(
        &self,
        record: &IslandRecord,
        place: Place,
        gateways: &[Gateway],
        item: &EvidenceItem,
    ) -> Result<IslandRecord, FollowError> {
        let refused = |refusal| FollowError::Refused { sequence: item.sequence, refusal: Box::new(refusal) };
        let span = self.client.inspect(&item.evidence).map_err(refused)?;
        if (span.first, span.last) != (item.first, item.last) {
            let (announced, came) = ((item.first, item.last), (span.first, span.last));
            let fault = FeedFault::Heights { announced, came };
            return Err(FollowError::Feed { sequence: item.sequence, fault });
        }
        let now = place.recorded_ms / 1000;
        let state = ClientState { family: record.family, bytes: record.state.clone() };
        let view = self.store.view()?;
        if span.kind == EvidenceKind::Misbehaviour {
            let meeting = self.state_before(&view, record, span.first)?;
            let proven = self.client.misbehaviour(&meeting, &item.evidence, now).map_err(refused)?;
            let frozen = self.client.freeze(&state, &proven).map_err(refused)?;
            tracing::error!(
                island = self.island.name,
                height = proven.height,
                blocks = ?proven.blocks,
                "misbehaviour is proven: the island is frozen, nothing to or from it is signed",
            );
            return Ok(self.store.freeze(self.id, record, place, &frozen)?);
        }
        let recorded = match span.kind {
            EvidenceKind::BackFill => {
                view.header(self.id, span.last)?.map(|hash| Recorded { height: span.last, hash })
            }
            _ => None,
        };
        let advance =
            self.client.advance(&state, gateways, recorded.as_ref(), &item.evidence, now).map_err(refused)?;
        Ok(self.store.take(self.id, record, place, gateways, &advance)?)
    }

    /// The client state at the header before `first`, or the newest one below it.
    fn state_before(
        &self,
        view: &View,
        record: &IslandRecord,
        first: u64,
    ) -> Result<ClientState, StoreError> {
        let bytes = view.state_at(self.id, first.saturating_sub(1))?;
        let bytes = bytes.map_or_else(|| record.state.clone(), |(_, bytes)| bytes);
        Ok(ClientState { family: record.family, bytes })
    }
}
