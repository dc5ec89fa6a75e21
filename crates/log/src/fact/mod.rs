//! Facts: what the hub recorded, in the canonical bytes that an entry commits to.
//!
//! A fact names what it is about by ids and digests; payloads and evidence stay outside, so that erasing them leaves every
//! entry provable. Times are microseconds since the Unix epoch, as the hub's database keeps them.
//!
//! A new form is written down here, once, in the file of what it is about, and named in the list below; what else it takes is in
//! `docs/formats.md`, section Log.

mod attestation;
mod evidence;
mod form;
mod gateway;
mod island;
mod token;

use causeway_protocol::{DecodeError, Reader, Writer};

pub use self::attestation::BatchAttested;
pub use self::evidence::{EvidenceRecorded, GatewayEvent, MisbehaviourProven};
pub use self::form::Form;
pub use self::gateway::{GatewayClaimed, GatewayRegistered, GatewaySuspended};
pub use self::island::{IslandChanged, IslandRegistered};
pub use self::token::{TokenAdmitted, TokenRevoked, TokenRotated};
use crate::FactKind;

const WHAT: &str = "fact";

/// Every form there is. A number that two forms claim does not compile.
macro_rules! facts {
    ($($name:ident,)*) => {
        /// One fact. Its canonical form is in `docs/formats.md`, section Log.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact {
            $(#[doc = concat!("Of the form [`", stringify!($name), "`].")] $name($name),)*
        }

        impl Fact {
            /// The numbers of all forms.
            pub const FORMS: &[u8] = &[$($name::FORM,)*];

            /// The number of its form.
            pub fn form(&self) -> u8 {
                match self { $(Self::$name(_) => $name::FORM,)* }
            }

            /// What its entry shows.
            pub fn kind(&self) -> FactKind {
                match self { $(Self::$name(fact) => fact.kind(),)* }
            }

            /// Its canonical bytes: 0x01 ‖ RLP[form, fields…].
            pub fn encode(&self) -> Vec<u8> {
                let writer = Writer::new().uint(u64::from(self.form()));
                match self { $(Self::$name(fact) => fact.write(writer),)* }.versioned(1)
            }

            /// Reads canonical bytes; no others are accepted.
            pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                let mut reader = Reader::versioned(WHAT, 1, bytes)?;
                let form = reader.uint("form")?;
                let unknown = || DecodeError::Value { what: "form", came: format!("{form}, which no fact has") };
                let fact = match u8::try_from(form).map_err(|_| unknown())? {
                    $($name::FORM => Self::$name($name::read(&mut reader)?),)*
                    _ => return Err(unknown()),
                };
                reader.end(WHAT)?;
                Ok(fact)
            }
        }

        $(impl From<$name> for Fact {
            fn from(fact: $name) -> Self {
                Self::$name(fact)
            }
        })*
    };
}

facts! {
    IslandRegistered,
    GatewayRegistered,
    IslandChanged,
    GatewaySuspended,
    EvidenceRecorded,
    GatewayEvent,
    MisbehaviourProven,
    TokenAdmitted,
    TokenRevoked,
    BatchAttested,
    TokenRotated,
    GatewayClaimed,
}
