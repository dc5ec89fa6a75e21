//! Sealed payloads: only the organisation that receives a packet can read what it says.
//!
//! The form is HPKE (RFC 9180) in base mode to a key of the receiving organisation, with the key's id and the suite in front, so
//! that a receiver with several keys knows which one opens it, and with a length that tells little. What is sealed is bound to the
//! two gateways, to the sender and to the receiver: put into a packet of somebody else it does not open. Who sent it is proven by
//! the packet, not by the seal. The same sealed payload sent twice has the same nonce: a receiver that minds remembers nonces.
//!
//! The form itself ([`Sealed`]) needs no cryptography; sealing and opening are behind the feature `sealed`.

mod form;
#[cfg(feature = "sealed")]
mod hpke;
mod key;

pub use form::{MAX_SEALED_MESSAGE, MIN_SEALED, Sealed, SealedError, Suite};
#[cfg(feature = "sealed")]
pub use hpke::{Fresh, OpenError, OpeningKey, Parties, SealError, open, open_packet, seal};
pub use key::{SealingKey, SealingKeyId};
