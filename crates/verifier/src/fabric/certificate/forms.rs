//! Extensions that say nothing an MSP asks for, but that Go refuses in another form.
//!
//! Every function answers `None` for a form that Go refuses.

use crate::fabric::der::{Der, tag};

/// `GeneralNames`: whether a kind of name is among them that Go knows (mail, DNS, URI, IP address).
pub(super) fn alternative_names(mut value: Der<'_>) -> Option<bool> {
    let mut names = value.inside(tag::SEQUENCE)?;
    let mut known = false;
    while !names.is_empty() {
        let name = names.next()?;
        let right = match name.tag ^ 0x80 {
            1 | 2 | 6 => name.value.is_ascii(),
            7 => [4, 16].contains(&name.value.len()),
            _ => continue,
        };
        known = true;
        right.then_some(())?;
    }
    Some(known)
}

/// `CRLDistributionPoints`: URIs of full names.
pub(super) fn distribution_points(mut value: Der<'_>) -> Option<()> {
    let mut points = value.inside(tag::SEQUENCE)?;
    while !points.is_empty() {
        let mut point = points.inside(tag::SEQUENCE)?;
        let Some(name) = point.optional(tag::explicit(0))? else { continue };
        let mut names = Der(name.value).inside(tag::explicit(0))?;
        while names.0.first() == Some(&tag::implicit(6)) {
            names.next()?;
        }
    }
    Some(())
}

/// `CertificatePolicies`: object identifiers, none twice.
pub(super) fn policies(mut value: Der<'_>) -> Option<()> {
    let mut list = value.inside(tag::SEQUENCE)?;
    let mut seen = Vec::new();
    while !list.is_empty() {
        let policy = list.inside(tag::SEQUENCE)?.take(tag::OBJECT_IDENTIFIER)?.value;
        (is_object_identifier(policy) && !seen.contains(&policy)).then_some(())?;
        seen.push(policy);
    }
    Some(())
}

/// `AuthorityKeyIdentifier`: its key identifier.
pub(in super::super) fn authority_key(mut value: Der<'_>) -> Option<Vec<u8>> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let key = sequence.optional(tag::implicit(0))?;
    Some(key.map(|key| key.value.to_vec()).unwrap_or_default())
}

/// `AuthorityInfoAccessSyntax`: a method, and where.
pub(super) fn information_access(mut value: Der<'_>) -> Option<()> {
    let mut list = value.inside(tag::SEQUENCE)?;
    while !list.is_empty() {
        let mut access = list.inside(tag::SEQUENCE)?;
        is_object_identifier(access.take(tag::OBJECT_IDENTIFIER)?.value).then_some(())?;
        access.optional(tag::implicit(6))?;
    }
    Some(())
}

/// Whether every part of an object identifier is encoded in the fewest octets.
fn is_object_identifier(bytes: &[u8]) -> bool {
    let starts = |at: usize| at == 0 || bytes[at - 1] & 0x80 == 0;
    bytes.last().is_some_and(|last| last & 0x80 == 0)
        && bytes.iter().enumerate().all(|(at, byte)| *byte != 0x80 || !starts(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternative_names_of_known_kinds_have_their_forms() {
        assert_eq!(alternative_names(Der(&[0x30, 3, 0x82, 1, b'a'])), Some(true));
        assert_eq!(alternative_names(Der(&[0x30, 6, 0x87, 4, 127, 0, 0, 1])), Some(true));
        assert_eq!(alternative_names(Der(&[0x30, 2, 0xa4, 0])), Some(false));
        assert_eq!(alternative_names(Der(&[0x30, 0])), Some(false));
        assert_eq!(alternative_names(Der(&[0x30, 3, 0x82, 1, 0x80])), None);
        assert_eq!(alternative_names(Der(&[0x30, 3, 0x87, 1, 127])), None);
        assert_eq!(alternative_names(Der(&[0x31, 0])), None);
    }

    #[test]
    fn policies_are_object_identifiers_and_none_stands_twice() {
        assert_eq!(policies(Der(&[0x30, 5, 0x30, 3, 6, 1, 5])), Some(()));
        assert_eq!(policies(Der(&[0x30, 10, 0x30, 3, 6, 1, 5, 0x30, 3, 6, 1, 5])), None);
        assert_eq!(policies(Der(&[0x30, 6, 0x30, 4, 6, 2, 0x80, 1])), None, "not in the fewest octets");
        assert_eq!(policies(Der(&[0x30, 5, 0x30, 3, 6, 1, 0x85])), None, "cut off");
        assert_eq!(policies(Der(&[0x30, 3, 0x82, 1, b'a'])), None);
    }

    #[test]
    fn distribution_points_may_say_nothing() {
        assert_eq!(distribution_points(Der(&[0x30, 0])), Some(()));
        assert_eq!(distribution_points(Der(&[0x30, 2, 0x30, 0])), Some(()));
        let uri = [0x30, 9, 0x30, 7, 0xa0, 5, 0xa0, 3, 0x86, 1, b'a'];
        assert_eq!(distribution_points(Der(&uri)), Some(()));
        assert_eq!(distribution_points(Der(&[0x30, 3, 0x82, 1, b'a'])), None);
        assert_eq!(distribution_points(Der(&[0x30, 4, 0x30, 2, 0xa0, 0])), None);
    }

    #[test]
    fn an_authoritys_key_may_be_left_out() {
        assert_eq!(authority_key(Der(&[0x30, 3, 0x80, 1, 7])), Some(vec![7]));
        assert_eq!(authority_key(Der(&[0x30, 0])), Some(vec![]));
        assert_eq!(authority_key(Der(&[0x31, 0])), None);
    }

    #[test]
    fn information_access_names_methods() {
        assert_eq!(information_access(Der(&[0x30, 8, 0x30, 6, 6, 1, 5, 0x86, 1, b'a'])), Some(()));
        assert_eq!(information_access(Der(&[0x30, 5, 0x30, 3, 4, 1, 5])), None);
    }
}
