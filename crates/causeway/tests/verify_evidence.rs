//! `causeway verify evidence`: a whole session from anchor to events, offline.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use causeway_protocol::{
    Address, AttestorSet, Envelope, Family, GatewayEvent, GatewayEventKind, HubId, LocalSigner, MEDIA_TYPE,
};
use causeway_verifier::forge::Forge;
use causeway_verifier::prover::{RunBuilder, back_fill, skip};
use causeway_verifier::{ClientState, Gateway, light_client};
use serde_json::Value;

const CONTRACT: Address = Address([0xaa; 20]);

/// A chain of four validators, anchored at its genesis block, with a gateway opened in block 1 and two beats behind it.
struct Chain {
    forge: Forge,
    gateway: Gateway,
    state: ClientState,
}

impl Chain {
    fn new() -> Self {
        let mut forge = Forge::new(Family::Qbft, 4);
        let gateway = forge.gateway(CONTRACT);
        let anchored = light_client(Family::Qbft).unwrap().anchor(&forge.anchor()).unwrap().into_inner();
        let attestors = AttestorSet { epoch: 1, threshold: 1, attestors: vec![Address([0x99; 20])] };
        let island = forge.island().id();
        let opened =
            GatewayEventKind::Opened { island, hub: HubId([0; 32]), owner: Address([1; 20]), attestors };
        let event = |number, kind| GatewayEvent { gateway: gateway.id, number, kind };
        forge.mine_events(CONTRACT, &[event(1, opened)]);
        forge.mine_events(CONTRACT, &[event(2, GatewayEventKind::Beat), event(3, GatewayEventKind::Beat)]);
        Self { forge, gateway, state: anchored.state }
    }

    fn evidence(&self) -> Vec<u8> {
        self.forge.run(&self.state)
    }

    /// The same headers, with no event proven.
    fn headers(&self) -> Vec<u8> {
        let mut builder = RunBuilder::new(Family::Qbft, &self.state).unwrap();
        while builder.next_height() <= self.forge.head().number {
            let mut block = self.forge.source(builder.next_height());
            block.receipts = None;
            builder.push(block).unwrap();
        }
        builder.take_run().unwrap().unwrap().evidence
    }

