//! Bytes from anywhere as anchors and as states.
#![no_main]

use causeway_protocol::Family;
use causeway_verifier::bft::Anchor;
use causeway_verifier::{ClientState, light_client};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for family in [Family::Qbft, Family::Ibft2, Family::Ibft] {
        let client = light_client(family).expect("a family of ours");
        if let Ok(anchor) = Anchor::decode(family, data) {
            assert_eq!(anchor.encode(), data);
        }
        if let Ok(anchored) = client.anchor(data) {
            client.summary(&anchored.state).expect("a state that an anchor makes is read");
        }
        let _ = client.summary(&ClientState { family, bytes: data.to_vec() });
    }
});
