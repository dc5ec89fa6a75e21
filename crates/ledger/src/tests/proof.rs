//! What proves an island, and who claims what in vain.

use causeway_api::IslandState;
use causeway_protocol::{Address, GatewayEventKind, HubId};

use super::world::{Chain, Evidence, HUB, OWNER, T0, World, operator, sent, set, signers};
use crate::testkit::{TestLedger, fresh};
use crate::{ClaimError, IslandRef, Ledger, ProofLimits, RecordRefusal, Recorded, Way};

const LIMITS: ProofLimits = ProofLimits { pieces: 3, bytes: 1 << 20 };
const OTHER: Address = Address([6; 20]);

async fn record(ledger: &Ledger, evidence: &Evidence) -> Result<Recorded, RecordRefusal> {
    ledger.record_pieces(&[evidence.piece()]).await.unwrap().pop().unwrap()
}

async fn submit(ledger: &Ledger, mut evidence: Evidence) -> Result<Recorded, RecordRefusal> {
    evidence.way = Way::Proof(LIMITS);
    record(ledger, &evidence).await
}

fn opened(chain: &Chain, hub: HubId, owner: Address) -> GatewayEventKind {
    GatewayEventKind::Opened { island: chain.island, hub, owner, attestors: set(1, &signers(1)) }
}

/// The chain's next block opens its gateway, as it is claimed.
pub(super) async fn prove(ledger: &Ledger, chain: &mut Chain) {
    let block = chain.block(vec![opened(chain, HUB, OWNER)]);
    submit(ledger, block).await.unwrap();
}

async fn pending() -> (TestLedger, Chain) {
    let (ledger, chain) = (fresh().await, Chain::new("east"));
    let (registration, anchored) = chain.registration();
    ledger.register(registration, anchored, T0).await.unwrap();
    (ledger, chain)
}

async fn state(ledger: &Ledger, chain: &Chain) -> IslandState {
    ledger.island(&IslandRef::Id(chain.island)).await.unwrap().unwrap().state
}

/// Whose the gateway is shown to be, and whether that is proven.
async fn gateways(ledger: &Ledger, chain: &Chain) -> Vec<(Option<Address>, bool)> {
    let island = ledger.island(&IslandRef::Id(chain.island)).await.unwrap().unwrap();
    island.gateways.into_iter().map(|gateway| (gateway.owner, gateway.proven)).collect()
}

#[tokio::test]
async fn an_opening_for_this_hub_and_the_registered_owner_proves_the_island() {
    let (ledger, mut chain) = pending().await;
    submit(&ledger, chain.block(vec![])).await.unwrap();
    assert_eq!(state(&ledger, &chain).await, IslandState::Pending);
    assert_eq!(gateways(&ledger, &chain).await, [(Some(OWNER), false)]);
    prove(&ledger, &mut chain).await;
    assert_eq!(state(&ledger, &chain).await, IslandState::Proven);
    assert_eq!(gateways(&ledger, &chain).await, [(Some(OWNER), true)]);
    // Nothing more is stored until somebody approves.
    let next = chain.block(vec![]);
    assert_eq!(record(&ledger, &next).await.unwrap_err().code(), "island-state");
    assert_eq!(submit(&ledger, next).await.unwrap_err().code(), "island-state");
}

#[tokio::test]
async fn an_opening_for_another_hub_is_refused_and_nothing_of_it_is_recorded() {
    let (ledger, mut chain) = pending().await;
    let block = chain.block(vec![opened(&chain, HubId([9; 32]), OWNER)]);
    assert_eq!(submit(&ledger, block).await.unwrap_err().code(), "opened-for-other-hub");
    let cursor = ledger.cursor(chain.island).await.unwrap().unwrap();
    assert_eq!((cursor.head.height, cursor.state), (0, IslandState::Pending));
}

