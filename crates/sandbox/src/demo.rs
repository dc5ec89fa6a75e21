//! The demo: packets both ways, one that expires, one whose receiver fails, one forged; and how each ends.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_api::{Packet, PacketState};
use causeway_client::{HubClient, PacketFilter};
use causeway_protocol::PacketId;
use tokio_util::sync::CancellationToken;

use crate::SandboxError;
use crate::devnet::DevnetChain;
use crate::island::Island;
use crate::report::{Event, Report, Summary};

/// How long an ordinary packet may take to be delivered, in seconds.
const TIMEOUT: u64 = 600;
/// How long the packet that expires has, in seconds.
const SHORT_TIMEOUT: u64 = 2;
/// How long to wait for everything to end.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often the hub is asked how packets are doing.
const INTERVAL: Duration = Duration::from_millis(100);
/// Most posts under way on one chain.
const AT_ONCE: usize = 32;

/// What ended, and how.
#[derive(Default)]
pub(crate) struct Tally {
    ended: HashMap<PacketId, PacketState>,
    times: Vec<u64>,
    first_settled_ms: Option<u64>,
}

/// What has to come out.
pub(crate) struct Expected {
    /// Packets in all.
    pub(crate) packets: u64,
    /// Those whose receiver fails.
    pub(crate) failed: u64,
    /// Those that expire.
    pub(crate) refunded: u64,
}

/// A moment `seconds` from now, Unix seconds.
fn in_seconds(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()) + seconds
}

/// Sends `count` ordinary packets, each island to the next in turn.
pub(crate) async fn send_ordinary(islands: &[Island], count: u64) -> Result<(), SandboxError> {
    let lines = islands.iter().enumerate().map(|(place, from)| async move {
        let to = &islands[(place + 1) % islands.len()];
        let mine: Vec<u64> =
            (0..count).filter(|index| index % islands.len() as u64 == place as u64).collect();
        for some in mine.chunks(AT_ONCE) {
            let posts = some.iter().map(|index| async move {
                from.post(to, &format!("message {index} from {}", from.name), in_seconds(TIMEOUT)).await
            });
            futures::future::try_join_all(posts).await?;
        }
        Ok::<(), SandboxError>(())
    });
    futures::future::try_join_all(lines).await?;
    Ok(())
}

/// Between whom packets come to grief: the destination has to be a chain that can be told to.
///
/// A devnet is: its board's failure is a failed delivery at once, and a packet that comes too late expires in its next block.
/// On Fabric a receiver's error is no failed delivery, and what has not been taken expires two minutes after its timeout:
/// packets go home from there too, but nobody would like to wait for it.
pub(crate) struct Trouble<'a> {
    from: &'a Island,
    /// Where they go.
    pub(crate) to: &'a Island,
    chain: &'a DevnetChain,
}

impl<'a> Trouble<'a> {
    /// To the first devnet, from the island whose packets go there.
    pub(crate) fn among(islands: &'a [Island]) -> Result<Self, SandboxError> {
        for (place, to) in islands.iter().enumerate() {
            if let Some(chain) = to.chain.devnet() {
                let from = &islands[(place + islands.len() - 1) % islands.len()];
                return Ok(Self { from, to, chain });
            }
        }
        Err(SandboxError::NoDevnet)
    }

    /// Sends one packet whose receiver fails, and waits until it has.
    pub(crate) async fn send_failing(
        &self,
        hub: &HubClient,
        tally: &mut Tally,
        report: &Report,
        stop: &CancellationToken,
    ) -> Result<(), SandboxError> {
        self.chain.set_failing(true).await?;
        let expected = tally.count() + 1;
        self.from.post(self.to, "a message that is not taken", in_seconds(TIMEOUT)).await?;
        let ended = tally.follow(hub, report, expected, stop).await;
        self.chain.set_failing(false).await?;
        ended
    }

