//! Answers to take away, part by part, each signed.

use causeway_api::{self as api, Role};
use causeway_log::ExportManifest;
use causeway_protocol::PacketId;

use crate::journey::Bridge;
use crate::log::{Disk, settled, verifier};
use crate::world::World;

/// Five packets, recorded and in the log.
async fn five(disk: &Disk) -> (Bridge, Vec<PacketId>) {
    let mut bridge = Bridge::over(World::with(disk.log(&[1])).await).await;
    let destination = bridge.chains[1].gateway;
    let sent = (0..5).map(|number: u8| bridge.chains[0].send(destination, &[number]).id()).collect();
    bridge.chains[0].seal();
    bridge.relay().await;
    settled(&bridge.world, 1).await;
    (bridge, sent)
}

/// Every part of an export, each checked against its manifest.
async fn parts(world: &World, token: &str, format: &str) -> Vec<api::ExportChunk> {
    let (mut parts, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/exports/packets/{format}?limit=2{next}");
        let part: api::ExportChunk = world.get(&path, token).await.ok();
        let manifest = ExportManifest::open(part.manifest.as_bytes(), &[verifier(1)]).unwrap();
        assert!(manifest.is_of(part.body.as_bytes()));
        assert_eq!((manifest.query.as_str(), manifest.format.as_str()), (path.as_str(), format));
        assert_eq!((manifest.rows, &manifest.next), (part.rows, &part.next));
        assert!(manifest.tree.size > 0);
        let rest = part.next.clone();
        parts.push(part);
        let Some(rest) = rest else { return parts };
        next = format!("&next={rest}");
    }
}

#[tokio::test]
async fn an_export_is_the_list_in_lines_of_json_or_csv_part_by_part_and_signed() {
    let disk = Disk::new();
    let (bridge, mut sent) = five(&disk).await;
    let world = &bridge.world;
    sent.reverse(); // the newest first
    let json = parts(world, &world.operator, "ndjson").await;
    assert_eq!(json.iter().map(|part| part.rows).collect::<Vec<_>>(), [2, 2, 1]);
    let lines: String = json.into_iter().map(|part| part.body).collect();
    let exported: Vec<api::Packet> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed: api::Page<api::Packet> = world.get("/v1/packets", &world.operator).await.ok();
    assert_eq!(exported, listed.items);
    assert_eq!(exported.iter().map(|packet| packet.id).collect::<Vec<_>>(), sent);

    let csv: String = parts(world, &world.operator, "csv").await.into_iter().map(|part| part.body).collect();
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 6, "one head line");
    assert!(rows[0].contains("packet.sequence") && rows[0].contains("state"), "{}", rows[0]);
    assert!(rows[1].contains(&sent[0].to_string()));

    // Of another's island nothing, signed as well.
    let stranger = world.token(Role::Owner, None, Some(causeway_protocol::IslandId([9; 32]))).await;
    let nothing = parts(world, &stranger, "csv").await;
    assert_eq!((nothing.len(), nothing[0].rows, nothing[0].body.as_str()), (1, 0, ""));
    for (path, problem) in [
        ("/v1/exports/packets/xlsx", "invalid-path"),
        ("/v1/exports/packets/csv?limit=0", "invalid-query"),
        ("/v1/exports/hours/csv?since=never", "invalid-query"),
        ("/v1/exports/tokens/csv", "no-such-route"),
    ] {
        assert_eq!(world.get(path, &world.operator).await.problem(), problem, "{path}");
    }
    let hours: api::ExportChunk = world.get("/v1/exports/hours/ndjson", &world.operator).await.ok();
    let relayers: api::ExportChunk = world.get("/v1/exports/relayers/csv", &world.operator).await.ok();
    assert_eq!(
        (hours.rows, relayers.rows),
        (0, 2),
        "by this clock all was recorded at this moment, and none before it: {hours:?}"
    );
}

#[tokio::test]
async fn without_a_log_nothing_is_exported() {
    let world = World::start().await;
    assert_eq!(world.get("/v1/exports/packets/csv", &world.operator).await.problem(), "not-logged");
}
