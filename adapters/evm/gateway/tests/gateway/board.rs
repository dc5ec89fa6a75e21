//! The message board: posts from island to island, and what becomes of them.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use causeway_evm_gateway::{Gateway, MessageBoard};
use causeway_protocol::AttestationKind::Refuse;

use crate::harness::{Island, Sent, account};

struct Boards {
    source: Island,
    from: Address,
    destination: Island,
    to: Address,
}

fn boards() -> Boards {
    let (mut source, mut destination) = (Island::new(1), Island::new(2));
    let (from, to) = (source.board(), destination.board());
    Boards { source, from, destination, to }
}

impl Boards {
    fn post(&mut self, text: &'static [u8]) -> Sent {
        let post = MessageBoard::postCall {
            destination: self.destination.id.0.into(),
            lane: "default".into(),
            ordered: false,
            receiver: self.to.to_vec().into(),
            timeout: self.source.now() + 600,
            budget: 300_000,
            text: Bytes::from_static(text),
        };
        let receipt = self.source.chain.call(account(1), self.from, post.abi_encode()).ok();
        let posted = receipt.event::<MessageBoard::Posted>();
        let sent = Sent::all(&receipt).remove(0);
        assert_eq!((posted.id, posted.author), (B256::from(sent.id().0), account(1)));
        assert_eq!(self.outcome(&sent), 1);
        sent
    }

    fn outcome(&mut self, sent: &Sent) -> u8 {
        self.source.chain.view(self.from, MessageBoard::outcomesCall { id: sent.id().0.into() })
    }

    fn switch(&mut self, failing: bool) {
        let call = MessageBoard::setFailingCall { failing_: failing };
        self.destination.chain.call(self.destination.owner, self.to, call.abi_encode()).ok();
    }
}

#[test]
fn a_message_arrives_and_its_index_comes_home() {
    let mut boards = boards();
    for (index, text) in (0u64..).zip([b"hello", b"again"]) {
        let sent = boards.post(text);
        let receipt = boards.destination.deliver(&sent).ok();
        let delivered = receipt.event::<Gateway::PacketDelivered>();
        assert!(delivered.success);
        assert_eq!(delivered.result.to_vec(), U256::from(index).abi_encode());
        let received = receipt.event::<MessageBoard::Received>();
        assert_eq!((received.id, received.index), (delivered.id, U256::from(index)));

        let call = MessageBoard::messageCall { index: U256::from(index) };
        let message = boards.destination.chain.view(boards.to, call);
        assert_eq!(message.source, B256::from(boards.source.id.0));
        assert_eq!((message.sender.to_vec(), message.text.to_vec()), (boards.from.to_vec(), text.to_vec()));

        let receipt = boards.source.settle(&sent, true, &delivered.result).ok();
        assert_eq!(receipt.event::<MessageBoard::Ended>().result, delivered.result);
        assert_eq!(boards.outcome(&sent), 2);
    }
    assert_eq!(boards.destination.chain.view(boards.to, MessageBoard::countCall {}), U256::from(2));
}

#[test]
fn a_failing_board_refuses_messages_until_it_is_switched_back() {
    use alloy_sol_types::SolError;
    let mut boards = boards();
    boards.switch(true);
    let sent = boards.post(b"hello");
    let delivered = boards.destination.deliver(&sent).ok().event::<Gateway::PacketDelivered>();
    assert!(!delivered.success);
    assert_eq!(delivered.result.to_vec(), MessageBoard::BoardFailing {}.abi_encode());
    boards.source.settle(&sent, false, &delivered.result).ok();
    assert_eq!(boards.outcome(&sent), 3);

    boards.switch(false);
    let sent = boards.post(b"hello");
    assert!(boards.destination.deliver(&sent).ok().event::<Gateway::PacketDelivered>().success);
}

#[test]
fn an_expired_message_is_known_to_be_expired() {
    let mut boards = boards();
    let sent = boards.post(b"hello");
    boards.destination.expire(&sent, Refuse).ok();
    boards.source.refund(&sent).ok();
    assert_eq!(boards.outcome(&sent), 4);
    assert_eq!(boards.destination.chain.view(boards.to, MessageBoard::countCall {}), U256::ZERO);
}

#[test]
fn only_the_gateway_calls_back_and_only_the_keeper_switches() {
    let Boards { mut source, from, .. } = boards();
    let (id, bytes) = (B256::ZERO, Bytes::new());
    let on_packet =
        MessageBoard::onPacketCall { id, source: id, sender: bytes.clone(), payload: bytes.clone() };
    for input in [
        on_packet.abi_encode(),
        MessageBoard::onAckCall { id, success: true, result: bytes }.abi_encode(),
        MessageBoard::onExpiredCall { id }.abi_encode(),
    ] {
        source.chain.call(source.owner, from, input).reverted_with(MessageBoard::NotGateway {});
    }
    let switch = MessageBoard::setFailingCall { failing_: true }.abi_encode();
    source.chain.call(account(1), from, switch).reverted_with(MessageBoard::NotKeeper {});
}
