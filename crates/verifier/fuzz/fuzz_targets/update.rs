//! Bytes from anywhere as a config block's envelope: what follows a configuration is in the envelope and can be read.
#![no_main]

use std::sync::LazyLock;

use causeway_verifier::fabric::forge::Network;
use causeway_verifier::fabric::{Channel, config_of};
use libfuzzer_sys::fuzz_target;

static CHANNEL: LazyLock<Channel> =
    LazyLock::new(|| Channel::read(&Network::new(1).config_bytes()).expect("a forged channel"));

fuzz_target!(|data: &[u8]| {
    if let Ok(next) = CHANNEL.update("channel", data) {
        assert_eq!(Ok(&next), config_of(data).as_ref());
        Channel::read(&next).expect("a configuration that follows");
    }
});
