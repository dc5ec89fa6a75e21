//! The canonical form: `docs/formats.md`, section Bundle.

use causeway_log::Salt;
use causeway_protocol::{
    Attestation, AttestationKind, Batch, BatchProof, DecodeError, GatewayId, Hash, MAX_BATCH, PacketId,
    Reader, Signature, Writer,
};

const VERSION: u8 = 1;
/// Largest bundle, in bytes.
pub const MAX_BUNDLE: usize = 64 * 1024 * 1024;
/// Most pieces of evidence of one island.
pub const MAX_PIECES: usize = 10_000;
const MAX_GATEWAYS: usize = 1024;
const MAX_STATEMENTS: usize = 64;
const MAX_SIGNATURES: usize = 32;
/// Two islands' pieces, and what else there is to say of a packet.
const MAX_LEAVES: usize = 2 * MAX_PIECES + 1024;
const MAX_PATH: usize = 64;

/// One file about one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The name of the hub's log: the hub's id is its keccak-256.
    pub origin: String,
    /// The packet it is about.
    pub packet: PacketId,
    /// The island the packet was sent on; then, if it is another one, the island it is sent to.
    pub islands: Vec<IslandPart>,
    /// What attestors signed about the packet, ascending by (kind, epoch, root).
    pub statements: Vec<StatementPart>,
    /// Leaves of the log, ascending by index.
    pub leaves: Vec<LeafPart>,
    /// The signed checkpoint that they are included in, with the cosignatures of its witnesses: a C2SP signed note.
    pub checkpoint: Vec<u8>,
}

/// An island, from its trust anchor on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IslandPart {
    /// The trust anchor's canonical bytes.
    pub anchor: Vec<u8>,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// Every gateway that the hub looked for there: id and address, ascending by id.
    pub gateways: Vec<(GatewayId, Vec<u8>)>,
    /// Evidence in the order of recording.
    pub pieces: Vec<Piece>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The evidence.
    pub evidence: Vec<u8>,
    /// The hub's clock when it was recorded, Unix seconds: it is verified as of then.
    pub at: u64,
}

/// One statement about the packet, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPart {
    /// What it says.
    pub attestation: Attestation,
    /// The batch that was signed.
    pub batch: Batch,
    /// The statement's place in it.
    pub proof: BatchProof,
    /// The signatures, ascending by signer.
    pub signatures: Vec<Signature>,
}

/// One leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafPart {
    /// Its index.
    pub index: u64,
    /// What its entry was salted with.
    pub salt: Salt,
    /// The canonical fact.
    pub fact: Vec<u8>,
    /// The proof that it is in the checkpoint's tree.
    pub proof: Vec<Hash>,
}

impl Bundle {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .bytes(self.origin.as_bytes())
            .bytes(&self.packet.0)
            .list(&Writer::new().each(&self.islands, |list, island| list.list(&island.write())))
            .list(&Writer::new().each(&self.statements, |list, statement| list.list(&statement.write())))
            .list(&Writer::new().each(&self.leaves, |list, leaf| list.list(&leaf.write())))
            .bytes(&self.checkpoint)
            .versioned(VERSION)
    }

    /// Reads canonical bytes; no others are accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_BUNDLE {
            return Err(DecodeError::TooMany { what: "bytes of a bundle", most: MAX_BUNDLE });
        }
        let mut items = Reader::versioned("bundle", VERSION, bytes)?;
        let origin = items.text("origin")?.to_owned();
        let packet = PacketId(items.array("packet")?);
        let islands =
            items.list("islands")?.each("islands", 2, |item| IslandPart::read(item.list("island")?))?;
        let statements = items
            .list("statements")?
            .each("statements", MAX_STATEMENTS, |item| StatementPart::read(item.list("statement")?))?;
        let leaves =
            items.list("leaves")?.each("leaves", MAX_LEAVES, |item| LeafPart::read(item.list("leaf")?))?;
        let checkpoint = items.bytes("checkpoint")?.to_vec();
        items.end("bundle")?;
        ascending("statements", &statements, |part| {
            (part.attestation.kind, part.batch.epoch, part.batch.root)
        })?;
        ascending("leaves", &leaves, |leaf| leaf.index)?;
        Ok(Self { origin, packet, islands, statements, leaves, checkpoint })
    }
}

impl IslandPart {
    fn write(&self) -> Writer {
        let gateways = Writer::new().each(&self.gateways, |list, (id, address)| {
            list.list(&Writer::new().bytes(&id.0).bytes(address))
        });
        let pieces = Writer::new().each(&self.pieces, |list, piece| {
            list.list(&Writer::new().bytes(&piece.evidence).uint(piece.at))
        });
        Writer::new().bytes(&self.anchor).bytes(&self.fingerprint.0).list(&gateways).list(&pieces)
    }

