//! The log: every fact becomes one leaf, and the tree only grows.

use std::collections::BTreeSet;
use std::time::Duration;

use causeway_api::{CreateToken, Role, RotateToken};
use causeway_log::{
    Bundle, Entries, Entry, Fact, FactKind, ProofPlan, Resource, Salt, Tile, TileHashes, TreeHead, leaf_hash,
    verify_consistency, verify_inclusion,
};
use causeway_protocol::{Address, Hash, Signer as _, keccak256};
use sqlx::Connection as _;

use super::world::{OWNER, T0, World, delivered, operator, sent, token};
use crate::testkit::{TestLedger, fresh};
use crate::{AppendError, FactKey, IslandChange, LogHolder};

const LEASE: Duration = Duration::from_mins(1);

/// Salts that differ; a real sequencer draws them at random.
fn salts() -> impl FnMut() -> Salt + Send {
    let mut count = 0u64;
    move || {
        count += 1;
        Salt(keccak256(&count.to_be_bytes()).0)
    }
}

async fn holder(ledger: &TestLedger) -> LogHolder {
    let holder = LogHolder::new();
    assert!(ledger.hold_log(holder, LEASE).await.unwrap());
    holder
}

/// Everything that waits becomes leaves.
async fn drain(ledger: &TestLedger, holder: LogHolder) -> TreeHead {
    loop {
        let appended = ledger.append_to_log(holder, 1000, salts()).await.unwrap();
        if appended.leaves == 0 {
            return appended.tree;
        }
    }
}

/// As many tokens as that: facts by the thousand in one statement.
async fn tokens(ledger: &TestLedger, count: i32) {
    sqlx::query(
        "INSERT INTO tokens (id, name, role, held_by_hub, secret_hash, created_at)
         SELECT gen_random_uuid(), 'made up', 'auditor', FALSE, sha256(uuid_send(gen_random_uuid())), now()
         FROM generate_series(1, $1)",
    )
    .bind(count)
    .execute(&ledger.pool)
    .await
    .unwrap();
}

/// Every entry of the log, as a reader fetches them.
async fn read_entries(ledger: &TestLedger, size: u64) -> Vec<Entry> {
    let mut all = Vec::new();
    for tile in Tile::made(0, size).into_iter().filter(|tile| tile.level() == 0) {
        let bundle = Bundle::new(tile.index(), tile.width()).unwrap();
        let bytes = ledger.log_bundle(bundle).await.unwrap().expect("the log has grown that far");
        let entries = Entries::decode(bundle, &bytes).unwrap();
        let hashes = TileHashes::decode(tile, &ledger.log_tile(tile).await.unwrap().unwrap()).unwrap();
        assert!(entries.iter().map(leaf_hash).eq(hashes.as_ref().iter().copied()));
        all.extend(entries.iter().map(|entry| Entry::decode(entry).unwrap()));
    }
    all
}

/// Grows a tree from the entries alone.
fn root_of(entries: &[Entry]) -> TreeHead {
    let mut frontier = causeway_log::Frontier::new();
    for entry in entries {
        frontier.append(entry.leaf_hash());
    }
    frontier.head()
}

async fn assert_included(ledger: &TestLedger, key: FactKey, tree: TreeHead) -> FactKind {
    let logged = ledger.logged_fact(&key).await.unwrap().expect("the fact is a leaf");
    let plan = ProofPlan::inclusion(logged.index, tree.size).unwrap();
    let proof = ledger.log_proof(&plan, tree.size).await.unwrap();
    verify_inclusion(logged.entry.leaf_hash(), logged.index, tree, &proof).unwrap();
    assert!(logged.entry.commits_to(logged.salt, &logged.fact.encode()));
    assert_eq!(logged.entry.kind(), logged.fact.kind());
    logged.fact.kind()
}

/// What waits is what an anti-join of the facts with the leaves answers: neither more nor less.
async fn assert_queue_is_the_anti_join(ledger: &TestLedger) {
    let apart: i64 = sqlx::query_scalar(
        "WITH facts AS (SELECT form, subject, number FROM log_facts
                        EXCEPT SELECT form, subject, number FROM log_entries),
              waiting AS (SELECT form, subject, number::numeric FROM log_waiting)
         SELECT count(*) FROM ((TABLE facts EXCEPT TABLE waiting) UNION ALL (TABLE waiting EXCEPT TABLE facts)) AS apart",
    )
    .fetch_one(&ledger.pool)
    .await
    .unwrap();
    assert_eq!(apart, 0, "facts that do not wait, or wait and are no facts");
}

