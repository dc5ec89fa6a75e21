//! The yardstick: the rows that the hub wrote, inserted bare, in batches, into tables of the same shape.

use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Row};

/// What was inserted and how long it took.
pub(crate) struct Bare {
    pub(crate) packets: usize,
    pub(crate) time: Duration,
}

/// One batch, column by column. Numbers here are far below 2^63.
#[derive(Default)]
struct Batch {
    position: Vec<i64>,
    id: Vec<Vec<u8>>,
    source: Vec<Vec<u8>>,
    destination: Vec<Vec<u8>>,
    lane: Vec<Vec<u8>>,
    sequence: Vec<i64>,
    sender: Vec<Vec<u8>>,
    receiver: Vec<Vec<u8>>,
    timeout: Vec<i64>,
    budget: Vec<i64>,
    payload: Vec<Vec<u8>>,
    lane_name: Vec<Vec<u8>>,
    island: Vec<Vec<u8>>,
    number: Vec<i64>,
    height: Vec<i64>,
    block: Vec<Vec<u8>>,
    log: Vec<i64>,
    time: Vec<i64>,
    evidence: Vec<i64>,
}

const TABLES: &[&str] = &[
    "CREATE TABLE bare_packets (LIKE packets INCLUDING ALL)",
    "CREATE TABLE bare_events (LIKE gateway_events INCLUDING ALL)",
    "CREATE TABLE bare_states (LIKE packet_states INCLUDING ALL)",
    "CREATE TABLE bare_leaves (LIKE leaves INCLUDING ALL)",
];

/// Copies the packets, their events, states and leaves, `rows` packets a transaction; reading them is not counted.
pub(crate) async fn insert(url: &str, rows: usize) -> Bare {
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    for table in TABLES {
        sqlx::query(*table).execute(&mut *connection).await.unwrap();
    }
    let all = sqlx::query(
        "SELECT p.position, p.id, p.source, p.destination, p.lane, p.sequence::bigint AS sequence, p.sender, p.receiver,
                p.timeout::bigint AS timeout, p.budget::bigint AS budget, p.payload, p.lane_name, p.island,
                e.number::bigint AS number, e.height::bigint AS height, e.block, e.log::bigint AS log,
                e.block_time::bigint AS block_time, e.evidence
         FROM packets AS p JOIN gateway_events AS e ON e.subject = p.id ORDER BY p.position",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut batches = Vec::new();
    for chunk in all.chunks(rows) {
        let mut batch = Batch::default();
        for row in chunk {
            batch.push(row);
        }
        batches.push(batch);
    }
    let begun = Instant::now();
    for batch in &batches {
        let mut transaction = connection.begin().await.unwrap();
        batch.insert(&mut transaction).await;
        transaction.commit().await.unwrap();
    }
    Bare { packets: all.len(), time: begun.elapsed() }
}

impl Batch {
    fn push(&mut self, row: &sqlx::postgres::PgRow) {
        self.position.push(row.get("position"));
        self.id.push(row.get("id"));
        self.source.push(row.get("source"));
        self.destination.push(row.get("destination"));
        self.lane.push(row.get("lane"));
        self.sequence.push(row.get("sequence"));
        self.sender.push(row.get("sender"));
        self.receiver.push(row.get("receiver"));
        self.timeout.push(row.get("timeout"));
        self.budget.push(row.get("budget"));
        self.payload.push(row.get("payload"));
        self.lane_name.push(row.get("lane_name"));
        self.island.push(row.get("island"));
        self.number.push(row.get("number"));
        self.height.push(row.get("height"));
        self.block.push(row.get("block"));
        self.log.push(row.get("log"));
        self.time.push(row.get("block_time"));
        self.evidence.push(row.get("evidence"));
    }

    async fn insert(&self, connection: &mut sqlx::PgConnection) {
        sqlx::query(
            "INSERT INTO bare_packets
             SELECT p, i, s, d, l, n, a, r, t, b, y, m, FALSE, k, now()
             FROM UNNEST($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bytea[],
                         $8::bytea[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[], $13::bytea[])
                  AS rows (p, i, s, d, l, n, a, r, t, b, y, m, k)",
        )
        .bind(&self.position)
        .bind(&self.id)
        .bind(&self.source)
        .bind(&self.destination)
        .bind(&self.lane)
        .bind(&self.sequence)
        .bind(&self.sender)
        .bind(&self.receiver)
        .bind(&self.timeout)
        .bind(&self.budget)
        .bind(&self.payload)
        .bind(&self.lane_name)
        .bind(&self.island)
        .execute(&mut *connection)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO bare_events (gateway, number, kind, subject, height, block, transaction, log, block_time, evidence)
             SELECT g, n, 'PacketSent', s, h, b, 0, l, t, e
             FROM UNNEST($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[],
                         $8::bigint[]) AS rows (g, n, s, h, b, l, t, e)",
        )
        .bind(&self.source)
        .bind(&self.number)
        .bind(&self.id)
        .bind(&self.height)
        .bind(&self.block)
        .bind(&self.log)
        .bind(&self.time)
        .bind(&self.evidence)
        .execute(&mut *connection)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO bare_states (packet, sent_at, changed_at)
             SELECT p, now(), now() FROM UNNEST($1::bytea[]) AS rows (p)",
        )
        .bind(&self.id)
        .execute(&mut *connection)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO bare_leaves (position, packet, kind, success, result, checker, island, other, held, made_at)
             SELECT n, p, 1, FALSE, decode(repeat('00', 32), 'hex'), d, k, s, FALSE, now()
             FROM UNNEST($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[]) AS rows (n, p, d, k, s)",
        )
        .bind(&self.position)
        .bind(&self.id)
        .bind(&self.destination)
        .bind(&self.island)
        .bind(&self.source)
        .execute(connection)
        .await
        .unwrap();
    }
}
