use proptest::prelude::*;

use super::*;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    const_hex::decode_to_array(hex).unwrap()
}

fn key(byte: u8) -> OpeningKey {
    OpeningKey::from_bytes([byte; 32])
}

fn parties() -> Parties<'static> {
    Parties {
        source: GatewayId([1; 32]),
        destination: GatewayId([2; 32]),
        sender: &[3; 20],
        receiver: b"orders",
    }
}

fn fresh(byte: u8) -> Fresh {
    Fresh { nonce: [byte; 32], ephemeral: Zeroizing::new([byte ^ 0xff; 32]) }
}

fn sealed(message: &[u8]) -> Vec<u8> {
    seal(&key(7).public().unwrap(), &parties(), message, &fresh(9)).unwrap()
}

/// RFC 9180, A.2.1 and A.2.1.1, sequence number 0: the suite, the mode and the way randomness enters are those of the standard.
#[test]
fn encryption_is_that_of_the_standard() {
    let secret =
        OpeningKey::from_bytes(bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"));
    let public = SealingKey(bytes("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"));
    let ephemeral = Zeroizing::new(bytes("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b"));
    let encapsulated = bytes("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
    let ciphertext: [u8; 45] =
        bytes("1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28");
    let (info, associated, message) = (b"Ode on a Grecian Urn", b"Count-0", b"Beauty is truth, truth beauty");

    assert_eq!(secret.public(), Ok(public));
    let made = encrypt(&public, info, message, associated, &ephemeral).unwrap();
    assert_eq!(made, (encapsulated, ciphertext.to_vec()));
    let opened = decrypt(&secret, &encapsulated, info, &ciphertext, associated).unwrap();
    assert_eq!(opened.as_slice(), message);
}

#[test]
fn what_is_sealed_opens_in_its_packet() {
    let (message, parties) = (b"twelve crates".as_slice(), parties());
    let packet = Packet {
        source: parties.source,
        destination: parties.destination,
        lane: crate::LaneId([4; 32]),
        sequence: 5,
        sender: parties.sender.to_vec(),
        receiver: parties.receiver.to_vec(),
        timeout: 6,
        budget: 7,
        payload: sealed(message),
    };
    assert_eq!(open_packet(&key(7), &packet).unwrap(), message);
}

#[test]
fn a_sealed_payload_has_these_bytes() {
    let payload = sealed(b"twelve crates");
    let digest = keccak256(&payload);
    let known = "0x4d70820fce9b37287ffd713180f809e6964b7830977dbe2664c3f2336fa1d319";
    assert_eq!(digest.to_string(), known, "the format changed");
}

#[test]
fn every_changed_byte_is_refused() {
    let good = sealed(b"twelve crates");
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[place] ^= 1 << bit;
            assert!(open(&key(7), &parties(), &bad).is_err(), "byte {place}, bit {bit}");
        }
    }
    for length in 0..good.len() {
        assert!(open(&key(7), &parties(), &good[..length]).is_err(), "cut to {length}");
    }
    assert!(open(&key(7), &parties(), &[good, vec![0; 256]].concat()).is_err(), "more after it");
}

#[test]
fn it_opens_between_its_parties_only() {
    let payload = sealed(b"twelve crates");
    let swapped = Parties { source: parties().destination, destination: parties().source, ..parties() };
    for other in [
        Parties { source: GatewayId([9; 32]), ..parties() },
        Parties { destination: GatewayId([9; 32]), ..parties() },
        Parties { sender: &[3; 19], ..parties() },
        Parties { receiver: b"order", ..parties() },
        swapped,
    ] {
        assert_eq!(open(&key(7), &other, &payload), Err(OpenError::Refused), "{other:?}");
    }
}

#[test]
fn another_key_is_told_so() {
    let refused = open(&key(8), &parties(), &sealed(b"x"));
    let (sealed_to, this) = (key(7).public().unwrap().id(), key(8).public().unwrap().id());
    assert_eq!(refused, Err(OpenError::OtherKey { sealed_to, this }));
}

#[test]
fn a_key_of_low_order_is_refused() {
    for weak in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let key = SealingKey(weak);
        assert_eq!(seal(&key, &parties(), b"x", &fresh(1)), Err(SealError::Key(key)));
    }
}

#[test]
fn the_longest_message_fills_a_payload_and_a_longer_one_is_refused() {
    let longest = vec![1; MAX_SEALED_MESSAGE];
    assert_eq!(sealed(&longest).len(), crate::MAX_PAYLOAD);
    for length in [MAX_SEALED_MESSAGE + 1, 1 << 16, (1 << 16) + 1] {
        let sealed = seal(&key(7).public().unwrap(), &parties(), &vec![1; length], &fresh(9));
        assert_eq!(sealed, Err(SealError::TooLong(length)));
    }
}

/// A sender could pad as it likes; a receiver that took any padding would let it say things beside the message.
#[test]
fn only_one_padding_opens() {
    let (public, associated) = (key(7).public().unwrap(), parties().associated_data(Hash([9; 32])));
    let with = |padded: &[u8]| {
        let id = public.id();
        let (encapsulated, ciphertext) =
            encrypt(&public, &info(id), padded, &associated, &Zeroizing::new([1; 32])).unwrap();
        let (suite, nonce) = (Suite::X25519_SHA256_CHACHA20, Hash([9; 32]));
        let payload = Sealed { suite, key: id, nonce, encapsulated, ciphertext: &ciphertext }.encode();
        open(&key(7), &parties(), &payload)
    };
    let room = 256 - HEAD - TAG;
    let mut padded = vec![0; room];
    padded[..5].copy_from_slice(&[0, 3, b'a', b'b', b'c']);
    assert_eq!(with(&padded).unwrap(), b"abc");
    padded[room - 1] = 1;
    assert_eq!(with(&padded), Err(OpenError::Padding), "padding that says something");
    let mut roomy = vec![0; 512 - HEAD - TAG];
    roomy[..5].copy_from_slice(&[0, 3, b'a', b'b', b'c']);
    assert_eq!(with(&roomy), Err(OpenError::Padding), "more padding than it needs");
    assert_eq!(with(&vec![0xff; room]), Err(OpenError::Padding), "a length beyond the end");
}

#[test]
fn a_secret_key_is_never_printed() {
    assert_eq!(format!("{:?}", key(7)), "OpeningKey(..)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_message_comes_back(
        message in proptest::collection::vec(any::<u8>(), 0..2000),
        secret: [u8; 32],
        nonce: [u8; 32],
        ephemeral: [u8; 32],
        sender in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let key = OpeningKey::from_bytes(secret);
        let parties = Parties { sender: &sender, ..parties() };
        let payload = seal(&key.public().unwrap(), &parties, &message, &Fresh { nonce, ephemeral: Zeroizing::new(ephemeral) }).unwrap();
        prop_assert!(payload.len().is_power_of_two());
        prop_assert!(Sealed::is_marked(&payload));
        prop_assert_eq!(open(&key, &parties, &payload).unwrap(), message);
    }

    #[test]
    fn messages_of_like_length_are_of_one_length(one in 0usize..=128, two in 0usize..=128) {
        prop_assert_eq!(sealed(&vec![1; one]).len(), sealed(&vec![2; two]).len());
    }
}
