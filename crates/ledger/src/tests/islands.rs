//! Islands: registered once, approved by name of their anchor, and what their states hold back.

use causeway_api::{IslandState, PacketState};
use causeway_protocol::{Attestation, AttestationKind, GatewayEventKind, Hash};

use super::world::{Chain, T0, World, delivered, operator, sent};
use crate::{ChangeError, IslandChange, IslandRecord, IslandRef, RegisterError};

impl World {
    pub(super) async fn island_of_east(&self) -> IslandRecord {
        self.ledger.island(&IslandRef::Id(self.east.island)).await.unwrap().unwrap()
    }

    pub(super) async fn change(
        &self,
        chain: &Chain,
        change: IslandChange,
    ) -> Result<IslandRecord, ChangeError> {
        self.ledger.change_island(chain.island, change, &operator(), "because", T0).await
    }
}

#[tokio::test]
async fn an_island_is_registered_once_and_its_name_and_gateway_too() {
    let world = World::registered().await;
    let (registration, anchored) = world.east.registration();
    let again = world.ledger.register(registration.clone(), anchored, T0).await;
    assert!(matches!(again, Err(RegisterError::IslandExists(island)) if island == world.east.island));
    let (mut other, anchored) = Chain::new("north").registration();
    other.name = "east".into();
    let taken = world.ledger.register(other.clone(), anchored.clone(), T0).await;
    assert!(matches!(taken, Err(RegisterError::NameTaken(_))));
    other.name = "north".into();
    other.gateway = registration.gateway;
    let taken = world.ledger.register(other, anchored, T0).await;
    assert!(matches!(taken, Err(RegisterError::GatewayExists(_))));
    let names: Vec<_> = world.ledger.islands(None, 10).await.unwrap().into_iter().map(|i| i.name).collect();
    assert_eq!(names, ["east", "west"]);
    let rest = world.ledger.islands(Some("east"), 10).await.unwrap();
    assert_eq!(rest.len(), 1);
}

#[tokio::test]
async fn an_approval_has_to_name_the_anchor() {
    let ledger = crate::testkit::fresh().await;
    let chain = Chain::new("east");
    let (registration, anchored) = chain.registration();
    ledger.register(registration, anchored, T0).await.unwrap();
    let wrong = IslandChange::Approve { anchor_digest: Hash([1; 32]) };
    let refused = ledger.change_island(chain.island, wrong, &operator(), "", T0).await;
    assert!(matches!(refused, Err(ChangeError::AnchorDiffers { .. })));
    let resume = ledger.change_island(chain.island, IslandChange::Resume, &operator(), "", T0).await;
    assert!(matches!(resume, Err(ChangeError::Refused(refusal)) if refusal.state == IslandState::Pending));
    let history = ledger.island_history(chain.island).await.unwrap();
    assert_eq!(history.iter().map(|event| event.change.as_str()).collect::<Vec<_>>(), ["registered"]);
}

#[tokio::test]
async fn nothing_is_delivered_to_or_from_a_suspended_island_until_it_is_resumed() {
    let mut world = World::new().await;
    let (ready, pending, late) = (
        world.east.packet(&world.west, 1),
        world.east.packet(&world.west, 2),
        world.east.packet(&world.west, 3),
    );
    world.east(vec![sent(&ready)]).await;
    world.sign(&[0, 1]).await;
    world.east(vec![sent(&pending)]).await;
    let before = world.pending(2).await;
    let after = world.ledger.deliveries(world.west.island, 0, 10).await.unwrap().after;
    world.change(&world.west, IslandChange::Suspend).await.unwrap();
    world.east(vec![sent(&late)]).await;
    for packet in [&ready, &pending, &late] {
        assert_eq!(world.state(packet.id()).await, PacketState::Held);
    }
    assert!(world.ready(&world.west).await.is_empty());
    assert!(world.pending(2).await.is_empty());
    let dissolved = before.last().unwrap();
    let refused = world.ledger.attest(vec![world.signature(2, dissolved)], T0).await.unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().code(), "batch-void");

    world.change(&world.west, IslandChange::Resume).await.unwrap();
    assert_eq!(world.state(ready.id()).await, PacketState::Attested);
    let again = world.ledger.deliveries(world.west.island, after, 10).await.unwrap();
    assert_eq!(again.items.len(), 1, "whoever follows sees the released delivery once more");
    world.sign(&[0, 2]).await;
    assert_eq!(world.ready(&world.west).await.len(), 3);
}

#[tokio::test]
async fn what_ended_on_a_suspended_island_still_goes_home() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.change(&world.west, IslandChange::Suspend).await.unwrap();
    world.west(vec![delivered(packet.id(), true, b"x")]).await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await, [Attestation::result(packet.id(), true, b"x")]);
}

#[tokio::test]
async fn nothing_that_ended_on_a_frozen_island_is_signed() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.west(vec![delivered(packet.id(), true, b"x")]).await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await.len(), 1);
    world.change(&world.west, IslandChange::Freeze).await.unwrap();
    assert!(world.ready(&world.east).await.is_empty());
    let block = world.west.block(vec![]);
    assert_eq!(world.record(&block).await.unwrap_err().code(), "island-state");
}

#[tokio::test]
async fn a_paused_gateway_is_delivered_to_only_after_the_pause() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.west(vec![GatewayEventKind::Paused]).await;
    world.east(vec![sent(&packet)]).await;
    assert_eq!(world.state(packet.id()).await, PacketState::Held);
    assert!(world.pending(0).await.is_empty());
    world.west(vec![GatewayEventKind::Unpaused]).await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.west).await, [Attestation::plain(AttestationKind::Deliver, packet.id())]);
}

#[tokio::test]
async fn an_island_with_open_packets_is_not_retired() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    for chain in [&world.east, &world.west] {
        let refused = world.change(chain, IslandChange::Retire).await;
        assert!(matches!(refused, Err(ChangeError::OpenPackets(1))));
    }
}
