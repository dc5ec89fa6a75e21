//! Notes, keys, checkpoints and cosignatures: published examples, an independent implementation, and every byte changed.

#![allow(clippy::unwrap_used)] // a test may panic

use causeway_log::{
    AddCheckpoint, AddCheckpointError, Checkpoint, CheckpointError, KeyError, KeyKind, KeyName, Note,
    NoteError, NoteSigner, SignedCheckpoint, TreeHead, VerifierKey, WitnessAnswer, WitnessRefusal, leaf_hash,
};
use proptest::prelude::*;

/// From the documentation of Go's golang.org/x/mod/sumdb/note.
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANN_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNED: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_SIGNED: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

/// From C2SP signed-note.
const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const FOO_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// From C2SP tlog-cosignature.
const COSIGNED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn signer(name: &str, kind: KeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(KeyName::new(name).unwrap(), kind, &[seed; 32]).unwrap()
}

fn head(size: u64) -> TreeHead {
    TreeHead { size, root: leaf_hash(&size.to_be_bytes()) }
}

const ORIGIN: &str = "hub.example/log";

/// A checkpoint signed by two keys of its log, cosigned by two witnesses.
fn cosigned() -> (SignedCheckpoint, Vec<VerifierKey>, Vec<VerifierKey>) {
    let logs = [signer(ORIGIN, KeyKind::Note, 1), signer(ORIGIN, KeyKind::Note, 2)];
    let witnesses =
        [signer("w.example/1", KeyKind::Cosignature, 3), signer("w.example/2", KeyKind::Cosignature, 4)];
    let mut signed = Checkpoint::new(ORIGIN, head(42)).sign(&[&logs[0], &logs[1]]).unwrap();
    let verifiers = |signers: &[NoteSigner]| signers.iter().map(|s| s.verifier().clone()).collect::<Vec<_>>();
    let answered: Vec<_> = witnesses.iter().map(|w| w.sign(signed.note().text(), 1_700_000_000)).collect();
    assert_eq!(signed.cosign(&answered, &verifiers(&witnesses)), Ok(2));
    (signed, verifiers(&logs), verifiers(&witnesses))
}

#[test]
fn the_examples_of_gos_documentation_hold() {
    let signer: NoteSigner = NEUMANN_SECRET.parse().unwrap();
    assert_eq!(signer.verifier(), &key(NEUMANN));
    assert_eq!(key(NEUMANN).to_string(), NEUMANN);
    assert_eq!(*signer.to_secret_text(), NEUMANN_SECRET);
    let mut note = Note::new(TEXT.into()).unwrap();
    note.sign(&[&signer], 0);
    assert_eq!(note.encode(), format!("{TEXT}\n{SIGNED}"));
    // The second signer of the example has a seed of zeros.
    let enoch = NoteSigner::new(KeyName::new("EnochRoot").unwrap(), KeyKind::Note, &[0; 32]).unwrap();
    note.sign(&[&enoch], 0);
    let twice = format!("{TEXT}\n{SIGNED}{ENOCH_SIGNED}");
    assert_eq!(note.encode(), twice);
    let read = Note::decode(twice.as_bytes()).unwrap();
    assert_eq!(read, note);
    let known = [key(NEUMANN), enoch.verifier().clone()];
    assert_eq!(read.verify(&known).unwrap().len(), 2);
    assert_eq!(read.verify(&known[..1]).unwrap().len(), 1);
}

#[test]
fn the_example_of_the_signed_note_specification_holds() {
    let note = Note::decode(FOO_NOTE.as_bytes()).unwrap();
    assert_eq!(note.verify(&[key(FOO)]).unwrap().len(), 1);
    assert_eq!(note.verify(&[key(NEUMANN)]), Err(NoteError::Unsigned));
}

