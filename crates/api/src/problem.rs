//! Errors as RFC 9457 problem documents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused, for programs (`code`) and for people (`detail`, `next`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem: `/problems/{code}`.
    pub r#type: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable, kebab-case name of the kind of problem.
    pub code: String,
    /// What was expected and what came.
    pub detail: String,
    /// What to do next.
    pub next: String,
}
