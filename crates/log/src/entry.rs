//! Entries: what a leaf is, and how it hides the fact behind it.

use core::fmt;

use causeway_protocol::Hash;
use sha2::{Digest, Sha256};

use crate::leaf_hash;

/// What a fact is about. It is the only thing an entry shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FactKind {
    /// An island was registered under its trust anchor, or a gateway claimed or registered.
    Registration = 1,
    /// An island was approved.
    Approval = 2,
    /// What may be signed changed: an island was suspended, resumed or retired, a gateway was suspended.
    PolicyChange = 3,
    /// Evidence was recorded: a light client advanced or was filled in behind.
    ClientUpdate = 4,
    /// An event of a gateway was proven.
    GatewayEvent = 5,
    /// An island was frozen, or misbehaviour was proven.
    Freeze = 6,
    /// A token, and with it a relayer's or attestor's key, was admitted, replaced or revoked.
    KeyChange = 7,
    /// An attestor signed a batch of statements.
    Attestation = 8,
}

impl FactKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Registration,
        Self::Approval,
        Self::PolicyChange,
        Self::ClientUpdate,
        Self::GatewayEvent,
        Self::Freeze,
        Self::KeyChange,
        Self::Attestation,
    ];

    /// Its name, as people and the API call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Approval => "approval",
            Self::PolicyChange => "policy-change",
            Self::ClientUpdate => "client-update",
            Self::GatewayEvent => "gateway-event",
            Self::Freeze => "freeze",
            Self::KeyChange => "key-change",
            Self::Attestation => "attestation",
        }
    }
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Thirty-two random bytes, drawn for one entry and shown only in bundles: without them nobody can try out facts against
/// an entry, however few there may be to try.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A leaf of the log: 0x01 ‖ kind ‖ SHA-256(salt ‖ canonical fact).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    kind: FactKind,
    commitment: Hash,
}

/// Bytes that are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Another length.
    #[error("an entry has {} bytes, not {came}", Entry::LENGTH)]
    Length {
        /// The length that came.
        came: usize,
    },
    /// The first byte names another version.
    #[error("an entry of version {came}, expected 1")]
    Version {
        /// The version that came.
        came: u8,
    },
    /// The second byte names no kind.
    #[error("an entry of kind {came}, expected 1 to 8")]
    Kind {
        /// The kind that came.
        came: u8,
    },
}

impl Entry {
    /// How many bytes every entry has: its length says nothing about the fact.
    pub const LENGTH: usize = 34;

    /// The entry of a fact.
    pub fn new(kind: FactKind, salt: Salt, fact: &[u8]) -> Self {
        let commitment = Sha256::new().chain_update(salt.0).chain_update(fact).finalize();
        Self { kind, commitment: Hash(commitment.into()) }
    }

    /// What its fact is about.
    pub fn kind(&self) -> FactKind {
        self.kind
    }

    /// SHA-256 of salt and fact.
    pub fn commitment(&self) -> Hash {
        self.commitment
    }

    /// Whether it is the entry of this fact.
    pub fn commits_to(&self, salt: Salt, fact: &[u8]) -> bool {
        *self == Self::new(self.kind, salt, fact)
    }

    /// Its bytes.
    pub fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = 1;
        bytes[1] = self.kind as u8;
        bytes[2..].copy_from_slice(&self.commitment.0);
        bytes
    }

    /// Reads an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let &[version, kind, ref commitment @ ..] = bytes else {
            return Err(EntryError::Length { came: bytes.len() });
        };
        let commitment = Hash::try_from(commitment).map_err(|_| EntryError::Length { came: bytes.len() })?;
        if version != 1 {
            return Err(EntryError::Version { came: version });
        }
        let known = FactKind::ALL.into_iter().find(|known| *known as u8 == kind);
        Ok(Self { kind: known.ok_or(EntryError::Kind { came: kind })?, commitment })
    }

    /// Its hash as a leaf of the tree.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_version_kind_and_the_hash_of_salt_and_fact() {
        let entry = Entry::new(FactKind::GatewayEvent, Salt([7; 32]), b"fact");
        let bytes = entry.encode();
        assert_eq!(bytes[..2], [1, 5]);
        assert_eq!(bytes[2..], crate::sha256(&[&[7; 32][..], b"fact"].concat()).0);
        assert_eq!(Entry::decode(&bytes), Ok(entry));
        assert!(entry.commits_to(Salt([7; 32]), b"fact"));
        assert!(!entry.commits_to(Salt([8; 32]), b"fact"));
        assert!(!entry.commits_to(Salt([7; 32]), b"fakt"));
    }

    #[test]
    fn an_entry_of_another_form_is_refused() {
        let good = Entry::new(FactKind::Approval, Salt([1; 32]), b"").encode();
        assert_eq!(Entry::decode(&[]), Err(EntryError::Length { came: 0 }));
        assert_eq!(Entry::decode(&good[..33]), Err(EntryError::Length { came: 33 }));
        assert_eq!(Entry::decode(&[&good[..], &[0]].concat()), Err(EntryError::Length { came: 35 }));
        for (at, came) in [(0, 0), (0, 2), (1, 0), (1, 9), (1, 255)] {
            let mut odd = good;
            odd[at] = came;
            let expected = if at == 0 { EntryError::Version { came } } else { EntryError::Kind { came } };
            assert_eq!(Entry::decode(&odd), Err(expected));
        }
    }

    #[test]
    fn a_salt_never_shows_in_debug_output() {
        assert_eq!(format!("{:?}", Salt([7; 32])), "Salt(…)");
    }
}
