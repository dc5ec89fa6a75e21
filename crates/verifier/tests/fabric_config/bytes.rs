//! Bytes from anywhere: a verdict, and no panic.

use std::sync::LazyLock;

use causeway_verifier::fabric::forge::{Network, pem};
use causeway_verifier::fabric::proto::SerializedIdentity;
use causeway_verifier::fabric::{Channel, Signed, config_of};
use proptest::prelude::*;
use prost::Message;

use super::channel;

static NETWORK: LazyLock<Network> = LazyLock::new(|| Network::new(1));
static CHANNEL: LazyLock<Channel> = LazyLock::new(|| channel(&NETWORK));

/// Replaces, at a place, a few bytes by others.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    (any::<prop::sample::Index>(), 0..4_usize, prop::collection::vec(any::<u8>(), 0..4))
}

fn edited(original: &[u8], edits: &[(prop::sample::Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for (place, cut, put) in edits {
        let from = place.index(bytes.len() + 1);
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, put.iter().copied());
    }
    bytes
}

fn der(text: &[u8]) -> Vec<u8> {
    let text = core::str::from_utf8(text).unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |digit: u8| alphabet.iter().position(|known| *known == digit).unwrap_or_default();
    let mut bytes = Vec::new();
    for four in digits.as_bytes().chunks(4) {
        let word = four.iter().fold(0, |word, digit| word << 6 | value(*digit));
        let length = four.iter().filter(|digit| **digit != b'=').count() - 1;
        bytes.extend(
            [word >> 16, word >> 8, word].iter().take(length).map(|byte| u8::try_from(byte & 0xff).unwrap()),
        );
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_certificate_with_other_bytes_is_nobodys(edits in prop::collection::vec(edit(), 1..4)) {
        let (channel, peer) = (&*CHANNEL, &NETWORK.organisations[0].peer);
        let policy = channel.policy("/Channel/Application/Writers").unwrap();
        let original = der(&peer.certificate);
        let changed = edited(&original, &edits);
        let id_bytes = pem("CERTIFICATE", &changed);
        let identity = SerializedIdentity { mspid: "Org1MSP".to_owned(), id_bytes }.encode_to_vec();
        let signature = peer.sign(&[b"message"]);
        let signed = [Signed { identity: &identity, message: vec![b"message"], signature: &signature }];
        prop_assert_eq!(channel.satisfied(&policy, &signed), Ok(changed == original));
    }

    #[test]
    fn a_configuration_with_other_bytes_is_read_or_refused(edits in prop::collection::vec(edit(), 1..4)) {
        let bytes = edited(&NETWORK.config_bytes(), &edits);
        if let Ok(channel) = Channel::read(&bytes) {
            let peer = &NETWORK.organisations[0].peer;
            let signature = peer.sign(&[b"message"]);
            let signed = [Signed { identity: &peer.identity, message: vec![b"message"], signature: &signature }];
            for path in ["/Channel/Application/Endorsement", "/Channel/Writers"] {
                if let Ok(policy) = channel.policy(path) {
                    let satisfied = channel.satisfied(&policy, &signed);
                    prop_assert!(channel.require(&policy, &signed).is_err() || satisfied == Ok(true));
                }
            }
        }
        let _ = config_of(&bytes);
    }

    #[test]
    fn any_bytes_are_a_policy_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = CHANNEL.application_policy(&bytes);
        let _ = CHANNEL.update("channel", &bytes);
        prop_assert!(Channel::read(&bytes).is_err());
    }
}
