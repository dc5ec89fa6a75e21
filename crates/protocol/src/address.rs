//! 20-byte addresses of EVM accounts and of signers.

use crate::hash::bytes_newtype;

/// The last 20 bytes of keccak-256 of a secp256k1 public key: a relayer, an attestor, a validator, a contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address(pub [u8; 20]);

bytes_newtype!(Address, 20);

impl Address {
    /// Twenty zero bytes: nobody.
    pub const ZERO: Self = Self([0; 20]);
}
