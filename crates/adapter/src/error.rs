//! Why an adapter could not do what it was asked.

/// A failure of an adapter. All but [`AdapterError::Configuration`] may pass by themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// No node of the island gave an answer.
    #[error("no node answered {call}: {last}")]
    Unreachable {
        /// What was asked.
        call: String,
        /// What the last node that was tried had to say.
        last: String,
    },
    /// Nodes answered, but with something that cannot be true of this island.
    #[error("{what}: expected {expected}, a node gave {came}")]
    Inconsistent {
        /// What is wrong.
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What came.
        came: String,
    },
    /// The island's own data cannot be made into evidence, or not yet.
    #[error("height {height} cannot be proven: {detail}")]
    Unprovable {
        /// Where.
        height: u64,
        /// Why.
        detail: String,
    },
    /// What the adapter was given does not fit the island: no repetition helps.
    #[error("configuration: {0}")]
    Configuration(String),
}
