//! Distinguished names: their organisational units.

use crate::fabric::der::{Der, tag};

/// 2.5.4.11
const ORGANIZATIONAL_UNIT: [u8; 3] = [0x55, 0x04, 0x0b];

/// The organisational units of a name's contents, in order. `None`: Go refuses the certificate for this name.
pub(super) fn units(name: &[u8]) -> Option<Vec<String>> {
    let mut units = Vec::new();
    let mut name = Der(name);
    while !name.is_empty() {
        let mut set = name.inside(tag::SET)?;
        while !set.is_empty() {
            let mut attribute = set.inside(tag::SEQUENCE)?;
            let kind = attribute.take(tag::OBJECT_IDENTIFIER)?.value;
            let value = attribute.next()?;
            let text = text(value.tag, value.value)?;
            if kind == ORGANIZATIONAL_UNIT {
                units.push(text);
            }
        }
    }
    Some(units)
}

/// The strings that Go reads (`parseASN1String`).
fn text(tag: u8, value: &[u8]) -> Option<String> {
    let ascii = |allowed: fn(&u8) -> bool| {
        value.iter().all(allowed).then(|| value.iter().copied().map(char::from).collect())
    };
    match tag {
        // UTF8String
        0x0c => core::str::from_utf8(value).ok().map(str::to_owned),
        // NumericString
        0x12 => ascii(|byte| byte.is_ascii_digit() || *byte == b' '),
        // PrintableString, with the three characters beyond it that authorities use.
        0x13 => ascii(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(byte)),
        // T61String, read as Latin-1.
        0x14 => ascii(|_| true),
        // IA5String
        0x16 => ascii(u8::is_ascii),
        // BMPString: two bytes a character, none beyond the basic plane, a last zero dropped.
        0x1e => {
            let (pairs, rest) = value.as_chunks::<2>();
            let pairs = if let [before @ .., [0, 0]] = pairs { before } else { pairs };
            let character = |pair: &[u8; 2]| match u16::from_be_bytes(*pair) {
                0xfdd0..=0xfdef | 0xfffe.. => None,
                point => char::from_u32(u32::from(point)),
            };
            rest.is_empty().then(|| pairs.iter().map(character).collect()).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::der::encode;

    fn attribute(kind: &[u8], string: u8, value: &[u8]) -> Vec<u8> {
        let pair = [encode(tag::OBJECT_IDENTIFIER, &[kind]), encode(string, &[value])].concat();
        encode(tag::SET, &[&encode(tag::SEQUENCE, &[&pair])])
    }

    #[test]
    fn units_are_read_out_of_every_kind_of_string() {
        let name = [
            attribute(&[0x55, 0x04, 0x06], 0x13, b"DE"),
            attribute(&ORGANIZATIONAL_UNIT, 0x0c, "Grün".as_bytes()),
            attribute(&ORGANIZATIONAL_UNIT, 0x13, b"peer"),
            attribute(&ORGANIZATIONAL_UNIT, 0x14, b"Gr\xfcn"),
            attribute(&ORGANIZATIONAL_UNIT, 0x16, b"a@b"),
            attribute(&ORGANIZATIONAL_UNIT, 0x12, b"1 2"),
            attribute(&ORGANIZATIONAL_UNIT, 0x1e, &[0, b'p', 0, 0xfc, 0, 0]),
        ]
        .concat();
        assert_eq!(units(&name).unwrap(), ["Grün", "peer", "Grün", "a@b", "1 2", "pü"]);
    }

    #[test]
    fn a_string_outside_its_alphabet_is_refused() {
        for (string, value) in [
            (0x0c, &b"\xff"[..]),
            (0x12, b"a"),
            (0x13, b"a@b"),
            (0x16, b"\x80"),
            (0x1e, b"\x00"),
            (0x1e, b"\xd8\x00"),
            (0x1e, b"\xff\xff"),
            (0x04, b"octets"),
        ] {
            assert_eq!(units(&attribute(&ORGANIZATIONAL_UNIT, string, value)), None, "{string:#x} {value:?}");
        }
    }
}
