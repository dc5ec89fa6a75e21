//! History is not rewritten; the schema mirrors the state machines; requests have one effect.

use causeway_api::{CreateToken, Role, RotateToken};
use causeway_protocol::{Address, Hash, keccak256};
use sqlx::AssertSqlSafe;
use time::Duration;
use uuid::Uuid;

use super::world::{T0, World, operator, sent, token};
use crate::packet::{Outcome, PacketEvent, PacketLife, Settlement};
use crate::testkit::fresh;
use crate::{Begin, IdempotencyKey, StoredAnswer};

const APPEND_ONLY: [&str; 20] = [
    "islands",
    "island_changes",
    "client_states",
    "headers",
    "gateways",
    "attestor_sets",
    "gateway_suspensions",
    "evidence",
    "unverified_evidence",
    "misbehaviours",
    "gateway_events",
    "event_conflicts",
    "packets",
    "packet_conflicts",
    "batches",
    "batch_leaves",
    "attestations",
    "tokens",
    "token_revocations",
    "token_rotations",
];

#[tokio::test]
async fn history_cannot_be_rewritten() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.sign(&[0, 1]).await;
    for table in APPEND_ONLY {
        let column = sqlx::query_scalar::<_, String>(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attidentity = '' LIMIT 1",
        )
        .bind(table)
        .fetch_one(&world.ledger.pool)
        .await
        .unwrap();
        for statement in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let refused = sqlx::query(AssertSqlSafe(statement.clone())).execute(&world.ledger.pool).await;
            let text = refused.expect_err(&statement).to_string();
            assert!(text.contains("append-only"), "{statement}: {text}");
        }
    }
}

#[tokio::test]
async fn every_table_is_append_only_or_a_known_projection() {
    let ledger = fresh().await;
    let tables = sqlx::query_scalar::<_, String>(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
         AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgname = 'append_only') ORDER BY 1",
    )
    .fetch_all(&ledger.pool)
    .await
    .unwrap();
    let projections = [
        "_sqlx_migrations",
        // Counted by the hour.
        "accesses",
        // What migrations say of other tables.
        "fact_forms",
        "gateway_states",
        "idempotency_keys",
        "island_states",
        "leaves",
        "log_head",
        "log_waiting",
        "not_facts",
        "open_batches",
        "orphan_events",
        "packet_states",
        "tails",
        "waiting_packets",
    ];
    assert_eq!(tables, projections);
}

/// Every life the machine can reach, by the shortest way.
fn reachable() -> Vec<PacketLife> {
    use PacketEvent::{Attested, Ended, Held, Released, Settled};
    let events = [
        Attested,
        Held,
        Released,
        Ended(Outcome::Delivered),
        Ended(Outcome::Failed),
        Ended(Outcome::Expired),
        Settled(Settlement::Result),
        Settled(Settlement::Expired),
        Settled(Settlement::Void),
    ];
    let mut lives = vec![PacketLife::default()];
    let mut next = 0;
    while next < lives.len() {
        for event in events {
            let after = lives[next].apply(event).unwrap_or_else(|_| lives[next].dispute());
            if !lives.contains(&after) {
                lives.push(after);
            }
        }
        next += 1;
    }
    lives
}

#[tokio::test]
async fn the_schema_knows_every_life_of_a_packet_by_the_same_name() {
    let ledger = fresh().await;
    let lives = reachable();
    assert!(lives.len() > 40, "{}", lives.len());
    for (number, life) in (0u8..).zip(lives) {
        let state = sqlx::query_scalar::<_, String>(
            "INSERT INTO packet_states (packet, attested_at, outcome, settlement, held, disputed, sent_at, settled_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7) RETURNING state",
        )
        .bind([number.wrapping_add(1); 32].as_slice())
        .bind(life.attested.then_some(T0))
        .bind(life.outcome.map(Outcome::as_str))
        .bind(life.settlement.map(Settlement::as_str))
        .bind(life.held)
        .bind(life.disputed)
        .bind(T0)
        .bind(life.settlement.map(|_| T0))
        .fetch_one(&ledger.pool)
        .await
        .unwrap();
        assert_eq!(state, format!("{:?}", life.state()).to_lowercase(), "{life:?}");
    }
}

#[tokio::test]
async fn the_schema_refuses_a_settlement_that_contradicts_the_outcome() {
    let ledger = fresh().await;
    for (outcome, settlement) in [("delivered", "expired"), ("expired", "result"), ("failed", "void")] {
        let refused = sqlx::query(
            "INSERT INTO packet_states (packet, outcome, settlement, sent_at, settled_at, changed_at) VALUES ($1, $2, $3, $4, $4, $4)",
        )
        .bind([1; 32].as_slice())
        .bind(outcome)
        .bind(settlement)
        .bind(T0)
        .execute(&ledger.pool)
        .await;
        assert!(refused.is_err(), "{outcome} settled as {settlement}");
    }
}

