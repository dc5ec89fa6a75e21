//! Islands: registering them, changing their state, and what is known of them.

mod change;
mod claim;
mod cursor;
mod ending;
mod head;
pub(crate) mod life;
mod misbehaviour;
mod read;
mod register;

use std::str::FromStr;

use causeway_api::{ClientHead, Gateway, IslandState, Trust};
use causeway_protocol::{Family, Hash, IslandId};
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::change::ChangeError;
pub(crate) use self::change::enter;
pub use self::claim::ClaimError;
pub use self::head::ClientHeadRow;
pub use self::life::{IslandChange, IslandLife, IslandRefusal};
pub(crate) use self::life::{name as state_name, parse as parse_state};
pub use self::register::{RegisterError, Registration};

/// How a request names an island: `0x` and 64 hex digits are its id, anything else its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IslandRef {
    /// By id.
    Id(IslandId),
    /// By name.
    Name(String),
}

impl FromStr for IslandRef {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id))
    }
}

/// An island as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IslandRecord {
    /// Its id.
    pub id: IslandId,
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// Where it is in its life.
    pub state: IslandState,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// The block hash of its first trust anchor.
    pub anchor: Hash,
    /// The digest of that anchor's bytes.
    pub anchor_digest: Hash,
    /// Its gateways.
    pub gateways: Vec<Gateway>,
    /// The head of its light client.
    pub head: ClientHead,
    /// The newest state of its light client, canonical bytes.
    pub client_state: Vec<u8>,
    /// The token that registered it.
    pub registered_by: Option<Uuid>,
    /// When it was registered.
    pub registered_at: OffsetDateTime,
}

impl IslandRecord {
    /// The island in the words of the interface. Trust and validators are in its client state, which a light client reads.
    pub fn into_api(self, trust: Trust, validators: Vec<String>) -> causeway_api::Island {
        causeway_api::Island {
            id: self.id,
            name: self.name,
            family: self.family,
            state: self.state,
            fingerprint: self.fingerprint,
            anchor: self.anchor,
            anchor_digest: self.anchor_digest,
            gateways: self.gateways,
            head: self.head,
            trust,
            validators,
            registered_at: self.registered_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_from_a_name() {
        let id = IslandId([7; 32]);
        assert_eq!(id.to_string().parse(), Ok(IslandRef::Id(id)));
        assert_eq!("east".parse(), Ok(IslandRef::Name("east".into())));
    }
}
