//! The hub and its client agree on every route.

use std::time::Duration;

use causeway_api::{
    ApproveIsland, ChangeIsland, CreateToken, EvidenceStatus, IslandState, RegisterGateway, RegisterIsland,
    Role,
};
use causeway_client::{HubClient, IslandStep, PacketFilter, Settings, Token};
use causeway_protocol::{Address, Family, GatewayId, HubId, SignedEnvelope, anchor_digest};

use crate::forge::{Chain, OWNER};
use crate::world::{GENESIS, ORIGIN, World, sealed};

fn client(world: &World, token: &str) -> HubClient {
    HubClient::new(Settings::new(&world.url, Some(Token::new(token).unwrap())).unwrap()).unwrap()
}

#[tokio::test]
async fn every_call_of_the_client_is_understood() {
    let world = World::start().await;
    let operator = client(&world, &world.operator);
    operator.healthy().await.unwrap();
    operator.ready().await.unwrap();
    // This world's hub has no log.
    assert_eq!(operator.checkpoint().await.unwrap_err().code(), Some("not-found"));
    assert_eq!(operator.tile("tile/0/x001/234").await.unwrap_err().code(), Some("not-found"));
    let mut chain = Chain::new(1, GENESIS);
    let gateway = RegisterGateway {
        address: chain.address(),
        id: chain.next_gateway(),
        birth: chain.tip().hash,
        owner: OWNER,
    };
    let wanted = RegisterIsland {
        name: "harbour".to_owned(),
        family: Family::Qbft,
        fingerprint: chain.fingerprint,
        anchor: chain.anchor(),
        gateway: gateway.clone(),
    };
    assert_eq!(operator.register_island(&wanted).await.unwrap().id, chain.island);
    let again = operator.register_island(&wanted).await.unwrap_err();
    assert_eq!(again.code(), Some("island-taken"));
    let another = operator.register_gateway("harbour", &gateway).await.unwrap_err();
    assert_eq!(another.code(), Some("gateway-taken"));

    chain.open(HubId::of_origin(ORIGIN), 1, &[Address([8; 20])]);
    chain.seal();
    let (key, token) = world.keyed(Role::Relayer, 1).await;
    let relayer = client(&world, &token);
    let proof = SignedEnvelope::decode(&sealed(chain.island, chain.run_from(&chain.start()), &key)).unwrap();
    let proven = relayer.submit_proof("harbour", &proof).await.unwrap().results;
    assert_eq!(proven[0].status, EvidenceStatus::Recorded, "{proven:?}");
    let approval =
        ApproveIsland { anchor_digest: anchor_digest(&chain.anchor()), reason: "compared".to_owned() };
    operator.approve_island("harbour", &approval).await.unwrap();
    assert_eq!(operator.islands(None).await.unwrap().items.len(), 1);
    assert_eq!(operator.island("harbour").await.unwrap().state, IslandState::Active);

    let packet = chain.send(GatewayId([5; 32]), b"hello");
    chain.seal();
    assert_eq!(relayer.cursor("harbour").await.unwrap().head.height, 1);
    let state = world.state(chain.island, &token).await;
    let envelope = SignedEnvelope::decode(&sealed(chain.island, chain.run_from(&state), &key)).unwrap();
    let results = relayer.submit_evidence("harbour", &envelope).await.unwrap().results;
    assert_eq!(results[0].status, EvidenceStatus::Recorded);
    assert_eq!(relayer.recorded_header("harbour", 1).await.unwrap().height, 1);
    assert!(relayer.deliveries("harbour", 0, Duration::ZERO).await.unwrap().items.is_empty());
    let refused = relayer.report_misbehaviour(&envelope).await.unwrap().results;
    assert_eq!(refused[0].status, EvidenceStatus::Refused);

    let (_, token) = world.keyed(Role::Attestor, 8).await;
    let attestor = client(&world, &token);
    let feed = attestor.evidence_after("harbour", 0, 100).await.unwrap();
    assert_eq!(feed.items[1].evidence, envelope.envelope.evidence);
    assert!(attestor.pending_attestations(Duration::from_secs(1)).await.unwrap().items.is_empty());

    let filter = PacketFilter { island: Some("harbour".to_owned()), ..PacketFilter::default() };
    assert_eq!(operator.packets(&filter, None).await.unwrap().items[0].id, packet.id());
    assert_eq!(operator.packet(packet.id()).await.unwrap().packet, packet);
    assert_eq!(operator.timeline(packet.id()).await.unwrap().events.len(), 1);
    assert_eq!(operator.stats().await.unwrap().evidence, 2);

    let auditor = CreateToken {
        name: "auditor".to_owned(),
        role: Role::Auditor,
        address: None,
        island: None,
        held_by_hub: false,
        expires_at: None,
    };
    let made = operator.create_token(&auditor).await.unwrap();
    assert_eq!(operator.tokens(None).await.unwrap().items.len(), 4);
    assert!(operator.revoke_token(made.token.id).await.unwrap().revoked_at.is_some());
    let gone = client(&world, &made.secret).stats().await.unwrap_err();
    assert_eq!((gone.status(), gone.code()), (Some(401), Some("unauthenticated")));

    let change = ChangeIsland { reason: "maintenance".to_owned() };
    for (step, state) in [
        (IslandStep::Suspend, IslandState::Suspended),
        (IslandStep::Resume, IslandState::Active),
        (IslandStep::Freeze, IslandState::Frozen),
    ] {
        assert_eq!(operator.change_island("harbour", step, &change).await.unwrap().state, state);
    }
}
