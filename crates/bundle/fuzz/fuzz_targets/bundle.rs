//! Bytes from anywhere as bundles: what decodes has one form, and nothing made up verifies.
#![no_main]

use causeway_bundle::{Bundle, Trust, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(bundle) = Bundle::decode(data) {
        assert_eq!(bundle.encode(), data);
        let _ = verify(&bundle, &Trust::default());
    }
});
