//! Time as blocks see it: the system's, shifted or standing still.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// A clock that tests can move.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    reading: Mutex<Reading>,
}

#[derive(Debug, Clone, Copy)]
enum Reading {
    /// The system's clock, so many seconds ahead.
    Ahead(u64),
    /// Always these Unix seconds.
    Fixed(u64),
}

impl Default for Reading {
    fn default() -> Self {
        Self::Ahead(0)
    }
}

impl Clock {
    /// Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        match *self.reading.lock() {
            Reading::Ahead(seconds) => system().saturating_add(seconds),
            Reading::Fixed(seconds) => seconds,
        }
    }

    /// A clock of its own that shows the same.
    pub(crate) fn copy(&self) -> Self {
        Self { reading: Mutex::new(*self.reading.lock()) }
    }

    /// Stands still at `seconds` from now on.
    pub(crate) fn set(&self, seconds: u64) {
        *self.reading.lock() = Reading::Fixed(seconds);
    }

    /// Jumps ahead; a clock that runs goes on running.
    pub(crate) fn advance(&self, by: Duration) {
        let mut reading = self.reading.lock();
        *reading = match *reading {
            Reading::Ahead(seconds) => Reading::Ahead(seconds.saturating_add(by.as_secs())),
            Reading::Fixed(seconds) => Reading::Fixed(seconds.saturating_add(by.as_secs())),
        };
    }
}

fn system() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
