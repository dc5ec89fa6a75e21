//! A hub's place in these tests: it verifies evidence with the light client and says where it stands.

use std::ops::Deref;

use causeway_adapter::testkit::{self, Recording};
use causeway_adapter::{Evidence, GatewayStanding, Head, Standing};
use causeway_protocol::Family;
use causeway_verifier::{ClientState, Gateway, Refusal, light_client};

use crate::island::in_seconds;

/// What was recorded of one island: of its gateway, and of others that somebody claims.
#[derive(Clone)]
pub(crate) struct Book {
    gateways: Vec<Gateway>,
    book: testkit::Book,
}

impl Deref for Book {
    type Target = testkit::Book;

    fn deref(&self) -> &testkit::Book {
        &self.book
    }
}

impl Book {
    /// Starts at a trust anchor.
    pub(crate) fn new(anchor: &[u8], gateway: Gateway) -> Self {
        let anchored = light_client(Family::Fabric).unwrap().anchor(anchor).unwrap().into_inner();
        let head = Head { height: anchored.header.height, hash: anchored.header.hash };
        let standing = Standing {
            island: gateway.island,
            family: Family::Fabric,
            head,
            client_state: anchored.state.bytes,
            gateways: vec![unopened(&gateway, head)],
        };
        Self { gateways: vec![gateway], book: testkit::Book::new(standing) }
    }

    /// Takes a claim of another gateway.
    pub(crate) fn claim(&mut self, gateway: Gateway) {
        let standing = unopened(&gateway, self.book.standing.head);
        self.book.standing.gateways.push(standing);
        self.gateways.push(gateway);
    }

    /// Verifies evidence against where a recording stands.
    pub(crate) fn verify(&self, standing: &Standing, evidence: &Evidence) -> Result<Recording, Refusal> {
        let client = light_client(standing.family).unwrap();
        let state = ClientState { family: standing.family, bytes: standing.client_state.clone() };
        let advance =
            client.advance(&state, &self.gateways, None, &evidence.bytes, in_seconds(0))?.into_inner();
        assert_eq!((advance.first, advance.last), (evidence.first, evidence.last));
        let summary = client.summary(&advance.state).unwrap();
        let heads = advance.headers.iter().map(|header| Head { height: header.height, hash: header.hash });
        Ok(Recording {
            head: Head { height: summary.height, hash: summary.hash },
            client_state: advance.state.bytes,
            headers: heads.collect(),
            events: advance.events.into_iter().map(|fact| (fact.height, fact.event)).collect(),
        })
    }

    /// Verifies evidence and records what it proves; answers how many events it proved.
    pub(crate) fn record(&mut self, evidence: &Evidence) -> Result<usize, Refusal> {
        let recording = self.verify(&self.book.standing, evidence)?;
        let events = recording.events.len();
        self.book.record(recording);
        Ok(events)
    }

    /// How many events of this name are recorded.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.names().iter().filter(|recorded| **recorded == name).count()
    }
}

/// A gateway of which nothing is recorded.
fn unopened(gateway: &Gateway, head: Head) -> GatewayStanding {
    let (id, address) = (gateway.id, gateway.address.clone());
    GatewayStanding { id, address, number: 0, height: head.height, missing: Vec::new() }
}