#[test]
fn the_example_of_the_cosignature_specification_reads_as_it_says() {
    let note = Note::decode(COSIGNED.as_bytes()).unwrap();
    assert_eq!(note.encode(), COSIGNED);
    let checkpoint: Checkpoint = note.text().parse().unwrap();
    assert_eq!(
        (checkpoint.origin.as_str(), checkpoint.head.size),
        ("example.com/behind-the-sofa", 20_852_163)
    );
    let time = u64::from_be_bytes(note.signatures()[1].bytes[..8].try_into().unwrap());
    assert_eq!(time, 1_679_315_147);
}

#[test]
fn a_cosignature_signs_the_header_the_time_and_the_text() {
    // The same key as a plain signer over the message that the specification spells out.
    let (plain, witness) = (signer("w", KeyKind::Note, 5), signer("w", KeyKind::Cosignature, 5));
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let message = format!("cosignature/v1\ntime 1679315147\n{text}");
    let cosignature = witness.sign(text, 1_679_315_147);
    assert_eq!(cosignature.bytes[..8], 1_679_315_147u64.to_be_bytes());
    assert_eq!(cosignature.bytes[8..], plain.sign(&message, 0).bytes);
    assert_ne!(plain.verifier().id(), witness.verifier().id(), "a kind is part of the id");
    let found = cosignature.verify(text, witness.verifier()).unwrap();
    assert_eq!(found.time, Some(1_679_315_147));
}

#[test]
fn a_cosignature_without_a_time_or_with_one_out_of_range_is_refused() {
    let witness = signer("w", KeyKind::Cosignature, 5);
    for time in [0, 1 << 63, u64::MAX] {
        assert!(witness.sign("text\n", time).verify("text\n", witness.verifier()).is_err(), "{time}");
    }
    assert!(witness.sign("text\n", (1 << 63) - 1).verify("text\n", witness.verifier()).is_ok());
}

#[test]
fn either_key_opens_a_checkpoint_while_a_key_is_replaced() {
    let (signed, keys, witnesses) = cosigned();
    let bytes = signed.note().encode();
    for known in [&keys[..1], &keys[1..], &keys[..]] {
        let opened = SignedCheckpoint::open(bytes.as_bytes(), ORIGIN, known).unwrap();
        assert_eq!(opened.head(), head(42));
        let cosigned = opened.cosignatures(&witnesses).unwrap();
        assert_eq!(cosigned.iter().map(|found| found.time).collect::<Vec<_>>(), [Some(1_700_000_000); 2]);
    }
    let stranger = [signer(ORIGIN, KeyKind::Note, 9).verifier().clone()];
    let refused = SignedCheckpoint::open(bytes.as_bytes(), ORIGIN, &stranger);
    assert_eq!(refused, Err(NoteError::Unsigned.into()));
    let refused = SignedCheckpoint::open(bytes.as_bytes(), "other.example", &keys);
    assert!(matches!(refused, Err(CheckpointError::Origin { .. })));
}

#[test]
fn every_byte_of_a_checkpoint_changed_is_refused() {
    let (signed, keys, witnesses) = cosigned();
    let good = signed.note().encode().into_bytes();
    let accepted = |bytes: &[u8]| {
        let opened = SignedCheckpoint::open(bytes, ORIGIN, &keys).ok()?;
        let cosigned = opened.cosignatures(&witnesses).ok()?.len();
        // A changed name or id makes another key's line of it, which counts for nothing.
        (opened.note().verify(&keys).ok()?.len() == 2 && cosigned == 2).then_some(())
    };
    assert!(accepted(&good).is_some());
    for at in 0..good.len() {
        for flip in [1, 2, 0x10, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            assert!(accepted(&bad).is_none(), "byte {at} flipped by {flip:#x}");
        }
        let mut bad = good.clone();
        bad.remove(at);
        assert!(accepted(&bad).is_none(), "byte {at} removed");
    }
}

