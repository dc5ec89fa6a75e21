//! What can go wrong with one node, and with all of them.

use alloy_provider::transport::{RpcError as AlloyError, TransportError};
use causeway_adapter::AdapterError;

/// Why one node gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// No answer, no answer in time, or no JSON-RPC: the node is left alone for a while.
    #[error("{0}")]
    Failed(String),
    /// The node does not know what was asked for: it may lag behind.
    #[error("it has no {0}")]
    Missing(String),
    /// A JSON-RPC error.
    #[error("{message} ({code})")]
    Refused {
        /// The JSON-RPC error code.
        code: i64,
        /// What the node says.
        message: String,
        /// Data that came with it: a reverted call's revert data.
        data: Option<Vec<u8>>,
    },
}

impl NodeError {
    /// Whether the node does not have this method.
    pub fn is_unknown_method(&self) -> bool {
        const METHOD_NOT_FOUND: i64 = -32601;
        match self {
            Self::Refused { code: METHOD_NOT_FOUND, .. } => true,
            // Besu answers -32604 "Method not enabled" for namespaces that are off.
            Self::Refused { message, .. } => message.contains("not enabled"),
            _ => false,
        }
    }

    /// Whether the answer is about the call itself, so that every node would give it.
    pub fn is_revert(&self) -> bool {
        matches!(self, Self::Refused { code, data, message }
            if *code == 3 || data.is_some() || message.contains("revert"))
    }

    /// Reads the error of one call.
    pub(crate) fn of_transport(error: TransportError) -> Self {
        match error {
            AlloyError::ErrorResp(payload) => {
                let text =
                    payload.data.as_ref().and_then(|data| serde_json::from_str::<String>(data.get()).ok());
                // Besu puts the revert data behind a word in some versions; hex is what counts.
                let data = text.as_deref().and_then(|text| text.find("0x").map(|at| &text[at..]));
                let data = data.and_then(|digits| const_hex::decode(digits.trim_end()).ok());
                Self::Refused { code: payload.code, message: payload.message.to_string(), data }
            }
            AlloyError::NullResp => Self::Missing("answer".into()),
            AlloyError::DeserError { err, text } => {
                let start: String = text.chars().take(80).collect();
                Self::Failed(format!("unexpected answer: {err}: {start}"))
            }
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Why no node gave a usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// Every node failed, or does not know.
    #[error("no node answered {call}: {last}")]
    Unreachable {
        /// What was asked.
        call: String,
        /// What the last node had to say.
        last: String,
    },
    /// The last node that answered refused.
    #[error("{call}: {error}")]
    Refused {
        /// What was asked.
        call: String,
        /// The refusal.
        error: NodeError,
    },
}

impl RpcError {
    /// Revert data, if a call reverted with some.
    pub fn revert_data(&self) -> Option<&[u8]> {
        match self {
            Self::Refused { error: NodeError::Refused { data, .. }, .. } => data.as_deref(),
            _ => None,
        }
    }

    /// Whether a call reverted, with or without data.
    pub fn is_revert(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error.is_revert())
    }

    /// What the node said when it refused; nothing if no node answered.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused { error: NodeError::Refused { message, .. }, .. } => Some(message),
            _ => None,
        }
    }
}

impl From<RpcError> for AdapterError {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Unreachable { call, last } => Self::Unreachable { call, last },
            RpcError::Refused { call, error } => Self::Unreachable { call, last: error.to_string() },
        }
    }
}