    /// Runs `verify evidence` on `files` and answers its exit code and verdicts.
    fn verify(&self, files: &[PathBuf]) -> (i32, Vec<Value>) {
        let gateway = format!("{}@{}", self.gateway.id, const_hex::encode_prefixed(&self.gateway.address));
        let output = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args([
                "verify",
                "evidence",
                "--json",
                "--anchor",
                &const_hex::encode_prefixed(self.forge.anchor()),
            ])
            .args(["--gateway", &gateway, "--now", &self.forge.head().time.to_string()])
            .args(files)
            .output()
            .unwrap();
        let verdicts = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), verdicts)
    }
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn evidence_verifies_as_bytes_as_hex_and_in_an_envelope() {
    let (chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let evidence = chain.evidence();
    let signer = LocalSigner::from_bytes(&[7; 32]).unwrap();
    let envelope = Envelope {
        hub: HubId([1; 32]),
        island: chain.forge.island().id(),
        first: 1,
        last: 2,
        relayer: Address::ZERO,
        evidence: evidence.clone(),
    };
    assert_eq!(MEDIA_TYPE, "application/vnd.causeway.envelope");
    for (name, bytes) in [
        ("raw", evidence.clone()),
        ("hex", const_hex::encode_prefixed(&evidence).into_bytes()),
        ("envelope", envelope.sign(&signer).unwrap().encode()),
    ] {
        let (code, verdicts) = chain.verify(&[file(folder.path(), name, &bytes)]);
        assert_eq!(code, 0, "{name}: {verdicts:?}");
        assert_eq!(verdicts[0]["verified"], true);
        assert_eq!((&verdicts[0]["first"], &verdicts[0]["last"]), (&1.into(), &2.into()));
        let events: Vec<_> = verdicts[0]["events"].as_array().unwrap().iter().map(|e| &e["event"]).collect();
        assert_eq!(events, ["Opened", "Beat", "Beat"]);
        assert!(
            verdicts[0]["events"].as_array().unwrap().iter().all(|event| event["opening_proven"] == true)
        );
    }
}

#[test]
fn an_event_in_the_name_of_a_gateway_whose_opening_is_not_proven_says_so() {
    let (mut chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let headers = chain.headers();
    let client = light_client(Family::Qbft).unwrap();
    let now = chain.forge.head().time;
    chain.state = client.advance(&chain.state, &[], None, &headers, now).unwrap().state.clone();
    // Any contract can emit an event with any gateway's id.
    let impostor = Address([0xee; 20]);
    let event = GatewayEvent { gateway: chain.gateway.id, number: 4, kind: GatewayEventKind::Beat };
    chain.forge.mine_events(impostor, &[event]);
    chain.gateway.address = impostor.0.to_vec();
    let files = [("headers", headers), ("forged", chain.evidence())];
    let files = files.map(|(name, bytes)| file(folder.path(), name, &bytes));
    let (code, verdicts) = chain.verify(&files);
    assert_eq!(code, 0, "{verdicts:?}");
    let forged = &verdicts[1]["events"][0];
    assert_eq!((&forged["event"], &forged["opening_proven"]), (&"Beat".into(), &false.into()));
}

#[test]
fn one_gateway_at_two_addresses_is_refused() {
    let (chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let path = file(folder.path(), "evidence", &chain.evidence());
    let id = chain.gateway.id;
    let places = [[0xaa; 20], [0xee; 20]].map(|at| format!("{id}@{}", const_hex::encode_prefixed(at)));
    Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(["verify", "evidence", "--anchor", &const_hex::encode_prefixed(chain.forge.anchor())])
        .args(["--gateway", &places[0], "--gateway", &places[1]])
        .arg(path)
        .assert()
        .code(1);
}

#[test]
fn evidence_goes_on_from_the_evidence_before_it() {
    let (mut chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let first = file(folder.path(), "1", &chain.evidence());
    let client = light_client(Family::Qbft).unwrap();
    let gateways = [chain.gateway.clone()];
    let now = chain.forge.head().time;
    let evidence = chain.evidence();
    chain.state = client.advance(&chain.state, &gateways, None, &evidence, now).unwrap().state.clone();
    chain.forge.mine_empty(3);
    let second = file(folder.path(), "2", &chain.evidence());
    assert_eq!(chain.verify(&[first.clone(), second.clone()]).0, 0);

    let (code, verdicts) = chain.verify(&[second, first]);
    assert_eq!(code, 1);
    assert_eq!(verdicts[0]["code"], "not-next-height");
}

#[test]
fn a_skip_is_followed_and_all_behind_it_is_marked() {
    let (mut chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let family = Family::Qbft;
    chain.forge.mine_empty(20);
    let event = GatewayEvent { gateway: chain.gateway.id, number: 4, kind: GatewayEventKind::Beat };
    chain.forge.mine_events(CONTRACT, &[event]);
    let past = chain.forge.run(&chain.state);
    let far = skip(family, &chain.state, None, &chain.forge.source(23)).unwrap();
    let events = back_fill(family, &chain.forge.config, &[chain.forge.source(23)]).unwrap();
    let now = chain.forge.head().time;
    let client = light_client(family).unwrap();
    let skipped = client.skip(&chain.state, &far, now).unwrap();
    chain.state = skipped.state.clone();
    chain.forge.mine_empty(2);
    let beyond = chain.evidence();
    let files = [("past", past), ("far", far), ("events", events), ("beyond", beyond)];
    let [past, far, events, beyond] = files.map(|(name, bytes)| file(folder.path(), name, &bytes));

    let (code, verdicts) = chain.verify(&[far.clone(), events.clone(), beyond]);
    assert_eq!(code, 0, "{verdicts:?}");
    for (verdict, kind, last) in [(0, "skip", 23), (1, "back-fill", 23), (2, "run", 25)] {
        let verdict: &Value = &verdicts[verdict];
        assert_eq!((&verdict["kind"], &verdict["last"]), (&kind.into(), &last.into()));
        assert_eq!(verdict["behind_skip"], true);
    }
    assert_eq!(verdicts[1]["events"][0]["opening_proven"], false, "that is behind the skip");

    let (code, verdicts) = chain.verify(&[past, events]);
    assert_eq!(code, 0, "{verdicts:?}");
    assert!(verdicts.iter().all(|verdict| verdict["behind_skip"] == false));
    assert_eq!(verdicts[1]["events"][0]["opening_proven"], true);

    // One of the four by itself.
    let mut taken = Forge::new(family, 1);
    taken.mine_empty(20);
    let anchored = client.anchor(&taken.anchor()).unwrap().into_inner().state;
    let hostile = skip(family, &anchored, None, &taken.source(20)).unwrap();
    let (code, verdicts) = chain.verify(&[file(folder.path(), "hostile", &hostile), far]);
    assert_eq!(code, 1);
    assert_eq!(verdicts[0]["code"], "skip-overlap-short");
    assert_eq!((&verdicts[1]["verified"], &verdicts[1]["behind_skip"]), (&true.into(), &true.into()));
}

#[test]
fn a_changed_byte_is_refused_and_named() {
    let (chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let mut evidence = chain.evidence();
    let end = evidence.len() - 1;
    evidence[end] ^= 1;
    let (code, verdicts) = chain.verify(&[file(folder.path(), "altered", &evidence)]);
    assert_eq!((code, &verdicts[0]["verified"]), (1, &false.into()));
    assert!(verdicts[0]["code"].is_string() && verdicts[0]["detail"].is_string());
}

#[test]
fn another_fingerprint_than_the_anchors_own_is_refused() {
    let (chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let path = file(folder.path(), "evidence", &chain.evidence());
    let other = format!("0x{}", "11".repeat(32));
    Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(["verify", "evidence", "--anchor", &const_hex::encode_prefixed(chain.forge.anchor())])
        .args(["--fingerprint", &other])
        .arg(path)
        .assert()
        .code(1);
}
