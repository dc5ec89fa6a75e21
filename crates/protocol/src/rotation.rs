//! Rotations: the next attestor set of a gateway, signed by the current one.

use crate::hash::Hasher;
use crate::sign::domain_separator;
use crate::{Address, GatewayId, Hash, words};

/// The next attestor set of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The current epoch + 1.
    pub epoch: u64,
    /// How many signatures the next set needs.
    pub threshold: u8,
    /// The next set, ascending.
    pub attestors: Vec<Address>,
}

/// An attestor set that no gateway accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// No attestor, or too many.
    #[error("{0} attestors, expected 1 to 32")]
    Size(usize),
    /// Half or fewer could sign, or more than there are.
    #[error("threshold {threshold} of {attestors}: expected more than half and at most all")]
    Threshold {
        /// The threshold that came.
        threshold: u8,
        /// How many attestors came.
        attestors: usize,
    },
    /// Zero, out of order or twice.
    #[error("attestor {0} is zero, out of ascending order or twice")]
    Order(Address),
}

impl Rotation {
    /// `Rotation(uint64 epoch,uint8 threshold,address[] attestors)`
    pub const TYPE: &'static [u8] = b"Rotation(uint64 epoch,uint8 threshold,address[] attestors)";
    /// Most attestors a gateway has.
    pub const MAX_ATTESTORS: usize = 32;

    /// Checks n/2 < threshold ≤ n ≤ 32, ascending, non-zero.
    pub fn check(&self) -> Result<(), RotationError> {
        let n = self.attestors.len();
        if n == 0 || n > Self::MAX_ATTESTORS {
            return Err(RotationError::Size(n));
        }
        let threshold = usize::from(self.threshold);
        if 2 * threshold <= n || threshold > n {
            return Err(RotationError::Threshold { threshold: self.threshold, attestors: n });
        }
        let mut last = Address::ZERO;
        for attestor in &self.attestors {
            if *attestor <= last {
                return Err(RotationError::Order(*attestor));
            }
            last = *attestor;
        }
        Ok(())
    }

    /// The digest the current set signs for `gateway`.
    pub fn digest(&self, gateway: GatewayId) -> Hash {
        let set =
            self.attestors.iter().fold(Hasher::new(), |hasher, a| hasher.word(words::address(a))).finish();
        let fields = Hasher::new()
            .hashed(Self::TYPE)
            .uint(self.epoch)
            .uint(u64::from(self.threshold))
            .word(set)
            .finish();
        Hasher::new().bytes(&[0x19, 0x01]).word(domain_separator(gateway)).word(fields).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(n: u8, threshold: u8) -> Rotation {
        let attestors = (1..=n).map(|i| Address([i; 20])).collect();
        Rotation { epoch: 2, threshold, attestors }
    }

    #[test]
    fn case_2_thresholds_follow_the_formula_for_every_size() {
        for n in 0..=40u8 {
            for threshold in 0..=41u8 {
                let good = (1..=32).contains(&n) && u32::from(threshold) * 2 > u32::from(n) && threshold <= n;
                assert_eq!(set(n, threshold).check().is_ok(), good, "{threshold} of {n}");
            }
        }
    }

    #[test]
    fn attestors_are_ascending_and_not_zero() {
        let mut twice = set(3, 2);
        twice.attestors[1] = twice.attestors[0];
        assert!(matches!(twice.check(), Err(RotationError::Order(_))));
        let mut zero = set(3, 2);
        zero.attestors[0] = Address::ZERO;
        assert!(matches!(zero.check(), Err(RotationError::Order(_))));
    }
}
