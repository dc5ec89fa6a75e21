//! A request's envelopes: one, or a stream of them, each preceded by its length as four bytes, big-endian.

use bytes::Bytes;

use crate::problem::{Problem, ProblemCode};

/// Most envelopes in one request.
pub(crate) const MAX_ENVELOPES: usize = 1024;

/// Splits a stream into its envelopes. Lengths that do not add up to the body refuse the whole request: nothing in it is known
/// to be what was meant.
pub(crate) fn split(mut body: Bytes) -> Result<Vec<Bytes>, Problem> {
    let mut envelopes = Vec::new();
    let malformed = |detail: String| Problem::new(ProblemCode::MalformedStream, detail);
    while !body.is_empty() {
        if envelopes.len() == MAX_ENVELOPES {
            return Err(malformed(format!("more than {MAX_ENVELOPES} envelopes in one request")));
        }
        let Some(length) = body.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize) else {
            return Err(malformed(format!("{} bytes left over, expected a length of four", body.len())));
        };
        let rest = body.slice(4..);
        if length == 0 || length > rest.len() {
            let came = rest.len();
            return Err(malformed(format!("an envelope of {length} bytes is announced, {came} are left")));
        }
        envelopes.push(rest.slice(..length));
        body = rest.slice(length..);
    }
    if envelopes.is_empty() {
        return Err(malformed("expected at least one envelope".to_owned()));
    }
    Ok(envelopes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn join(envelopes: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for envelope in envelopes {
            stream.extend(u32::try_from(envelope.len()).unwrap().to_be_bytes());
            stream.extend(envelope);
        }
        stream
    }

    proptest! {
        #[test]
        fn what_was_joined_is_split_again(envelopes in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..80), 1..9)) {
            prop_assert_eq!(split(join(&envelopes).into()).unwrap(), envelopes);
        }

        #[test]
        fn a_stream_cut_anywhere_inside_an_envelope_is_refused(length in 1_usize..60, cut in 1_usize..60) {
            let stream = join(&[vec![7; length]]);
            let cut = cut.min(stream.len() - 1);
            prop_assert!(split(stream[..stream.len() - cut].to_vec().into()).is_err());
        }

        #[test]
        fn any_bytes_are_split_or_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = split(bytes.into());
        }
    }

    #[test]
    fn an_empty_body_an_empty_envelope_and_too_many_are_refused() {
        assert!(split(Bytes::new()).is_err());
        assert!(split(Bytes::from_static(&[0, 0, 0, 0])).is_err());
        assert!(split(join(&vec![vec![1]; MAX_ENVELOPES]).into()).is_ok());
        assert!(split(join(&vec![vec![1]; MAX_ENVELOPES + 1]).into()).is_err());
    }
}
