//! What the store keeps about islands, gateways and packets, and its bytes: a version, then canonical RLP.

use causeway_protocol::{
    Address, AttestorSet, DecodeError, Family, GatewayId, Hash, IslandId, OVERDUE_AFTER, Packet, Reader,
    Rotation, Writer,
};

const VERSION: u8 = 1;

/// A value with one encoding in the store.
pub(crate) trait Record: Sized {
    /// Its name in errors.
    const WHAT: &'static str;
    /// Writes its fields.
    fn write(&self, writer: Writer) -> Writer;
    /// Reads its fields.
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The stored bytes.
    fn encode(&self) -> Vec<u8> {
        self.write(Writer::new()).versioned(VERSION)
    }

    /// Reads stored bytes, which have to be exactly one record.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::versioned(Self::WHAT, VERSION, bytes)?;
        let record = Self::read(&mut reader)?;
        reader.end(Self::WHAT)?;
        Ok(record)
    }
}

fn flag(what: &'static str, reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.uint(what)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::Value { what, came: format!("{other}, expected 0 or 1") }),
    }
}

/// How far one island has been followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IslandRecord {
    /// Its family.
    pub(crate) family: Family,
    /// The light client's state, canonical bytes.
    pub(crate) state: Vec<u8>,
    /// The last evidence followed, by the hub's sequence.
    pub(crate) sequence: u64,
    /// When the hub recorded that evidence, Unix milliseconds.
    pub(crate) recorded_ms: u64,
    /// When, by the attestor's own clock, the hub last said that there was nothing newer. Unix milliseconds.
    pub(crate) caught_up_ms: u64,
    /// Misbehaviour was proven.
    pub(crate) frozen: bool,
}

impl Record for IslandRecord {
    const WHAT: &'static str = "island record";

    fn write(&self, writer: Writer) -> Writer {
        writer
            .bytes(self.family.as_str().as_bytes())
            .bytes(&self.state)
            .uint(self.sequence)
            .uint(self.recorded_ms)
            .uint(self.caught_up_ms)
            .uint(self.frozen.into())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let family = reader.text("family")?;
        let family = family
            .parse()
            .map_err(|_| DecodeError::Value { what: "family", came: family.chars().take(40).collect() })?;
        Ok(Self {
            family,
            state: reader.bytes("state")?.to_vec(),
            sequence: reader.uint("sequence")?,
            recorded_ms: reader.uint("recorded_ms")?,
            caught_up_ms: reader.uint("caught_up_ms")?,
            frozen: flag("frozen", reader)?,
        })
    }
}

/// Why nothing is delivered from or to a gateway any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayFault {
    /// It sent two packets with one lane and sequence.
    #[error("it sent two packets with one lane and sequence")]
    TwoPackets,
    /// It reported two outcomes of one packet.
    #[error("it reported two outcomes of one packet")]
    TwoOutcomes,
    /// It emitted two events under one number.
    #[error("it emitted two events under one number")]
    TwoEvents,
}

/// A gateway, once its `Opened` is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayRecord {
    /// The island it is on.
    pub(crate) island: IslandId,
    /// Its address there, which its id follows from.
    pub(crate) address: Vec<u8>,
    /// The attestor set in force.
    pub(crate) set: AttestorSet,
    /// Whether send and deliver are stopped.
    pub(crate) paused: bool,
    /// Number of the event that said so last: back-fill may bring an older one later.
    pub(crate) paused_by: u64,
    /// What it contradicted itself in, if it did.
    pub(crate) fault: Option<GatewayFault>,
}

impl Record for GatewayRecord {
    const WHAT: &'static str = "gateway record";

