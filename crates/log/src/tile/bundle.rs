//! Entry bundles: each entry after its length.

use super::{Bundle, TILE_WIDTH};

/// Bytes that are no bundle of this many entries, or entries that fit into none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry ends after the bundle does.
    #[error("the bundle ends inside entry {entry}")]
    CutOff {
        /// Which entry of the bundle, from 0.
        entry: usize,
    },
    /// There are more or fewer entries than the bundle's width.
    #[error("a bundle of {expected} entries has {came}")]
    Count {
        /// The bundle's width.
        expected: u16,
        /// How many came; one more than expected if there are more.
        came: usize,
    },
    /// An entry is longer than its length can say.
    #[error("an entry of {came} bytes; at most 65535 fit into a bundle")]
    TooLong {
        /// Its length.
        came: usize,
    },
}

/// The entries of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<'a>(Vec<&'a [u8]>);

impl<'a> Entries<'a> {
    /// Reads what is served as `bundle`: as many entries as it is wide, each after its length as two bytes, big-endian.
    pub fn decode(bundle: Bundle, bytes: &'a [u8]) -> Result<Self, BundleError> {
        let expected = bundle.width();
        let mut entries = Vec::with_capacity(usize::from(expected.min(TILE_WIDTH)));
        let mut rest = bytes;
        while !rest.is_empty() {
            let entry = entries.len();
            if entry == usize::from(expected) {
                return Err(BundleError::Count { expected, came: entry + 1 });
            }
            let cut_off = BundleError::CutOff { entry };
            let (length, after) = rest.split_first_chunk::<2>().ok_or(cut_off.clone())?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (bytes, after) = after.split_at_checked(length).ok_or(cut_off)?;
            entries.push(bytes);
            rest = after;
        }
        if entries.len() == usize::from(expected) {
            Ok(Self(entries))
        } else {
            Err(BundleError::Count { expected, came: entries.len() })
        }
    }

    /// The entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().copied()
    }
}

/// What is served as a bundle of `entries`.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong { came: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bundle(width: u16) -> Bundle {
        Bundle::new(0, width).unwrap()
    }

    proptest! {
        #[test]
        fn entries_come_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..=256)) {
            let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
            let width = u16::try_from(entries.len()).unwrap();
            let read = Entries::decode(bundle(width), &bytes).unwrap();
            prop_assert!(read.iter().eq(entries.iter().map(Vec::as_slice)));
        }

        #[test]
        fn what_is_read_is_written_the_same(bytes in prop::collection::vec(0u8..3, 0..40), width in 1u16..20) {
            if let Ok(entries) = Entries::decode(bundle(width), &bytes) {
                prop_assert_eq!(encode_bundle(entries.iter()).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn a_bundle_that_is_cut_off_or_of_another_width_is_refused() {
        let bytes = encode_bundle([b"one".as_slice(), b""]).unwrap();
        assert_eq!(bytes, [0, 3, b'o', b'n', b'e', 0, 0]);
        let cut_off = |to: usize| Entries::decode(bundle(2), &bytes[..to]);
        assert_eq!(cut_off(6), Err(BundleError::CutOff { entry: 1 }));
        assert_eq!(cut_off(5), Err(BundleError::Count { expected: 2, came: 1 }));
        assert_eq!(cut_off(4), Err(BundleError::CutOff { entry: 0 }));
        assert_eq!(Entries::decode(bundle(1), &bytes), Err(BundleError::Count { expected: 1, came: 2 }));
        assert_eq!(Entries::decode(bundle(3), &bytes), Err(BundleError::Count { expected: 3, came: 2 }));
    }

    #[test]
    fn an_entry_too_long_for_its_length_is_refused() {
        let long = vec![0; 65_536];
        assert_eq!(encode_bundle([long.as_slice()]), Err(BundleError::TooLong { came: 65_536 }));
        assert!(encode_bundle([&long[1..]]).is_ok());
    }
}
