//! Client of the hub's REST interface: one method a route, typed answers, typed refusals.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use causeway_client::{HubClient, Settings, Token};
//!
//! let hub = HubClient::new(Settings::new("https://hub.example", Some(Token::new("secret")?))?)?;
//! let cursor = hub.cursor("harbour").await?;
//! println!("evidence of {} links to height {}", cursor.island, cursor.head.height);
//! # Ok(()) }
//! ```
//!
//! Calls that change nothing when they are repeated (every GET, evidence and attestations, which are their own keys) are
//! repeated with growing, jittered pauses when the hub or the network fails; all others are sent once. Every call may be
//! dropped at any time: a long poll keeps no state but the `after` its caller holds.

mod attestations;
mod deliveries;
mod error;
mod evidence;
mod health;
mod history;
mod islands;
mod log;
mod packets;
mod request;
mod settings;
mod tokens;

pub use error::ClientError;
pub use history::HoursFilter;
pub use islands::IslandStep;
pub use packets::PacketFilter;
pub use request::HubClient;
pub use settings::{Settings, SettingsError, Token};
