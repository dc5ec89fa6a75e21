//! What the sandbox is started with.

use std::path::PathBuf;

use causeway_protocol::Family;

use crate::SandboxError;

/// The sandbox's options.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many packets the demo sends, at least 3: one of them expires, one fails at its receiver.
    pub packets: u64,
    /// Whether to end after the demo; else the sandbox keeps running until it is told to stop.
    pub exit: bool,
    /// The families of the islands, at least two, not all of them Fabric.
    pub islands: Vec<Family>,
    /// The hub's port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// Where Postgres and the attestors keep their data; a temporary folder when not given.
    pub data: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { packets: 20, exit: false, islands: vec![Family::Qbft, Family::Qbft], port: 0, data: None }
    }
}

impl Options {
    /// Refuses options that cannot be met.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        if !(3..=100_000).contains(&self.packets) {
            let came = self.packets;
            return Err(SandboxError::Options(format!("expected 3 to 100000 packets, came {came}")));
        }
        if !(2..=8).contains(&self.islands.len()) {
            let came = self.islands.len();
            return Err(SandboxError::Options(format!("expected 2 to 8 islands, came {came}")));
        }
        if self.islands.iter().all(|family| *family == Family::Fabric) {
            let why = "packets that fail and expire have to go to an island that can be made to";
            let expected = "expected at least one island of the families qbft, ibft2 and ibft";
            return Err(SandboxError::Options(format!("{expected}: {why}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_be_met_are_refused() {
        use Family::{Fabric, Ibft2, Qbft};
        let with = |islands: &[Family]| Options { islands: islands.to_vec(), ..Options::default() };
        for islands in [&[Qbft, Qbft][..], &[Qbft, Fabric], &[Fabric, Ibft2], &[Qbft, Ibft2, Fabric]] {
            with(islands).check().unwrap();
        }
        for islands in [&[][..], &[Qbft], &[Fabric, Fabric], &[Qbft; 9]] {
            assert!(matches!(with(islands).check(), Err(SandboxError::Options(_))), "{islands:?}");
        }
        assert!(Options { packets: 2, ..Options::default() }.check().is_err());
    }
}