/// Two facts that a world does not have by itself.
async fn rotated_and_claimed(world: &World) -> (FactKey, FactKey) {
    let old = world.ledger.create_token(token(Role::Auditor), keccak256(b"old"), T0).await.unwrap();
    let rotate = RotateToken { grace: 60, expires_at: None };
    world.ledger.rotate_token(old.id, &rotate, keccak256(b"new"), &operator(), T0).await.unwrap();
    (FactKey::rotation(old.id), FactKey::claim(world.east.gateway, OWNER))
}

#[tokio::test]
async fn every_append_only_table_is_a_fact_or_says_why_not() {
    let ledger = fresh().await;
    let neither: Vec<String> = sqlx::query_scalar(
        "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'append_only'
         EXCEPT SELECT source FROM fact_forms EXCEPT SELECT source FROM not_facts ORDER BY name",
    )
    .fetch_all(&ledger.pool)
    .await
    .unwrap();
    assert!(
        neither.is_empty(),
        "CALL fact_form(…) or CALL not_a_fact(…) for {neither:?}: see docs/formats.md, Log"
    );
}

#[tokio::test]
async fn what_is_declared_is_encoded_and_read_back() {
    let ledger = fresh().await;
    let declared: Vec<i16> =
        sqlx::query_scalar("SELECT form FROM fact_forms").fetch_all(&ledger.pool).await.unwrap();
    let declared: BTreeSet<u8> = declared.into_iter().map(|form| u8::try_from(form).unwrap()).collect();
    assert_eq!(declared, Fact::FORMS.iter().copied().collect(), "forms of the migrations, and of Fact");
    assert_eq!(declared, crate::log::FORMS.iter().copied().collect(), "forms that have a loader");
}

