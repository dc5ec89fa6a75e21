//! A Fabric island, whose evidence has to show of each gateway whether it opened.

use std::sync::{Arc, Mutex};

use causeway_api::{ClientHead, Gateway, GatewayState, Island, IslandState, Trust, TrustStanding};
use causeway_attestor::{Attestor, PinnedGateway, WatchedIsland};
use causeway_protocol::{
    Address, Attestation, AttestationKind, Family, GatewayEventKind, GatewayId, Hash, HubId,
    Island as IslandParts, PacketId, anchor_digest,
};
use causeway_verifier::fabric::forge::{
    ANCHOR_TIME, Chain, Endorsed, Network, role, signature_policy, signed_by, written,
};
use causeway_verifier::fabric::proto::{ApplicationPolicy, ApplicationPolicyType, MspRoleType};
use causeway_verifier::fabric::prover::assemble;
use causeway_verifier::fabric::sha256;
use causeway_verifier::light_client;
use time::OffsetDateTime;

use crate::hub::{TestClock, TestHub};
use crate::world::set;

const NOW: u64 = ANCHOR_TIME + 60;

/// A transaction of the gateway's chaincode that writes one event, endorsed by both organisations.
fn emit(chain: &mut Chain, event: impl Fn(&str) -> (GatewayId, GatewayEventKind)) -> Endorsed {
    let call = chain.call("gateway", &[b"call"]);
    let (gateway, kind) = event(&call.transaction);
    let (key, value) = written(gateway, &kind, &call.transaction, 1);
    let simulation = chain.simulation("gateway").write("gateway", &key, &value);
    call.endorse(&simulation, &chain.peers())
}

#[tokio::test]
async fn a_gateway_that_the_hub_did_not_know_when_it_opened_stops_no_attestor() {
    let client = light_client(Family::Fabric).unwrap();
    let mut chain = Chain::new(Network::new(2));
    let anchor = chain.anchor(Vec::new());
    let fingerprint = chain.hash(0);
    let id = IslandParts { family: Family::Fabric, fingerprint, anchor: fingerprint }.id();
    let mut hub = TestHub::start(&[]).await;
    hub.register(Island {
        id,
        name: "channel".into(),
        family: Family::Fabric,
        state: IslandState::Active,
        fingerprint,
        anchor: fingerprint,
        anchor_digest: anchor_digest(&anchor),
        gateways: Vec::new(),
        head: ClientHead { height: 0, hash: Hash::ZERO, time: 0 },
        trust: Trust { until: u64::MAX, standing: TrustStanding::Fresh },
        validators: Vec::new(),
        registered_at: OffsetDateTime::UNIX_EPOCH,
    });

    // The chaincode is defined, the gateway opens and speaks, and the hub, which knows of no gateway, records it all.
    let peers = ["Org1MSP", "Org2MSP"].map(|msp| role(msp, MspRoleType::Peer)).to_vec();
    let policy = signature_policy(2, vec![signed_by(0), signed_by(1)], peers);
    let policy = ApplicationPolicy { r#type: Some(ApplicationPolicyType::SignaturePolicy(policy)) };
    let definition = chain.define("gateway", 1, Some(&policy));
    chain.mine(&[(&definition, true)]);
    let derived =
        |transaction: &str| GatewayId::derive(id, b"gateway", Hash(sha256(&[transaction.as_bytes()])));
    let opening = emit(&mut chain, |transaction| {
        let (hub, owner) = (HubId([0; 32]), Address([1; 20]));
        (derived(transaction), GatewayEventKind::Opened { island: id, hub, owner, attestors: set(1) })
    });
    let gateway = derived(&opening.call.transaction);
    chain.mine(&[(&opening, true)]);
    let mut state = client.anchor(&anchor).unwrap().into_inner().state;
    let before = assemble(&state, &[], &chain.served(1), Vec::new(), NOW).unwrap();
    state = client.advance(&state, &[], None, &before, NOW).unwrap().into_inner().state;
    hub.serve_of(id, Family::Fabric, before, NOW);
    let beat = emit(&mut chain, |_| (gateway, GatewayEventKind::Beat));
    chain.mine(&[(&beat, true)]);
    let after = assemble(&state, &[], &chain.served(3), Vec::new(), NOW).unwrap();
    hub.serve_of(id, Family::Fabric, after, NOW);

    hub.ask(gateway, 1, vec![Attestation::plain(AttestationKind::Deliver, PacketId([1; 32]))]);
    let attend = async |hub: &TestHub| {
        let data = tempfile::tempdir().unwrap();
        let mut config = hub.config(&[], data.path());
        config.islands = vec![WatchedIsland {
            name: "channel".into(),
            family: Family::Fabric,
            fingerprint,
            anchor: anchor.clone(),
            gateways: vec![PinnedGateway { id: gateway, address: b"gateway".to_vec() }],
        }];
        let attestor = Attestor::open(config, Arc::new(TestClock(Mutex::new((NOW + 5) * 1000)))).unwrap();
        attestor.attend().await.unwrap()
    };
    assert!(attend(&hub).await.unfollowed.is_empty(), "it is pinned, and the hub does not know it");
    hub.list(
        id,
        Gateway {
            id: gateway,
            address: b"gateway".to_vec(),
            state: GatewayState::Open,
            owner: None,
            proven: false,
            epoch: 1,
            threshold: 2,
            attestors: Vec::new(),
        },
    );
    assert!(attend(&hub).await.unfollowed.is_empty(), "it was registered too late");
}
