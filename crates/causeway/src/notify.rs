//! Telling the service manager where a role is: started, alive, stopping (sd_notify). Does nothing without one.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager cannot be told: {error}");
    }
}

/// The role is up.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Says that the process lives, as often as the service manager asks, until `shutdown`; then says that it stops.
///
/// It runs on the runtime that does the work, so a runtime that is stuck says nothing and is started again.
pub(crate) async fn keep_alive(shutdown: CancellationToken) {
    if let Some(within) = sd_notify::watchdog_enabled() {
        let every = (within / 2).max(Duration::from_millis(1));
        let pings = async {
            loop {
                tell(&[NotifyState::Watchdog]);
                tokio::time::sleep(every).await;
            }
        };
        shutdown.run_until_cancelled(pings).await;
    } else {
        shutdown.cancelled().await;
    }
    tell(&[NotifyState::Stopping]);
}
