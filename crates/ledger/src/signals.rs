//! What long polls wait on.

use tokio::sync::watch;

/// Counters that are raised after a COMMIT of this process, by what the commit changed.
#[derive(Debug, Default)]
pub struct Signals {
    evidence: watch::Sender<u64>,
    leaves: watch::Sender<u64>,
    batches: watch::Sender<u64>,
    deliveries: watch::Sender<u64>,
}

/// What a commit changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // one per signal
pub(crate) struct Changes {
    pub(crate) evidence: bool,
    pub(crate) leaves: bool,
    pub(crate) batches: bool,
    pub(crate) deliveries: bool,
}

impl Signals {
    /// Evidence was recorded.
    pub fn evidence(&self) -> watch::Receiver<u64> {
        self.evidence.subscribe()
    }

    /// There are statements that no batch holds: [`form_batches`](crate::Ledger::form_batches) has work.
    pub fn leaves(&self) -> watch::Receiver<u64> {
        self.leaves.subscribe()
    }

    /// Batches wait for signatures.
    pub fn batches(&self) -> watch::Receiver<u64> {
        self.batches.subscribe()
    }

    /// Deliveries became ready.
    pub fn deliveries(&self) -> watch::Receiver<u64> {
        self.deliveries.subscribe()
    }

    pub(crate) fn raise(&self, changes: Changes) {
        for (changed, signal) in [
            (changes.evidence, &self.evidence),
            (changes.leaves, &self.leaves),
            (changes.batches, &self.batches),
            (changes.deliveries, &self.deliveries),
        ] {
            if changed {
                signal.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }
}
