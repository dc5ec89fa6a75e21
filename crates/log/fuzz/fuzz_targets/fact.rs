//! Bytes from anywhere as facts: what decodes has one form.
#![no_main]

use causeway_log::Fact;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(fact) = Fact::decode(data) {
        assert_eq!(fact.encode(), data);
    }
});
