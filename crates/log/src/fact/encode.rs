//! Facts into canonical bytes: 0x01 ‖ RLP[form, fields…].

use causeway_protocol::Writer;

use super::{EventFact, Fact, form};

fn begin(form: u64) -> Writer {
    Writer::new().uint(form)
}

/// An optional item: a list of none or one.
fn optional<T>(writer: Writer, item: Option<T>, write: impl Fn(Writer, T) -> Writer) -> Writer {
    writer.list(&Writer::new().each(item, write))
}

pub(super) fn encode(fact: &Fact) -> Vec<u8> {
    let text = |writer: Writer, text: &str| writer.bytes(text.as_bytes());
    let writer = match fact {
        Fact::IslandRegistered { island, name, family, fingerprint, anchor, height, digest, at } => {
            let writer = text(text(begin(form::ISLAND_REGISTERED).bytes(&island.0), name), family);
            writer.bytes(&fingerprint.0).bytes(anchor).uint(*height).bytes(&digest.0).uint(*at)
        }
        Fact::GatewayRegistered { gateway, island, address, at } => {
            begin(form::GATEWAY_REGISTERED).bytes(&gateway.0).bytes(&island.0).bytes(address).uint(*at)
        }
        Fact::IslandChanged { island, position, change, actor, reason, at } => {
            let writer = begin(form::ISLAND_CHANGED).bytes(&island.0).uint(*position);
            text(text(text(writer, change), actor), reason).uint(*at)
        }
        Fact::GatewaySuspended { gateway, position, reason, number, evidence, at } => {
            let writer = text(begin(form::GATEWAY_SUSPENDED).bytes(&gateway.0).uint(*position), reason);
            writer.uint(*number).bytes(&evidence.0).uint(*at)
        }
        Fact::EvidenceRecorded {
            sequence,
            island,
            digest,
            kind,
            first,
            last,
            events,
            relayer,
            signature,
            at,
        } => {
            let writer = begin(form::EVIDENCE_RECORDED).uint(*sequence).bytes(&island.0).bytes(&digest.0);
            let writer = text(writer, kind).uint(*first).uint(*last).uint(*events);
            writer.bytes(&relayer.0).bytes(&signature.0).uint(*at)
        }
        Fact::GatewayEvent(event) => encode_event(event),
        Fact::MisbehaviourProven { island, digest, meeting, height, blocks, at } => {
            let writer = begin(form::MISBEHAVIOUR_PROVEN).bytes(&island.0).bytes(&digest.0);
            writer.uint(*meeting).uint(*height).bytes(&blocks[0]).bytes(&blocks[1]).uint(*at)
        }
        Fact::TokenAdmitted { token, name, role, address, island, held_by_hub, at } => {
            let writer = text(text(begin(form::TOKEN_ADMITTED).bytes(token), name), role);
            let writer = optional(writer, address.as_ref(), |writer, address| writer.bytes(&address.0));
            let writer = optional(writer, island.as_ref(), |writer, island| writer.bytes(&island.0));
            writer.uint(u64::from(*held_by_hub)).uint(*at)
        }
        Fact::TokenRevoked { token, actor, at } => {
            text(begin(form::TOKEN_REVOKED).bytes(token), actor).uint(*at)
        }
        Fact::BatchAttested { gateway, epoch, count, root, attestor, signature, at } => {
            let writer = begin(form::BATCH_ATTESTED).bytes(&gateway.0).uint(*epoch).uint(*count);
            writer.bytes(&root.0).bytes(&attestor.0).bytes(&signature.0).uint(*at)
        }
    };
    writer.versioned(1)
}

fn encode_event(event: &EventFact) -> Writer {
    let writer = begin(form::GATEWAY_EVENT).bytes(&event.gateway.0).uint(event.number);
    let writer = writer.bytes(event.event.as_bytes());
    let writer = optional(writer, event.subject, |writer, subject| writer.bytes(&subject.0));
    let writer = optional(writer, event.success, |writer, success| writer.uint(u64::from(success)));
    let writer = optional(writer, event.outcome, |writer, outcome| writer.uint(u64::from(outcome)));
    let writer = optional(writer, event.result, |writer, result| writer.bytes(&result.0));
    let writer = writer.uint(event.height).bytes(&event.block).uint(event.transaction).uint(event.log);
    writer.uint(event.time).bytes(&event.evidence.0).uint(event.at)
}
