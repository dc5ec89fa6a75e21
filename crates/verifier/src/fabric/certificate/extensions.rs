//! A certificate's extensions.

use super::{CertificateFault, forms, malformed};
use crate::fabric::der::{Der, tag};

/// Whether it is an authority's, and how many authorities may stand between it and a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct BasicConstraints {
    pub(in super::super) ca: bool,
    pub(in super::super) path_length: Option<u64>,
}

/// What a key may be used for, as far as Go's default asks (server authentication).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct ExtendedUsage {
    pub(in super::super) any: bool,
    pub(in super::super) server: bool,
}

/// What an MSP looks at.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Extensions {
    pub(in super::super) basic: Option<BasicConstraints>,
    /// Bit 0 is `digitalSignature`.
    pub(in super::super) key_usage: Option<u16>,
    pub(in super::super) extended_usage: Option<ExtendedUsage>,
    pub(in super::super) subject_key_id: Option<Vec<u8>>,
    /// As encoded.
    pub(in super::super) alternative_name: Option<Vec<u8>>,
    /// A critical extension that Go does not know: the certificate is refused.
    pub(in super::super) unknown_critical: bool,
    /// Rules about names or policies of a chain, which are not implemented here.
    pub(in super::super) constraints: bool,
}

impl Extensions {
    /// Reads what stands in the tag `[3]`.
    pub(super) fn read(mut wrapped: Der<'_>) -> Result<Self, CertificateFault> {
        let mut list = wrapped.inside(tag::SEQUENCE).ok_or(malformed("extensions"))?;
        let mut extensions = Self::default();
        let mut seen = Vec::new();
        while !list.is_empty() {
            let mut extension = list.inside(tag::SEQUENCE).ok_or(malformed("extension"))?;
            let kind = extension.take(tag::OBJECT_IDENTIFIER).ok_or(malformed("extension"))?.value;
            let critical = boolean(&mut extension).ok_or(malformed("extension"))?;
            let value = extension.take(tag::OCTET_STRING).ok_or(malformed("extension"))?.value;
            if seen.contains(&kind) {
                return Err(malformed("extension: it stands twice"));
            }
            seen.push(kind);
            extensions.add(kind, critical, value).ok_or(malformed("extension"))?;
        }
        Ok(extensions)
    }

    fn add(&mut self, kind: &[u8], critical: bool, value: &[u8]) -> Option<()> {
        // 2.5.29.x and 1.3.6.1.5.5.7.1.1 (authority information access).
        let number = match kind {
            [0x55, 0x1d, number] => *number,
            [0x2b, 6, 1, 5, 5, 7, 1, 1] => {
                forms::information_access(Der(value))?;
                return (!critical).then_some(());
            }
            _ => 0,
        };
        match number {
            14 => {
                let id = Der(value).take(tag::OCTET_STRING)?.value;
                self.subject_key_id = Some(id.to_vec());
                return (!critical).then_some(());
            }
            15 => self.key_usage = Some(key_usage(Der(value).bits()?.0)),
            17 => {
                self.alternative_name = Some(value.to_vec());
                self.unknown_critical |= !forms::alternative_names(Der(value))? && critical;
            }
            19 => self.basic = Some(basic_constraints(Der(value))?),
            30 | 33 | 36 | 54 => self.constraints = true,
            31 => forms::distribution_points(Der(value))?,
            32 => forms::policies(Der(value))?,
            35 => {
                forms::authority_key(Der(value))?;
                return (!critical).then_some(());
            }
            37 => self.extended_usage = Some(extended_usage(Der(value))?),
            _ => self.unknown_critical |= critical,
        }
        Some(())
    }
}

/// A BOOLEAN, or false where there is none.
fn boolean(der: &mut Der<'_>) -> Option<bool> {
    match der.optional(tag::BOOLEAN)?.map(|element| element.value) {
        None | Some([0]) => Some(false),
        Some([0xff]) => Some(true),
        Some(_) => None,
    }
}

fn key_usage(bits: &[u8]) -> u16 {
    let bit = |number: usize| bits.get(number / 8).is_some_and(|byte| byte & (0x80 >> (number % 8)) != 0);
    (0..9).filter(|number| bit(*number)).fold(0, |usage, number| usage | 1 << number)
}

fn basic_constraints(mut value: Der<'_>) -> Option<BasicConstraints> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let ca = boolean(&mut sequence)?;
    let path_length = if sequence.0.first() == Some(&tag::INTEGER) {
        let number = sequence.unsigned()?;
        (number.len() <= 7).then_some(())?;
        Some(number.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    } else {
        None
    };
    Some(BasicConstraints { ca, path_length })
}

fn extended_usage(mut value: Der<'_>) -> Option<ExtendedUsage> {
    let mut list = value.inside(tag::SEQUENCE)?;
    let mut usage = ExtendedUsage { any: false, server: false };
    let mut empty = true;
    while !list.is_empty() {
        empty = false;
        match list.take(tag::OBJECT_IDENTIFIER)?.value {
            // 2.5.29.37.0
            [0x55, 0x1d, 0x25, 0x00] => usage.any = true,
            // 1.3.6.1.5.5.7.3.1
            [0x2b, 6, 1, 5, 5, 7, 3, 1] => usage.server = true,
            _ => {}
        }
    }
    // An empty list restricts nothing.
    usage.any |= empty;
    Some(usage)
}
