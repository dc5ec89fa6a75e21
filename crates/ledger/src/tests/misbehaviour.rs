//! Two blocks at one height: the island is frozen, and every attestor learns of it.

use causeway_api::{IslandState, RegisterGateway};
use causeway_protocol::{Address, Envelope, Family, HubId, LocalSigner, SignedEnvelope};
use causeway_verifier::forge::{Forge, Plan};
use causeway_verifier::prover::misbehaviour;
use causeway_verifier::{Misbehaviour, Verified, light_client};
use time::Duration;

use super::world::{OWNER, T0, operator};
use crate::testkit::{TestLedger, activate, fresh};
use crate::{IslandChange, IslandRef, Registration};

async fn forked() -> (TestLedger, Verified<Misbehaviour>, SignedEnvelope) {
    let ledger = fresh().await;
    let (mut one, mut other) = (Forge::new(Family::Qbft, 4), Forge::new(Family::Qbft, 4));
    let client = light_client(Family::Qbft).unwrap();
    let anchored = client.anchor(&one.anchor()).unwrap();
    one.mine_empty(1);
    other.mine_empty(1);
    let now = one.head().time + 1;
    let shared = client.advance(&anchored.state, &[], None, &one.run(&anchored.state), now).unwrap();
    let state = shared.state.clone();
    let registration = Registration {
        name: "forked".into(),
        family: Family::Qbft,
        fingerprint: one.island().fingerprint,
        anchor: one.anchor(),
        gateway: RegisterGateway {
            address: vec![7; 20],
            id: one.gateway(Address([7; 20])).id,
            birth: one.head().hash,
            owner: OWNER,
        },
        by: operator(),
    };
    let island = ledger.register_island(registration, anchored, T0).await.unwrap().id;
    activate(&ledger, island).await;
    one.mine(Plan { salt: 1, ..Plan::default() });
    other.mine(Plan { salt: 2, ..Plan::default() });
    let evidence = misbehaviour(Family::Qbft, &state, [vec![one.source(2)], vec![other.source(2)]]).unwrap();
    let found = client.misbehaviour(&state, &evidence, one.head().time + 1).unwrap();
    let relayer = LocalSigner::from_bytes(&[3; 32]).unwrap();
    let envelope =
        Envelope { hub: HubId([8; 32]), island, first: 2, last: 2, relayer: Address::ZERO, evidence };
    (ledger, found, envelope.sign(&relayer).unwrap())
}

#[tokio::test]
async fn case_22_proven_misbehaviour_freezes_once_and_stands_in_the_feed() {
    let (ledger, found, signed) = forked().await;
    let island = signed.envelope.island;
    let earlier = T0 - Duration::hours(1);
    assert!(ledger.record_misbehaviour(found.clone(), &signed, &operator(), earlier).await.unwrap());
    assert!(!ledger.record_misbehaviour(found, &signed, &operator(), T0).await.unwrap());
    let record = ledger.island(&IslandRef::Id(island)).await.unwrap().unwrap();
    assert_eq!(record.state, IslandState::Frozen);
    let client = light_client(Family::Qbft).unwrap();
    let state = causeway_verifier::ClientState { family: Family::Qbft, bytes: record.client_state };
    assert!(client.summary(&state).unwrap().frozen);
    let feed = ledger.evidence_after(island, 0, 10).await.unwrap();
    assert_eq!(feed.len(), 1);
    assert_eq!((&feed[0].evidence, feed[0].recorded_at), (&signed.envelope.evidence, T0));
    let history = ledger.island_history(island, 0, 100).await.unwrap();
    assert!(history.last().unwrap().reason.contains("misbehaviour at height 2"));
}

#[tokio::test]
async fn what_comes_for_a_frozen_island_is_kept_once_and_unverified() {
    let (ledger, found, signed) = forked().await;
    ledger.record_misbehaviour(found, &signed, &operator(), T0).await.unwrap();
    for _ in 0..2 {
        ledger.keep_unverified(&signed, T0).await.unwrap();
    }
    let kept = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM unverified_evidence");
    assert_eq!(kept.fetch_one(&ledger.pool).await.unwrap(), 1);
    let unfreeze =
        ledger.change_island(signed.envelope.island, IslandChange::Resume, &operator(), "", T0).await;
    assert!(unfreeze.is_err());
}
