//! The signing journal: what this attestor has ever stated about a packet. Written and durable before a signature
//! exists, so that no crash can make it state the opposite later.

use std::collections::HashSet;

use causeway_protocol::{Attestation, AttestationKind, Hash, PacketId};
use redb::{ReadableTable, TableDefinition};

use crate::Store;
use crate::error::{StoreError, database};

/// (packet, side) → kind ‖ success ‖ result.
pub(crate) const JOURNAL: TableDefinition<'_, (&[u8; 32], u8), &[u8; 34]> = TableDefinition::new("journal");

/// Statements of one side exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Side {
    /// DELIVER xor REFUSE, until the packet is overdue: from then on REFUSE, and nothing but REFUSE.
    Admission = 1,
    /// RESULT with one value xor EXPIRED (xor VOID).
    Outcome = 2,
}

impl Side {
    fn of(kind: AttestationKind) -> Self {
        match kind {
            AttestationKind::Deliver | AttestationKind::Refuse => Self::Admission,
            AttestationKind::Result | AttestationKind::Expired | AttestationKind::Void => Self::Outcome,
        }
    }
}

/// A statement that contradicts one already made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("packet {packet}: asked to state {asked}, but {stated} was stated before")]
pub struct JournalConflict {
    /// The packet.
    pub packet: PacketId,
    /// What was stated before.
    pub stated: String,
    /// What was asked for now.
    pub asked: String,
}

fn bytes_of(attestation: &Attestation) -> [u8; 34] {
    let mut bytes = [0; 34];
    bytes[0] = attestation.kind as u8;
    bytes[1] = attestation.success.into();
    bytes[2..].copy_from_slice(&attestation.result.0);
    bytes
}

fn describe(bytes: &[u8; 34]) -> String {
    let mut result = [0; 32];
    result.copy_from_slice(&bytes[2..]);
    match AttestationKind::try_from(bytes[0]) {
        Ok(AttestationKind::Result) => {
            format!("RESULT (success {}, result {})", bytes[1] == 1, Hash(result))
        }
        Ok(kind) => format!("{kind:?}").to_uppercase(),
        Err(unknown) => unknown.to_string(),
    }
}

/// Whether REFUSE follows DELIVER.
fn gives_up(stated: [u8; 34], asked: [u8; 34]) -> bool {
    (stated[0], asked[0]) == (AttestationKind::Deliver as u8, AttestationKind::Refuse as u8)
}

impl Store {
    /// Writes down that all of `attestations` are about to be stated, durably, or none of them when one contradicts what
    /// was stated before. Saying the same thing again is no contradiction, nor is REFUSE after DELIVER of one of the packets
    /// that are `overdue`: nobody can act on that DELIVER any more.
    pub fn journal(
        &self,
        attestations: &[Attestation],
        overdue: &HashSet<PacketId>,
    ) -> Result<Result<(), JournalConflict>, StoreError> {
        let transaction = self.database().begin_write().map_err(database)?;
        {
            let mut journal = transaction.open_table(JOURNAL).map_err(database)?;
            for attestation in attestations {
                let key = (&attestation.packet.0, Side::of(attestation.kind) as u8);
                let asked = bytes_of(attestation);
                let stated = journal.get(key).map_err(database)?.map(|stated| *stated.value());
                match stated {
                    Some(stated) if stated == asked => {}
                    Some(stated) if gives_up(stated, asked) && overdue.contains(&attestation.packet) => {
                        journal.insert(key, &asked).map_err(database)?;
                    }
                    Some(stated) => {
                        return Ok(Err(JournalConflict {
                            packet: attestation.packet,
                            stated: describe(&stated),
                            asked: describe(&asked),
                        }));
                    }
                    None => {
                        journal.insert(key, &asked).map_err(database)?;
                    }
                }
            }
        }
        transaction.commit().map_err(database)?;
        Ok(Ok(()))
    }
}
