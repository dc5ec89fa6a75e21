//! What an attestor stated binds it across restarts, also those nobody announced.

use std::collections::HashSet;
use std::process::{Command, Stdio};

use causeway_attestor::Store;
use causeway_protocol::{Attestation, AttestationKind, PacketId};

use crate::stage::Stage;
use crate::world::{deliver, delivered, packet, result, sent};

fn plain(kind: AttestationKind, packet: u8) -> Attestation {
    Attestation::plain(kind, PacketId([packet; 32]))
}

#[tokio::test]
async fn it_goes_on_where_it_left_off() {
    let (Stage { mut a, b, mut hub, data }, first) = Stage::with_packet(b"one").await;
    hub.ask(b.id(), 1, vec![deliver(&first)]);
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);

    // The feed now holds only what is new: an attestor that started again from its anchor could not follow it.
    let second = packet(a.id(), b.id(), 2, b"two");
    a.emit(vec![sent(&second)]);
    hub.record(&mut a);
    hub.alter(&a, |items| drop(items.remove(0)));
    hub.ask(b.id(), 1, vec![deliver(&first), deliver(&second)]);
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn an_outcome_stated_before_a_restart_excludes_any_other_after_it() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let packet = packet(a.id(), b.id(), 1, b"one");
    a.emit(vec![sent(&packet)]);
    b.emit(vec![delivered(&packet, true, b"yes")]);
    hub.record(&mut a);
    hub.record(&mut b);
    // It was stated otherwise before: the journal knows, whatever the facts say now.
    let stated = Attestation::plain(AttestationKind::Expired, packet.id());
    Store::open(data.path()).unwrap().journal(&[stated], &HashSet::new()).unwrap().unwrap();
    hub.ask(a.id(), 1, vec![result(&packet, true, b"yes")]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "contradicts-journal"));
    assert!(hub.signatures().is_empty());
}

#[test]
fn deliver_excludes_refuse_and_one_outcome_excludes_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let packet = PacketId([1; 32]);
    let (yes, no) = (Attestation::result(packet, true, b"yes"), Attestation::result(packet, false, b"no"));
    let (deliver, refuse) = (plain(AttestationKind::Deliver, 1), plain(AttestationKind::Refuse, 1));
    let expired = plain(AttestationKind::Expired, 1);
    assert!(
        store.journal(&[deliver, yes], &HashSet::new()).unwrap().is_ok(),
        "the two sides do not exclude each other"
    );
    assert!(
        store.journal(&[deliver, yes], &HashSet::new()).unwrap().is_ok(),
        "the same again is no contradiction"
    );
    for contradiction in [refuse, no, expired] {
        assert!(store.journal(&[contradiction], &HashSet::new()).unwrap().is_err(), "{contradiction:?}");
    }
    // Nothing of a batch is written down when one statement in it contradicts.
    let other = plain(AttestationKind::Deliver, 2);
    assert!(store.journal(&[other, refuse], &HashSet::new()).unwrap().is_err());
    assert!(store.journal(&[plain(AttestationKind::Refuse, 2)], &HashSet::new()).unwrap().is_ok());
}

#[test]
fn a_store_is_open_in_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let _open = Store::open(folder.path()).unwrap();
    assert!(Store::open(folder.path()).is_err());
}

/// Variable that makes [`journal_until_killed`] do its work: the folder of the store.
const FOLDER: &str = "CAUSEWAY_TEST_JOURNAL_FOLDER";

/// The process that the next test kills. Does nothing in an ordinary run of the tests.
#[test]
fn journal_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Store::open(std::path::Path::new(&folder)).unwrap();
    for number in 0u8..=255 {
        store.journal(&[plain(AttestationKind::Deliver, number)], &HashSet::new()).unwrap().unwrap();
        // What is said on stdout stands for a signature that left the process.
        println!("\nstated {number}");
    }
    std::thread::sleep(std::time::Duration::from_mins(1));
}

#[test]
fn after_sigkill_everything_that_was_stated_is_still_known() {
    use std::io::{BufRead as _, BufReader};

    for kill_after in [1usize, 7, 23] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "restart::journal_until_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let stated = lines.filter_map(|line| line.strip_prefix("stated ")?.parse::<u8>().ok());
        let stated: Vec<u8> = stated.take(kill_after).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(stated.len(), kill_after);
        let store = Store::open(folder.path()).unwrap();
        for number in stated {
            let refuse = plain(AttestationKind::Refuse, number);
            assert!(
                store.journal(&[refuse], &HashSet::new()).unwrap().is_err(),
                "the DELIVER of {number} was forgotten"
            );
        }
    }
}
