//! The chaincodes on a real channel, without an adapter: the applications send, and nobody who lies is believed.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use causeway_fabric_node::{Chaincode, Network, NetworkConfig, Policy, build_chaincode, gateway_chaincode};
use serde_json::Value;

const BOTH: &str = "AND('Org1MSP.peer','Org2MSP.peer')";
const ATTESTORS: [&str; 3] = [
    "0x387376b79533fe5dc3418b33a1f6193b70bd1014",
    "0xabac34f7fd696c2df5157f25df59ae384f961bd7",
    "0xcfa7ae2f39b7d31c72dc1d4f2764beb3e7166aea",
];
/// An island here, a gateway elsewhere.
const HERE: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";
const THERE: &str = "0xabababababababababababababababababababababababababababababababab";
/// An application on another island, an account there.
const REMOTE: &str = "0xcccccccccccccccccccccccccccccccccccccccc";
const BENEFICIARY: &str = "0xdddddddddddddddddddddddddddddddddddddddd";

/// A channel with an open gateway, its applications, and a chaincode that calls whatever it is told to.
async fn channel() -> Option<Network> {
    let mut network = Network::start_or_skip(NetworkConfig::default()).await.unwrap()?;
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway");
    let policy = || Policy::Signature(BOTH.into());
    let binary = gateway_chaincode().await.unwrap();
    for role in ["gateway", "registry", "token"] {
        let chaincode = Chaincode::new(role, binary.clone(), policy());
        network.deploy(Chaincode { arguments: vec![role.into()], ..chaincode }).await.unwrap();
    }
    let forger = build_chaincode(&module, "./internal/fabrictest/forger").await.unwrap();
    network.deploy(Chaincode::new("forger", forger, policy())).await.unwrap();
    let mut open = vec!["open", HERE, HERE, ATTESTORS[0], "2"];
    open.extend(ATTESTORS);
    network.invoke("gateway", &open).await.unwrap();
    Some(network)
}

async fn ask(network: &Network, chaincode: &str, arguments: &[&str]) -> String {
    String::from_utf8(network.query(chaincode, arguments).await.unwrap()).unwrap()
}

fn in_an_hour() -> String {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_send_and_nobody_who_lies_is_believed() {
    let Some(network) = channel().await else { return };
    let timeout = in_an_hour();

    // A token goes into escrow for the application behind the gateway it is sent to.
    let account = ask(&network, "token", &["account"]).await;
    network.invoke("token", &["issue", "coal", &account, "100"]).await.unwrap();
    let send = ["send", "token", THERE, REMOTE, "coal", "30", BENEFICIARY, &timeout, "0"];
    network.invoke("gateway", &send).await.unwrap();
    assert_eq!(ask(&network, "token", &["balance", "coal", &account]).await, "70");
    assert_eq!(ask(&network, "token", &["escrow", THERE, REMOTE, "coal"]).await, "30");

    // A registered document is announced.
    network.invoke("registry", &["register", "a.pdf", HERE]).await.unwrap();
    network.invoke("gateway", &["send", "registry", THERE, REMOTE, &timeout, "0", "a.pdf"]).await.unwrap();

    // Both packets wait for their sequences, and get them.
    let pending: Value = serde_json::from_str(&ask(&network, "gateway", &["pending"]).await).unwrap();
    let pending = pending["pending"].as_array().unwrap();
    assert_eq!(pending.len(), 2);
    for packet in pending {
        let (lane, key) = (packet["lane"].as_str().unwrap(), packet["key"].as_str().unwrap());
        network.invoke("gateway", &["number", lane, key]).await.unwrap();
        assert_eq!(ask(&network, "gateway", &["lane", lane]).await, r#"{"sent":"1","ended":"0"}"#);
    }
    lies_are_refused(&network, &account, &timeout).await;
    assert_eq!(ask(&network, "token", &["balance", "coal", &account]).await, "70");
}

/// What the design says of callers, said by real peers: a callee sees the proposal that the client signed, and no
/// transaction enters a chaincode twice.
async fn lies_are_refused(network: &Network, account: &str, timeout: &str) {
    let forged = ["onSend", THERE, REMOTE, "coal", "30", BENEFICIARY, timeout, "0"];
    let through = |path: &[&'static str]| [path, &forged].concat();
    let cases: [(&str, &str, Vec<&str>, &str); 7] = [
        ("a client calls back itself", "token", forged.to_vec(), "not-gateway"),
        ("a chaincode calls back", "forger", through(&["call", "token"]), "not-gateway"),
        (
            "an application calls another back",
            "gateway",
            through(&["send", "forger", "token"]),
            "not-gateway",
        ),
        (
            "a chaincode spends its client's tokens",
            "forger",
            vec!["call", "token", "transfer", "coal", account, "1"],
            "not-outermost",
        ),
        ("a chaincode calls the gateway", "forger", vec!["call", "gateway", "beat"], "not-outermost"),
        (
            "an application calls the gateway",
            "gateway",
            vec!["send", "forger", "gateway", "beat"],
            "app-refused",
        ),
        ("a name with a version", "gateway", vec!["send", "token:1"], "bad-app"),
    ];
    for (what, chaincode, arguments, code) in cases {
        let refusal = network.invoke(chaincode, &arguments).await.unwrap_err().to_string();
        assert!(refusal.contains(code), "{what}: {refusal}");
    }
}
