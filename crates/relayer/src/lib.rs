//! The agent that an operator runs next to an island: it watches the island, submits evidence to the hub, and delivers what
//! the hub has ready.
//!
//! It holds no state: where to resume is asked of the hub, and two relayers on one island are harmless. It only ever dials
//! out. It serves any number of islands in one process, each by tasks of its own: one that is dead, or whose nodes are,
//! never stops another.
//!
//! ```no_run
//! # async fn example(hub: causeway_client::HubClient, key: causeway_protocol::LocalSigner,
//! #     source: std::sync::Arc<dyn causeway_adapter::Source>,
//! #     destination: std::sync::Arc<dyn causeway_adapter::Destination>) {
//! use std::sync::Arc;
//!
//! use causeway_protocol::HubId;
//! use causeway_relayer::{IslandConfig, Pace, Relayer, RelayerConfig};
//! use tokio_util::sync::CancellationToken;
//!
//! let relayer = Relayer::new(RelayerConfig {
//!     hub,
//!     hub_id: HubId::of_origin("hub.example.org/log"),
//!     signer: Arc::new(key),
//!     islands: vec![IslandConfig { island: "harbour".into(), source, destination: Some(destination) }],
//!     pace: Pace::default(),
//! });
//! relayer.run(CancellationToken::new()).await;
//! # }
//! ```

mod config;
mod convert;
mod deliver;
mod pause;
mod relayer;
mod status;
mod watch;

pub use config::{IslandConfig, Pace, RelayerConfig};
pub use relayer::{Relayer, run};
pub use status::IslandStatus;
