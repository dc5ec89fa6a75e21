//! Attested statements in the gateway chaincode's own encoding.

use causeway_adapter::Statement;
use causeway_protocol::{AttestationKind, Packet, Writer};

/// The version byte before an encoding.
const VERSION: u8 = 1;

/// The gateway's function that takes a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Deliver,
    Expire,
    Settle,
}

impl Action {
    /// What takes statements of this kind. VOID needs the owner's signature, which nobody has here.
    pub(crate) fn of(kind: AttestationKind) -> Option<Self> {
        match kind {
            AttestationKind::Deliver => Some(Self::Deliver),
            AttestationKind::Refuse => Some(Self::Expire),
            AttestationKind::Result | AttestationKind::Expired => Some(Self::Settle),
            AttestationKind::Void => None,
        }
    }

    /// The function's name.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Expire => "expire",
            Self::Settle => "settle",
        }
    }

    /// The application that this statement calls: the packet's receiver, or its sender; none for an expiry.
    pub(crate) fn application(self, packet: &Packet) -> Option<&[u8]> {
        match self {
            Self::Deliver => Some(&packet.receiver),
            Self::Expire => None,
            Self::Settle => Some(&packet.sender),
        }
    }

    /// The arguments that submit `statements`, which call one application.
    pub(crate) fn arguments(self, statements: &[&Statement]) -> Vec<Vec<u8>> {
        let application = statements.first().and_then(|first| self.application(&first.packet));
        let application = application.map(<[u8]>::to_vec);
        application.into_iter().chain([self.encode(statements)]).collect()
    }

    /// `0x01 ‖ RLP[ [epoch, count, [signature…], [item…]]… ]`: statements of one signed batch stand together, else they keep
    /// their order.
    fn encode(self, statements: &[&Statement]) -> Vec<u8> {
        let mut batches: Vec<Vec<&Statement>> = Vec::new();
        for statement in statements {
            let together = |other: &Statement| {
                (other.batch, &other.signatures) == (statement.batch, &statement.signatures)
            };
            match batches.iter_mut().find(|batch| together(batch[0])) {
                Some(batch) => batch.push(statement),
                None => batches.push(vec![statement]),
            }
        }
        let all = Writer::new().each(batches, |out, items| {
            let (batch, signatures) = (items[0].batch, &items[0].signatures);
            let items = Writer::new().each(items, |items, statement| items.list(&self.item(statement)));
            let signatures = Writer::new().each(signatures, |out, signature| out.bytes(&signature.0));
            out.list(&Writer::new().uint(batch.epoch).uint(batch.count.into()).list(&signatures).list(&items))
        });
        all.versioned(VERSION)
    }

    fn item(self, statement: &Statement) -> Writer {
        let item = match self {
            Self::Deliver | Self::Expire => {
                let lane = Writer::new().bytes(&statement.lane.name.0).uint(statement.lane.ordered.into());
                Writer::new().list(&packet(&statement.packet)).list(&lane)
            }
            Self::Settle => Writer::new()
                .bytes(&statement.attestation.packet.0)
                .uint(statement.attestation.kind as u64)
                .uint(statement.attestation.success.into())
                .bytes(&statement.result),
        };
        let siblings =
            Writer::new().each(&statement.proof.path, |siblings, sibling| siblings.bytes(&sibling.0));
        item.uint(statement.proof.index.into()).list(&siblings)
    }
}

fn packet(packet: &Packet) -> Writer {
    Writer::new()
        .bytes(&packet.source.0)
        .bytes(&packet.destination.0)
        .bytes(&packet.lane.0)
        .uint(packet.sequence)
        .bytes(&packet.sender)
        .bytes(&packet.receiver)
        .uint(packet.timeout)
        .uint(packet.budget)
        .bytes(&packet.payload)
}

/// About how many bytes a statement adds to a transaction.
pub(crate) fn size(statement: &Statement) -> usize {
    let packet = &statement.packet;
    let variable =
        packet.sender.len() + packet.receiver.len() + packet.payload.len() + statement.result.len();
    200 + variable + 33 * statement.proof.path.len() + 66 * statement.signatures.len()
}

#[cfg(test)]
mod tests {
    use causeway_protocol::{
        Attestation, Batch, BatchProof, GatewayId, Hash, LaneId, LaneTerms, Reader, Signature,
    };

    use super::*;

