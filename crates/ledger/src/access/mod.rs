//! Who may ask, and what was answered.

mod idempotency;
mod reads;
mod token;

use uuid::Uuid;

pub use self::idempotency::{Begin, IdempotencyKey, StoredAnswer};
pub use self::reads::Access;
pub use self::token::RotateError;

/// Who did something, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The token used, if one was.
    pub token: Option<Uuid>,
    /// A name that people recognise.
    pub name: String,
}
