//! What can go wrong between a program and its hub.

use core::time::Duration;
use std::borrow::Cow;

use causeway_api::Problem;

/// A call that brought no answer, or not the one hoped for. `call` is the method and path of the call.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The hub refused, and says why and what to do next.
    #[error("{call}: {} ({}): {}", problem.code, problem.status, problem.detail)]
    Refused {
        /// The call.
        call: Cow<'static, str>,
        /// The hub's reason.
        problem: Box<Problem>,
        /// How long the hub asks to wait before the next attempt.
        retry_after: Option<Duration>,
    },
    /// Something answered with an error that is no problem document: a proxy in between, or no hub at all.
    #[error("{call}: status {status} without a problem document: {start:?}")]
    NotAHub {
        /// The call.
        call: Cow<'static, str>,
        /// The HTTP status.
        status: u16,
        /// How the answer starts.
        start: String,
        /// How long it asks to wait before the next attempt.
        retry_after: Option<Duration>,
    },
    /// No answer: no connection, a broken one, or no time left.
    #[error("{call}: {cause}")]
    Transport {
        /// The call.
        call: Cow<'static, str>,
        /// What the HTTP library had to say.
        #[source]
        cause: reqwest::Error,
    },
    /// A success whose body is not what the interface promises.
    #[error("{call}: unexpected answer: {detail}")]
    Answer {
        /// The call.
        call: Cow<'static, str>,
        /// What was expected and what came.
        detail: String,
    },
    /// An answer larger than any the interface gives.
    #[error("{call}: answer of more than {most} bytes")]
    TooLarge {
        /// The call.
        call: Cow<'static, str>,
        /// Most bytes that are read.
        most: usize,
    },
}

impl ClientError {
    /// The hub's stable name of the reason, when it was the hub that refused.
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// The hub's problem document, when it was the hub that refused.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// The HTTP status, if there was an answer with an error status.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { problem, .. } => Some(problem.status),
            Self::NotAHub { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same call may well succeed later: the network, an overloaded or a restarting hub.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { cause, .. } => !cause.is_builder(),
            Self::Answer { .. } | Self::TooLarge { .. } => false,
            Self::Refused { .. } | Self::NotAHub { .. } => {
                matches!(self.status(), Some(408 | 429 | 500 | 502 | 503 | 504))
            }
        }
    }

    /// How long the hub asks to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::NotAHub { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
