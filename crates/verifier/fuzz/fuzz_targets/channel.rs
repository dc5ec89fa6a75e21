//! Bytes from anywhere as a Fabric channel's configuration: what is read judges without a panic.
#![no_main]

use causeway_verifier::fabric::forge::Network;
use causeway_verifier::fabric::{Channel, Signed, config_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(config) = config_of(data) {
        let _ = Channel::read(&config);
    }
    let Ok(channel) = Channel::read(data) else { return };
    let network = Network::new(1);
    let peer = &network.organisations[0].peer;
    let signature = peer.sign(&[b"message"]);
    let signed = [Signed { identity: &peer.identity, message: vec![b"message"], signature: &signature }];
    for path in ["/Channel/Application/Endorsement", "/Channel/Orderer/BlockValidation"] {
        if let Ok(policy) = channel.policy(path) {
            let satisfied = channel.satisfied(&policy, &signed);
            assert!(channel.require(&policy, &signed).is_err() || satisfied == Ok(true));
        }
    }
});
