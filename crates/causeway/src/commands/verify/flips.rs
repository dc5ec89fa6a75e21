//! Every digit of a capture that binds something is load-bearing: change one, and the chain is refused.

use causeway_protocol::Family;
use serde_json::Value;

use super::walk::walk;
use crate::capture::Capture;

const CAPTURES: [(&str, &str); 3] = [
    ("qbft-removal", include_str!("../../../tests/captures/qbft-removal.json")),
    ("qbft-2f-plus-1", include_str!("../../../tests/captures/qbft-2f-plus-1.json")),
    ("qbft-contract", include_str!("../../../tests/captures/qbft-contract.json")),
];

/// What nodes add for people, and no root or hash covers.
const FREE: [&str; 9] = [
    "size",
    "totalDifficulty",
    "uncles",
    "validators",
    "getValidators",
    "from",
    "to",
    "contractAddress",
    "isPrivacyMarkerTransaction",
];

/// Digits tried in a field: the first, the last, and so many between them.
const BETWEEN: usize = 3;

/// The places of all hex texts below `value`, as JSON pointers.
fn hex_texts(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("0x") && text.len() > 2 => found.push(pointer.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                hex_texts(item, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            // That a slot is empty is as true of the slot beside it.
            let empty_slot = fields.get("value").is_some_and(|value| value == "0x0");
            let free = |name: &str| FREE.contains(&name) || (empty_slot && name == "key");
            for (name, field) in fields.iter().filter(|(name, _)| !free(name)) {
                hex_texts(field, &format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// The text with another digit at `at`.
fn with_another_digit(text: &str, at: usize) -> String {
    let mut digits: Vec<char> = text.chars().collect();
    let digit = digits[at].to_digit(16).unwrap();
    digits[at] = char::from_digit(digit ^ 1, 16).unwrap();
    digits.into_iter().collect()
}

fn verifies(json: &Value) -> bool {
    let capture = Capture::parse(&json.to_string()).unwrap();
    walk(Family::Qbft, &capture, None).is_ok_and(|report| report.first_refusal.is_none())
}

#[test]
fn a_capture_with_any_one_digit_changed_is_refused() {
    for (name, text) in CAPTURES {
        let mut json: Value = serde_json::from_str(text).unwrap();
        assert!(verifies(&json), "{name}");
        let mut places = Vec::new();
        hex_texts(&json["blocks"], "/blocks", &mut places);
        assert!(places.len() > 100, "{name}: {} places", places.len());
        for pointer in places {
            let original = json.pointer(&pointer).unwrap().as_str().unwrap().to_owned();
            let digits = original.len() - 2;
            let tried = (0..=BETWEEN + 1).map(|step| 2 + step * (digits - 1) / (BETWEEN + 1));
            let mut tried: Vec<_> = tried.collect();
            tried.dedup();
            for at in tried {
                *json.pointer_mut(&pointer).unwrap() = with_another_digit(&original, at).into();
                assert!(!verifies(&json), "{name}{pointer}, digit {at} of {original:.80}");
            }
            *json.pointer_mut(&pointer).unwrap() = original.into();
        }
    }
}

#[test]
fn a_capture_with_a_block_left_out_is_refused() {
    for (name, text) in CAPTURES {
        let json: Value = serde_json::from_str(text).unwrap();
        for place in 1..json["blocks"].as_array().unwrap().len() - 1 {
            let mut shorter = json.clone();
            shorter["blocks"].as_array_mut().unwrap().remove(place);
            assert!(!verifies(&shorter), "{name} without its block {place}");
        }
    }
}

#[test]
fn another_contract_than_the_pinned_one_is_refused() {
    let mut json: Value = serde_json::from_str(CAPTURES[2].1).unwrap();
    json["contract"]["codeHash"] = format!("0x{}", "11".repeat(32)).into();
    assert!(!verifies(&json));
}

#[test]
fn a_header_short_of_a_quorum_counts_only_through_a_descendant() {
    // Blocks 8 to 11 carry 3 seals of 5; without other nodes' copies and without a block of 4 seals behind them they wait.
    let mut json: Value = serde_json::from_str(CAPTURES[1].1).unwrap();
    for block in json["blocks"].as_array_mut().unwrap() {
        block.as_object_mut().unwrap().remove("otherExtraData");
    }
    let whole = walk(Family::Qbft, &Capture::parse(&json.to_string()).unwrap(), None).unwrap();
    assert!(whole.first_refusal.is_none());
    assert_eq!(whole.through_descendants, 3);
    json["blocks"].as_array_mut().unwrap().truncate(4);
    let cut = walk(Family::Qbft, &Capture::parse(&json.to_string()).unwrap(), None).unwrap();
    assert_eq!((cut.verified, cut.refused), (0, 3));
    let refusal = cut.first_refusal.unwrap();
    assert_eq!((refusal.height, refusal.code), (9, "two-f-plus-one-quorum"));
}
