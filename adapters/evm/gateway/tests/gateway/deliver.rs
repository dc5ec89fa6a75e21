//! Delivery: once, to the receiver, within its time; a receiver that fails is a failed delivery.

use alloy_primitives::Bytes;
use causeway_evm_gateway::{Gateway, MessageBoard};

use crate::harness::{Draft, Island};

#[test]
fn a_packet_is_delivered_and_settled_on_both_islands() {
    let (mut source, mut destination) = (Island::new(1), Island::new(2));
    let (from, to) = (source.board(), destination.board());
    let post = MessageBoard::postCall {
        destination: destination.id.0.into(),
        lane: "default".into(),
        ordered: false,
        receiver: to.to_vec().into(),
        timeout: source.now() + 600,
        budget: 300_000,
        text: Bytes::from_static(b"hello"),
    };
    use alloy_sol_types::SolCall;
    let receipt = source.chain.call(source.owner, from, post.abi_encode()).ok();
    let sent = crate::harness::Sent::all(&receipt).remove(0);

    let receipt = destination.deliver(&sent).ok();
    let delivered = receipt.event::<Gateway::PacketDelivered>();
    assert!(delivered.success);
    assert_eq!(destination.chain.view(to, MessageBoard::messageCall { index: alloy_primitives::U256::ZERO }).text, Bytes::from_static(b"hello"));

    let receipt = source.settle(&sent, true, &delivered.result).ok();
    let settled = receipt.event::<Gateway::PacketSettled>();
    assert_eq!((settled.kind, settled.success), (3, true));
    println!("{}", receipt.gas_used);
}