#[tokio::test]
async fn case_1_a_zero_hash_or_an_absent_one_is_never_stored() {
    let ledger = fresh().await;
    for hash in [Some(vec![0; 32]), Some(vec![1; 31]), Some(vec![]), None] {
        let refused = sqlx::query(
            "INSERT INTO evidence (sequence, island, digest, kind, first, last, events, relayer, signature, bytes, recorded_at)
             VALUES (1, $1, $2, 'run', 0, 0, 0, $3, $4, 'x', now())",
        )
        .bind([1; 32].as_slice())
        .bind(&hash)
        .bind([1; 20].as_slice())
        .bind([1; 65].as_slice())
        .execute(&ledger.pool)
        .await;
        assert!(refused.is_err(), "{hash:?}");
    }
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_until_it_is_revoked() {
    let ledger = fresh().await;
    let hash = keccak256(b"secret");
    let request = CreateToken { address: Some(Address([7; 20])), ..token(Role::Attestor) };
    let made = ledger.create_token(request.clone(), hash, T0).await.unwrap();
    assert_eq!(ledger.ensure_token(request, hash, T0).await.unwrap(), made);
    assert_eq!(ledger.authenticate(hash, T0).await.unwrap(), Some(made.clone()));
    assert_eq!(ledger.authenticate(Hash([1; 32]), T0).await.unwrap(), None);
    assert_eq!(ledger.stats().await.unwrap().attestors.len(), 1);
    let revoked = ledger.revoke_token(made.id, &operator(), T0).await.unwrap().unwrap();
    let again = ledger.revoke_token(made.id, &operator(), T0 + Duration::hours(1)).await.unwrap().unwrap();
    assert_eq!((revoked.revoked_at, &again), (Some(T0), &revoked));
    assert_eq!(ledger.authenticate(hash, T0).await.unwrap(), None);
    assert_eq!(ledger.tokens(None, 10).await.unwrap(), [revoked]);
    assert_eq!(ledger.revoke_token(Uuid::nil(), &operator(), T0).await.unwrap(), None);
    assert!(ledger.stats().await.unwrap().attestors.is_empty());
}

#[tokio::test]
async fn an_attestor_whose_token_is_rotated_holds_one_key_as_before() {
    let ledger = fresh().await;
    let (first, second) = (keccak256(b"first"), keccak256(b"second"));
    let request = CreateToken { address: Some(Address([7; 20])), held_by_hub: true, ..token(Role::Attestor) };
    let made = ledger.create_token(request, first, T0).await.unwrap();
    let holders = ledger.stats().await.unwrap().attestors;
    let rotate = RotateToken { grace: 60, expires_at: None };
    let new = ledger.rotate_token(made.id, &rotate, second, &operator(), T0).await.unwrap();
    assert_eq!(ledger.stats().await.unwrap().attestors, holders);
    let minute = T0 + Duration::minutes(1);
    assert!(ledger.authenticate(first, minute - Duration::SECOND).await.unwrap().is_some());
    assert_eq!(ledger.authenticate(first, minute).await.unwrap(), None);
    assert_eq!(ledger.authenticate(second, minute).await.unwrap(), Some(new));
}

#[tokio::test]
async fn a_request_sent_twice_has_one_answer() {
    let ledger = fresh().await;
    let token = Uuid::from_u128(7);
    let key = |key: &str| IdempotencyKey {
        credential: token,
        method: "POST".into(),
        path: "/v1/islands".into(),
        key: key.into(),
    };
    let (one, body, other) = (key("one"), keccak256(b"body"), keccak256(b"other"));
    let begin =
        async |key: &IdempotencyKey, body, now| ledger.idempotency_begin(key, body, now).await.unwrap();
    assert_eq!(begin(&one, body, T0).await, Begin::Fresh);
    assert_eq!(begin(&one, body, T0).await, Begin::InFlight);
    assert_eq!(begin(&one, other, T0).await, Begin::OtherBody);
    let answer = StoredAnswer { status: 201, body: b"{}".to_vec() };
    ledger.idempotency_finish(&one, &answer).await.unwrap();
    assert_eq!(begin(&one, body, T0).await, Begin::Replay(answer));
    assert_eq!(begin(&one, other, T0).await, Begin::OtherBody);
    assert_eq!(begin(&one, other, T0 + Duration::hours(25)).await, Begin::Fresh);

    let two = key("two");
    assert_eq!(begin(&two, body, T0).await, Begin::Fresh);
    ledger.idempotency_abandon(&two).await.unwrap();
    assert_eq!(begin(&two, body, T0).await, Begin::Fresh);
    assert_eq!(begin(&two, body, T0 + Duration::minutes(3)).await, Begin::Fresh, "its process was lost");
    assert_eq!(begin(&two, body, T0 + Duration::minutes(3)).await, Begin::InFlight);
}
