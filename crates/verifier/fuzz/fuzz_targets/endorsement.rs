//! Bytes from anywhere as an identity, a signature and a policy in a Fabric channel: nobody forges, and nothing panics.
#![no_main]

use std::sync::LazyLock;

use causeway_verifier::fabric::forge::Network;
use causeway_verifier::fabric::{Channel, Signed};
use libfuzzer_sys::fuzz_target;

static CHANNEL: LazyLock<(Network, Channel)> = LazyLock::new(|| {
    let network = Network::new(1);
    let channel = Channel::read(&network.config_bytes()).expect("a forged channel");
    (network, channel)
});

fuzz_target!(|data: &[u8]| {
    let (network, channel) = &*CHANNEL;
    let peer = &network.organisations[0].peer;
    let signature = peer.sign(&[b"message"]);
    let members = channel.policy("/Channel/Application/Writers").expect("a forged policy");
    let judge = |identity: &[u8], signature: &[u8]| {
        let signed = [Signed { identity, message: vec![b"message"], signature }];
        let satisfied = channel.satisfied(&members, &signed);
        assert!(channel.require(&members, &signed).is_err() || satisfied == Ok(true));
        satisfied
    };
    if judge(&peer.identity, data) == Ok(true) {
        // Peers ignore what follows the two integers; these are the ones there are.
        let digits = signature.len() - 2;
        assert!(data.windows(digits).any(|window| window == &signature[2..]));
    }
    let _ = judge(data, &signature);
    if let Ok(policy) = channel.application_policy(data) {
        let signed = [Signed { identity: &peer.identity, message: vec![b"message"], signature: &signature }];
        let _ = channel.satisfied(&policy, &signed);
    }
});
