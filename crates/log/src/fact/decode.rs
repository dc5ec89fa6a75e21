//! Canonical bytes into facts.

use causeway_protocol::{DecodeError, Hash, Reader};

use super::{EventFact, Fact, form};

const WHAT: &str = "fact";

fn hash(reader: &mut Reader<'_>, what: &'static str) -> Result<Hash, DecodeError> {
    reader.array(what).map(Hash)
}

fn text(reader: &mut Reader<'_>, what: &'static str) -> Result<String, DecodeError> {
    reader.text(what).map(Into::into)
}

fn bit(reader: &mut Reader<'_>, what: &'static str) -> Result<bool, DecodeError> {
    match reader.uint(what)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::Value { what, came: format!("{other}, expected 0 or 1") }),
    }
}

/// A list of none or one.
fn optional<T>(
    reader: &mut Reader<'_>,
    what: &'static str,
    read: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    Ok(reader.list(what)?.each(what, 1, read)?.pop())
}

pub(super) fn decode(bytes: &[u8]) -> Result<Fact, DecodeError> {
    let mut all = Reader::versioned(WHAT, 1, bytes)?;
    let r = &mut all;
    let fact = match r.uint("form")? {
        form::ISLAND_REGISTERED => Fact::IslandRegistered {
            island: hash(r, "island")?.into(),
            name: text(r, "name")?,
            family: text(r, "family")?,
            fingerprint: hash(r, "fingerprint")?,
            anchor: r.bytes("anchor")?.to_vec(),
            height: r.uint("height")?,
            digest: hash(r, "digest")?,
            at: r.uint("at")?,
        },
        form::GATEWAY_REGISTERED => Fact::GatewayRegistered {
            gateway: hash(r, "gateway")?.into(),
            island: hash(r, "island")?.into(),
            address: r.bytes("address")?.to_vec(),
            at: r.uint("at")?,
        },
        form::ISLAND_CHANGED => Fact::IslandChanged {
            island: hash(r, "island")?.into(),
            position: r.uint("position")?,
            change: text(r, "change")?,
            actor: text(r, "actor")?,
            reason: text(r, "reason")?,
            at: r.uint("at")?,
        },
        form::GATEWAY_SUSPENDED => Fact::GatewaySuspended {
            gateway: hash(r, "gateway")?.into(),
            position: r.uint("position")?,
            reason: text(r, "reason")?,
            number: r.uint("number")?,
            evidence: hash(r, "evidence")?,
            at: r.uint("at")?,
        },
        form::EVIDENCE_RECORDED => Fact::EvidenceRecorded {
            sequence: r.uint("sequence")?,
            island: hash(r, "island")?.into(),
            digest: hash(r, "digest")?,
            kind: text(r, "kind")?,
            first: r.uint("first")?,
            last: r.uint("last")?,
            events: r.uint("events")?,
            relayer: causeway_protocol::Address(r.array("relayer")?),
            signature: causeway_protocol::Signature(r.array("signature")?),
            at: r.uint("at")?,
        },
        form::GATEWAY_EVENT => Fact::GatewayEvent(decode_event(r)?),
        form::MISBEHAVIOUR_PROVEN => Fact::MisbehaviourProven {
            island: hash(r, "island")?.into(),
            digest: hash(r, "digest")?,
            meeting: r.uint("meeting")?,
            height: r.uint("height")?,
            blocks: [r.bytes("first block")?.to_vec(), r.bytes("second block")?.to_vec()],
            at: r.uint("at")?,
        },
        form::TOKEN_ADMITTED => Fact::TokenAdmitted {
            token: r.array("token")?,
            name: text(r, "name")?,
            role: text(r, "role")?,
            address: optional(r, "address", |r| r.array("address").map(causeway_protocol::Address))?,
            island: optional(r, "island", |r| hash(r, "island").map(Into::into))?,
            held_by_hub: bit(r, "held by hub")?,
            at: r.uint("at")?,
        },
        form::TOKEN_REVOKED => {
            Fact::TokenRevoked { token: r.array("token")?, actor: text(r, "actor")?, at: r.uint("at")? }
        }
        form::BATCH_ATTESTED => Fact::BatchAttested {
            gateway: hash(r, "gateway")?.into(),
            epoch: r.uint("epoch")?,
            count: r.uint("count")?,
            root: hash(r, "root")?,
            attestor: causeway_protocol::Address(r.array("attestor")?),
            signature: causeway_protocol::Signature(r.array("signature")?),
            at: r.uint("at")?,
        },
        other => {
            let came = format!("{other}, expected 1 to {}", form::BATCH_ATTESTED);
            return Err(DecodeError::Value { what: "form", came });
        }
    };
    all.end(WHAT)?;
    Ok(fact)
}

fn decode_event(r: &mut Reader<'_>) -> Result<EventFact, DecodeError> {
    Ok(EventFact {
        gateway: hash(r, "gateway")?.into(),
        number: r.uint("number")?,
        event: text(r, "event")?,
        subject: optional(r, "subject", |r| hash(r, "subject"))?,
        success: optional(r, "success", |r| bit(r, "success"))?,
        outcome: optional(r, "outcome", |r| {
            let came = r.uint("outcome")?;
            let unknown = |_| DecodeError::Value { what: "outcome", came: came.to_string() };
            u8::try_from(came).map_err(unknown)
        })?,
        result: optional(r, "result", |r| hash(r, "result"))?,
        height: r.uint("height")?,
        block: r.bytes("block")?.to_vec(),
        transaction: r.uint("transaction")?,
        log: r.uint("log")?,
        time: r.uint("time")?,
        evidence: hash(r, "evidence")?,
        at: r.uint("at")?,
    })
}
