//! The checklist of every family, run on a real channel.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use causeway_adapter::testkit::{self, Recording};
use causeway_adapter::{Destination, Evidence, Recorded, Source, Standing, Statement};
use causeway_protocol::AttestationKind;
use causeway_verifier::fabric;

use crate::island::Island;

/// How many packets from elsewhere were made up.
static ARRIVED: AtomicU64 = AtomicU64::new(0);

#[async_trait]
impl testkit::Island for Island {
    fn beginning(&self) -> Standing {
        self.book.standing.clone()
    }

    fn source(&self) -> Box<dyn Source> {
        Box::new(self.source())
    }

    fn destination(&self) -> Box<dyn Destination> {
        Box::new(self.destination())
    }

    fn verify(
        &self,
        standing: &Standing,
        _recorded: Option<Recorded>,
        evidence: &Evidence,
    ) -> Result<Recording, String> {
        self.book.verify(standing, evidence).map_err(|refusal| refusal.to_string())
    }

    async fn send(&self, count: usize) {
        self.post(count, false).await;
    }

    fn arrivals(&self, count: usize) -> Vec<(Statement, Statement)> {
        let arrival = |_| {
            let sequence = ARRIVED.fetch_add(1, Ordering::Relaxed) + 1;
            let packet = [self.arrival(sequence, false, "hello")];
            let state = |kind| self.attest(kind, &packet).remove(0);
            (state(AttestationKind::Deliver), state(AttestationKind::Refuse))
        };
        (0..count).map(arrival).collect()
    }

    /// The same blocks without the reads that show what was committed: nothing else can be left out of whole blocks.
    async fn leave_out(&self, _standing: &Standing, evidence: &Evidence) -> Evidence {
        let fabric::Evidence::Run(mut run) = fabric::Evidence::decode(&evidence.bytes).unwrap() else {
            panic!("a source makes runs");
        };
        run.reads.clear();
        Evidence { bytes: fabric::Evidence::Run(run).encode(), proofs: 0, ..evidence.clone() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fabric_island_keeps_what_every_island_keeps() {
    let Some(island) = Island::start().await else { return };
    testkit::conforms(&island).await;
}
