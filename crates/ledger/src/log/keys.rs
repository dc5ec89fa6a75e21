//! Which row a fact is: (form, subject, number), as `log_facts` in the migrations has it.

use causeway_protocol::{Address, GatewayId, Hash, IslandId};
use uuid::Uuid;

use crate::LedgerError;
use crate::column::Uint;

/// A fact's key in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactKey {
    pub(super) form: i16,
    pub(super) subject: Vec<u8>,
    pub(super) number: Uint,
}

impl FactKey {
    fn new(form: i16, subject: impl Into<Vec<u8>>, number: u64) -> Self {
        Self { form, subject: subject.into(), number: Uint(number) }
    }

    /// The registration of an island.
    pub fn island(island: IslandId) -> Self {
        Self::new(1, island.0, 0)
    }

    /// The registration of a gateway.
    pub fn gateway(gateway: GatewayId) -> Self {
        Self::new(2, gateway.0, 0)
    }

    /// Recorded evidence.
    pub fn evidence(sequence: u64) -> Self {
        Self::new(5, [], sequence)
    }

    /// An event of a gateway.
    pub fn event(gateway: GatewayId, number: u64) -> Self {
        Self::new(6, gateway.0, number)
    }

    /// Proven misbehaviour.
    pub fn misbehaviour(island: IslandId, digest: Hash) -> Self {
        Self::new(7, [island.0, digest.0].concat(), 0)
    }

    /// The admission of a token.
    pub fn token(token: Uuid) -> Self {
        Self::new(8, token.as_bytes().as_slice(), 0)
    }

    /// The revocation of a token.
    pub fn revocation(token: Uuid) -> Self {
        Self::new(9, token.as_bytes().as_slice(), 0)
    }

    /// An attestor's signature on a batch.
    pub fn attestation(batch: u64, attestor: Address) -> Self {
        Self::new(10, attestor.0, batch)
    }

    /// The subject as a 16-byte id.
    pub(super) fn uuid(&self) -> Result<Uuid, LedgerError> {
        Uuid::from_slice(&self.subject).map_err(|_| LedgerError::corrupt("log subject", &self.subject))
    }

    /// The number as one that this crate counted itself.
    pub(super) fn position(&self) -> i64 {
        crate::column::position(self.number.0)
    }
}