#[tokio::test]
async fn what_can_be_rewritten_is_no_fact() {
    let ledger = fresh().await;
    for (statement, refused) in [
        ("CALL fact_form(200, 'island_states', 'island', '0')", "not append-only"),
        ("CALL not_a_fact('island_states', 'a projection')", "not append-only"),
        ("CALL not_a_fact('islands', 'who cares')", "holds facts already"),
        ("CALL fact_form(1, 'packets', 'id', '0')", "duplicate key"),
        ("CALL fact_form(256, 'packets', 'id', '0')", "check constraint"),
    ] {
        let error = sqlx::query(statement).execute(&ledger.pool).await.unwrap_err().to_string();
        assert!(error.contains(refused), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_form_declared_later_takes_in_what_was_recorded_before_and_waits_for_a_program_that_knows_it() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    let header =
        "INSERT INTO headers (island, height, hash, time) VALUES (sha256('island'), $1, sha256('hash'), 0)";
    let record = |height: i64| sqlx::query(header).bind(height).execute(&ledger.pool);
    record(1).await.unwrap();
    tokens(&ledger, 1).await;
    assert_eq!(drain(&ledger, holder).await.size, 1);
    sqlx::query("CALL fact_form(200, 'headers', 'island', 'height', condition => 'height <> 3')")
        .execute(&ledger.pool)
        .await
        .unwrap();
    for height in 2..=4 {
        record(height).await.unwrap();
    }
    assert_queue_is_the_anti_join(&ledger).await;
    assert_eq!(ledger.log_waiting().await.unwrap(), 3, "heights 1, 2 and 4");
    tokens(&ledger, 1).await;
    assert_eq!(drain(&ledger, holder).await.size, 2, "what this program can read back goes on");
    assert_eq!(ledger.log_waiting().await.unwrap(), 3, "and the rest is not lost");
    // No row is left that says both.
    let both: i64 = sqlx::query_scalar("SELECT count(*) FROM fact_forms JOIN not_facts USING (source)")
        .fetch_one(&ledger.pool)
        .await
        .unwrap();
    assert_eq!(both, 0);
}

#[tokio::test]
async fn a_table_may_hold_facts_of_two_forms() {
    let ledger = fresh().await;
    sqlx::query("CALL fact_form(200, 'tokens', 'uuid_send(id)', '1', condition => 'address IS NOT NULL')")
        .execute(&ledger.pool)
        .await
        .unwrap();
    let bound = CreateToken { address: Some(Address([7; 20])), ..token(Role::Attestor) };
    ledger.create_token(bound, keccak256(b"bound"), T0).await.unwrap();
    ledger.create_token(token(Role::Auditor), keccak256(b"free"), T0).await.unwrap();
    assert_eq!(ledger.log_waiting().await.unwrap(), 3);
    assert_queue_is_the_anti_join(&ledger).await;
}

#[tokio::test]
async fn every_fact_that_is_recorded_becomes_one_leaf() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.sign(&[0, 1]).await;
    let recorded = world.west(vec![delivered(packet.id(), true, b"done")]).await;
    let admitted = world.ledger.create_token(token(Role::Auditor), keccak256(b"secret"), T0).await.unwrap();
    world.ledger.revoke_token(admitted.id, &operator(), T0).await.unwrap();
    let (rotated, claimed) = rotated_and_claimed(&world).await;
    world
        .ledger
        .change_island(world.east.island, IslandChange::Suspend, &operator(), "why", T0)
        .await
        .unwrap();

    let holder = holder(&world.ledger).await;
    let facts: i64 =
        sqlx::query_scalar("SELECT count(*) FROM log_facts").fetch_one(&world.ledger.pool).await.unwrap();
    assert_eq!(world.ledger.log_waiting().await.unwrap(), u64::try_from(facts).unwrap());
    assert_queue_is_the_anti_join(&world.ledger).await;
    let tree = drain(&world.ledger, holder).await;
    assert_eq!(tree.size, u64::try_from(facts).unwrap());
    assert_eq!(world.ledger.log_waiting().await.unwrap(), 0);
    assert_eq!(world.ledger.refill_log(holder).await.unwrap(), 0, "nothing was left out");
    assert_eq!(root_of(&read_entries(&world.ledger, tree.size).await), tree);

    let (east, west) = (&world.east, &world.west);
    let batch: i64 = sqlx::query_scalar("SELECT min(batch) FROM attestations")
        .fetch_one(&world.ledger.pool)
        .await
        .unwrap();
    let attested = FactKey::attestation(u64::try_from(batch).unwrap(), world.attestors[0].address());
    for (key, kind) in [
        (FactKey::island(east.island), FactKind::Registration),
        (FactKey::gateway(west.gateway), FactKind::Registration),
        (FactKey::evidence(recorded.sequence), FactKind::ClientUpdate),
        (FactKey::event(east.gateway, 2), FactKind::GatewayEvent),
        (FactKey::event(west.gateway, 2), FactKind::GatewayEvent),
        (FactKey::token(admitted.id), FactKind::KeyChange),
        (FactKey::revocation(admitted.id), FactKind::KeyChange),
        (attested, FactKind::Attestation),
        (rotated, FactKind::KeyChange),
        (claimed, FactKind::Registration),
    ] {
        assert_eq!(assert_included(&world.ledger, key, tree).await, kind);
    }
    let kinds: Vec<_> = read_entries(&world.ledger, tree.size).await.iter().map(Entry::kind).collect();
    let count = |kind| kinds.iter().filter(|held| **held == kind).count();
    assert_eq!((count(FactKind::Approval), count(FactKind::PolicyChange)), (2, 3));
}

#[tokio::test]
async fn the_order_of_commits_is_the_order_of_leaves() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    let sent_at = world.east(vec![sent(&packet)]).await.sequence;
    let delivered_at = world.west(vec![delivered(packet.id(), true, b"")]).await.sequence;
    let holder = holder(&world.ledger).await;
    drain(&world.ledger, holder).await;
    let mut places = Vec::new();
    for key in [
        FactKey::island(world.east.island),
        FactKey::evidence(sent_at),
        FactKey::event(world.east.gateway, 2),
        FactKey::evidence(delivered_at),
        FactKey::event(world.west.gateway, 2),
    ] {
        places.push(world.ledger.logged_fact(&key).await.unwrap().unwrap().index);
    }
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
}

