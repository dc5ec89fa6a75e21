//! What a relayer has done and how it stands, for people and metrics.

use std::sync::Arc;

use parking_lot::Mutex;

/// How one island stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IslandStatus {
    /// Its name at the hub, or its id, as configured.
    pub island: String,
    /// Height of the hub's head, when last asked.
    pub hub_head: u64,
    /// Height of the island's newest block, when last told.
    pub island_head: u64,
    /// Pieces of evidence that the hub recorded from here.
    pub recorded: u64,
    /// Pieces of evidence that the hub had recorded before.
    pub known: u64,
    /// Pieces of evidence that the hub refused.
    pub refused: u64,
    /// Pieces of evidence sent to fill in what somebody had left out.
    pub back_filled: u64,
    /// Statements that gateways accepted from here.
    pub delivered: u64,
    /// Statements that are ready and not proven done, when last told.
    pub open: u64,
    /// Failures since anything worked.
    pub failures: u32,
    /// The last failure.
    pub last_failure: Option<String>,
}

/// One island's status, shared between its tasks.
#[derive(Debug, Clone)]
pub(crate) struct Status(Arc<Mutex<IslandStatus>>);

impl Status {
    pub(crate) fn of(island: &str) -> Self {
        Self(Arc::new(Mutex::new(IslandStatus { island: island.to_owned(), ..IslandStatus::default() })))
    }

    pub(crate) fn read(&self) -> IslandStatus {
        self.0.lock().clone()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut IslandStatus)) {
        change(&mut self.0.lock());
    }
}