#[test]
fn a_signature_of_a_known_key_that_does_not_hold_spoils_the_note() {
    let (signed, keys, witnesses) = cosigned();
    let mut line = signed.note().signatures()[1].clone();
    line.bytes[10] ^= 1;
    let mut note = signed.note().clone();
    note.add(line.clone());
    let refused = SignedCheckpoint::open(note.encode().as_bytes(), ORIGIN, &keys);
    assert_eq!(refused, Err(NoteError::Signature { name: line.name, id: line.id }.into()));

    let mut line = signed.note().signatures()[3].clone();
    line.bytes[20] ^= 1;
    let mut checkpoint = signed.clone();
    assert!(checkpoint.cosign(&[line], &witnesses).is_err());
    assert_eq!(checkpoint, signed, "nothing was put on it");
}

#[test]
fn notes_in_another_form_are_refused() {
    let signed = FOO_NOTE.strip_prefix("This is an example message.\n\n").unwrap();
    let decode = |text: String| Note::decode(text.as_bytes()).unwrap_err();
    assert_eq!(decode(String::new()), NoteError::Form);
    assert_eq!(decode("text\n".into()), NoteError::Form);
    assert_eq!(decode(format!("text\n{signed}")), NoteError::Form);
    assert_eq!(decode("text\n\n".into()), NoteError::Form);
    assert_eq!(decode(format!("text\n\n{}", signed.trim_end())), NoteError::Form);
    assert_eq!(decode(format!("text\r\n\n{signed}")), NoteError::Text);
    assert_eq!(decode(format!("te\u{0}xt\n\n{signed}")), NoteError::Text);
    assert_eq!(decode(format!("text\n\n{signed}- x AAAAAAA=\n")), NoteError::Line { line: 2 });
    assert_eq!(decode("text\n\n— x AAAAAA==\n".into()), NoteError::Line { line: 1 }, "an id alone");
    assert_eq!(
        decode("text\n\n— x AAAAAAB=\n".into()),
        NoteError::Line { line: 1 },
        "bits that stand for nothing"
    );
    assert_eq!(decode("text\n\n— x AAAAAAA\n".into()), NoteError::Line { line: 1 }, "no padding");
    assert_eq!(decode("text\n\n— a+b AAAAAAA=\n".into()), NoteError::Line { line: 1 });
    assert_eq!(decode("text\n\n— a\u{a0}b AAAAAAA=\n".into()), NoteError::Line { line: 1 });
    assert_eq!(decode(format!("text\n\n{}", "— x AAAAAAA=\n".repeat(101))), NoteError::TooMany);
    assert!(Note::decode(format!("text\n\n{}", "— x AAAAAAA=\n".repeat(100)).as_bytes()).is_ok());
    assert_eq!(Note::decode(&[0xff]), Err(NoteError::Text));
    let long = vec![b'x'; 300_000];
    assert_eq!(Note::decode(&long), Err(NoteError::TooLong { came: 300_000 }));
}

