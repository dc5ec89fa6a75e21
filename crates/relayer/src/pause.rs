//! Pauses between attempts: growing, bounded, and never in step with other relayers'.

use core::time::Duration;

/// The pauses after failures in a row.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// The pause after one more failure.
    pub(crate) fn failed(&mut self) -> Duration {
        let pause = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        jittered(pause)
    }

    /// Something worked.
    pub(crate) fn worked(&mut self) {
        self.failures = 0;
    }

    /// How many failures in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }
}

/// Between three and five quarters of `pause`.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.75..1.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_start_small_again() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut backoff = Backoff::new(first, longest);
        let pauses: Vec<_> = (0..60).map(|_| backoff.failed()).collect();
        assert!(pauses[0] <= first.mul_f64(1.25) && pauses[2] >= first.mul_f64(3.0));
        assert!(pauses.iter().all(|pause| *pause <= longest.mul_f64(1.25)));
        assert!(pauses[59] >= longest.mul_f64(0.75));
        backoff.worked();
        assert!(backoff.failed() <= first.mul_f64(1.25));
    }

    #[test]
    fn pauses_differ() {
        let second = Duration::from_secs(1);
        assert!((0..20).any(|_| jittered(second) != jittered(second)));
    }
}
