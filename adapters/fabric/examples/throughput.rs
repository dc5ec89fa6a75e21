//! How fast packets pass a real channel of two organisations on this machine: sent, numbered, proven and verified, delivered.
//!
//! `cargo run --release -p causeway-fabric --example throughput -- [PACKETS]`
#![allow(clippy::unwrap_used)] // it stops where a test would

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/adapter/book.rs"]
mod book;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/adapter/island.rs"]
mod island;

use std::time::{Duration, Instant};

use causeway_adapter::{Destination as _, Outcome, Source as _};
use causeway_fabric_node::NetworkConfig;
use causeway_protocol::AttestationKind;

use island::Island;

/// Packets that are sent at the same time.
const AT_ONCE: usize = 100;

#[tokio::main]
async fn main() {
    let packets: usize = std::env::args().nth(1).map_or(500, |count| count.parse().unwrap());
    let Some(mut island) = Island::of(NetworkConfig::default()).await else { return };

    let start = Instant::now();
    for sent in (0..packets).step_by(AT_ONCE) {
        island.post(AT_ONCE.min(packets - sent), false).await;
    }
    report("sent by clients", packets, start);

    let source = island.source();
    let start = Instant::now();
    let (mut making, mut verifying, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    while island.book.count("PacketSent") < packets {
        let asked = Instant::now();
        let evidence = source.next(&island.book.standing).await.unwrap();
        making += asked.elapsed();
        match evidence {
            Some(evidence) => {
                bytes += evidence.bytes.len();
                let verified = Instant::now();
                island.book.record(&evidence).unwrap();
                verifying += verified.elapsed();
            }
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    report("numbered, proven and verified", packets, start);
    let each = bytes / packets;
    println!("  making evidence {making:?}, verifying it {verifying:?}, {bytes} bytes: {each} a packet");

    let arrivals: Vec<_> = (1..=packets as u64).map(|place| island.arrival(place, false, "hello")).collect();
    let statements = island.attest(AttestationKind::Deliver, &arrivals);
    let start = Instant::now();
    let outcomes = island.destination().submit(&statements).await.unwrap().outcomes;
    report("delivered", packets, start);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done { .. })));
}

fn report(what: &str, packets: usize, since: Instant) {
    let elapsed = since.elapsed();
    let rate = f64::from(u32::try_from(packets).unwrap()) / elapsed.as_secs_f64();
    println!("{packets} packets {what} in {elapsed:.1?}: {rate:.0}/s");
}
