//! Protobuf messages as Go reads them: what Go accepts decides what peers accept.
//!
//! Whoever submits a transaction writes the messages around what endorsers signed. Go takes a known field of another wire type
//! for an unknown one, the last of several scalars, and the sum of several messages; a reader with other manners would not see
//! events that every peer sees.

/// Deepest nesting of groups that Go follows (`protowire.DefaultRecursionLimit`).
const MAX_GROUPS: usize = 10_000;

/// The value of one field, if it is of a kind that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Other,
}

/// Bytes that Go would not read either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a protobuf message")]
pub struct WireFault;

/// A message's fields, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Message<'a> {
    fields: Vec<(u32, Value<'a>)>,
}

impl<'a> Message<'a> {
    /// Reads a whole message.
    pub(super) fn read(mut bytes: &'a [u8]) -> Result<Self, WireFault> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            fields.push(field(&mut bytes)?);
        }
        Ok(Self { fields })
    }

    /// An embedded message that stands in several parts: their sum.
    fn merged(parts: impl Iterator<Item = &'a [u8]>) -> Result<Self, WireFault> {
        let mut fields = Vec::new();
        for part in parts {
            fields.append(&mut Self::read(part)?.fields);
        }
        Ok(Self { fields })
    }

    fn all(&self, tag: u32) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.fields.iter().filter_map(move |(field, value)| match value {
            Value::Bytes(bytes) if *field == tag => Some(*bytes),
            _ => None,
        })
    }

    /// A field of type bytes.
    pub(super) fn bytes(&self, tag: u32) -> &'a [u8] {
        self.all(tag).next_back().unwrap_or_default()
    }

    /// A field of type string: Go refuses a message in which one is not UTF-8.
    pub(super) fn string(&self, tag: u32) -> Result<&'a str, WireFault> {
        let mut last = "";
        for bytes in self.all(tag) {
            last = core::str::from_utf8(bytes).map_err(|_| WireFault)?;
        }
        Ok(last)
    }

    /// A field of a whole-number type.
    pub(super) fn uint(&self, tag: u32) -> u64 {
        let values = self.fields.iter().rev().filter_map(|(field, value)| match value {
            Value::Varint(value) if *field == tag => Some(*value),
            _ => None,
        });
        values.take(1).next().unwrap_or_default()
    }

    /// A field of a 32-bit type: Go keeps the low half of what stands there.
    pub(super) fn uint32(&self, tag: u32) -> u64 {
        self.uint(tag) & 0xffff_ffff
    }

    /// A field that holds a message; `None` if it is absent.
    pub(super) fn message(&self, tag: u32) -> Result<Option<Self>, WireFault> {
        if self.all(tag).next().is_none() {
            return Ok(None);
        }
        Self::merged(self.all(tag)).map(Some)
    }

    /// A repeated field, each item as it stands.
    pub(super) fn repeated(&self, tag: u32) -> Vec<&'a [u8]> {
        self.all(tag).collect()
    }
}

/// One field of the message that `bytes` begins with, which is taken off.
fn field<'a>(bytes: &mut &'a [u8]) -> Result<(u32, Value<'a>), WireFault> {
    let (tag, wire) = key(bytes)?;
    let value = match wire {
        0 => Value::Varint(varint(bytes)?),
        1 => {
            take(bytes, 8)?;
            Value::Other
        }
        2 => Value::Bytes(delimited(bytes)?),
        3 => {
            group(bytes, tag)?;
            Value::Other
        }
        5 => {
            take(bytes, 4)?;
            Value::Other
        }
        _ => return Err(WireFault),
    };
    Ok((tag, value))
}

/// Skips what is in a group, its end included.
fn group(bytes: &mut &[u8], tag: u32) -> Result<(), WireFault> {
    let mut open = vec![tag];
    while let Some(innermost) = open.last().copied() {
        let (tag, wire) = key(bytes)?;
        match wire {
            0 => drop(varint(bytes)?),
            1 => take(bytes, 8).map(drop)?,
            2 => delimited(bytes).map(drop)?,
            3 if open.len() < MAX_GROUPS => open.push(tag),
            4 if tag == innermost => drop(open.pop()),
            5 => take(bytes, 4).map(drop)?,
            _ => return Err(WireFault),
        }
    }
    Ok(())
}

fn key(bytes: &mut &[u8]) -> Result<(u32, u8), WireFault> {
    let key = varint(bytes)?;
    let tag = u32::try_from(key >> 3).ok().filter(|tag| (1..1 << 29).contains(tag)).ok_or(WireFault)?;
    Ok((tag, u8::try_from(key & 7).unwrap_or_default()))
}

fn varint(bytes: &mut &[u8]) -> Result<u64, WireFault> {
    let mut value = 0;
    for place in 0..10 {
        let (first, rest) = bytes.split_first().ok_or(WireFault)?;
        *bytes = rest;
        if place == 9 && *first > 1 {
            return Err(WireFault);
        }
        value |= u64::from(first & 0x7f) << (7 * place);
        if *first < 0x80 {
            return Ok(value);
        }
    }
    Err(WireFault)
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], WireFault> {
    let length = usize::try_from(varint(bytes)?).map_err(|_| WireFault)?;
    take(bytes, length)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], WireFault> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(WireFault)?;
    *bytes = rest;
    Ok(taken)
}

/// A payload and its signature.
pub(super) type Envelope<'a> = (&'a [u8], &'a [u8]);

