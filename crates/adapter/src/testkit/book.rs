//! A hub's place in an adapter's tests: it has evidence verified and says where it stands.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use causeway_protocol::GatewayEvent;

use crate::{Evidence, GatewayStanding, Head, Recorded, Standing};

/// What a light client makes of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The head after it.
    pub head: Head,
    /// The light client's state after it.
    pub client_state: Vec<u8>,
    /// The headers it proves.
    pub headers: Vec<Head>,
    /// The gateway events it proves, with their heights.
    pub events: Vec<(u64, GatewayEvent)>,
}

/// What was recorded of one island with one gateway.
#[derive(Debug, Clone)]
pub struct Book {
    /// Where the recording stands.
    pub standing: Standing,
    /// The recorded events by number, with their heights.
    pub events: BTreeMap<u64, (u64, GatewayEvent)>,
    headers: BTreeMap<u64, Head>,
}

impl Book {
    /// Nothing recorded but where `standing` begins.
    pub fn new(standing: Standing) -> Self {
        let headers = [(standing.head.height, standing.head)].into();
        Self { standing, events: BTreeMap::new(), headers }
    }

    /// Takes in what evidence proved. Answers how many events were new.
    pub fn record(&mut self, recording: Recording) -> usize {
        let known = self.events.len();
        self.standing.head = recording.head;
        self.standing.client_state = recording.client_state;
        self.headers.extend(recording.headers.into_iter().map(|header| (header.height, header)));
        self.events
            .extend(recording.events.into_iter().map(|(height, event)| (event.number, (height, event))));
        let gaps = self.gaps();
        let contiguous =
            (1u64..).zip(&self.events).take_while(|(number, (known, _))| number == *known).last();
        for gateway in &mut self.standing.gateways {
            if let Some((number, (_, (height, _)))) = contiguous {
                (gateway.number, gateway.height) = (number, *height);
            }
            gateway.missing.clone_from(&gaps);
        }
        self.events.len() - known
    }

    /// The header recorded at the last height of `evidence`, as a back-fill needs it.
    pub fn recorded(&self, evidence: &Evidence) -> Option<Recorded> {
        self.headers.get(&evidence.last).copied()
    }

    /// The lowest header recorded at `height` or above.
    pub fn recorded_from(&self, height: u64) -> Option<Recorded> {
        self.headers.range(height..).next().map(|(_, header)| *header)
    }

    /// The names of the recorded events, by number.
    pub fn names(&self) -> Vec<&'static str> {
        self.events.values().map(|(_, event)| event.kind.name()).collect()
    }

    /// The gateway's standing.
    pub fn gateway(&self) -> &GatewayStanding {
        self.standing.gateways.first().expect("a book is of an island with a gateway")
    }

    /// The numbers that are missing below recorded ones.
    fn gaps(&self) -> Vec<RangeInclusive<u64>> {
        let mut next = 1;
        let mut gaps = Vec::new();
        for number in self.events.keys() {
            if next < *number {
                gaps.push(next..=number - 1);
            }
            next = number + 1;
        }
        gaps
    }
}
