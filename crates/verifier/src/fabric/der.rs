//! DER, element by element, as Go's `cryptobyte` reads it: what it accepts decides what peers accept.

/// Tags that stand in certificates and revocation lists.
pub(super) mod tag {
    pub(in super::super) const BOOLEAN: u8 = 0x01;
    pub(in super::super) const INTEGER: u8 = 0x02;
    pub(in super::super) const BIT_STRING: u8 = 0x03;
    pub(in super::super) const OCTET_STRING: u8 = 0x04;
    pub(in super::super) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(in super::super) const SEQUENCE: u8 = 0x30;
    pub(in super::super) const SET: u8 = 0x31;
    pub(in super::super) const UTC_TIME: u8 = 0x17;
    pub(in super::super) const GENERALIZED_TIME: u8 = 0x18;
    /// Constructed, context-specific.
    pub(in super::super) const fn explicit(number: u8) -> u8 {
        0xa0 | number
    }
    /// Primitive, context-specific.
    pub(in super::super) const fn implicit(number: u8) -> u8 {
        0x80 | number
    }
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// With its tag and length.
    pub(super) raw: &'a [u8],
}

/// What is left to read. `None` of its methods means: the bytes have another form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next element, of whatever tag.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], rest) = self.0.split_first_chunk()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // In DER a length has no leading zeros, and a short one not the long form.
            0x81..=0x84 => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = octets.iter().fold(0, |length: usize, octet| length << 8 | usize::from(*octet));
                ((length >= 0x80 && octets.first() != Some(&0)).then_some(length)?, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        let raw = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Element { tag, value, raw })
    }

    /// The next element, which has to be of this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The contents of the next element, which has to be of this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Der<'a>> {
        self.take(tag).map(|element| Der(element.value))
    }

    /// The next element if it is of this tag; otherwise nothing is read.
    #[expect(clippy::option_option, reason = "the outer one is for other forms, as everywhere here")]
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<Element<'a>>> {
        if self.0.first() == Some(&tag) { self.take(tag).map(Some) } else { Some(None) }
    }

    /// A whole number from 0, big-endian without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.take(tag::INTEGER)?.value {
            [0] => Some(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Some(rest),
            value @ [0x01..=0x7f, ..] => Some(value),
            _ => None,
        }
    }

    /// A bit string: its bytes, and how many bits of the last one do not count.
    pub(super) fn bits(&mut self) -> Option<(&'a [u8], u8)> {
        let (&unused, bytes) = self.take(tag::BIT_STRING)?.value.split_first()?;
        let clean = match bytes.last() {
            _ if unused > 7 => false,
            None => unused == 0,
            Some(last) => last & ((1 << unused) - 1) == 0,
        };
        clean.then_some((bytes, unused))
    }

    /// A bit string of whole bytes.
    pub(super) fn octet_bits(&mut self) -> Option<&'a [u8]> {
        self.bits().and_then(|(bytes, unused)| (unused == 0).then_some(bytes))
    }
}

/// One element of these contents.
pub(super) fn encode(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let length: usize = contents.iter().map(|part| part.len()).sum();
    let octets = length.to_be_bytes();
    let significant = octets.iter().position(|octet| *octet != 0).map_or(&[][..], |from| &octets[from..]);
    let mut out = vec![tag];
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        out.push(short);
    } else {
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
        out.extend_from_slice(significant);
    }
    out.extend(contents.iter().copied().flatten());
    out
}

/// An INTEGER of a whole number, big-endian, leading zeros or not.
pub(super) fn encode_unsigned(number: &[u8]) -> Vec<u8> {
    let number = number.iter().position(|octet| *octet != 0).map_or(&[][..], |from| &number[from..]);
    let sign: &[u8] = if number.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    encode(tag::INTEGER, &[sign, number])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_one_after_the_other() {
        let mut der = Der(&[0x02, 0x01, 0x05, 0x04, 0x00, 0x30, 0x02, 0x02, 0x00]);
        assert_eq!(der.unsigned(), Some(&[5][..]));
        assert_eq!(der.optional(tag::SEQUENCE).unwrap().map(|element| element.value), None);
        assert_eq!(der.take(tag::OCTET_STRING).unwrap().raw, [0x04, 0x00]);
        assert_eq!(der.next().unwrap().raw, [0x30, 0x02, 0x02, 0x00]);
        assert!(der.is_empty());
    }

    #[test]
    fn a_length_has_one_form() {
        assert!(Der(&[0x04, 0x81, 0x01, 0x00]).next().is_none(), "short length in the long form");
        assert!(Der(&[0x04, 0x82, 0x00, 0x80]).next().is_none(), "a leading zero");
        assert!(Der(&[0x04, 0x80, 0x00, 0x00]).next().is_none(), "an indefinite length");
        assert!(Der(&[0x04, 0x02, 0x00]).next().is_none(), "more than there is");
        assert!(Der(&[0x1f, 0x21, 0x00]).next().is_none(), "a tag of several bytes");
    }

    #[test]
    fn what_is_encoded_reads_back() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let contents = vec![7; length];
            let encoded = encode(tag::OCTET_STRING, &[&contents]);
            assert_eq!(Der(&encoded).take(tag::OCTET_STRING).unwrap().value, contents);
        }
        for number in [&[][..], &[0], &[0x7f], &[0x80], &[0, 0, 1], &[0xff; 40]] {
            let encoded = encode_unsigned(number);
            let significant =
                number.iter().position(|octet| *octet != 0).map_or(&[][..], |from| &number[from..]);
            assert_eq!(Der(&encoded).unsigned(), Some(significant));
        }
    }

    #[test]
    fn an_integer_is_minimal_and_not_negative() {
        for bytes in
            [&[0x02, 0x00][..], &[0x02, 0x01, 0x80], &[0x02, 0x02, 0x00, 0x01], &[0x02, 0x02, 0xff, 0x80]]
        {
            assert!(Der(bytes).unsigned().is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn unused_bits_are_zero() {
        assert_eq!(Der(&[0x03, 0x02, 0x05, 0xa0]).bits(), Some((&[0xa0][..], 5)));
        assert!(Der(&[0x03, 0x02, 0x05, 0xb0]).bits().is_none());
        assert!(Der(&[0x03, 0x01, 0x01]).bits().is_none());
        assert!(Der(&[0x03, 0x02, 0x08, 0x00]).bits().is_none());
        assert!(Der(&[0x03, 0x02, 0x05, 0xa0]).octet_bits().is_none());
    }
}
