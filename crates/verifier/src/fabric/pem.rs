//! PEM as Go's `encoding/pem` reads it: the first block of whatever type, with or without text around it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// As `base64.StdEncoding`: padded, and what is left over of the last byte may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// The first block's contents; `None` if there is none.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut rest = text;
    while let Some(end) = find(rest, END) {
        let after = rest.get(end + END.len()..)?;
        // The last beginning before the end, at the start of a line.
        let begin = rest[..end].windows(BEGIN.len()).rposition(|window| window == BEGIN);
        let block = begin
            .filter(|begin| *begin == 0 || rest.get(begin - 1) == Some(&b'\n'))
            .and_then(|begin| rest.get(begin + BEGIN.len()..=end))
            .and_then(|block| read(block, after));
        if block.is_some() {
            return block;
        }
        rest = after;
    }
    None
}

/// A block from the type in its first line up to the newline before its end, and what follows `-----END `.
fn read(block: &[u8], after: &[u8]) -> Option<Vec<u8>> {
    let (first, mut body) = line(block);
    let kind = first.strip_suffix(DASHES)?;
    let (last, _) = line(after);
    if last.strip_suffix(DASHES)? != kind {
        return None;
    }
    loop {
        let (header, rest) = line(body);
        if !header.contains(&b':') {
            break;
        }
        body = rest;
    }
    let digits: Vec<u8> = body.iter().copied().filter(|byte| !b" \t\r\n".contains(byte)).collect();
    BASE64.decode(digits).ok()
}

/// A line without the white space at its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let next = text.get(end + 1..).unwrap_or_default();
    (text[..end].trim_ascii_end(), next)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_first_block_is_read_as_go_reads_it() {
        for text in [
            "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----",
            "-----BEGIN X-----\r\nAQ\r\nID\r\n-----END X-----\r\n",
            "words\n-----BEGIN X-----\n A\tQID \n-----END X-----\n-----BEGIN Y-----\nBAUG\n-----END Y-----\n",
            "-----BEGIN X-----\nKey: value\n\nAQID\n-----END X-----\n",
            "-----BEGIN Y-----\n-----BEGIN X-----\nAQID\n-----END X-----\n",
            "-----BEGIN Y-----\nBAUG\n-----END Z-----\n-----BEGIN X-----\nAQID\n-----END X-----\n",
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(&[1, 2, 3][..]), "{text}");
        }
        assert_eq!(decode(b"-----BEGIN X-----\nAR==\n-----END X-----\n"), Some(vec![1]), "bits left over");
    }

    #[test]
    fn what_go_does_not_read_is_no_block() {
        for text in [
            "",
            "AQID",
            "-----BEGIN X-----\nAQID\n",
            "-----BEGIN X-----\nAQID\n-----END Y-----\n",
            "-----BEGIN X-----\nAQI\n-----END X-----\n",
            "-----BEGIN X-----\nAQ_D\n-----END X-----\n",
            "-----BEGIN X-----\nAQID\n-----END X----- words\n",
            "words -----BEGIN X-----\nAQID\n-----END X-----\n",
            "-----BEGIN X----\nAQID\n-----END X-----\n",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
