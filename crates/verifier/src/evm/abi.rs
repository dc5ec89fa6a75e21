//! Solidity's ABI, read strictly: only the bytes that the compiler's encoder writes are accepted.

use causeway_protocol::{Address, Hash};

/// Why data is not the canonical encoding of the expected types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AbiFault {
    /// The data ends too early.
    #[error("the data ends too early")]
    Short,
    /// An integer, boolean or address does not fit its type.
    #[error("a value does not fit its type")]
    Range,
    /// A dynamic value stands elsewhere than right after the one before.
    #[error("a dynamic value does not stand where the encoder puts it")]
    Offset,
    /// Padding is not zero.
    #[error("padding is not zero")]
    Padding,
    /// Bytes follow the last value.
    #[error("{0} bytes follow the last value")]
    Trailing(usize),
    /// An array is longer than its meaning allows.
    #[error("an array of {0} items is too long")]
    TooLong(u64),
}

/// One word as an unsigned integer below 2^64.
pub(crate) fn uint(word: &Hash) -> Result<u64, AbiFault> {
    let (high, low) = word.0.split_at(24);
    if high.iter().any(|&byte| byte != 0) {
        return Err(AbiFault::Range);
    }
    Ok(low.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte)))
}

/// One word as an address.
pub(crate) fn address(word: &Hash) -> Result<Address, AbiFault> {
    let (high, low) = word.0.split_at(12);
    if high.iter().any(|&byte| byte != 0) {
        return Err(AbiFault::Range);
    }
    Address::try_from(low).map_err(|_| AbiFault::Range)
}

/// Reads a tuple: a head of one word per value, and the tails of dynamic values in order, without gaps.
pub(crate) struct Tuple<'a> {
    data: &'a [u8],
    head: usize,
    tail: usize,
}

impl<'a> Tuple<'a> {
    /// A tuple of `values` values that `data` is, as a whole.
    pub(crate) fn new(data: &'a [u8], values: usize) -> Self {
        Self { data, head: 0, tail: values * 32 }
    }

    fn word_at(&self, at: usize) -> Result<Hash, AbiFault> {
        let word = self.data.get(at..).and_then(|rest| rest.get(..32)).ok_or(AbiFault::Short)?;
        Hash::try_from(word).map_err(|_| AbiFault::Short)
    }

    pub(crate) fn word(&mut self) -> Result<Hash, AbiFault> {
        let word = self.word_at(self.head)?;
        self.head += 32;
        Ok(word)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, AbiFault> {
        uint(&self.word()?)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, AbiFault> {
        u8::try_from(self.uint()?).map_err(|_| AbiFault::Range)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, AbiFault> {
        match self.uint()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(AbiFault::Range),
        }
    }

    pub(crate) fn address(&mut self) -> Result<Address, AbiFault> {
        address(&self.word()?)
    }

    /// The length word of the next dynamic value, which has to stand at the end of the tails read so far.
    fn dynamic(&mut self) -> Result<u64, AbiFault> {
        if usize::try_from(self.uint()?).ok() != Some(self.tail) {
            return Err(AbiFault::Offset);
        }
        let length = uint(&self.word_at(self.tail)?)?;
        self.tail += 32;
        Ok(length)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], AbiFault> {
        let length = usize::try_from(self.dynamic()?).map_err(|_| AbiFault::Short)?;
        let padded = length.checked_next_multiple_of(32).ok_or(AbiFault::Short)?;
        let data = self.data;
        let tail = data.get(self.tail..).and_then(|rest| rest.get(..padded)).ok_or(AbiFault::Short)?;
        let (bytes, padding) = tail.split_at(length);
        if padding.iter().any(|&byte| byte != 0) {
            return Err(AbiFault::Padding);
        }
        self.tail += padded;
        Ok(bytes)
    }

    pub(crate) fn addresses(&mut self, most: usize) -> Result<Vec<Address>, AbiFault> {
        let count = self.dynamic()?;
        if usize::try_from(count).is_ok_and(|count| count > most) || usize::try_from(count).is_err() {
            return Err(AbiFault::TooLong(count));
        }
        let mut addresses = Vec::new();
        for _ in 0..count {
            addresses.push(address(&self.word_at(self.tail)?)?);
            self.tail += 32;
        }
        Ok(addresses)
    }

    /// Refuses anything that follows.
    pub(crate) fn end(self) -> Result<(), AbiFault> {
        match self.data.len().checked_sub(self.tail) {
            Some(0) => Ok(()),
            Some(more) => Err(AbiFault::Trailing(more)),
            None => Err(AbiFault::Short),
        }
    }
}
