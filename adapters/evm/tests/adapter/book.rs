//! A hub's place in these tests: it verifies evidence with the light client and says where it stands.

use std::ops::{Deref, DerefMut};
use std::time::{SystemTime, UNIX_EPOCH};

use causeway_adapter::testkit::{self, Recording};
use causeway_adapter::{Evidence, GatewayStanding, Head, Recorded, Standing};
use causeway_protocol::{Family, GatewayId};
use causeway_verifier::{ClientState, Gateway, Refusal, light_client};

/// What was recorded of one island with one gateway.
#[derive(Clone)]
pub(crate) struct Book {
    gateway: Gateway,
    book: testkit::Book,
}

impl Deref for Book {
    type Target = testkit::Book;

    fn deref(&self) -> &testkit::Book {
        &self.book
    }
}

impl DerefMut for Book {
    fn deref_mut(&mut self) -> &mut testkit::Book {
        &mut self.book
    }
}

impl Book {
    /// Starts at a trust anchor.
    pub(crate) fn new(family: Family, anchor: &[u8], gateway: Gateway) -> Self {
        let anchored = light_client(family).unwrap().anchor(anchor).unwrap().into_inner();
        let head = Head { height: anchored.header.height, hash: anchored.header.hash };
        let standing = Standing {
            island: gateway.island,
            family,
            head,
            client_state: anchored.state.bytes,
            gateways: vec![GatewayStanding {
                id: gateway.id,
                address: gateway.address.clone(),
                number: 0,
                height: head.height,
                missing: Vec::new(),
            }],
        };
        Self { gateway, book: testkit::Book::new(standing) }
    }

    /// Verifies evidence against where a recording stands.
    pub(crate) fn verify(
        &self,
        standing: &Standing,
        recorded: Option<Recorded>,
        evidence: &Evidence,
    ) -> Result<Recording, Refusal> {
        // An hour ahead: tests move the clocks of chains.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
        let client = light_client(standing.family).unwrap();
        let recorded =
            recorded.map(|header| causeway_verifier::Recorded { height: header.height, hash: header.hash });
        let state = ClientState { family: standing.family, bytes: standing.client_state.clone() };
        let gateways = std::slice::from_ref(&self.gateway);
        let advance = client.advance(&state, gateways, recorded.as_ref(), &evidence.bytes, now)?.into_inner();
        assert_eq!((advance.first, advance.last), (evidence.first, evidence.last));
        let summary = client.summary(&advance.state).unwrap();
        Ok(Recording {
            head: Head { height: summary.height, hash: summary.hash },
            client_state: advance.state.bytes,
            headers: advance
                .headers
                .iter()
                .map(|header| Head { height: header.height, hash: header.hash })
                .collect(),
            events: advance.events.into_iter().map(|fact| (fact.height, fact.event)).collect(),
        })
    }

    /// Verifies evidence and records what it proves; answers how many events it proved.
    pub(crate) fn record(&mut self, evidence: &Evidence) -> Result<usize, Refusal> {
        let recording = self.verify(&self.book.standing, self.book.recorded(evidence), evidence)?;
        let events = recording.events.len();
        self.book.record(recording);
        Ok(events)
    }

    /// The lowest recorded header at `height` or above.
    pub(crate) fn recorded_at(&self, height: u64) -> Recorded {
        self.book.recorded_from(height).unwrap()
    }

    /// Moves the head over `evidence` as if its events had not been in it: what evidence that leaves them out does.
    pub(crate) fn record_without_events(&mut self, evidence: &Evidence) {
        let mut recording = self.verify(&self.book.standing, None, evidence).unwrap();
        recording.events.clear();
        self.book.record(recording);
    }

    pub(crate) fn gateway_id(&self) -> GatewayId {
        self.gateway.id
    }
}
