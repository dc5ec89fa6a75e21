//! Signatures: who may give them, and what they are given for.

use causeway_api::{PacketState, PendingBatch, Role};
use causeway_protocol::{
    Attestation, AttestationKind, Family, Hash, OVERDUE_AFTER, Packet, Signer, keccak256,
};
use time::Duration;

use super::world::{Chain, T0, TIMEOUT, World, delivered, expired, operator, sent, signers, token};
use crate::{Attested, IslandChange};

#[allow(clippy::cast_possible_wrap, reason = "two minutes")]
const OVERDUE: Duration = Duration::seconds(OVERDUE_AFTER as i64);

#[tokio::test]
async fn a_signature_counts_once_and_only_from_the_current_set() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    let pending = world.pending(0).await;
    let signed = world.signature(0, &pending[0]);
    let twice = world.ledger.attest(vec![signed.clone(), signed.clone()], T0).await.unwrap();
    assert_eq!(twice, [Ok(Attested::Recorded), Ok(Attested::Known)]);
    assert!(world.ready(&world.west).await.is_empty(), "one attestor is not two");

    let stranger = &signers(20)[0];
    let mut foreign = signed.clone();
    foreign.attestor = stranger.address();
    let mut unknown = signed;
    unknown.batch.root = Hash([1; 32]);
    let refused = world.ledger.attest(vec![foreign, unknown], T0).await.unwrap();
    let codes: Vec<_> = refused.iter().map(|answer| answer.as_ref().unwrap_err().code()).collect();
    assert_eq!(codes, ["not-an-attestor", "unknown-batch"]);
}

#[tokio::test]
async fn the_third_signature_of_a_complete_batch_is_kept_too() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    let pending = world.pending(2).await;
    world.sign(&[0, 1]).await;
    let late = world.ledger.attest(vec![world.signature(2, &pending[0])], T0).await.unwrap();
    assert_eq!(late, [Ok(Attested::Recorded)]);
    assert_eq!(world.ready(&world.west).await.len(), 1);
}

#[tokio::test]
async fn a_revoked_token_attests_nothing_more() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    let token = world.ledger.create_token(token(Role::Attestor), keccak256(b"s"), T0).await.unwrap();
    world.ledger.revoke_token(token.id, &operator(), T0).await.unwrap();
    let pending = world.pending(0).await;
    let mut signed = world.signature(0, &pending[0]);
    signed.token = Some(token.id);
    let refused = world.ledger.attest(vec![signed], T0).await.unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().code(), "token-revoked");
}

#[tokio::test]
async fn batches_hold_at_most_a_hundred_and_never_mix_delivery_with_settlement() {
    let mut world = World::new().await;
    let out: Vec<_> = (1..=150).map(|sequence| world.east.packet(&world.west, sequence)).collect();
    let back = world.west.packet(&world.east, 1);
    world.east(out.iter().map(sent).collect()).await;
    world.west(vec![sent(&back), delivered(out[0].id(), true, b"")]).await;
    world.east(vec![delivered(back.id(), true, b"")]).await;
    let pending = world.pending(0).await;
    let mut sizes: Vec<_> = pending.iter().map(|batch| batch.leaves.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 49, 100]);
    for batch in pending {
        let side = batch.leaves[0].kind.checked_by_destination();
        assert!(batch.leaves.iter().all(|leaf| leaf.kind.checked_by_destination() == side));
    }
}

