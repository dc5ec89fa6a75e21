//! Expiry: the end of a packet that was not delivered.

use alloy_primitives::B256;
use causeway_evm_gateway::Gateway;
use causeway_protocol::AttestationKind::{Deliver, Expired, Refuse};
use causeway_protocol::{Attestation, GatewayId, LaneTerms};

use crate::harness::{Draft, Island, Sent, account};

fn under_way() -> (Island, Island, Sent) {
    let (mut source, destination) = (Island::new(1), Island::new(2));
    let sent = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    (source, destination, sent)
}

#[test]
fn a_packet_expires_once_past_its_timeout_and_not_before() {
    let (_, mut destination, sent) = under_way();
    destination.chain.time = sent.packet.timeout;
    destination.expire(&sent, Deliver).reverted_with(Gateway::NotPastTimeout {});
    destination.chain.time += 1;
    let event = destination.expire(&sent, Deliver).ok().event::<Gateway::PacketExpired>();
    assert_eq!((event.number, event.id), (2, B256::from(sent.id().0)));
    assert_eq!(destination.view(Gateway::receivedCall { id: event.id }), 2);
    destination.expire(&sent, Deliver).reverted_with(Gateway::AlreadyFinal {});
}

#[test]
fn a_refused_packet_expires_at_once_and_is_never_delivered() {
    let (mut source, mut destination, sent) = under_way();
    destination.expire(&sent, Refuse).ok();
    destination.deliver(&sent).reverted_with(Gateway::AlreadyFinal {});
    destination.expire(&sent, Refuse).reverted_with(Gateway::AlreadyFinal {});
    let settled = source.refund(&sent).ok().event::<Gateway::PacketSettled>();
    assert_eq!((settled.kind, settled.success), (Expired as u8, false));
}

#[test]
fn a_delivered_packet_does_not_expire() {
    let (_, mut destination, sent) = under_way();
    destination.deliver(&sent).ok();
    destination.chain.time = sent.packet.timeout + 1;
    destination.expire(&sent, Deliver).reverted_with(Gateway::AlreadyFinal {});
    destination.expire(&sent, Refuse).reverted_with(Gateway::AlreadyFinal {});
}

#[test]
fn only_deliver_and_refuse_signatures_expire() {
    let (_, mut destination, sent) = under_way();
    destination.chain.time = sent.packet.timeout + 1;
    for kind in [0, 3, 4, 5, 255] {
        let call = Gateway::expireCall { kind, ..destination.expiring(&sent, Deliver) };
        destination.call(account(1), call).reverted_with(Gateway::BadKind {});
        let proof = destination.attest(&[Attestation::plain(Deliver, sent.id())]).whole();
        let call = Gateway::expireBatchCall { items: vec![sent.delivery()], kind, proof };
        destination.call(account(1), call).reverted_with(Gateway::BadKind {});
    }
}

#[test]
fn what_nobody_signed_does_not_expire() {
    let (_, mut destination, sent) = under_way();
    destination.chain.time = sent.packet.timeout + 1;
    let mut call = destination.expiring(&sent, Deliver);
    call.proof.signatures.clear();
    let receipt = destination.call(account(1), call);
    assert!(!receipt.success);
    assert_eq!(destination.view(Gateway::receivedCall { id: sent.id().0.into() }), 0);
}

#[test]
fn packets_of_others_are_refused() {
    let (_, mut destination, sent) = under_way();
    let mut elsewhere = sent.clone();
    elsewhere.packet.destination = GatewayId([1; 32]);
    destination.expire(&elsewhere, Refuse).reverted_with(Gateway::WrongDestination {});
    let mut own = sent.clone();
    own.packet.source = destination.id;
    destination.expire(&own, Refuse).reverted_with(Gateway::WrongSource {});
    let lane = LaneTerms { ordered: true, ..sent.lane };
    destination.expire(&Sent { lane, ..sent }, Refuse).reverted_with(Gateway::WrongLane {});
}

#[test]
fn an_ordered_lane_expires_in_its_order_and_goes_on() {
    let (mut source, mut destination, _) = under_way();
    let draft = Draft { ordered: true, ..Draft::to(destination.id, account(2), source.now()) };
    let packets: Vec<Sent> = (0..4).map(|_| source.send(account(1), &draft)).collect();
    destination.expire(&packets[1], Refuse).reverted_with(Gateway::WrongSequence {});
    destination.expire(&packets[0], Refuse).ok();
    destination.deliver(&packets[1]).ok();
    destination.chain.time = draft.timeout + 1;
    destination.expire(&packets[3], Deliver).reverted_with(Gateway::WrongSequence {});
    destination.expire(&packets[2], Deliver).ok();
    destination.expire(&packets[3], Deliver).ok();
}