#[tokio::test]
async fn every_tree_goes_on_from_every_one_before() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    let mut trees = vec![];
    for more in [1, 254, 1, 1, 255, 400, 3] {
        tokens(&ledger, more).await;
        trees.push(drain(&ledger, holder).await);
    }
    let newest = *trees.last().unwrap();
    assert_eq!(newest.size, 915);
    assert_eq!(root_of(&read_entries(&ledger, newest.size).await), newest);
    for old in &trees {
        let plan = ProofPlan::consistency(old.size, newest.size).unwrap();
        let proof = ledger.log_proof(&plan, newest.size).await.unwrap();
        verify_consistency(*old, newest, &proof).unwrap();
        // A proof of a smaller tree is built from the same rows.
        let plan = ProofPlan::inclusion(0, old.size).unwrap();
        assert!(ledger.log_proof(&plan, old.size).await.is_ok());
    }
}

#[tokio::test]
async fn tiles_beyond_the_log_are_not_there() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    tokens(&ledger, 300).await;
    drain(&ledger, holder).await;
    for (path, there) in [
        ("tile/0/000", true),
        ("tile/0/000.p/7", true),
        ("tile/0/001.p/44", true),
        ("tile/0/001.p/45", false),
        ("tile/0/001", false),
        ("tile/1/000.p/1", true),
        ("tile/1/000.p/2", false),
        ("tile/2/000.p/1", false),
        ("tile/63/000.p/1", false),
        ("tile/0/x018/x446/x744/x073/x709/x551/615", false),
        ("tile/0/x018/x446/x744/x073/x709/x551/615.p/1", false),
        ("tile/entries/000", true),
        ("tile/entries/001.p/44", true),
        ("tile/entries/001.p/45", false),
        ("tile/entries/x018/x446/x744/x073/x709/x551/615", false),
    ] {
        let came = match path.parse().unwrap() {
            Resource::Tile(tile) => ledger.log_tile(tile).await.unwrap(),
            Resource::Bundle(bundle) => ledger.log_bundle(bundle).await.unwrap(),
            Resource::Checkpoint => None,
        };
        assert_eq!(came.is_some(), there, "{path}");
    }
}

#[tokio::test]
async fn a_transaction_that_commits_late_loses_none_of_its_facts() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    let mut late = sqlx::PgConnection::connect(&ledger.url).await.unwrap();
    let mut late = late.begin().await.unwrap();
    let id = uuid::Uuid::now_v7();
    sqlx::query(
        "INSERT INTO tokens VALUES ($1, 'late', 'auditor', NULL, NULL, FALSE, sha256('late'), now())",
    )
    .bind(id)
    .execute(&mut *late)
    .await
    .unwrap();
    tokens(&ledger, 5).await;
    assert_eq!(drain(&ledger, holder).await.size, 5, "what is not committed is no fact");
    late.commit().await.unwrap();
    let tree = drain(&ledger, holder).await;
    assert_eq!(tree.size, 6);
    assert_included(&ledger, FactKey::token(id), tree).await;
}

#[tokio::test]
async fn a_fact_that_waits_twice_is_a_leaf_once() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    tokens(&ledger, 3).await;
    drain(&ledger, holder).await;
    sqlx::query(
        "INSERT INTO log_waiting (form, subject, number) SELECT form, subject, number FROM log_facts",
    )
    .execute(&ledger.pool)
    .await
    .unwrap();
    assert_eq!(drain(&ledger, holder).await.size, 3);
    assert_eq!(ledger.log_waiting().await.unwrap(), 0);
}

#[tokio::test]
async fn a_fact_that_was_written_past_the_triggers_is_found_again() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    sqlx::query("ALTER TABLE tokens DISABLE TRIGGER logged").execute(&ledger.pool).await.unwrap();
    tokens(&ledger, 4).await;
    assert_eq!(drain(&ledger, holder).await.size, 0);
    assert_eq!(ledger.refill_log(holder).await.unwrap(), 4);
    assert_eq!(drain(&ledger, holder).await.size, 4);
}

#[tokio::test]
async fn one_sequencer_at_a_time_appends_and_another_takes_over_when_its_lease_ends() {
    let ledger = fresh().await;
    let (first, second) = (LogHolder::new(), LogHolder::new());
    let short = Duration::from_millis(200);
    assert!(ledger.hold_log(first, short).await.unwrap());
    assert!(ledger.hold_log(first, short).await.unwrap(), "a holder keeps it");
    assert!(!ledger.hold_log(second, LEASE).await.unwrap());
    tokens(&ledger, 2).await;
    assert!(matches!(ledger.append_to_log(second, 10, salts()).await, Err(AppendError::NotHolder)));
    tokio::time::sleep(2 * short).await;
    assert!(ledger.hold_log(second, LEASE).await.unwrap());
    assert!(matches!(ledger.append_to_log(first, 10, salts()).await, Err(AppendError::NotHolder)));
    assert!(!ledger.hold_log(first, LEASE).await.unwrap());
    assert_eq!(drain(&ledger, second).await.size, 2);
    ledger.release_log(first).await.unwrap();
    assert!(!ledger.hold_log(first, LEASE).await.unwrap(), "nobody gives back what another holds");
    ledger.release_log(second).await.unwrap();
    assert!(ledger.hold_log(first, LEASE).await.unwrap());
}

