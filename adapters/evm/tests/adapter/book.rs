//! A hub's place in these tests: it verifies evidence with the light client and says where it stands.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

use causeway_adapter::{Evidence, GatewayStanding, Head, Recorded, Standing};
use causeway_protocol::{Family, GatewayEvent, GatewayId};
use causeway_verifier::{ClientState, Gateway, Refusal, light_client};

/// What was recorded of one island with one gateway.
pub(crate) struct Book {
    state: ClientState,
    gateway: Gateway,
    /// The recorded headers.
    headers: BTreeMap<u64, Recorded>,
    /// The recorded events, by number, and their heights.
    pub(crate) events: BTreeMap<u64, (u64, GatewayEvent)>,
    pub(crate) standing: Standing,
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
            client_state: anchored.state.bytes.clone(),
            gateways: vec![GatewayStanding {
                id: gateway.id,
                address: gateway.address.clone(),
                number: 0,
                height: head.height,
                missing: Vec::new(),
            }],
        };
        let headers = [(head.height, head)].into();
        Self { state: anchored.state, gateway, headers, events: BTreeMap::new(), standing }
    }

    /// Verifies evidence and records what it proves; answers how many events it proved.
    pub(crate) fn record(&mut self, evidence: &Evidence) -> Result<usize, Refusal> {
        // An hour ahead: tests move the clocks of chains.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
        let client = light_client(self.state.family).unwrap();
        let recorded = self
            .headers
            .get(&evidence.last)
            .map(|header| causeway_verifier::Recorded { height: header.height, hash: header.hash });
        let gateways = std::slice::from_ref(&self.gateway);
        let advance =
            client.advance(&self.state, gateways, recorded.as_ref(), &evidence.bytes, now)?.into_inner();
        assert_eq!((advance.first, advance.last), (evidence.first, evidence.last));
        for header in &advance.headers {
            self.headers.insert(header.height, Head { height: header.height, hash: header.hash });
        }
        let events = advance.events.len();
        for fact in advance.events {
            self.events.insert(fact.event.number, (fact.height, fact.event));
        }
        self.state = advance.state;
        let summary = client.summary(&self.state).unwrap();
        self.standing.head = Head { height: summary.height, hash: summary.hash };
        self.standing.client_state.clone_from(&self.state.bytes);
        let contiguous =
            (1u64..).zip(&self.events).take_while(|(number, (known, _))| number == *known).last();
        if let Some((number, (_, (height, _)))) = contiguous {
            (self.standing.gateways[0].number, self.standing.gateways[0].height) = (number, *height);
        }
        self.standing.gateways[0].missing = self.gaps();
        Ok(events)
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

    /// The lowest recorded header at `height` or above.
    pub(crate) fn recorded_at(&self, height: u64) -> Recorded {
        *self.headers.range(height..).next().unwrap().1
    }

    /// Moves the head over `evidence` as if its events had not been in it: what evidence that leaves them out does.
    pub(crate) fn record_without_events(&mut self, evidence: &Evidence) {
        let events = self.events.clone();
        let gateway = self.standing.gateways[0].clone();
        self.record(evidence).unwrap();
        (self.events, self.standing.gateways[0]) = (events, gateway);
    }

    /// The names of the recorded events, in order.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.events.values().map(|(_, event)| event.kind.name()).collect()
    }

    pub(crate) fn gateway_id(&self) -> GatewayId {
        self.gateway.id
    }
}
