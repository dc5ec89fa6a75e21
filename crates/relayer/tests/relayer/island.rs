//! An island of numbers: heights grow, some hold an event, statements are accepted once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use causeway_adapter::{
    AdapterError, Destination, Evidence, Head, Health, Outcome, Recorded, Source, Standing, Statement,
    Submission,
};
use causeway_protocol::{Hash, PacketId};

/// What an island has, and what it does wrong.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) height: u64,
    /// Heights with an event; the event's number is its place.
    pub(crate) events: Vec<u64>,
    /// Back-fill proves nothing.
    pub(crate) fills_nothing: bool,
    /// Every call of an adapter fails.
    pub(crate) dead: bool,
    /// The next call of `next` panics.
    pub(crate) panics: bool,
    /// Statements accepted, and how often each was submitted.
    pub(crate) accepted: Vec<PacketId>,
    pub(crate) submitted: BTreeMap<PacketId, usize>,
    /// The most statements submitted at once.
    pub(crate) at_once: usize,
    /// What to answer instead of accepting.
    pub(crate) answers: BTreeMap<PacketId, Vec<Outcome>>,
}

#[derive(Clone, Default)]
pub(crate) struct FakeIsland(pub(crate) Arc<Mutex<State>>);

impl FakeIsland {
    pub(crate) fn at(height: u64, events: &[u64]) -> Self {
        let island = Self::default();
        island.with(|state| (state.height, state.events) = (height, events.to_vec()));
        island
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    fn alive(&self) -> Result<(), AdapterError> {
        if self.with(|state| state.dead) {
            Err(AdapterError::Unreachable { call: "anything".into(), last: "dead".into() })
        } else {
            Ok(())
        }
    }
}

pub(crate) fn hash(height: u64) -> Hash {
    causeway_protocol::keccak256(&height.to_be_bytes())
}

#[async_trait]
impl Source for FakeIsland {
    async fn head(&self) -> Result<Head, AdapterError> {
        let height = self.with(|state| state.height);
        Ok(Head { height, hash: hash(height) })
    }

    async fn next(&self, standing: &Standing) -> Result<Option<Evidence>, AdapterError> {
        self.alive()?;
        assert!(!self.with(|state| std::mem::take(&mut state.panics)), "an adapter with a fault");
        let (first, height) = (standing.head.height + 1, self.with(|state| state.height));
        let last = height.min(standing.head.height + 10);
        Ok((first <= last).then(|| Evidence { first, last, bytes: b"run".to_vec(), proofs: 0 }))
    }

    async fn omitted(&self, standing: &Standing) -> Result<Option<u64>, AdapterError> {
        self.alive()?;
        let number = usize::try_from(standing.gateways[0].number).unwrap();
        let height = self.with(|state| state.events.get(number).copied());
        Ok(height.filter(|height| *height <= standing.head.height))
    }

    async fn back_fill(&self, _: &Standing, from: u64, recorded: Recorded) -> Result<Evidence, AdapterError> {
        assert_eq!(recorded.hash, hash(recorded.height));
        let bytes = if self.with(|state| state.fills_nothing) { &b"nothing"[..] } else { b"back-fill" };
        Ok(Evidence { first: from, last: recorded.height, bytes: bytes.to_vec(), proofs: 1 })
    }

    fn health(&self) -> Health {
        Health { head: Some(self.with(|state| state.height)), nodes: Vec::new() }
    }
}

#[async_trait]
impl Destination for FakeIsland {
    async fn submit(&self, statements: &[Statement]) -> Result<Submission, AdapterError> {
        self.alive()?;
        let outcomes = statements.iter().map(|statement| {
            self.with(|state| {
                state.at_once = state.at_once.max(statements.len());
                let id = statement.id();
                *state.submitted.entry(id).or_default() += 1;
                if let Some(answers) = state.answers.get_mut(&id).filter(|answers| !answers.is_empty()) {
                    return answers.remove(0);
                }
                if state.accepted.contains(&id) {
                    return Outcome::AlreadyDone;
                }
                state.accepted.push(id);
                Outcome::Done { transaction: vec![1] }
            })
        });
        Ok(Submission { outcomes: outcomes.collect() })
    }
}
