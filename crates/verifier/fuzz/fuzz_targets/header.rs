//! Bytes from anywhere as headers and as `extraData`: what decodes has one form.
#![no_main]

use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{ExtraData, ExtraForm, Header, Protocol};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = Header::decode(data) {
        assert_eq!(header.with_extra(header.extra), data);
    }
    for protocol in Protocol::ALL {
        if let Ok(extra) = ExtraData::decode(protocol, data) {
            assert_eq!(extra.encode(protocol, ExtraForm::Sealed), data);
        }
        if let Ok(header) = RawHeader::decode(protocol, data) {
            let _ = header.seals();
            header.evidence_form(0).expect("a decoded header has an evidence form");
        }
    }
});
