//! What nearly every test begins with.

use causeway_protocol::Packet;

use crate::hub::TestHub;
use crate::world::{Side, islands, packet, sent};

/// The islands `harbour` and `customs`, a hub they are registered with, and a folder for an attestor's data.
pub(crate) struct Stage {
    pub(crate) a: Side,
    pub(crate) b: Side,
    pub(crate) hub: TestHub,
    pub(crate) data: tempfile::TempDir,
}

impl Stage {
    /// Nothing is recorded yet.
    pub(crate) async fn new() -> Self {
        let (a, b) = islands();
        let hub = TestHub::start(&[&a, &b]).await;
        Self { a, b, hub, data: tempfile::tempdir().unwrap() }
    }

    /// Both gateways are recorded as open.
    pub(crate) async fn opened() -> Self {
        let mut stage = Self::new().await;
        stage.record();
        stage
    }

    /// Both gateways are open, and a packet from `harbour` to `customs` is recorded.
    pub(crate) async fn with_packet(payload: &[u8]) -> (Self, Packet) {
        let mut stage = Self::new().await;
        let packet = packet(stage.a.id(), stage.b.id(), 1, payload);
        stage.a.emit(vec![sent(&packet)]);
        stage.record();
        (stage, packet)
    }

    /// Records what was mined on either island.
    pub(crate) fn record(&mut self) {
        self.hub.record(&mut self.a);
        self.hub.record(&mut self.b);
    }
}