    fn read(mut items: Reader<'_>) -> Result<Self, DecodeError> {
        let anchor = items.bytes("anchor")?.to_vec();
        let fingerprint = Hash(items.array("fingerprint")?);
        let gateways = items.list("gateways")?.each("gateways", MAX_GATEWAYS, |item| {
            let mut items = item.list("gateway")?;
            let gateway = (GatewayId(items.array("gateway id")?), items.bytes("gateway address")?.to_vec());
            items.end("gateway")?;
            Ok::<_, DecodeError>(gateway)
        })?;
        let pieces = items.list("pieces")?.each("pieces", MAX_PIECES, |item| {
            let mut items = item.list("piece")?;
            let piece = Piece { evidence: items.bytes("evidence")?.to_vec(), at: items.uint("time")? };
            items.end("piece")?;
            Ok::<_, DecodeError>(piece)
        })?;
        items.end("island")?;
        ascending("gateways", &gateways, |(id, _)| *id)?;
        Ok(Self { anchor, fingerprint, gateways, pieces })
    }
}

impl StatementPart {
    fn write(&self) -> Writer {
        let Self { attestation, batch, proof, signatures } = self;
        let path = Writer::new().each(&proof.path, |list, node| list.bytes(&node.0));
        let signatures = Writer::new().each(signatures, |list, signature| list.bytes(&signature.0));
        Writer::new()
            .uint(attestation.kind as u64)
            .bytes(&attestation.packet.0)
            .uint(attestation.success.into())
            .bytes(&attestation.result.0)
            .uint(batch.epoch)
            .uint(batch.count.into())
            .bytes(&batch.root.0)
            .uint(proof.index.into())
            .list(&path)
            .list(&signatures)
    }

    fn read(mut items: Reader<'_>) -> Result<Self, DecodeError> {
        let kind = small(&mut items, "kind", 5)?;
        let kind = u8::try_from(kind).ok().and_then(|kind| AttestationKind::try_from(kind).ok());
        let kind =
            kind.ok_or_else(|| DecodeError::Value { what: "kind", came: "no kind of statement".into() })?;
        let packet = PacketId(items.array("packet")?);
        let success = small(&mut items, "success", 1)? == 1;
        let result = Hash(items.array("result")?);
        let attestation = Attestation { kind, packet, success, result };
        let epoch = items.uint("epoch")?;
        let most = u32::try_from(MAX_BATCH).unwrap_or(u32::MAX);
        let count = small(&mut items, "count", most)?;
        let batch = Batch { epoch, count, root: Hash(items.array("root")?) };
        let index = small(&mut items, "index", most)?;
        let path = items.list("path")?.each("path", MAX_PATH, |item| item.array("node").map(Hash))?;
        let signatures = items
            .list("signatures")?
            .each("signatures", MAX_SIGNATURES, |item| item.array("signature").map(Signature))?;
        items.end("statement")?;
        Ok(Self { attestation, batch, proof: BatchProof { index, path }, signatures })
    }
}

impl LeafPart {
    fn write(&self) -> Writer {
        let proof = Writer::new().each(&self.proof, |list, node| list.bytes(&node.0));
        Writer::new().uint(self.index).bytes(&self.salt.0).bytes(&self.fact).list(&proof)
    }

    fn read(mut items: Reader<'_>) -> Result<Self, DecodeError> {
        let (index, salt) = (items.uint("index")?, Salt(items.array("salt")?));
        let fact = items.bytes("fact")?.to_vec();
        let proof = items.list("proof")?.each("proof", MAX_PATH, |item| item.array("node").map(Hash))?;
        items.end("leaf")?;
        Ok(Self { index, salt, fact, proof })
    }
}

fn small(items: &mut Reader<'_>, what: &'static str, most: u32) -> Result<u32, DecodeError> {
    let came = items.uint(what)?;
    let small = u32::try_from(came).ok().filter(|small| *small <= most);
    small.ok_or_else(|| DecodeError::Value { what, came: format!("{came}, at most {most} is allowed") })
}

/// One form: each once, in one order.
fn ascending<T, K: Ord>(what: &'static str, items: &[T], key: impl Fn(&T) -> K) -> Result<(), DecodeError> {
    if items.is_sorted_by(|one, next| key(one) < key(next)) {
        Ok(())
    } else {
        Err(DecodeError::Value { what, came: "out of ascending order, or one twice".into() })
    }
}