    /// Sends one packet that has no time to arrive: its destination makes no blocks until it is too late.
    pub(crate) async fn send_expiring(
        &self,
        hub: &HubClient,
        tally: &mut Tally,
        report: &Report,
        stop: &CancellationToken,
    ) -> Result<(), SandboxError> {
        let expected = tally.count() + 1;
        self.chain.net.pause();
        let posted =
            self.from.post(self.to, "a message that comes too late", in_seconds(SHORT_TIMEOUT)).await;
        tokio::time::sleep(Duration::from_secs(SHORT_TIMEOUT + 1)).await;
        self.chain.net.resume();
        posted?;
        tally.follow(hub, report, expected, stop).await
    }
}

impl Tally {
    /// How many packets have ended.
    pub(crate) fn count(&self) -> usize {
        self.ended.len()
    }

    /// Follows packets at the hub until `expected` have ended in all, and reports each. Gives up after a while, or on `stop`.
    pub(crate) async fn follow(
        &mut self,
        hub: &HubClient,
        report: &Report,
        expected: usize,
        stop: &CancellationToken,
    ) -> Result<(), SandboxError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.count() < expected && !stop.is_cancelled() && tokio::time::Instant::now() < deadline {
            for state in [PacketState::Settled, PacketState::Refunded] {
                self.look(hub, report, state).await?;
            }
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(())
    }

    /// Takes in the packets of one final state, newest first, until it meets a page it knows.
    async fn look(
        &mut self,
        hub: &HubClient,
        report: &Report,
        state: PacketState,
    ) -> Result<(), SandboxError> {
        let filter = PacketFilter { state: Some(state), limit: Some(500), ..PacketFilter::default() };
        let mut next = None;
        loop {
            let page = hub.packets(&filter, next.as_deref()).await?;
            for packet in page.items {
                self.take(&packet, report);
            }
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, packet: &Packet, report: &Report) {
        if self.ended.contains_key(&packet.id) {
            return;
        }
        let state = match (packet.state, packet.success) {
            (PacketState::Settled, Some(false)) => PacketState::Failed,
            (state, _) => state,
        };
        let taken = packet.changed_at - packet.recorded_at;
        let ms = u64::try_from(taken.whole_milliseconds()).unwrap_or(0);
        self.ended.insert(packet.id, state);
        self.times.push(ms);
        if state == PacketState::Settled {
            self.first_settled_ms.get_or_insert(report.elapsed_ms());
        }
        report.emit(&Event::Packet { id: packet.id, lane: packet.packet.lane, state, ms });
    }

    /// The summary of it all.
    pub(crate) fn summary(mut self, expected: &Expected, forged_refused: bool) -> Summary {
        self.times.sort_unstable();
        let count =
            |wanted: PacketState| self.ended.values().filter(|state| **state == wanted).count() as u64;
        let (settled, failed, refunded) =
            (count(PacketState::Settled), count(PacketState::Failed), count(PacketState::Refunded));
        let pending = expected.packets.saturating_sub(self.ended.len() as u64);
        let as_expected = pending == 0
            && failed == expected.failed
            && refunded == expected.refunded
            && settled == expected.packets - expected.failed - expected.refunded;
        Summary {
            packets: expected.packets,
            settled,
            failed,
            refunded,
            pending,
            forged_refused,
            first_settled_ms: self.first_settled_ms,
            p50_ms: percentile(&self.times, 50),
            p99_ms: percentile(&self.times, 99),
            ok: as_expected && forged_refused,
        }
    }
}

/// The smallest of the ascending `times` that at least `percent` of them do not exceed.
fn percentile(times: &[u64], percent: usize) -> Option<u64> {
    let rank = (times.len() * percent).div_ceil(100);
    times.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_occurred() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[1, 2, 3, 4], 50), Some(2));
        assert_eq!(percentile(&(1..=200).collect::<Vec<_>>(), 99), Some(198));
    }

    #[test]
    fn a_pending_packet_or_an_accepted_forgery_is_not_ok() {
        let expected = Expected { packets: 1, failed: 0, refunded: 0 };
        assert!(!Tally::default().summary(&expected, true).ok);
        let mut all = Tally::default();
        all.ended.insert(PacketId([1; 32]), PacketState::Settled);
        assert!(!all.summary(&expected, false).ok);
        let mut all = Tally::default();
        all.ended.insert(PacketId([1; 32]), PacketState::Settled);
        assert!(all.summary(&expected, true).ok);
    }
}