#[tokio::test]
async fn sequencers_that_fight_over_the_log_neither_fork_it_nor_lose_or_double_a_fact() {
    let ledger = fresh().await;
    tokens(&ledger, 1500).await;
    let fighters: Vec<_> = (0..3)
        .map(|_| {
            let ledger = ledger.ledger.clone();
            tokio::spawn(async move {
                let holder = LogHolder::new();
                loop {
                    // A lease that ends at once: another may come in between any two steps.
                    ledger.hold_log(holder, Duration::ZERO).await.unwrap();
                    match ledger.append_to_log(holder, 37, salts()).await {
                        Ok(appended) if appended.leaves == 0 && appended.tree.size == 1500 => break,
                        Ok(_) | Err(AppendError::NotHolder) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    for fighter in fighters {
        fighter.await.unwrap();
    }
    let tree = ledger.log_head().await.unwrap().tree;
    let entries = read_entries(&ledger, 1500).await;
    assert_eq!(root_of(&entries), tree);
    assert_eq!(ledger.log_waiting().await.unwrap(), 0);
}

#[tokio::test]
async fn an_append_that_is_broken_off_leaves_nothing_behind() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    tokens(&ledger, 600).await;
    // At a different point of the transaction each time.
    for micros in (0..40).map(|step| step * 400) {
        let append = ledger.append_to_log(holder, 100, salts());
        let _ = tokio::time::timeout(Duration::from_micros(micros), append).await;
    }
    let tree = drain(&ledger, holder).await;
    assert_eq!(tree.size, 600);
    assert_eq!(root_of(&read_entries(&ledger, 600).await), tree);
}

#[tokio::test]
async fn a_log_whose_rows_do_not_lead_to_its_root_does_not_grow() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    tokens(&ledger, 10).await;
    drain(&ledger, holder).await;
    tokens(&ledger, 1).await;
    sqlx::query("UPDATE log_head SET root = sha256('other')").execute(&ledger.pool).await.unwrap();
    assert!(matches!(ledger.append_to_log(holder, 10, salts()).await, Err(AppendError::Diverged { .. })));
    sqlx::query("UPDATE log_head SET size = 9").execute(&ledger.pool).await.unwrap();
    assert!(ledger.append_to_log(holder, 10, salts()).await.is_err());
}

#[tokio::test]
async fn nothing_that_was_logged_can_be_rewritten() {
    let ledger = fresh().await;
    let holder = holder(&ledger).await;
    tokens(&ledger, 256).await;
    let tree = drain(&ledger, holder).await;
    ledger.publish_checkpoint(tree, "a note", T0).await.unwrap();
    for statement in [
        "UPDATE log_entries SET salt = sha256('')",
        "DELETE FROM log_entries WHERE index = 3",
        "TRUNCATE log_entries",
        "UPDATE log_tiles SET index = 7",
        "DELETE FROM log_tiles",
        "UPDATE log_checkpoints SET note = 'another'",
        "DELETE FROM log_checkpoints",
    ] {
        let refused = sqlx::query(statement).execute(&ledger.pool).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn the_newest_checkpoint_is_that_of_the_largest_tree() {
    let ledger = fresh().await;
    assert_eq!(ledger.newest_checkpoint().await.unwrap(), None);
    let tree = |size| TreeHead { size, root: Hash([1; 32]) };
    // A holder that lost the log publishes late what it signed before.
    for (size, note) in [(5, "five"), (9, "nine"), (7, "seven"), (9, "nine, cosigned")] {
        ledger.publish_checkpoint(tree(size), note, T0).await.unwrap();
    }
    assert_eq!(ledger.newest_checkpoint().await.unwrap().as_deref(), Some("nine, cosigned"));
}
