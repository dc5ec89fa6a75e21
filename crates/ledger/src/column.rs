//! How the protocol's values stand in columns.

use causeway_protocol::{Address, Hash, Signature};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

use crate::LedgerError;

/// A `u64` in a NUMERIC column: BIGINT ends at 2^63 - 1, the protocol's numbers do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uint(pub(crate) u64);

/// NUMERIC travels as digits in this base.
const BASE: u64 = 10_000;

impl Type<Postgres> for Uint {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("NUMERIC")
    }
}

impl PgHasArrayType for Uint {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("NUMERIC[]")
    }
}

impl Encode<'_, Postgres> for Uint {
    /// Number of digits, weight of the first, sign, scale, digits: 16 bits each, most significant first, no zeros at the end.
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let mut digits = [0u16; 5];
        let (mut rest, mut first) = (self.0, digits.len());
        while rest > 0 {
            first -= 1;
            digits[first] = u16::try_from(rest % BASE)?;
            rest /= BASE;
        }
        let digits = &digits[first..];
        let weight = i16::try_from(digits.len())? - 1;
        let last = digits.iter().rposition(|digit| *digit != 0).map_or(0, |position| position + 1);
        let weight = if digits.is_empty() { 0 } else { weight };
        buffer.extend_from_slice(&u16::try_from(last)?.to_be_bytes());
        buffer.extend_from_slice(&weight.to_be_bytes());
        buffer.extend_from_slice(&[0; 4]);
        for digit in &digits[..last] {
            buffer.extend_from_slice(&digit.to_be_bytes());
        }
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Uint {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
            PgValueFormat::Binary => from_numeric(value.as_bytes()?).map(Self),
        }
    }
}

fn from_numeric(bytes: &[u8]) -> Result<u64, BoxDynError> {
    let words: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    let [count, weight, sign, _scale, digits @ ..] = words.as_slice() else {
        return Err("a NUMERIC of fewer than eight bytes".into());
    };
    if *sign != 0 || usize::from(*count) != digits.len() {
        return Err("a NUMERIC that is negative, not a number, or cut off".into());
    }
    if digits.is_empty() {
        return Ok(0);
    }
    let places = usize::from(*weight) + 1;
    if places > 5 || digits.len() > places {
        return Err("a NUMERIC that is not a 64-bit integer".into());
    }
    (0..places)
        .try_fold(0u64, |sum, place| {
            let digit = digits.get(place).copied().unwrap_or(0);
            sum.checked_mul(BASE)?.checked_add(u64::from(digit))
        })
        .ok_or_else(|| "a NUMERIC above 2^64 - 1".into())
}

/// A 32-byte column as the id or hash it holds.
pub(crate) fn id<T: From<Hash>>(what: &'static str, bytes: &[u8]) -> Result<T, LedgerError> {
    let hash = Hash::try_from(bytes).map_err(|_| LedgerError::corrupt(what, bytes))?;
    Ok(hash.into())
}

/// A 20-byte column.
pub(crate) fn address(what: &'static str, bytes: &[u8]) -> Result<Address, LedgerError> {
    Address::try_from(bytes).map_err(|_| LedgerError::corrupt(what, bytes))
}

/// A 65-byte column.
pub(crate) fn signature(bytes: &[u8]) -> Result<Signature, LedgerError> {
    Signature::try_from(bytes).map_err(|_| LedgerError::corrupt("signature", bytes))
}

/// An array of 20-byte values.
pub(crate) fn addresses(what: &'static str, array: &[Vec<u8>]) -> Result<Vec<Address>, LedgerError> {
    array.iter().map(|bytes| address(what, bytes)).collect()
}

/// A BIGINT that this crate counted itself, from 1.
pub(crate) fn count(what: &'static str, value: i64) -> Result<u64, LedgerError> {
    u64::try_from(value).map_err(|_| LedgerError::corrupt(what, value))
}

/// A position as a BIGINT. Positions a client made up may be larger than any there is.
pub(crate) fn position(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: u64) -> Vec<u8> {
        let mut buffer = PgArgumentBuffer::default();
        assert!(matches!(Uint(value).encode_by_ref(&mut buffer), Ok(IsNull::No)));
        buffer.to_vec()
    }

    proptest::proptest! {
        #[test]
        fn every_number_comes_back(value: u64) {
            proptest::prop_assert_eq!(from_numeric(&encoded(value)).unwrap(), value);
        }
    }

    #[test]
    fn numbers_at_the_edges_come_back() {
        for value in [0, 1, 9_999, 10_000, 100_000_000, 1 << 63, u64::MAX, 10_000_000_000_000_000_000] {
            assert_eq!(from_numeric(&encoded(value)).unwrap(), value, "{value}");
        }
    }

    #[test]
    fn a_numeric_that_is_no_uint64_is_refused() {
        let negative = [0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1];
        let fraction = [0, 2, 0, 0, 0, 0, 0, 4, 0, 1, 0, 1];
        let too_large = [0, 1, 0, 9, 0, 0, 0, 0, 0, 1];
        let cut_off = [0, 2, 0, 0, 0, 0, 0, 0, 0, 1];
        for bytes in [&negative[..], &fraction, &too_large, &cut_off, &[]] {
            assert!(from_numeric(bytes).is_err(), "{bytes:?}");
        }
    }
}
