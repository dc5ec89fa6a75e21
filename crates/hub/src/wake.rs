//! Long polls: look, wait for the ledger to signal a change, look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The patience of one long poll.
pub(crate) struct Patience {
    signal: watch::Receiver<u64>,
    until: Option<Instant>,
    stopping: CancellationToken,
}

impl Patience {
    /// Waits for `signal` up to `wait`, and not at all once `stopping`. Make it before the first look: whatever is committed
    /// after that rings, and nothing is missed.
    pub(crate) fn new(signal: watch::Receiver<u64>, wait: Duration, stopping: &CancellationToken) -> Self {
        let until = (!wait.is_zero()).then(|| Instant::now() + wait);
        Self { signal, until, stopping: stopping.clone() }
    }

    /// Waits until it is worth looking again; false once it is time to answer what there is.
    pub(crate) async fn look_again(&mut self) -> bool {
        let Some(until) = self.until else { return false };
        tokio::select! {
            rung = self.signal.changed() => rung.is_ok(),
            () = tokio::time::sleep_until(until) => false,
            () = self.stopping.cancelled() => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_poll_looks_again_whenever_something_was_committed() {
        let bell = watch::Sender::new(0);
        let mut patience = Patience::new(bell.subscribe(), LONG, &CancellationToken::new());
        let begun = Instant::now();
        bell.send_modify(|n| *n += 1); // committed between subscribing and waiting: not missed
        assert!(patience.look_again().await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            bell.send_modify(|n| *n += 1);
            tokio::time::sleep(LONG).await;
        });
        assert!(patience.look_again().await);
        assert_eq!(begun.elapsed().as_secs(), 1);
        assert!(!patience.look_again().await);
        assert_eq!(begun.elapsed(), LONG);
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_answers_at_once_when_the_hub_stops_or_nobody_asked_to_wait() {
        let (bell, stopping) = (watch::Sender::new(0), CancellationToken::new());
        let begun = Instant::now();
        assert!(!Patience::new(bell.subscribe(), Duration::ZERO, &stopping).look_again().await);
        stopping.cancel();
        assert!(!Patience::new(bell.subscribe(), LONG, &stopping).look_again().await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