    fn statement(kind: AttestationKind, place: u32, root: u8) -> Statement {
        let packet = Packet {
            source: GatewayId([9; 32]),
            destination: GatewayId([8; 32]),
            lane: LaneId([7; 32]),
            sequence: u64::from(place) + 1,
            sender: vec![1; 20],
            receiver: b"board".to_vec(),
            timeout: 1_900_000_000,
            budget: 0,
            payload: vec![0; 3],
        };
        let attestation = if kind == AttestationKind::Result {
            Attestation::result(packet.id(), true, b"yes")
        } else {
            Attestation::plain(kind, packet.id())
        };
        Statement {
            gateway: packet.destination,
            address: b"gateway".to_vec(),
            attestation,
            packet,
            lane: LaneTerms { name: Hash([6; 32]), ordered: true },
            result: if kind == AttestationKind::Result { b"yes".to_vec() } else { Vec::new() },
            batch: Batch { epoch: 3, count: 4, root: Hash([root; 32]) },
            proof: BatchProof { index: place, path: vec![Hash([5; 32]), Hash([4; 32])] },
            signatures: vec![Signature([2; 65])],
        }
    }

    #[test]
    fn a_delivery_carries_the_packet_its_lane_and_its_place() {
        let (one, two) =
            (statement(AttestationKind::Deliver, 2, 1), statement(AttestationKind::Deliver, 1, 1));
        let arguments = Action::Deliver.arguments(&[&one, &two]);
        assert_eq!(arguments[0], b"board");
        let mut batches = Reader::versioned("statements", 1, &arguments[1]).unwrap();
        let mut batch = batches.list("batch").unwrap();
        batches.end("statements").unwrap();
        assert_eq!((batch.uint("epoch").unwrap(), batch.uint("count").unwrap()), (3, 4));
        let mut signatures = batch.list("signatures").unwrap();
        assert_eq!(signatures.array::<65>("signature").unwrap(), [2; 65]);
        signatures.end("signatures").unwrap();
        let mut items = batch.list("items").unwrap();
        batch.end("batch").unwrap();
        for expected in [&one, &two] {
            let mut item = items.list("item").unwrap();
            let mut packet = item.list("packet").unwrap();
            for _ in 0..3 {
                packet.array::<32>("id").unwrap();
            }
            assert_eq!(packet.uint("sequence").unwrap(), expected.packet.sequence);
            assert_eq!(packet.bytes("sender").unwrap(), expected.packet.sender);
            assert_eq!(packet.bytes("receiver").unwrap(), b"board");
            assert_eq!((packet.uint("timeout").unwrap(), packet.uint("budget").unwrap()), (1_900_000_000, 0));
            assert_eq!(packet.bytes("payload").unwrap(), [0; 3]);
            packet.end("packet").unwrap();
            let mut lane = item.list("lane").unwrap();
            assert_eq!((lane.array::<32>("name").unwrap(), lane.uint("ordered").unwrap()), ([6; 32], 1));
            lane.end("lane").unwrap();
            assert_eq!(item.uint("index").unwrap(), u64::from(expected.proof.index));
            let mut path = item.list("path").unwrap();
            assert_eq!(path.array::<32>("sibling").unwrap(), [5; 32]);
            assert_eq!(path.array::<32>("sibling").unwrap(), [4; 32]);
            path.end("path").unwrap();
            item.end("item").unwrap();
        }
        items.end("items").unwrap();
    }

    #[test]
    fn a_settlement_carries_the_outcome_and_calls_the_sender() {
        let one = statement(AttestationKind::Result, 0, 1);
        let arguments = Action::Settle.arguments(&[&one]);
        assert_eq!(arguments[0], one.packet.sender);
        let mut batches = Reader::versioned("statements", 1, &arguments[1]).unwrap();
        let mut batch = batches.list("batch").unwrap();
        batch.uint("epoch").unwrap();
        batch.uint("count").unwrap();
        batch.list("signatures").unwrap();
        let mut item = batch.list("items").unwrap().list("item").unwrap();
        assert_eq!(item.array::<32>("packet").unwrap(), one.packet.id().0);
        assert_eq!((item.uint("kind").unwrap(), item.uint("success").unwrap()), (3, 1));
        assert_eq!(item.bytes("result").unwrap(), b"yes");
    }

    #[test]
    fn statements_of_different_batches_stand_apart_and_an_expiry_calls_nobody() {
        let (one, two) = (statement(AttestationKind::Refuse, 0, 1), statement(AttestationKind::Refuse, 0, 2));
        let arguments = Action::Expire.arguments(&[&one, &two]);
        assert_eq!(arguments.len(), 1);
        let mut batches = Reader::versioned("statements", 1, &arguments[0]).unwrap();
        batches.list("first").unwrap();
        batches.list("second").unwrap();
        batches.end("statements").unwrap();
    }
}
