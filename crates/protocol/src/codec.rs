//! The canonical encoding: a version byte, then RLP in its one minimal form.
//!
//! Encoding and strict decoding of the byte layouts in `docs/formats.md`. Small on purpose: strings, scalars, fixed-length
//! strings and lists. Every error says what was expected.

use alloy_rlp::{Decodable, Encodable, Header};

/// Bytes that are not in the one canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first byte names another version.
    #[error("version {came:?}, expected {expected}")]
    Version {
        /// The version this decoder knows.
        expected: u8,
        /// The first byte, if there was one.
        came: Option<u8>,
    },
    /// Not canonical RLP, or not the item that belongs here.
    #[error("{what}: {cause}")]
    Item {
        /// The field.
        what: &'static str,
        /// What RLP had to say.
        cause: alloy_rlp::Error,
    },
    /// A fixed-length field has another length.
    #[error("{what}: {came} bytes, expected {expected}")]
    Length {
        /// The field.
        what: &'static str,
        /// Its length by the format.
        expected: usize,
        /// The length that came.
        came: usize,
    },
    /// A list is longer than the format allows.
    #[error("{what}: more than {most} items")]
    TooMany {
        /// The field.
        what: &'static str,
        /// Most items by the format.
        most: usize,
    },
    /// Bytes are left over.
    #[error("{what}: {count} bytes left over")]
    Trailing {
        /// The structure that had to end.
        what: &'static str,
        /// How many bytes are left.
        count: usize,
    },
    /// A value outside what the format knows.
    #[error("{what}: {came}")]
    Value {
        /// The field.
        what: &'static str,
        /// The value that came and what was expected.
        came: String,
    },
}

/// Reads items from the payload of one RLP list.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Opens `version ‖ RLP list`, which has to fill `bytes` exactly.
    pub fn versioned(what: &'static str, version: u8, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match bytes.split_first() {
            Some((came, rest)) if *came == version => Self::sole(what, rest),
            other => Err(DecodeError::Version { expected: version, came: other.map(|(came, _)| *came) }),
        }
    }

    /// Opens an RLP list that has to fill `bytes` exactly.
    pub fn sole(what: &'static str, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut outer = Self { rest: bytes };
        let list = outer.list(what)?;
        outer.end(what)?;
        Ok(list)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes not yet read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next item has to be a list.
    pub fn list(&mut self, what: &'static str) -> Result<Self, DecodeError> {
        let rest =
            Header::decode_bytes(&mut self.rest, true).map_err(|cause| DecodeError::Item { what, cause })?;
        Ok(Self { rest })
    }

    /// The next item has to be a string.
    pub fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        Header::decode_bytes(&mut self.rest, false).map_err(|cause| DecodeError::Item { what, cause })
    }

    /// The next item, a string or a list, whole: its header and its payload.
    pub fn raw(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let before = self.rest;
        let header = Header::decode(&mut self.rest).map_err(|cause| DecodeError::Item { what, cause })?;
        let short = DecodeError::Item { what, cause: alloy_rlp::Error::InputTooShort };
        self.rest = self.rest.get(header.payload_length..).ok_or(short)?;
        Ok(&before[..before.len() - self.rest.len()])
    }

    /// The next item has to be a string of exactly `N` bytes.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes(what)?;
        bytes.try_into().map_err(|_| DecodeError::Length { what, expected: N, came: bytes.len() })
    }

    /// The next item has to be a minimal scalar below 2^64.
    pub fn uint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        u64::decode(&mut self.rest).map_err(|cause| DecodeError::Item { what, cause })
    }

    /// The next item has to be UTF-8 text.
    pub fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes(what)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::Value { what, came: "not UTF-8".into() })
    }

    /// Every remaining item by `read`, at most `most` of them.
    pub fn each<T, E: From<DecodeError>>(
        mut self,
        what: &'static str,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut items = Vec::new();
        while !self.is_empty() {
            if items.len() == most {
                return Err(DecodeError::TooMany { what, most }.into());
            }
            items.push(read(&mut self)?);
        }
        Ok(items)
    }

    /// Nothing may be left.
    pub fn end(self, what: &'static str) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing { what, count: self.rest.len() })
        }
    }
}

/// Writes the items of one RLP list.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    payload: Vec<u8>,
}

impl Writer {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a string.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        bytes.encode(&mut self.payload);
        self
    }

    /// Adds a minimal scalar.
    pub fn uint(mut self, value: u64) -> Self {
        value.encode(&mut self.payload);
        self
    }

    /// Adds a list.
    pub fn list(mut self, list: &Self) -> Self {
        Header { list: true, payload_length: list.payload.len() }.encode(&mut self.payload);
        self.payload.extend_from_slice(&list.payload);
        self
    }

    /// Adds an item that is RLP already.
    pub fn raw(mut self, item: &[u8]) -> Self {
        self.payload.extend_from_slice(item);
        self
    }

    /// Adds one item for each of `items`.
    pub fn each<T>(self, items: impl IntoIterator<Item = T>, write: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, write)
    }

    /// The list, with its header.
    pub fn finish(self) -> Vec<u8> {
        let header = Header { list: true, payload_length: self.payload.len() };
        let mut out = Vec::with_capacity(header.length() + self.payload.len());
        header.encode(&mut out);
        out.extend_from_slice(&self.payload);
        out
    }

    /// `version ‖ list`.
    pub fn versioned(self, version: u8) -> Vec<u8> {
        let mut out = vec![version];
        out.append(&mut self.finish());
        out
    }
}
