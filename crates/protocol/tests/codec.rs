//! The canonical encoding has one form, and its decoder never panics.

#![allow(clippy::unwrap_used)] // a test may panic

use causeway_protocol::{DecodeError, Reader, SignedEnvelope, Writer};
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_again_the_same(number in any::<u64>(), text in "\\PC{0,40}", blob in prop::collection::vec(any::<u8>(), 0..400)) {
        let bytes = Writer::new().uint(number).bytes(text.as_bytes()).list(&Writer::new().bytes(&blob)).versioned(1);
        let mut reader = Reader::versioned("test", 1, &bytes).unwrap();
        prop_assert_eq!(reader.uint("number").unwrap(), number);
        prop_assert_eq!(reader.text("text").unwrap(), text.as_str());
        let mut inner = reader.list("list").unwrap();
        prop_assert_eq!(inner.bytes("blob").unwrap(), blob.as_slice());
        inner.end("list").unwrap();
        reader.end("test").unwrap();
    }

    #[test]
    fn an_envelope_that_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(envelope) = SignedEnvelope::decode(&bytes) {
            prop_assert_eq!(envelope.encode(), bytes);
        }
    }
}

#[test]
fn a_non_minimal_integer_is_refused() {
    // Four bytes of list: 0x82 0x00 0x01 is 1 with a leading zero.
    let bytes = [1, 0xc3, 0x82, 0x00, 0x01];
    let mut reader = Reader::versioned("test", 1, &bytes).unwrap();
    assert!(matches!(reader.uint("number"), Err(DecodeError::Item { what: "number", .. })));
}

#[test]
fn a_single_byte_with_a_length_is_refused() {
    let bytes = [1, 0xc2, 0x81, 0x05];
    let mut reader = Reader::versioned("test", 1, &bytes).unwrap();
    assert!(reader.bytes("blob").is_err());
}

#[test]
fn an_unknown_version_and_nothing_at_all_are_refused() {
    assert_eq!(
        Reader::versioned("test", 1, &[2, 0xc0]).unwrap_err(),
        DecodeError::Version { expected: 1, came: Some(2) }
    );
    assert_eq!(
        Reader::versioned("test", 1, &[]).unwrap_err(),
        DecodeError::Version { expected: 1, came: None }
    );
}

#[test]
fn a_length_that_leaves_the_input_is_refused() {
    let bytes = [1, 0xc2, 0xb8, 0xff];
    let mut reader = Reader::versioned("test", 1, &bytes).unwrap();
    assert!(reader.bytes("blob").is_err());
    assert!(
        Reader::versioned("test", 1, &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err()
    );
}

#[test]
fn more_items_than_a_format_allows_are_refused() {
    let bytes = Writer::new().each(0..5u64, Writer::uint).versioned(1);
    let reader = Reader::versioned("test", 1, &bytes).unwrap();
    let refused = reader.each("numbers", 4, |item| item.uint("number"));
    assert_eq!(refused, Err(DecodeError::TooMany { what: "numbers", most: 4 }));
}
