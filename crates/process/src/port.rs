//! Free ports, reserved against other tests on the same machine.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};

use rand::Rng;

/// Below 32768, where Linux starts handing out ports to outgoing connections, and above what services use.
const RANGE: std::ops::RangeInclusive<u16> = 15_000..=32_000;

/// A port on 127.0.0.1 that nothing listened on, kept from other users of this type while it lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    // Held for its lock: a node only binds its port seconds after we chose it.
    _lock: File,
}

impl Port {
    /// Reserves a port at random.
    ///
    /// # Errors
    /// `AddrInUse` when a thousand tries found no free one; else what kept the lock's file from being made.
    pub fn reserve() -> io::Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("causeway-ports-{}", rustix::process::getuid().as_raw()));
        fs::create_dir_all(&folder)?;
        for _ in 0..1000 {
            let number = rand::rng().random_range(RANGE);
            let lock = File::create(folder.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        let none = format!("no free port between {} and {}", RANGE.start(), RANGE.end());
        Err(io::Error::new(io::ErrorKind::AddrInUse, none))
    }

    /// The port.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn reserved_ports_are_distinct_and_below_the_ephemeral_range() {
        let ports: Vec<Port> = (0..50).map(|_| Port::reserve().unwrap()).collect();
        let numbers: HashSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), ports.len());
        assert!(numbers.iter().all(|number| *number < 32_768));
    }

    #[test]
    fn a_reserved_port_can_be_listened_on() {
        let port = Port::reserve().unwrap();
        TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
    }
}
