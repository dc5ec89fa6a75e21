//! Bytes from anywhere as evidence: what decodes has one form.
#![no_main]

use causeway_protocol::Family;
use causeway_verifier::bft::Evidence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for family in [Family::Qbft, Family::Ibft2, Family::Ibft] {
        if let Ok(evidence) = Evidence::decode(family, data) {
            assert_eq!(evidence.encode(family), data);
        }
        let _ = causeway_verifier::light_client(family).map(|client| client.inspect(data));
    }
});