#[tokio::test]
async fn deliveries_are_followed_by_their_place() {
    let mut world = World::new().await;
    for sequence in 1..=3 {
        let packet = world.east.packet(&world.west, sequence);
        world.east(vec![sent(&packet)]).await;
        world.sign(&[0, 1]).await;
    }
    let first = world.ledger.deliveries(world.west.island, 0, 2).await.unwrap();
    let rest = world.ledger.deliveries(world.west.island, first.after, 2).await.unwrap();
    let places: Vec<_> = first.items.iter().chain(&rest.items).map(|item| item.packet.sequence).collect();
    assert_eq!(places, [1, 2, 3]);
    let none = world.ledger.deliveries(world.west.island, rest.after, 2).await.unwrap();
    assert_eq!((none.items.len(), none.after), (0, rest.after));
    assert!(world.ledger.deliveries(world.east.island, 0, 2).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn what_policy_does_not_deliver_is_refused_and_goes_home() {
    let mut world = World::new().await;
    let (refused, sent_on) = (world.east.packet(&world.west, 1), world.east.packet(&world.west, 2));
    world.east(vec![sent(&refused)]).await;
    world.ledger.form_batches(T0).await.unwrap();
    world.east(vec![sent(&sent_on)]).await;
    world.sign(&[0]).await;
    let later = T0 + Duration::minutes(2);
    let pending = world.pending_at(1, later).await;
    let refusals: Vec<_> =
        pending.iter().filter(|batch| batch.leaves[0].kind == AttestationKind::Refuse).collect();
    assert_eq!(refusals.len(), 1, "REFUSE is signed apart from everything else");
    let statement = Attestation::plain(AttestationKind::Refuse, refused.id());
    assert!(refusals[0].leaves.contains(&statement));

    for attestor in [1, 2] {
        let signed = world.signature(attestor, refusals[0]);
        assert!(world.ledger.attest(vec![signed], later).await.unwrap()[0].is_ok());
    }
    assert!(world.ready(&world.west).await.contains(&statement));
    assert_eq!(world.state(refused.id()).await, PacketState::Verified, "refusing attests nothing");
    world.west(vec![expired(refused.id())]).await;
    assert!(!world.ready(&world.west).await.contains(&statement));
    assert_eq!(world.state(refused.id()).await, PacketState::Expired);
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_any_more_once_enough_have_signed_delivery() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    let pending = world.pending(0).await;
    world.ledger.form_batches(T0 + Duration::minutes(2)).await.unwrap();
    for attestor in [0, 1] {
        let signed = world.signature(attestor, &pending[0]);
        world.ledger.attest(vec![signed], T0).await.unwrap();
    }
    assert_eq!(world.ready(&world.west).await.len(), 1);
    assert!(world.ledger.pending_batches(world.attestors[2].address(), 10, T0).await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_signed_delivery_is_not_asked_to_refuse_and_the_other_way_round() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    let deliver = world.pending(0).await.remove(0);
    world.ledger.attest(vec![world.signature(0, &deliver)], T0).await.unwrap();
    world.ledger.form_batches(T0 + Duration::minutes(2)).await.unwrap();
    assert!(world.pending(0).await.is_empty());
    let [_, refuse] = &world.pending(1).await[..] else { panic!("both are open to who signed neither") };
    world.ledger.attest(vec![world.signature(1, refuse)], T0).await.unwrap();
    assert!(world.pending(1).await.is_empty());
    assert_eq!(world.pending(2).await.len(), 2);
}

fn refusal(packet: &Packet) -> Attestation {
    Attestation::plain(AttestationKind::Refuse, packet.id())
}

fn asked(pending: &[PendingBatch]) -> Vec<Attestation> {
    pending.iter().flat_map(|batch| batch.leaves.clone()).collect()
}

/// A gateway without block time lets nothing expire by the packet's timeout alone.
#[tokio::test]
async fn on_an_island_without_block_time_what_is_overdue_is_refused_even_by_those_who_signed_delivery() {
    let mut world = World::opened_between(Chain::new("east"), Chain::of(Family::Fabric, "west")).await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.ledger.form_batches(T0 + Duration::minutes(2)).await.unwrap();
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.west).await, [Attestation::plain(AttestationKind::Deliver, packet.id())]);

    assert!(world.pending_at(0, TIMEOUT + OVERDUE).await.is_empty(), "a peer may still be taking it");
    let overdue = TIMEOUT + OVERDUE + Duration::seconds(1);
    for attestor in [0, 1] {
        let pending = world.pending_at(attestor, overdue).await;
        assert_eq!(asked(&pending), [refusal(&packet)]);
        let signed = world.signature(attestor, &pending[0]);
        assert_eq!(world.ledger.attest(vec![signed], overdue).await.unwrap(), [Ok(Attested::Recorded)]);
    }
    assert!(world.ready(&world.west).await.contains(&refusal(&packet)));
    world.west(vec![expired(packet.id())]).await;
    assert_eq!(world.ready(&world.west).await, []);
    assert!(
        asked(&world.pending_at(0, overdue).await).iter().all(|leaf| leaf.kind == AttestationKind::Expired)
    );
}

#[tokio::test]
async fn where_blocks_carry_time_overdue_packets_expire_by_delivery_signatures() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.sign(&[0, 1]).await;
    assert!(world.pending_at(2, TIMEOUT + Duration::days(1)).await.is_empty());
}

#[tokio::test]
async fn a_packet_that_was_held_past_its_timeout_is_refused_and_goes_home() {
    let mut world = World::new().await;
    world.change(&world.west, IslandChange::Suspend).await.unwrap();
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    assert!(world.pending_at(0, TIMEOUT).await.is_empty());
    let pending = world.pending_at(0, TIMEOUT + OVERDUE * 2).await;
    assert_eq!(asked(&pending), [refusal(&packet)]);
}

#[tokio::test]
async fn whoever_waits_is_woken_by_what_concerns_them() {
    let mut world = World::new().await;
    world.ledger.form_batches(T0).await.unwrap();
    let signals = world.ledger.signals();
    let mut all = [signals.evidence(), signals.leaves(), signals.batches(), signals.deliveries()];
    let mut raised = || {
        let changed = all.each_ref().map(|signal| signal.has_changed().unwrap());
        all.iter_mut().for_each(tokio::sync::watch::Receiver::mark_unchanged);
        changed
    };
    let packet = world.east.packet(&world.west, 1);
    let block = world.east.block(vec![sent(&packet)]);
    world.ledger.record_pieces(&[block.piece()]).await.unwrap();
    assert_eq!(raised(), [true, true, false, false], "recorded");
    world.ledger.record_pieces(&[block.piece()]).await.unwrap();
    assert_eq!(raised(), [false; 4], "known before");
    world.ledger.form_batches(T0).await.unwrap();
    assert_eq!(raised(), [false, false, true, false], "a batch was formed");
    let pending = world.ledger.pending_batches(world.attestors[0].address(), 10, T0).await.unwrap();
    world.ledger.attest(vec![world.signature(0, &pending[0])], T0).await.unwrap();
    assert_eq!(raised(), [false; 4], "one of two has signed");
    world.ledger.attest(vec![world.signature(1, &pending[0])], T0).await.unwrap();
    assert_eq!(raised(), [false, false, false, true], "ready");
}
