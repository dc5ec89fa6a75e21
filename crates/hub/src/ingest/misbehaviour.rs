//! Misbehaviour: two sealed blocks at one height freeze their island.

use causeway_ledger::{Actor, ChangeError, Way};
use causeway_protocol::IslandId;
use causeway_verifier::{ClientState, Misbehaviour, Verified, light_client};

use super::{Ingest, IngestError, Opened, Refused};
use crate::clock::unix_seconds;

impl Ingest {
    /// Verifies a report and freezes the island. Answers whether it was news; reporting again changes nothing.
    pub(crate) async fn report(
        &self,
        opened: &Opened,
        by: &Actor,
    ) -> Result<Result<bool, Refused>, IngestError> {
        let island = opened.signed.envelope.island;
        let now = self.clock.now();
        let found = match self.verify_misbehaviour(island, opened, unix_seconds(now)).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let fresh = match self.ledger.record_misbehaviour(found, &opened.signed, by, now).await {
            Ok(fresh) => fresh,
            Err(ChangeError::Refused(refusal)) => {
                return Ok(Err(Refused::IslandState(refusal.state, Way::Evidence)));
            }
            Err(ChangeError::Ledger(error)) => return Err(error.into()),
            // The others belong to other steps than freezing.
            Err(_) => return Ok(Err(Refused::NoSuchIsland)),
        };
        self.forget(island).await;
        if fresh {
            tracing::error!(%island, by = by.name, "misbehaviour proven: the island is frozen");
        }
        Ok(Ok(fresh))
    }

    async fn verify_misbehaviour(
        &self,
        island: IslandId,
        opened: &Opened,
        now: u64,
    ) -> Result<Result<Verified<Misbehaviour>, Refused>, IngestError> {
        let Some(record) = self.ledger.island(&causeway_ledger::IslandRef::Id(island)).await? else {
            return Ok(Err(Refused::NoSuchIsland));
        };
        let Ok(client) = light_client(record.family) else {
            return Ok(Err(Refused::UnsupportedFamily(record.family)));
        };
        let envelope = opened.signed.clone();
        // Both branches grow from one recorded header: the state there says who could seal them.
        let meeting = envelope.envelope.first.saturating_sub(1);
        let Some(at) = self.ledger.client_state_at(island, meeting).await? else {
            return Ok(Err(causeway_verifier::Refusal::NotRecorded(meeting).into()));
        };
        let state = ClientState { family: record.family, bytes: at.state };
        let work =
            move || client.misbehaviour(&state, &envelope.envelope.evidence, now).map_err(Refused::from);
        self.pool.run(work).await
    }
}
