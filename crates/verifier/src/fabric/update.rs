//! Configuration updates: what one configuration allows the next to be.

/// A config block whose configuration does not follow from the one before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateFault {
    /// Not the next configuration.
    #[error("sequence {found}, expected {expected}")]
    Sequence {
        /// One more than that in force.
        expected: u64,
        /// What came.
        found: u64,
    },
}

impl UpdateFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sequence { .. } => "config-sequence",
        }
    }
}