    fn write(&self, writer: Writer) -> Writer {
        let attestors = Writer::new().each(&self.set.attestors, |writer, attestor| writer.bytes(&attestor.0));
        let fault = match self.fault {
            None => 0,
            Some(GatewayFault::TwoPackets) => 1,
            Some(GatewayFault::TwoOutcomes) => 2,
            Some(GatewayFault::TwoEvents) => 3,
        };
        writer
            .bytes(&self.island.0)
            .bytes(&self.address)
            .uint(self.set.epoch)
            .uint(self.set.threshold.into())
            .list(&attestors)
            .uint(self.paused.into())
            .uint(self.paused_by)
            .uint(fault)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let island = IslandId(reader.array("island")?);
        let address = reader.bytes("address")?.to_vec();
        let epoch = reader.uint("epoch")?;
        let threshold = reader.uint("threshold")?;
        let threshold = u8::try_from(threshold)
            .map_err(|_| DecodeError::Value { what: "threshold", came: threshold.to_string() })?;
        let attestors = reader
            .list("attestors")?
            .each("attestors", Rotation::MAX_ATTESTORS, |reader| reader.array("attestor").map(Address))?;
        Ok(Self {
            island,
            address,
            set: AttestorSet { epoch, threshold, attestors },
            paused: flag("paused", reader)?,
            paused_by: reader.uint("paused_by")?,
            fault: match reader.uint("fault")? {
                0 => None,
                1 => Some(GatewayFault::TwoPackets),
                2 => Some(GatewayFault::TwoOutcomes),
                3 => Some(GatewayFault::TwoEvents),
                other => return Err(DecodeError::Value { what: "fault", came: other.to_string() }),
            },
        })
    }
}

/// Where a proven packet goes. The id binds everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketRecord {
    /// The gateway that sent it.
    pub(crate) source: GatewayId,
    /// The gateway that has to deliver it.
    pub(crate) destination: GatewayId,
    /// When it times out, Unix seconds of the destination.
    pub(crate) timeout: u64,
}

impl PacketRecord {
    /// Whether nobody can deliver it any more, by any honest clock, when it is `now`, Unix seconds.
    pub(crate) fn is_overdue(&self, now: u64) -> bool {
        self.timeout.saturating_add(OVERDUE_AFTER) < now
    }
}

impl From<&Packet> for PacketRecord {
    fn from(packet: &Packet) -> Self {
        Self { source: packet.source, destination: packet.destination, timeout: packet.timeout }
    }
}

impl Record for PacketRecord {
    const WHAT: &'static str = "packet record";

    fn write(&self, writer: Writer) -> Writer {
        writer.bytes(&self.source.0).bytes(&self.destination.0).uint(self.timeout)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            source: GatewayId(reader.array("source")?),
            destination: GatewayId(reader.array("destination")?),
            timeout: reader.uint("timeout")?,
        })
    }
}

/// How a gateway said a packet ended there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its receiver was called.
    Delivered {
        /// Whether the receiver succeeded.
        success: bool,
        /// `H(result bytes)`.
        result: Hash,
    },
    /// It can never be delivered.
    Expired,
    /// The gateway said one thing, and then another.
    Disputed,
}

impl Record for Outcome {
    const WHAT: &'static str = "outcome";

    fn write(&self, writer: Writer) -> Writer {
        match self {
            Self::Delivered { success, result } => writer.uint(1).uint((*success).into()).bytes(&result.0),
            Self::Expired => writer.uint(2),
            Self::Disputed => writer.uint(3),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.uint("outcome")? {
            1 => Ok(Self::Delivered {
                success: flag("success", reader)?,
                result: Hash(reader.array("result")?),
            }),
            2 => Ok(Self::Expired),
            3 => Ok(Self::Disputed),
            other => Err(DecodeError::Value { what: "outcome", came: other.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<R: Record + PartialEq + std::fmt::Debug>(record: R) {
        let bytes = record.encode();
        assert_eq!(R::decode(&bytes), Ok(record));
        for end in 0..bytes.len() {
            assert!(R::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(R::decode(&longer).is_err());
    }

    #[test]
    fn every_record_reads_back_and_nothing_shorter_or_longer_does() {
        there_and_back(IslandRecord {
            family: Family::Qbft,
            state: vec![1, 2, 3],
            sequence: 7,
            recorded_ms: 1_700_000_000_000,
            caught_up_ms: 0,
            frozen: true,
        });
        there_and_back(GatewayRecord {
            island: IslandId([1; 32]),
            address: vec![5; 20],
            set: AttestorSet { epoch: 1, threshold: 2, attestors: vec![Address([1; 20]), Address([2; 20])] },
            paused: true,
            paused_by: 9,
            fault: Some(GatewayFault::TwoOutcomes),
        });
        there_and_back(PacketRecord {
            source: GatewayId([3; 32]),
            destination: GatewayId([4; 32]),
            timeout: 1_700_000_000,
        });
        there_and_back(Outcome::Delivered { success: true, result: Hash([5; 32]) });
        there_and_back(Outcome::Expired);
        there_and_back(Outcome::Disputed);
    }
}
