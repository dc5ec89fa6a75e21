//! The time between which a certificate is valid.

use crate::fabric::der::{Der, Element, tag};

/// Both ends, Unix seconds.
pub(super) fn validity(mut sequence: Der<'_>) -> Option<(i64, i64)> {
    Some((instant(sequence.next()?)?, instant(sequence.next()?)?))
}

/// `YYMMDDhhmmssZ` (1950 to 2049) or `YYYYMMDDhhmmssZ`.
fn instant(element: Element<'_>) -> Option<i64> {
    let (year, rest) = match (element.tag, element.value) {
        (tag::UTC_TIME, [a, b, rest @ ..]) => {
            let year = digits(&[*a, *b])?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (tag::GENERALIZED_TIME, [a, b, c, d, rest @ ..]) => (digits(&[*a, *b, *c, *d])?, rest),
        _ => return None,
    };
    let (fields, b"Z") = rest.split_at_checked(10)? else { return None };
    let mut parts = fields.chunks_exact(2).map(digits);
    let mut next = || parts.next().flatten();
    let (month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?);
    let exists = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    exists.then(|| ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let since_year_1 = |year: i64| (year - 1) * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let before_month: i64 = (1..month).map(|month| days_in(year, month)).sum();
    since_year_1(year) - since_year_1(1970) + before_month + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<i64> {
        instant(Element { tag, value: text.as_bytes(), raw: &[] })
    }

    #[test]
    fn instants_are_unix_seconds() {
        for (tag, text, seconds) in [
            (tag::UTC_TIME, "700101000000Z", 0),
            (tag::UTC_TIME, "691231235959Z", -1),
            (tag::UTC_TIME, "500101000000Z", -631_152_000),
            (tag::UTC_TIME, "491231235959Z", 2_524_607_999),
            (tag::UTC_TIME, "240229120000Z", 1_709_208_000),
            (tag::GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
            (tag::GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(read(tag, text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_no_instant() {
        for text in [
            "230229000000Z",
            "231301000000Z",
            "230100000000Z",
            "230101240000Z",
            "2301010000Z",
            "230101000000+0100",
        ] {
            assert_eq!(read(tag::UTC_TIME, text), None, "{text}");
        }
        assert_eq!(read(tag::GENERALIZED_TIME, "230101000000Z"), None);
    }
}
