//! The one mark of verified things.

use core::ops::Deref;

/// A value that a light client of this crate verified. Nothing outside this crate can make one, so whoever holds one, or
/// asks for one, needs no further proof.
///
/// ```compile_fail
/// // There is no way to call something verified that was not.
/// let forged = causeway_verifier::Verified(7);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, without the mark.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
