//! Bytes from anywhere as paths, and as what is served under them.
#![no_main]

use causeway_log::{Entries, Entry, Resource, TileHashes, encode_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (String, Vec<u8>)| {
    let (path, body) = data;
    if let Ok(entry) = Entry::decode(&body) {
        assert_eq!(entry.encode(), *body);
    }
    let Ok(resource) = path.parse::<Resource>() else { return };
    assert_eq!(resource.to_string(), path);
    match resource {
        Resource::Checkpoint => {}
        Resource::Tile(tile) => {
            if let Ok(hashes) = TileHashes::decode(tile, &body) {
                assert_eq!(hashes.encode(), body);
            }
        }
        Resource::Bundle(bundle) => {
            if let Ok(entries) = Entries::decode(bundle, &body) {
                assert_eq!(encode_bundle(entries.iter()).expect("what decodes encodes"), body);
            }
        }
    }
});
