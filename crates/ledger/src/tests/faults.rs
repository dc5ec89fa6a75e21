//! Postgres dies at the worst moment: nothing is lost, nothing is recorded twice.

use std::time::Duration;

use causeway_api::RegisterGateway;
use causeway_postgres::{Options as ServerOptions, Server};
use causeway_protocol::{
    Address, AttestorSet, Envelope, Family, GatewayEvent, GatewayEventKind, LocalSigner, Packet,
};
use causeway_verifier::forge::Forge;
use causeway_verifier::{ClientState, light_client};

use super::world::{HUB, OWNER, T0, operator, sent, terms};
use crate::testkit::activate;
use crate::{Ledger, Options, Registration, Submission, Way, Writer, WriterOptions};

const CONTRACT: Address = Address([7; 20]);
const BLOCKS: u64 = 60;

/// A forged chain, registered and approved, and one submission a block: its opening, then a packet in every block.
async fn submissions(ledger: &Ledger) -> Vec<Submission> {
    let mut forge = Forge::new(Family::Qbft, 1);
    let client = light_client(Family::Qbft).unwrap();
    let gateway = forge.gateway(CONTRACT);
    let anchored = client.anchor(&forge.anchor()).unwrap();
    let mut state: ClientState = anchored.state.clone();
    let island = forge.island();
    let registration = Registration {
        name: "forged".into(),
        family: Family::Qbft,
        fingerprint: island.fingerprint,
        anchor: forge.anchor(),
        gateway: RegisterGateway {
            address: CONTRACT.0.to_vec(),
            id: gateway.id,
            birth: forge.head().hash,
            owner: OWNER,
        },
        by: operator(),
    };
    let id = ledger.register_island(registration, anchored, T0).await.unwrap().id;
    activate(ledger, id).await;

    let relayer = LocalSigner::from_bytes(&[3; 32]).unwrap();
    let mut items = Vec::new();
    for number in 1..=BLOCKS {
        let kind = if number == 1 {
            let attestors = AttestorSet { epoch: 1, threshold: 1, attestors: vec![Address([1; 20])] };
            GatewayEventKind::Opened { island: id, hub: HUB, owner: OWNER, attestors }
        } else {
            let mut packet = Packet {
                source: gateway.id,
                destination: gateway.id,
                lane: causeway_protocol::Hash::ZERO.into(),
                sequence: number - 1,
                sender: vec![3; 20],
                receiver: vec![4; 20],
                timeout: 5000,
                budget: 100_000,
                payload: Vec::new(),
            };
            packet.lane = terms().lane_id(&packet);
            sent(&packet)
        };
        forge.mine_events(CONTRACT, &[GatewayEvent { gateway: gateway.id, number, kind }]);
        let evidence = forge.run(&state);
        let now = forge.head().time + 1;
        let advance = client.advance(&state, std::slice::from_ref(&gateway), None, &evidence, now).unwrap();
        state = advance.state.clone();
        let (hub, relay) = (HUB, Address([0; 20]));
        let envelope = Envelope { hub, island: id, first: number, last: number, relayer: relay, evidence };
        let envelope = envelope.sign(&relayer).unwrap();
        items.push(Submission { envelope, advance, recorded_at: T0, token: None, way: Way::Evidence });
    }
    items
}

async fn count(ledger: &Ledger, table: &str) -> i64 {
    let sql = match table {
        "evidence" => "SELECT count(*) FROM evidence",
        "packets" => "SELECT count(*) FROM packets JOIN packet_states ON packet = id",
        _ => "SELECT count(*) FROM gateway_events",
    };
    sqlx::query_scalar(sql).fetch_one(&ledger.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_24_postgres_is_killed_between_verifying_and_committing() {
    let options = ServerOptions { durable: false, ..ServerOptions::default() };
    let mut server = Server::start(options).await.unwrap();
    let ledger = Ledger::connect(&server.url("postgres"), Options { max_connections: 4 }).await.unwrap();
    ledger.migrate().await.unwrap();
    let items = submissions(&ledger).await;
    let writer = Writer::spawn(ledger.clone(), WriterOptions { queue: 4, most: 2 });
    let feeding = tokio::spawn({
        let writer = writer.clone();
        async move {
            let mut tickets = Vec::new();
            for item in items {
                tickets.push(writer.submit(item).await.unwrap());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tickets
        }
    });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.kill();
        server.restart().await.unwrap();
    }
    for ticket in feeding.await.unwrap() {
        // Known: the COMMIT went through, and the connection broke before the answer came.
        ticket.outcome().await.unwrap().unwrap();
    }
    writer.drain().await;
    let blocks = i64::try_from(BLOCKS).unwrap();
    assert_eq!(count(&ledger, "evidence").await, blocks);
    assert_eq!(count(&ledger, "events").await, blocks);
    assert_eq!(count(&ledger, "packets").await, blocks - 1);
    let island = ledger.islands(None, 1).await.unwrap().remove(0);
    let cursor = ledger.cursor(island.id).await.unwrap().unwrap();
    assert_eq!((cursor.head.height, cursor.gateways[0].number), (BLOCKS, BLOCKS));
    let feed = ledger.evidence_after(island.id, 0, 500).await.unwrap();
    let sequences: Vec<u64> = feed.iter().map(|item| item.sequence).collect();
    assert_eq!(sequences, (1..=BLOCKS).collect::<Vec<_>>());
    server.stop().await;
}

#[tokio::test]
async fn a_drained_writer_has_committed_everything_and_takes_nothing_more() {
    let ledger = crate::testkit::fresh().await;
    let mut items = submissions(&ledger).await;
    let spare = items.pop().unwrap();
    let writer = Writer::spawn(ledger.ledger.clone(), WriterOptions::default());
    let mut tickets = Vec::new();
    for item in items {
        tickets.push(writer.submit(item).await.unwrap());
    }
    let other = writer.clone();
    writer.drain().await;
    assert_eq!(count(&ledger, "evidence").await, i64::try_from(BLOCKS).unwrap() - 1);
    assert!(other.submit(spare).await.is_err());
    assert_eq!(other.depth(), 0);
    for ticket in tickets {
        assert!(!ticket.outcome().await.unwrap().unwrap().known);
    }
}

#[tokio::test]
async fn one_that_breaks_a_rule_of_the_schema_does_not_keep_the_others_back() {
    let ledger = crate::testkit::fresh().await;
    let mut items = submissions(&ledger).await;
    items.truncate(3);
    // Evidence of no bytes: no light client lets it pass, and the schema does not either.
    let mut bad = items[2].clone();
    bad.envelope.envelope.evidence = Vec::new();
    let writer = Writer::spawn(ledger.ledger.clone(), WriterOptions::default());
    let mut tickets = Vec::new();
    for item in [items.remove(0), items.remove(0), bad] {
        tickets.push(writer.submit(item).await.unwrap());
    }
    let mut outcomes = Vec::new();
    for ticket in tickets {
        outcomes.push(ticket.outcome().await.unwrap());
    }
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok(), "{outcomes:?}");
    assert_eq!(outcomes[2].as_ref().unwrap_err().code(), "not-recordable");
}