#[test]
fn keys_in_another_form_are_refused() {
    let read = |text: &str| text.parse::<VerifierKey>().unwrap_err();
    assert_eq!(read(""), KeyError::Form);
    assert_eq!(read("example.com/foo"), KeyError::Form);
    assert_eq!(read(&FOO.replace("+530d903a", "+530D903A")), KeyError::Form);
    assert_eq!(read(&FOO.replace("+530d903a", "+0530d903a")), KeyError::Form);
    assert_eq!(read(&format!("{FOO}=")), KeyError::Form);
    assert!(matches!(read(&FOO.replace("+530d903a", "+530d903b")), KeyError::Id { .. }));
    assert!(matches!(read(&FOO.replace("foo", "fop")), KeyError::Id { .. }));
    assert!(matches!(read(&format!("+{FOO}")), KeyError::Name(_)));
    assert_eq!(read(&FOO.replace("+Ae", "+Be")), KeyError::Kind { came: 5 });
    let weak = VerifierKey::new(KeyName::new("w").unwrap(), KeyKind::Note, &{
        let mut identity = [0; 32];
        identity[0] = 1;
        identity
    });
    assert_eq!(weak, Err(KeyError::Point), "a key of small order verifies what nobody signed");
    let secret = NEUMANN_SECRET.replace("c74f20a3", "c74f20a4").parse::<NoteSigner>().unwrap_err();
    assert!(matches!(secret, KeyError::Id { .. }));
    for name in ["", "a b", "a+b", "a\tb", "a\u{2003}b"] {
        assert!(KeyName::new(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_secret_never_shows_in_debug_output() {
    let signer: NoteSigner = NEUMANN_SECRET.parse().unwrap();
    assert!(!format!("{signer:?}").contains("AYEK") && !format!("{signer:?}").contains("129, 10, 20"));
}

#[test]
fn checkpoints_in_another_form_are_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let read = |text: String| text.parse::<Checkpoint>();
    assert!(read(format!("o\n7\n{root}\n")).is_ok());
    let with_more = read(format!("o\n7\n{root}\nmore\nlines\n")).unwrap();
    assert_eq!(with_more.extensions, ["more", "lines"]);
    for form in [
        String::new(),
        "\n".into(),
        "o\n7\n".into(),
        format!("o\n7\n{root}"),
        format!("\n7\n{root}\n"),
        format!("o\n7\n{root}\n\n"),
        format!("o\n7\n{root}\n\nx\n"),
    ] {
        assert_eq!(read(form.clone()), Err(CheckpointError::Form), "{form:?}");
    }
    for size in ["07", "+7", "-1", "7 ", "0x7", "18446744073709551616"] {
        let refused = read(format!("o\n{size}\n{root}\n"));
        assert_eq!(refused, Err(CheckpointError::Size { came: size.into() }));
    }
    for bad in ["x", &root[1..], &format!("{root}="), "AAAA"] {
        assert_eq!(read(format!("o\n7\n{bad}\n")), Err(CheckpointError::Root { came: bad.into() }));
    }
    assert_eq!(read(format!("o\n0\n{root}\n")), Err(CheckpointError::NotEmpty));
    assert!(read(Checkpoint::new("o", TreeHead::empty()).to_string()).is_ok());
}

#[test]
fn a_checkpoint_that_would_read_back_differently_is_not_signed() {
    let log = signer("o", KeyKind::Note, 1);
    assert_eq!(Checkpoint::new("", head(1)).sign(&[&log]), Err(CheckpointError::Form));
    assert!(Checkpoint::new("o\n99", head(1)).sign(&[&log]).is_err());
    assert!(Checkpoint::new("o", TreeHead { size: 0, ..head(1) }).sign(&[&log]).is_err());
    assert_eq!(Checkpoint::new("o", head(1)).sign(&[]), Err(NoteError::Unsigned.into()));
}

#[test]
fn a_request_to_cosign_is_the_specifications_example() {
    let checkpoint = Note::decode(COSIGNED.as_bytes()).unwrap();
    let body = format!(
        "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
         5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n{COSIGNED}"
    );
    let request = AddCheckpoint::decode(body.as_bytes()).unwrap();
    assert_eq!((request.old, request.proof.len(), &request.checkpoint), (20_852_014, 4, &checkpoint));
    assert_eq!(request.encode().unwrap(), body);
    let first = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint };
    assert_eq!(first.encode().unwrap(), format!("old 0\n\n{COSIGNED}"));

    let too_much = AddCheckpoint { proof: request.proof.clone(), ..first.clone() };
    assert_eq!(too_much.encode(), Err(AddCheckpointError::Proof { old: 0, came: 4 }));
    let too_long = AddCheckpoint { old: 1, proof: vec![request.proof[0]; 64], ..first };
    assert_eq!(too_long.encode(), Err(AddCheckpointError::Proof { old: 1, came: 64 }));
    for bad in ["", "old 1\n", "old 01\n\n", "new 1\n\n", "old 1\nAAAA\n\n", "\n\n"] {
        assert!(AddCheckpoint::decode(format!("{bad}{COSIGNED}").as_bytes()).is_err(), "{bad:?}");
    }
}

#[test]
fn a_witness_answers_with_signatures_a_size_or_a_refusal() {
    let line = SIGNED.as_bytes();
    assert!(
        matches!(WitnessAnswer::decode(200, None, line), Ok(WitnessAnswer::Cosigned(lines)) if lines.len() == 1)
    );
    let size = |media: Option<&str>, body: &[u8]| WitnessAnswer::decode(409, media, body);
    assert_eq!(size(Some("text/x.tlog.size"), b"7\n"), Ok(WitnessAnswer::Conflict { size: 7 }));
    assert_eq!(
        size(Some("text/x.tlog.size; charset=utf-8"), b"0\n"),
        Ok(WitnessAnswer::Conflict { size: 0 })
    );
    let body = Err(WitnessRefusal::Body { status: 409 });
    for (media, came) in [
        (None, &b"7\n"[..]),
        (Some("text/plain"), b"7\n"),
        (Some("text/x.tlog.size"), b"07\n"),
        (Some("text/x.tlog.size"), b"7"),
    ] {
        assert_eq!(size(media, came), body);
    }
    for came in [&b""[..], b"no\n", &line[..line.len() - 1], &[0xff]] {
        assert_eq!(WitnessAnswer::decode(200, None, came), Err(WitnessRefusal::Body { status: 200 }));
    }
    let refusals =
        [400, 403, 404, 422, 500].map(|status| WitnessAnswer::decode(status, None, b"").unwrap_err());
    let expected = [
        WitnessRefusal::BadRequest,
        WitnessRefusal::Untrusted,
        WitnessRefusal::UnknownLog,
        WitnessRefusal::Inconsistent,
        WitnessRefusal::Status(500),
    ];
    assert_eq!(refusals, expected);
}

proptest! {
    #[test]
    fn what_we_sign_an_independent_implementation_verifies(text in "[ -~äß—\n]{0,60}", seed: [u8; 32], name in "[a-z./]{1,20}") {
        use signed_note::{StandardSigner, StandardVerifier, VerifierList};
        let text = format!("{text}\n");
        let ours = NoteSigner::new(KeyName::new(&name).unwrap(), KeyKind::Note, &seed).unwrap();
        let mut note = Note::new(text.clone()).unwrap();
        note.sign(&[&ours], 0);
        let encoded = note.encode();
        let theirs = signed_note::Note::from_bytes(encoded.as_bytes()).unwrap();
        let verifier = StandardVerifier::new(&ours.verifier().to_string()).unwrap();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        prop_assert_eq!(theirs.verify(&known).unwrap().0.len(), 1);

        let signer = StandardSigner::new(&ours.to_secret_text()).unwrap();
        let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        theirs.add_sigs(&[&signer]).unwrap();
        let read = Note::decode(&theirs.to_bytes()).unwrap();
        prop_assert_eq!(read.encode().into_bytes(), theirs.to_bytes());
        prop_assert_eq!(&read, &note);
        prop_assert!(read.verify(&[ours.verifier().clone()]).is_ok());
    }

    #[test]
    fn a_checkpoint_reads_as_an_independent_implementation_reads_it(size in 1u64..1 << 62, root: [u8; 32], origin in "[a-z./]{1,20}") {
        let ours = Checkpoint::new(&origin, TreeHead { size, root: causeway_protocol::Hash(root) });
        let theirs = tlog_tiles::Checkpoint::from_bytes(ours.to_string().as_bytes()).unwrap();
        prop_assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (origin.as_str(), size, root));
        prop_assert_eq!(theirs.to_bytes(), ours.to_string().into_bytes());
        prop_assert_eq!(ours.to_string().parse(), Ok(ours));
    }

    #[test]
    fn what_is_read_is_written_the_same(text in "(a|b|\n){0,9}\n\n(— x AAAA[A-D]{3}=\n){0,3}") {
        if let Ok(note) = Note::decode(text.as_bytes()) {
            prop_assert_eq!(note.encode(), text);
        }
    }
}
