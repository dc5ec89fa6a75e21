//! History in numbers: by hour and lane, and by relayer.

use causeway_api::{self as api, Role};
use causeway_protocol::Attestation;
use reqwest::StatusCode;

use crate::journey::Bridge;
use crate::world::{GENESIS, World};

#[tokio::test]
async fn packets_are_counted_by_the_hour_and_lane_with_what_became_of_them() {
    let mut bridge = Bridge::over(World::start().await).await;
    let destination = bridge.chains[1].gateway;
    let first = bridge.chains[0].send(destination, b"one");
    bridge.chains[0].seal();
    bridge.relay().await;
    bridge.sign(0).await;
    bridge.sign(1).await;
    bridge.chains[1].deliver(&first, false, b"no");
    bridge.chains[1].seal();
    bridge.relay().await;
    bridge.sign(0).await;
    bridge.sign(1).await;
    bridge.world.clock.set(GENESIS + 60);
    bridge.chains[0].settle(&first, &Attestation::result(first.id(), false, b"no"));
    bridge.chains[0].seal();
    bridge.relay().await;
    // Two more in a later hour, the same lane.
    bridge.world.clock.set(GENESIS + 2 * 3600);
    bridge.chains[0].send(destination, b"two");
    bridge.chains[0].send(destination, b"three");
    bridge.chains[0].seal();
    bridge.relay().await;
    bridge.world.clock.set(GENESIS + 2 * 3600 + 60);

    let world = &bridge.world;
    let path = "/v1/stats/hours";
    let hours: api::Page<api::LaneHour> = world.get(path, &world.operator).await.ok();
    let [later, earlier] = hours.items.as_slice() else { panic!("{hours:?}") };
    assert_eq!((later.sent, later.open, later.settled), (2, 2, 0));
    assert_eq!((earlier.sent, earlier.settled, earlier.failed, earlier.refunded), (1, 1, 1, 0));
    assert_eq!(later.settle_ms_p50, None);
    assert!(earlier.settle_ms_p50.is_some() && earlier.settle_ms_p99 >= earlier.settle_ms_p50);
    assert_eq!(earlier.lane, first.lane);
    assert_eq!((later.hour - earlier.hour).whole_hours(), 2);

    // Page by page the same, and nothing twice.
    let mut next = String::new();
    let mut paged = Vec::new();
    loop {
        let page: api::Page<api::LaneHour> =
            world.get(&format!("{path}?limit=1{next}"), &world.operator).await.ok();
        paged.extend(page.items);
        let Some(rest) = page.next else { break };
        next = format!("&next={}", rest.replace('+', "%2B"));
    }
    assert_eq!(paged, hours.items);

    // Of one island, one lane, one span; and nobody else's.
    let none: api::Page<api::LaneHour> =
        world.get(&format!("{path}?lane=0x{}", "11".repeat(32)), &world.operator).await.ok();
    assert_eq!(none.items, []);
    let port = world.token(Role::Owner, None, Some(bridge.chains[1].island)).await;
    let theirs: api::Page<api::LaneHour> = world.get(path, &port).await.ok();
    assert_eq!(theirs.items.len(), 2, "they are sent to it");
    let stranger = world.token(Role::Owner, None, Some(causeway_protocol::IslandId([9; 32]))).await;
    let nothing: api::Page<api::LaneHour> = world.get(path, &stranger).await.ok();
    assert_eq!(nothing.items, []);
    let foreign = world.get(&format!("{path}?island=port"), &stranger).await;
    assert_eq!((foreign.status, foreign.problem()), (StatusCode::NOT_FOUND, "not-found".to_owned()));
    for odd in ["since=yesterday", "next=elsewhere", "unknown=1", "since=2020-01-01T00:00:00Z", "limit=0"] {
        assert_eq!(
            world.get(&format!("{path}?{odd}"), &world.operator).await.problem(),
            "invalid-query",
            "{odd}"
        );
    }
}

#[tokio::test]
async fn relayers_are_listed_with_what_they_submitted_of_which_island() {
    let bridge = Bridge::over(World::start().await).await;
    let world = &bridge.world;
    let all: api::Page<api::RelayerWork> = world.get("/v1/relayers", &world.operator).await.ok();
    assert_eq!(all.items.len(), 2, "one relayer, two islands: {all:?}");
    assert!(all.items.iter().all(|work| work.pieces >= 1 && work.events >= 1 && work.bytes > 100));
    assert!(all.items[0].name.is_some() && all.items[0].relayer == all.items[1].relayer);
    let page: api::Page<api::RelayerWork> = world.get("/v1/relayers?limit=1", &world.operator).await.ok();
    assert_eq!(page.items, all.items[..1]);
    let rest = format!("/v1/relayers?limit=1&next={}", page.next.unwrap());
    let rest: api::Page<api::RelayerWork> = world.get(&rest, &world.operator).await.ok();
    assert_eq!((rest.items, rest.next), (all.items[1..].to_vec(), None));
    let owner = world.token(Role::Owner, None, Some(bridge.chains[0].island)).await;
    let own: api::Page<api::RelayerWork> = world.get("/v1/relayers", &owner).await.ok();
    let islands: Vec<_> = own.items.iter().map(|work| work.island).collect();
    assert_eq!(islands, [bridge.chains[0].island]);
    assert_eq!(world.get("/v1/relayers?island=port", &owner).await.problem(), "not-found");
}

#[tokio::test]
async fn what_an_auditor_reads_is_written_down_for_the_operator() {
    let world = World::start().await;
    let auditor = world.token(Role::Auditor, None, None).await;
    for _ in 0..3 {
        world.get("/v1/packets?limit=7", &auditor).await.ok::<api::Page<api::Packet>>();
    }
    world.get("/v1/packets?limit=0", &auditor).await.problem();
    world.get("/v1/packets?limit=7", &world.operator).await.ok::<api::Page<api::Packet>>();
    let seen: api::Page<api::AccessedPath> = world.get("/v1/accesses", &world.operator).await.ok();
    let seen: Vec<_> =
        seen.items.iter().map(|access| (&*access.path, &*access.query, access.count)).collect();
    assert_eq!(seen, [("/v1/packets", "limit=0", 1), ("/v1/packets", "limit=7", 3)], "refused ones too");
    // An hour later it is another line.
    world.clock.set(GENESIS + 7200);
    world.get("/v1/packets?limit=7", &auditor).await.ok::<api::Page<api::Packet>>();
    let page: api::Page<api::AccessedPath> = world.get("/v1/accesses?limit=1", &world.operator).await.ok();
    assert_eq!((page.items[0].count, page.next.is_some()), (1, true));
    let rest = format!("/v1/accesses?next={}", page.next.unwrap());
    assert_eq!(world.get(&rest, &world.operator).await.ok::<api::Page<api::AccessedPath>>().items.len(), 2);
    assert_eq!(world.get("/v1/accesses", &auditor).await.problem(), "forbidden");
}
