//! Evidence that the light client takes, of a channel that changes, whose peers die, and whose transactions lose races.

use std::collections::BTreeMap;

use causeway_adapter::{Destination as _, Outcome, Source as _};
use causeway_fabric::{FabricSource, SourceSettings};
use causeway_fabric_node::{Chaincode, NetworkConfig, Node, Policy, gateway_chaincode};
use causeway_protocol::{AttestationKind, GatewayEventKind, GatewayId};
use causeway_verifier::Gateway;

use crate::island::{BOTH, Island, opening, peers};

#[tokio::test(flavor = "multi_thread")]
async fn packets_are_proven_while_organisations_policies_and_nodes_change() {
    let Some(mut island) = Island::start().await else { return };
    let peer = |organisation| Node::Peer { organisation, peer: 0 };
    // 20 of them at once, in one lane or another.
    let (unordered, ordered) = (island.post(20, false), island.post(5, true));
    tokio::join!(unordered, ordered);
    island.record_until(|book| book.count("PacketSent") == 25).await;
    assert_eq!(island.book.names()[0], "Opened");
    let numbered = island.book.events.values().filter_map(|(_, event)| match &event.kind {
        GatewayEventKind::PacketSent { packet, .. } => Some((packet.lane, packet.sequence)),
        _ => None,
    });
    let mut sequences: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for (lane, sequence) in numbered {
        sequences.entry(lane).or_default().push(sequence);
    }
    let lanes = sequences.into_values().map(|mut lane| {
        lane.sort_unstable(); // events of one transaction stand in the order of their keys, as text
        lane
    });
    let mut lanes: Vec<_> = lanes.collect();
    lanes.sort_by_key(Vec::len);
    assert_eq!(lanes, [(1..=5).collect::<Vec<_>>(), (1..=20).collect()]);

    // A third organisation joins: its peers' word counts when the policy says so.
    island.network.add_organisation().await.unwrap();
    island.post(3, false).await;
    island.record_until(|book| book.count("PacketSent") == 28).await;
    island.peers = peers(&island.network);
    let any_two = "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";
    for chaincode in ["gateway", "board"] {
        island.network.set_policy(chaincode, Policy::Signature(any_two.into())).await.unwrap();
    }
    island.post_when_ready(3).await;
    island.record_until(|book| book.count("PacketSent") == 31).await;

    // Then one of the old ones is not needed any more.
    island.network.kill(&peer(1)).unwrap();
    island.post_when_ready(3).await;
    island.record_until(|book| book.count("PacketSent") == 34).await;
    island.network.restart(&peer(1)).await.unwrap();

    // Nothing happens without an orderer, and goes on when it is back.
    island.network.kill(&Node::Orderer).unwrap();
    island.peers.transact("gateway", "beat", &[]).await.unwrap_err();
    island.network.restart(&Node::Orderer).await.unwrap();
    island.post_when_ready(3).await;
    island.record_until(|book| book.count("PacketSent") == 37).await;

    // The channel's own policy, a majority, and blocks that tell the light client nothing of its gateway.
    let majority = Policy::Channel("/Channel/Application/Endorsement".into());
    island.network.set_policy("gateway", majority).await.unwrap();
    island.post_when_ready(1).await;
    island.record_until(|book| book.count("PacketSent") == 38).await;
    assert_eq!(island.book.gateway().missing, []);
    let numbers: Vec<u64> = island.book.events.keys().copied().collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn far_behind_a_source_goes_in_bounded_steps_and_without_events_it_waits() {
    let config = NetworkConfig { batch_size: 1, ..NetworkConfig::default() };
    let Some(mut island) = Island::of(config).await else { return };
    island.post(10, false).await;
    let newest = island.source().head().await.unwrap().height;
    for settings in [
        SourceSettings { most_blocks: 3, ..SourceSettings::default() },
        SourceSettings { most_bytes: 1, ..SourceSettings::default() },
    ] {
        let source = FabricSource::new(island.peers.clone(), settings.clone());
        let mut book = island.book.clone();
        let mut steps = Vec::new();
        while book.standing.head.height < newest {
            let evidence =
                source.next(&book.standing).await.unwrap().expect("a run that is long enough is sent");
            steps.push(evidence.last - evidence.first + 1);
            book.record(&evidence).unwrap();
        }
        let most = if settings.most_bytes == 1 { 1 } else { 3 };
        assert!(steps.iter().all(|blocks| *blocks <= most), "{steps:?}");
    }
    // Another chaincode's blocks tell the light client nothing: they wait until they are many, or old.
    island.record_until(|book| book.count("PacketSent") == 10).await;
    let patient = island.source();
    while let Some(evidence) = patient.next(&island.book.standing).await.unwrap() {
        island.book.record(&evidence).unwrap();
    }
    for _ in 0..3 {
        island.network.invoke("board", &["last"]).await.unwrap();
    }
    assert_eq!(patient.next(&island.book.standing).await.unwrap(), None);
    assert_eq!(patient.next(&island.book.standing).await.unwrap(), None);
    let eager = SourceSettings { idle_blocks: 3, ..SourceSettings::default() };
    let evidence = FabricSource::new(island.peers.clone(), eager).next(&island.book.standing).await.unwrap();
    let evidence = evidence.expect("three blocks are many enough");
    assert_eq!((evidence.last - evidence.first + 1, evidence.proofs), (3, 0));
    assert_eq!(island.book.record(&evidence).unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_where_nothing_happens_beats_so_that_its_light_client_stays_alive() {
    let Some(mut island) = Island::start().await else { return };
    island.record_until(|book| book.count("Opened") == 1).await;
    let settings = SourceSettings {
        idle_time: std::time::Duration::ZERO,
        beat_after: std::time::Duration::from_secs(1),
        ..SourceSettings::default()
    };
    let source = FabricSource::new(island.peers.clone(), settings);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while island.book.count("Beat") < 2 {
        assert!(std::time::Instant::now() < deadline, "recorded: {:?}", island.book.names());
        match source.next(&island.book.standing).await.unwrap() {
            Some(evidence) => drop(island.book.record(&evidence).unwrap()),
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_changed_twice_while_nobody_watched_are_caught_up_with() {
    let Some(mut island) = Island::start().await else { return };
    island.post(1, false).await;
    island.record_until(|book| book.count("PacketSent") == 1).await;
    for policy in ["OR('Org1MSP.peer','Org2MSP.peer')", "AND('Org1MSP.peer','Org2MSP.peer')"] {
        island.network.set_policy("gateway", Policy::Signature(policy.into())).await.unwrap();
        island.post_when_ready(1).await;
    }
    island.record_until(|book| book.count("PacketSent") == 3).await;
}

/// How many transactions of the channel were ordered and are invalid.
async fn invalid(island: &Island) -> usize {
    let blocks = island.peers.blocks(0, u64::from(u32::MAX), usize::MAX).await.unwrap();
    let flags = blocks.iter().flat_map(|block| block.metadata.as_ref().unwrap().metadata[2].iter());
    flags.filter(|flag| **flag != 0).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_lost_its_race_is_no_event_and_holds_nothing_up() {
    // A block for each transaction: whoever is second finds in an earlier block what it did not read.
    let config = NetworkConfig { batch_size: 1, ..NetworkConfig::default() };
    let Some(mut island) = Island::of(config).await else { return };
    let (one, another) = (island.destination(), island.destination());
    let mut delivered = 0;
    for sequence in 1..=10 {
        let statements = island.attest(AttestationKind::Deliver, &[island.arrival(sequence, false, "twice")]);
        let (first, second) = tokio::join!(one.submit(&statements), another.submit(&statements));
        delivered += 1;
        let done = [first, second].map(|submission| submission.unwrap().outcomes.remove(0));
        let counts = |outcome: &Outcome| matches!(outcome, Outcome::Done { .. });
        assert_eq!(done.iter().filter(|outcome| counts(outcome)).count(), 1, "{done:?}");
        assert!(done.contains(&Outcome::AlreadyDone), "{done:?}");
        if invalid(&island).await > 0 {
            break;
        }
    }
    assert!(invalid(&island).await > 0, "of ten pairs submitted at once, one has a loser");
    // The loser stands in the newest block. Only a later write shows that it was not committed, and nobody makes one.
    island.record_until(|book| book.count("PacketDelivered") == delivered).await;
    let newest = island.peers.newest().await.unwrap().header.unwrap().number;
    island.record_until(|book| book.standing.head.height >= newest).await;
    assert_eq!(island.book.count("PacketDelivered"), delivered);
    assert!(island.book.count("Beat") >= 1, "{:?}", island.book.names());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_too_few_endorsed_is_ordered_and_no_event() {
    let Some(mut island) = Island::start().await else { return };
    for organisation in [0, 1] {
        let refused = island.network.invoke_with(&[organisation], "gateway", &["beat"]).await.unwrap_err();
        assert!(refused.to_string().contains("ENDORSEMENT_POLICY_FAILURE"), "{refused}");
    }
    assert_eq!(invalid(&island).await, 2);
    island.network.invoke("gateway", &["beat"]).await.unwrap();
    let newest = island.source().head().await.unwrap().height;
    island.record_until(|book| book.standing.head.height >= newest).await;
    assert_eq!(island.book.names(), ["Opened", "Beat"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relayers_on_one_channel_are_harmless() {
    let Some(mut island) = Island::start().await else { return };
    let (one, another) = (island.source(), island.source());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    for _ in 0..3 {
        island.post(8, true).await;
        // Both number what waits, and both prove it.
        let standing = island.book.standing.clone();
        let (first, second) = tokio::join!(one.next(&standing), another.next(&standing));
        let evidence = [first.unwrap(), second.unwrap()].into_iter().flatten();
        for evidence in evidence {
            if evidence.first == island.book.standing.head.height + 1 {
                island.book.record(&evidence).unwrap();
            } else {
                island.book.record(&evidence).unwrap_err(); // of the other one, and late
            }
        }
    }
    while island.book.count("PacketSent") < 24 {
        assert!(std::time::Instant::now() < deadline, "recorded: {:?}", island.book.names());
        let standing = island.book.standing.clone();
        let (first, second) = tokio::join!(one.next(&standing), another.next(&standing));
        match first.unwrap().or(second.unwrap()) {
            Some(evidence) => drop(island.book.record(&evidence).unwrap()),
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    assert_eq!(island.book.count("PacketSent"), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_a_chaincode_that_is_no_gateway_stops_nobody() {
    let Some(mut island) = Island::start().await else { return };
    island.record_until(|book| book.count("Opened") == 1).await;
    let of_island = island.book.standing.island;
    let claim = Gateway { island: of_island, address: b"board".to_vec(), id: GatewayId([0xdd; 32]) };
    island.book.claim(claim);
    // The board cannot be asked about its definition, and nothing is recorded of it.
    let either = "OR('Org1MSP.peer','Org2MSP.peer')";
    island.network.set_policy("board", Policy::Signature(either.into())).await.unwrap();
    island.post_when_ready(2).await;
    island.record_until(|book| book.count("PacketSent") == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_gateway_counts_on_a_running_channel_if_it_is_claimed_before_its_opening_is_recorded() {
    let Some(mut island) = Island::start().await else { return };
    island.post(1, false).await;
    island.record_until(|book| book.count("PacketSent") == 1).await;
    // Nothing is recorded while the second one is deployed, opens, and is claimed.
    let binary = gateway_chaincode().await.unwrap();
    let second = Chaincode::new("second", binary, Policy::Signature(BOTH.into()));
    island.network.deploy(Chaincode { arguments: vec!["gateway".into()], ..second }).await.unwrap();
    let opening = opening(island.book.standing.island);
    let id = island.peers.open_gateway("second", &opening).await.unwrap().id;
    let mut late = island.book.clone();
    island.book.claim(Gateway { island: island.book.standing.island, address: b"second".to_vec(), id });
    let source = island.source();
    let newest = source.head().await.unwrap().height;
    let mut opened = Vec::new();
    while island.book.standing.head.height < newest {
        let evidence = source.next(&island.book.standing).await.unwrap().expect("it tells of an opening");
        let recording = island.book.verify(&island.book.standing, &evidence).unwrap();
        opened.extend(recording.events.into_iter().map(|(_, event)| (event.gateway, event.number)));
        island.book.record(&evidence).unwrap();
    }
    assert_eq!(opened, [(id, 1)]);
    // Recorded without the claim, it never opens, and stops nobody.
    while late.standing.head.height < newest {
        let eager = SourceSettings { idle_blocks: 1, ..SourceSettings::default() };
        let source = FabricSource::new(island.peers.clone(), eager);
        let evidence = source.next(&late.standing).await.unwrap().expect("blocks are sent at once");
        assert_eq!(late.record(&evidence).unwrap(), 0);
    }
}
