//! Facts as they stand in the tables, read back into their canonical form.
//!
//! Every table read here is append-only, so a fact reads the same for ever and only its salt has to be kept. A form is one loader:
//! it answers the facts of its keys, each with its place among them. How a new form is added is in `docs/formats.md`, section Log.

mod attestation;
mod evidence;
mod gateway;
mod island;
mod token;

use causeway_log::Fact;
use causeway_log::fact::{self, Form as _};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys::FactKey;
use crate::LedgerError;
use crate::column::Uint;

type Tx = Transaction<'static, Postgres>;
/// Facts, each with the place of its key, counted from 1 as SQL's ORDINALITY does.
type Found = Vec<(Option<i64>, Fact)>;

/// Which loader reads which form.
macro_rules! loaders {
    ($($form:ident: $group:ident::$loader:ident,)*) => {
        /// The forms that this program can read back. What waits under any other is left to a newer program.
        pub(crate) const FORMS: &[u8] = &[$(fact::$form::FORM,)*];

        async fn load_form(tx: &mut Tx, form: u8, keys: &Keys<'_>) -> Result<Found, LedgerError> {
            match form {
                $(fact::$form::FORM => $group::$loader(tx, keys).await,)*
                _ => Ok(Found::new()),
            }
        }
    };
}

loaders! {
    IslandRegistered: island::registered,
    IslandChanged: island::changed,
    GatewayRegistered: gateway::registered,
    GatewaySuspended: gateway::suspended,
    GatewayClaimed: gateway::claimed,
    EvidenceRecorded: evidence::recorded,
    GatewayEvent: evidence::event,
    MisbehaviourProven: evidence::misbehaviour,
    TokenAdmitted: token::admitted,
    TokenRevoked: token::revoked,
    TokenRotated: token::rotated,
    BatchAttested: attestation::attested,
}

/// The keys of one form's facts, as its query takes them.
struct Keys<'a>(Vec<&'a FactKey>);

impl Keys<'_> {
    fn subjects(&self) -> Vec<&[u8]> {
        self.0.iter().map(|key| key.subject.as_slice()).collect()
    }

    fn numbers(&self) -> Vec<Uint> {
        self.0.iter().map(|key| key.number).collect()
    }

    /// The numbers as ones that this crate counted itself.
    fn positions(&self) -> Vec<i64> {
        self.0.iter().map(|key| crate::column::position(key.number.0)).collect()
    }

    /// The subjects as 16-byte ids.
    fn uuids(&self) -> Result<Vec<Uuid>, LedgerError> {
        let read = |key: &&FactKey| {
            Uuid::from_slice(&key.subject).map_err(|_| LedgerError::corrupt("log subject", &key.subject))
        };
        self.0.iter().map(read).collect()
    }
}

/// Microseconds since the Unix epoch: what a TIMESTAMPTZ holds.
fn micros(at: OffsetDateTime) -> Result<u64, LedgerError> {
    u64::try_from(at.unix_timestamp_nanos() / 1000).map_err(|_| LedgerError::corrupt("time", at))
}

/// The facts of these keys, in their order.
pub(super) async fn load(tx: &mut Tx, keys: &[FactKey]) -> Result<Vec<Fact>, LedgerError> {
    let mut facts: Vec<Option<Fact>> = vec![None; keys.len()];
    for form in FORMS {
        let wanted: Vec<usize> =
            keys.iter().enumerate().filter(|(_, key)| key.form == *form).map(|(at, _)| at).collect();
        if wanted.is_empty() {
            continue;
        }
        let of_form = Keys(wanted.iter().filter_map(|at| keys.get(*at)).collect());
        for (place, fact) in load_form(tx, *form, &of_form).await? {
            let place = place.and_then(|place| usize::try_from(place - 1).ok());
            let at = place.and_then(|place| wanted.get(place)).copied();
            if let Some(slot) = at.and_then(|at| facts.get_mut(at)) {
                *slot = Some(fact);
            }
        }
    }
    let read = facts
        .into_iter()
        .zip(keys)
        .map(|(fact, key)| fact.ok_or_else(|| LedgerError::corrupt("log fact", key)));
    read.collect()
}
