//! Bytes from anywhere as requests to a witness, and as its answers.
#![no_main]

use causeway_log::{AddCheckpoint, TREE_SIZE, WitnessAnswer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u8, Vec<u8>)| {
    let (status, body) = data;
    if let Ok(request) = AddCheckpoint::decode(&body) {
        assert_eq!(request.encode().expect("what decodes encodes").as_bytes(), body);
    }
    let status = [200, 400, 403, 404, 409, 422, 500][usize::from(status) % 7];
    match WitnessAnswer::decode(status, Some(TREE_SIZE), &body) {
        Ok(WitnessAnswer::Cosigned(lines)) => {
            let again: String = lines.iter().map(ToString::to_string).collect();
            assert_eq!(again.as_bytes(), body);
        }
        Ok(WitnessAnswer::Conflict { size }) => assert_eq!(format!("{size}\n").as_bytes(), body),
        Err(_) => {}
    }
});