/// The envelopes that a block's data is the concatenation of.
///
/// Peers take only envelopes that Go would write again as they are: payload, signature, neither empty, then fields that Go does
/// not know (`protoutil.VerifyTransactionsAreWellFormed`). A known field never stands behind those, so there is one way to
/// take the data apart, and none to take an envelope for two, or two for one.
pub(super) fn envelopes(mut data: &[u8]) -> Result<Vec<Envelope<'_>>, WireFault> {
    let mut envelopes = Vec::new();
    while !data.is_empty() {
        let payload = first_form(&mut data, 0x0a)?;
        let signature = first_form(&mut data, 0x12)?;
        envelopes.push((payload, signature));
        while let Some(rest) = unknown(data)? {
            data = rest;
        }
    }
    Ok(envelopes)
}

/// A field of bytes as Go writes it: not empty, its key and length in their shortest form.
fn first_form<'a>(data: &mut &'a [u8], key: u8) -> Result<&'a [u8], WireFault> {
    let (first, rest) = data.split_first().ok_or(WireFault)?;
    *data = rest;
    let before = data.len();
    let length = varint(data)?;
    let shortest = (64 - length.leading_zeros()).div_ceil(7).max(1) as usize;
    if *first != key || length == 0 || before - data.len() != shortest {
        return Err(WireFault);
    }
    take(data, usize::try_from(length).map_err(|_| WireFault)?)
}

/// What follows the field that `data` begins with, if that is one that Go does not know in an envelope.
fn unknown(data: &[u8]) -> Result<Option<&[u8]>, WireFault> {
    if data.is_empty() {
        return Ok(None);
    }
    let mut rest = data;
    let (tag, wire) = key(&mut rest)?;
    if wire == 2 && (tag == 1 || tag == 2) {
        return Ok(None);
    }
    let mut rest = data;
    field(&mut rest)?;
    Ok(Some(rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::super::proto::{self, ChannelHeader};
    use super::*;

    #[test]
    fn a_known_field_of_another_wire_type_is_an_unknown_one_and_the_last_of_several_counts() {
        // Field 4 (channel_id) as a varint, then twice as text.
        let bytes = [&[0x20, 0x05][..], &[0x22, 1, b'a'], &[0x22, 1, b'b']].concat();
        assert!(ChannelHeader::decode(&bytes[..]).is_err(), "another reader refuses it");
        assert_eq!(Message::read(&bytes).unwrap().string(4), Ok("b"));
        assert_eq!(Message::read(&[0x22, 1, 0xff]).unwrap().string(4), Err(WireFault));
    }

    #[test]
    fn of_a_32_bit_field_go_keeps_the_low_half() {
        let message = Message::read(&[0x08, 0x83, 0x80, 0x80, 0x80, 0x10]).unwrap();
        assert_eq!((message.uint(1), message.uint32(1)), ((1 << 32) + 3, 3));
    }

    #[test]
    fn a_message_in_several_parts_is_their_sum() {
        let outer = [&[0x0a, 2, 0x08, 1][..], &[0x0a, 2, 0x10, 2]].concat();
        let inner = Message::read(&outer).unwrap().message(1).unwrap().unwrap();
        assert_eq!((inner.uint(1), inner.uint(2)), (1, 2));
        assert!(Message::read(&outer).unwrap().message(2).unwrap().is_none());
    }

    #[test]
    fn groups_are_skipped_and_what_never_ends_is_refused() {
        let message = Message::read(&[0x1b, 0x23, 0x08, 1, 0x24, 0x1c, 0x08, 7]).unwrap();
        assert_eq!(message.uint(1), 7);
        for odd in [&[0x1b][..], &[0x1b, 0x24], &[0x0a, 9, 1], &[0x08], &[0xff; 11], &[0x06, 0], &[0x0c]] {
            assert_eq!(Message::read(odd).map(drop), Err(WireFault), "{odd:?}");
        }
        Message::read(&vec![0x1b; 100_000]).unwrap_err();
    }

    fn envelope() -> impl Strategy<Value = Vec<u8>> {
        let bytes = || prop::collection::vec(any::<u8>(), 1..200);
        let unknown = prop_oneof![
            Just(vec![]),
            Just(vec![0x18, 5]),
            Just(vec![0x1a, 2, 0x0a, 0x12]),
            Just(vec![0x08, 1])
        ];
        (bytes(), bytes(), unknown).prop_map(|(payload, signature, unknown)| {
            [proto::Envelope { payload, signature }.encode_to_vec(), unknown].concat()
        })
    }

    proptest! {
        #[test]
        fn data_is_taken_apart_as_it_was_put_together(items in prop::collection::vec(envelope(), 1..5)) {
            let data = items.concat();
            let taken = envelopes(&data).unwrap();
            prop_assert_eq!(taken.len(), items.len());
            for ((payload, signature), item) in taken.into_iter().zip(&items) {
                let message = Message::read(item).unwrap();
                prop_assert_eq!((payload, signature), (message.bytes(1), message.bytes(2)));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::read(&bytes);
            let _ = envelopes(&bytes);
        }
    }

    #[test]
    fn an_envelope_that_go_would_write_otherwise_is_refused() {
        let good = proto::Envelope { payload: vec![1], signature: vec![2] }.encode_to_vec();
        assert!(envelopes(&good).is_ok());
        let swapped = [&good[3..], &good[..3]].concat();
        let long = [0x0a, 0x81, 0x00, 1, 0x12, 1, 2];
        for odd in
            [&swapped[..], &long, &good[..3], &good[3..], &[0x0a, 0, 0x12, 1, 2], &[0x0a, 1, 1, 0x12, 0]]
        {
            assert_eq!(envelopes(odd).map(drop), Err(WireFault), "{odd:?}");
        }
    }
}
