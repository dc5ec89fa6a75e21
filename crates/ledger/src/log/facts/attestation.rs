//! What attestors signed.

use causeway_log::fact::{BatchAttested, Form as _};
use causeway_protocol::Address;

use super::{Found, Keys, Tx, micros};
use crate::column::{Uint, address, count, id, signature};
use crate::{FactKey, LedgerError};

impl FactKey {
    /// An attestor's signature on a batch.
    pub fn attestation(batch: u64, attestor: Address) -> Self {
        Self::new(BatchAttested::FORM, attestor.0, batch)
    }
}

pub(super) async fn attested(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, checker, epoch AS "epoch: Uint", batches.count, root, attestation.attestor, signature, recorded_at
           FROM UNNEST($1::bytea[], $2::bigint[]) WITH ORDINALITY AS key (attestor, batch, place)
           JOIN attestations AS attestation ON attestation.batch = key.batch AND attestation.attestor = key.attestor
           JOIN batches ON batches.id = attestation.batch"#,
        keys.subjects() as _,
        &keys.positions(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = BatchAttested {
            gateway: id("gateway", &row.checker)?,
            epoch: row.epoch.0,
            count: count("count", row.count.into())?,
            root: id("root", &row.root)?,
            attestor: address("attestor", &row.attestor)?,
            signature: signature(&row.signature)?,
            at: micros(row.recorded_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}