#[tokio::test]
async fn an_opening_for_another_owner_is_refused_and_nothing_of_it_is_recorded() {
    let (ledger, mut chain) = pending().await;
    let block = chain.block(vec![opened(&chain, HUB, OTHER)]);
    let refusal = submit(&ledger, block).await.unwrap_err();
    assert_eq!(refusal.code(), "opened-for-other-owner");
    assert!(refusal.to_string().contains(&OTHER.to_string()), "{refusal}");
    assert!(ledger.evidence_after(chain.island, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_false_claim_of_a_gateway_keeps_nothing_from_its_owner() {
    let (ledger, mut chain) = pending().await;
    // Somebody else registered the gateway first, under a key of their own; then its owner does.
    ledger.register_gateway(chain.island, &chain.claim(OTHER), &operator(), T0).await.unwrap();
    assert_eq!(gateways(&ledger, &chain).await, [(Some(OWNER), false), (Some(OTHER), false)]);
    let cursor = ledger.cursor(chain.island).await.unwrap().unwrap();
    assert_eq!(cursor.gateways.len(), 1, "it is watched once");
    prove(&ledger, &mut chain).await;
    assert_eq!(gateways(&ledger, &chain).await, [(Some(OWNER), true)]);
    let late = ledger.register_gateway(chain.island, &chain.claim(OTHER), &operator(), T0).await;
    assert!(matches!(late, Err(ClaimError::OtherOwner { expected: OWNER, came: OTHER, .. })), "{late:?}");
}

#[tokio::test]
async fn the_owner_may_register_after_the_opening_was_recorded_under_a_false_claim() {
    let mut world = World::registered().await;
    // Known as another's on an island that is active: recorded, and delivered to by nobody.
    let opening = world.east.block(vec![opened(&world.east, HUB, OTHER)]);
    world.record(&opening).await.unwrap();
    world.open_west().await;
    let packet = world.west.packet(&world.east, 1);
    world.west(vec![sent(&packet)]).await;
    assert_eq!(gateways(&world.ledger, &world.east).await, [(Some(OTHER), false)]);
    assert!(world.pending(0).await.is_empty());
    let claim = world.east.claim(OTHER);
    world.ledger.register_gateway(world.east.island, &claim, &operator(), T0).await.unwrap();
    assert_eq!(gateways(&world.ledger, &world.east).await, [(Some(OTHER), true)]);
    assert_eq!(world.pending(0).await.len(), 1, "now it is delivered");
}

#[tokio::test]
async fn a_contract_that_claims_to_be_a_gateway_keeps_no_evidence_out() {
    let mut world = World::registered().await;
    let stranger = opened(&world.east, HubId([9; 32]), OWNER);
    let block = world.east.numbered_block(vec![(3, GatewayEventKind::Beat), (1, stranger)]);
    world.record(&block).await.unwrap();
    assert_eq!(gateways(&world.ledger, &world.east).await, [(Some(OWNER), false)]);
    assert_eq!(world.ledger.cursor(world.east.island).await.unwrap().unwrap().head.height, 1);
}

#[tokio::test]
async fn a_claim_has_to_name_the_id_that_follows_and_is_made_once() {
    let (ledger, chain) = pending().await;
    let twice = ledger.register_gateway(chain.island, &chain.claim(OWNER), &operator(), T0).await;
    assert!(matches!(twice, Err(ClaimError::Claimed { .. })), "{twice:?}");
    let mut odd = chain.claim(OTHER);
    odd.address = vec![2; 20];
    let odd = ledger.register_gateway(chain.island, &odd, &operator(), T0).await;
    assert!(matches!(odd, Err(ClaimError::IdDiffers { .. })), "{odd:?}");
    for seed in 0..7 {
        let claim = chain.claim(Address([100 + seed; 20]));
        ledger.register_gateway(chain.island, &claim, &operator(), T0).await.unwrap();
    }
    let more = ledger.register_gateway(chain.island, &chain.claim(OTHER), &operator(), T0).await;
    assert!(matches!(more, Err(ClaimError::TooMany)), "{more:?}");
}

#[tokio::test]
async fn a_pending_island_stores_only_so_much() {
    let (ledger, mut chain) = pending().await;
    for _ in 0..LIMITS.pieces {
        submit(&ledger, chain.block(vec![])).await.unwrap();
    }
    let head = chain.head;
    assert_eq!(submit(&ledger, chain.block(vec![])).await.unwrap_err().code(), "proof-limit");
    chain.head = head;
    let mut block = chain.block(vec![]);
    block.way = Way::Proof(ProofLimits { pieces: 100, bytes: 10 });
    assert_eq!(record(&ledger, &block).await.unwrap_err().code(), "proof-limit");
}

#[tokio::test]
async fn nothing_of_a_pending_island_is_signed() {
    let (ledger, mut chain) = pending().await;
    let far = Chain::new("west");
    let packet = chain.packet(&far, 1);
    let block = chain.block(vec![opened(&chain, HUB, OWNER), sent(&packet)]);
    submit(&ledger, block).await.unwrap();
    ledger.form_batches(T0).await.unwrap();
    let attestor = causeway_protocol::Signer::address(&signers(1)[0]);
    assert!(ledger.pending_batches(attestor, 10, T0).await.unwrap().is_empty());
}
