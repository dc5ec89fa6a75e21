//! Bytes from anywhere as notes, checkpoints and keys: what decodes has one form, and nobody signed it.
#![no_main]

use std::sync::LazyLock;

use causeway_log::{Checkpoint, KeyKind, KeyName, Note, NoteSigner, SignedCheckpoint, VerifierKey};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Vec<VerifierKey>> = LazyLock::new(|| {
    let key = |kind| {
        let name = KeyName::new("log.example").expect("a name");
        NoteSigner::new(name, kind, &[1; 32]).expect("a key").verifier().clone()
    };
    vec![key(KeyKind::Note), key(KeyKind::Cosignature)]
});

fuzz_target!(|data: &[u8]| {
    if let Ok(note) = Note::decode(data) {
        assert_eq!(note.encode().as_bytes(), data);
        assert!(note.verify(&KEYS).is_err());
    }
    assert!(SignedCheckpoint::open(data, "log.example", &KEYS).is_err());
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(signer) = text.parse::<NoteSigner>() {
        assert_eq!(*signer.to_secret_text(), text);
    }
});
