//! An independent witness: follows the hub's evidence, verifies it again from its own anchors, and signs.
//!
//! Gateways deliver and settle what m of n attestors signed, so an attestor is what stands between a hub and a forged
//! packet. It takes evidence from the hub, and believes nothing of it: every header and receipt is verified again by
//! [`causeway_verifier`] from trust anchors in the attestor's own configuration, and what was proven is kept in its own
//! [`Store`]. Asked to sign a batch, it compares each statement with those facts. Before a signature exists the statement is
//! durable in a journal: DELIVER xor REFUSE, and at most one outcome of a packet, ever, across restarts.
//!
//! ```no_run
//! # async fn example(config: causeway_attestor::AttestorConfig) -> Result<(), causeway_attestor::AttestorError> {
//! use std::sync::Arc;
//!
//! use causeway_attestor::{Attestor, SystemClock};
//! use tokio_util::sync::CancellationToken;
//!
//! let attestor = Attestor::open(config, Arc::new(SystemClock))?;
//! println!("attesting as {}", attestor.address());
//! attestor.run(CancellationToken::new()).await
//! # }
//! ```

mod attestor;
mod clock;
mod config;
mod error;
mod facts;
mod feed;
mod follow;
mod journal;
mod judge;
mod records;
mod sign;
mod store;

pub use attestor::{Attendance, Attestor, run};
pub use clock::{Clock, SystemClock};
pub use config::{AttestorConfig, PinnedGateway, WatchedIsland};
pub use error::{AttestorError, StoreError};
pub use feed::{FeedFault, SLOWEST_COMMIT_MS};
pub use follow::FollowError;
pub use journal::JournalConflict;
pub use judge::Reason;
pub use records::GatewayFault;
pub use sign::{AttendError, Unsigned};
pub use store::Store;
