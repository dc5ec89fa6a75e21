//! Everything that proves a packet, in one bundle.

use std::collections::{BTreeMap, BTreeSet};

use causeway_bundle::{Bundle, IslandPart, LeafPart, MAX_BUNDLE, MAX_PIECES, Piece, StatementPart};
use causeway_log::ProofPlan;
use causeway_protocol::{Address, Batch, BatchProof, GatewayId, Hash, IslandId, PacketId, Signature};

use crate::attestation::statement_of;
use crate::column::{Uint, address, count, id, signature};
use crate::{FactKey, Ledger, LedgerError, LogProofError};

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// What was recorded of the packet is not in the log yet: it is within a second, while a hub writes the log.
    #[error("what was recorded of the packet is not in a signed checkpoint yet")]
    NotLogged,
    /// It is larger than a bundle may be.
    #[error(
        "the evidence from the trust anchors on has {pieces} pieces and {bytes} bytes: a bundle holds {MAX_PIECES} and {MAX_BUNDLE}"
    )]
    TooLarge {
        /// How many pieces it would hold.
        pieces: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for BundleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<LogProofError> for BundleError {
    fn from(error: LogProofError) -> Self {
        match error {
            LogProofError::Missing(_) => Self::NotLogged,
            LogProofError::Ledger(error) => Self::Ledger(error),
        }
    }
}

/// A batch that holds a statement about the packet.
struct Signed {
    batch: i64,
    checker: GatewayId,
    part: StatementPart,
    signers: Vec<Address>,
}

/// Whose events, and of which piece of evidence.
struct Event {
    gateway: GatewayId,
    number: u64,
    island: IslandId,
    sequence: i64,
}

impl Ledger {
    /// The bundle of a packet: all that is recorded of it, against the newest checkpoint of the log `origin`. None of a packet that
    /// is not recorded.
    pub async fn bundle(&self, packet: PacketId, origin: &str) -> Result<Option<Bundle>, BundleError> {
        let ends = sqlx::query!(
            r#"SELECT packet.island, packet.source, packet.destination, destination.island AS "destination_island?"
               FROM packets AS packet LEFT JOIN gateways AS destination ON destination.id = packet.destination
               WHERE packet.id = $1"#,
            packet.as_ref(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(ends) = ends else { return Ok(None) };
        let source: IslandId = id("island", &ends.island)?;
        let destination: Option<IslandId> =
            ends.destination_island.map(|island| id("island", &island)).transpose()?;
        // Statements first: what they state was recorded before they were made.
        let signed = self.signed_statements(packet).await?;
        let events = self.events_of(packet).await?;
        let mut islands = vec![source];
        islands.extend(destination.filter(|island| *island != source));
        let mut keys: Vec<FactKey> =
            events.iter().map(|event| FactKey::event(event.gateway, event.number)).collect();
        let mut parts = Vec::new();
        let gateways =
            [id::<GatewayId>("source", &ends.source)?, id::<GatewayId>("destination", &ends.destination)?];
        let sets = self.sets_of(&gateways, &signed).await?;
        for island in &islands {
            let of_packet = events.iter().filter(|event| event.island == *island).map(|event| event.sequence);
            let of_sets = sets.iter().filter(|(of, _)| of == island).map(|(_, sequence)| *sequence);
            let last = of_packet.chain(of_sets).max().unwrap_or_default();
            let (part, sequences) = self.island_part(*island, last).await?;
            keys.extend(sequences.into_iter().map(FactKey::evidence));
            keys.push(FactKey::island(*island));
            keys.extend(self.approvals(*island).await?);
            parts.push(part);
        }
        let bytes: usize = parts.iter().flat_map(|part| &part.pieces).map(|piece| piece.evidence.len()).sum();
        if bytes > MAX_BUNDLE / 2 {
            let pieces = parts.iter().map(|part| part.pieces.len() as u64).sum();
            return Err(BundleError::TooLarge { pieces, bytes: bytes as u64 });
        }
        for statement in &signed {
            let batch = count("batch", statement.batch)?;
            keys.extend(statement.signers.iter().map(|signer| FactKey::attestation(batch, *signer)));
        }
        let signers: BTreeSet<Address> = signed.iter().flat_map(|one| one.signers.iter().copied()).collect();
        keys.extend(self.admissions(&signers).await?);
        let (leaves, checkpoint) = self.leaves_of(&keys).await?;
        let mut statements: Vec<StatementPart> = signed.into_iter().map(|one| one.part).collect();
        statements.sort_by_key(|part| (part.attestation.kind, part.batch.epoch, part.batch.root));
        Ok(Some(Bundle { origin: origin.to_owned(), packet, islands: parts, statements, leaves, checkpoint }))
    }

    async fn events_of(&self, packet: PacketId) -> Result<Vec<Event>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT event.gateway, event.number AS "number: Uint", evidence.island, evidence.sequence
               FROM gateway_events AS event JOIN evidence ON evidence.sequence = event.evidence
               JOIN packets AS packet ON packet.id = event.subject
               WHERE event.subject = $1 AND event.kind LIKE 'Packet%' AND event.gateway IN (packet.source, packet.destination)"#,
            packet.as_ref(),
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            let (gateway, island) = (id("gateway", &row.gateway)?, id("island", &row.island)?);
            Ok(Event { gateway, number: row.number.0, island, sequence: row.sequence })
        });
        read.collect()
    }

    /// Every batch about the packet that somebody signed, with its signatures ascending by signer.
    async fn signed_statements(&self, packet: PacketId) -> Result<Vec<Signed>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT batch.id, batch.checker, batch.epoch AS "epoch: Uint", batch.count, batch.root, member.index,
                      leaf.kind, leaf.success, leaf.result, attestation.attestor, attestation.signature
               FROM leaves AS leaf JOIN batch_leaves AS member ON member.leaf = leaf.position
               JOIN batches AS batch ON batch.id = member.batch
               JOIN attestations AS attestation ON attestation.batch = batch.id
               WHERE leaf.packet = $1 ORDER BY batch.id, attestation.attestor"#,
            packet.as_ref(),
        )
        .fetch_all(&self.pool)
        .await?;
        let batches: Vec<i64> = rows.iter().map(|row| row.id).collect::<BTreeSet<_>>().into_iter().collect();
        let members = self.batch_members(&batches).await?;
        let mut signed: Vec<Signed> = Vec::new();
        for row in rows {
            let (signer, bytes): (Address, Signature) =
                (address("attestor", &row.attestor)?, signature(&row.signature)?);
            if let Some(last) = signed.last_mut().filter(|last| last.batch == row.id) {
                last.signers.push(signer);
                last.part.signatures.push(bytes);
                continue;
            }
            let index = u32::try_from(row.index).map_err(|_| LedgerError::corrupt("index", row.index))?;
            let tree = members.get(&row.id).map(|members| Batch::tree(members));
            let path = tree.and_then(|tree| tree.path(usize::try_from(index).ok()?));
            let path = path.ok_or_else(|| LedgerError::corrupt("place in a batch", row.index))?;
            let batch = Batch {
                epoch: row.epoch.0,
                count: u32::try_from(row.count).map_err(|_| LedgerError::corrupt("count", row.count))?,
                root: id::<Hash>("root", &row.root)?,
            };
            let attestation = statement_of(row.kind, packet.as_ref(), row.success, &row.result)?;
            let (proof, signatures) = (BatchProof { index, path }, vec![bytes]);
            let part = StatementPart { attestation, batch, proof, signatures };
            signed.push(Signed {
                batch: row.id,
                checker: id("checker", &row.checker)?,
                part,
                signers: vec![signer],
            });
        }
        Ok(signed)
    }

    /// The evidence that proves the openings of the packet's gateways and the attestor sets that signed, by island.
    async fn sets_of(
        &self,
        gateways: &[GatewayId; 2],
        signed: &[Signed],
    ) -> Result<Vec<(IslandId, i64)>, LedgerError> {
        let epochs = signed.iter().map(|one| (one.checker, one.part.batch.epoch));
        let wanted: BTreeSet<(GatewayId, u64)> =
            epochs.chain(gateways.iter().map(|gateway| (*gateway, 1))).collect();
        let checkers: Vec<&[u8]> = wanted.iter().map(|(gateway, _)| gateway.as_ref()).collect();
        let epochs: Vec<Uint> = wanted.iter().map(|(_, epoch)| Uint(*epoch)).collect();
        let rows = sqlx::query!(
            "SELECT evidence.island, evidence.sequence
             FROM UNNEST($1::bytea[], $2::numeric[]) AS wanted (gateway, epoch)
             JOIN attestor_sets AS attestors ON attestors.gateway = wanted.gateway AND attestors.epoch = wanted.epoch
             JOIN gateway_events AS event ON event.gateway = attestors.gateway AND event.number = attestors.number
             JOIN evidence ON evidence.sequence = event.evidence",
            checkers as _,
            epochs as _,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| Ok((id("island", &row.island)?, row.sequence))).collect()
    }

    /// An island's evidence from its anchor on, as far as the piece `last`, and the sequences of the pieces.
    async fn island_part(&self, island: IslandId, last: i64) -> Result<(IslandPart, Vec<u64>), BundleError> {
        let row =
            sqlx::query!("SELECT anchor_bytes, fingerprint FROM islands WHERE id = $1", island.as_ref())
                .fetch_one(&self.pool)
                .await?;
        let size = sqlx::query!(
            r#"SELECT count(*) AS "pieces!", coalesce(sum(octet_length(bytes)), 0)::bigint AS "bytes!" FROM evidence
               WHERE island = $1 AND sequence <= $2"#,
            island.as_ref(),
            last,
        )
        .fetch_one(&self.pool)
        .await?;
        let (pieces, bytes) = (count("pieces", size.pieces)?, count("bytes", size.bytes)?);
        if pieces > MAX_PIECES as u64 || bytes > (MAX_BUNDLE / 2) as u64 {
            return Err(BundleError::TooLarge { pieces, bytes });
        }
        let rows = sqlx::query!(
            "SELECT sequence, bytes, recorded_at FROM evidence WHERE island = $1 AND sequence <= $2 ORDER BY sequence",
            island.as_ref(),
            last,
        )
        .fetch_all(&self.pool)
        .await?;
        let (mut pieces, mut sequences) = (Vec::new(), Vec::new());
        for row in rows {
            let at = row.recorded_at.unix_timestamp();
            let at = u64::try_from(at).map_err(|_| LedgerError::corrupt("time", at))?;
            pieces.push(Piece { evidence: row.bytes, at });
            sequences.push(count("sequence", row.sequence)?);
        }
        let gateways = self.gateways(island).await?.into_iter().map(|gateway| (gateway.id, gateway.address));
        let gateways: BTreeMap<GatewayId, Vec<u8>> = gateways.collect();
        let (anchor, fingerprint) = (row.anchor_bytes, id("fingerprint", &row.fingerprint)?);
        Ok((IslandPart { anchor, fingerprint, gateways: gateways.into_iter().collect(), pieces }, sequences))
    }

    async fn approvals(&self, island: IslandId) -> Result<Vec<FactKey>, LedgerError> {
        let positions = sqlx::query_scalar!(
            "SELECT position FROM island_changes WHERE island = $1 AND change = 'approved' ORDER BY position",
            island.as_ref(),
        )
        .fetch_all(&self.pool)
        .await?;
        positions
            .into_iter()
            .map(|position| Ok(FactKey::island_change(island, count("position", position)?)))
            .collect()
    }

    /// Every token that ever made one of `attestors` an attestor.
    async fn admissions(&self, attestors: &BTreeSet<Address>) -> Result<Vec<FactKey>, LedgerError> {
        let attestors: Vec<&[u8]> = attestors.iter().map(AsRef::as_ref).collect();
        let tokens = sqlx::query_scalar!(
            "SELECT id FROM tokens WHERE address = ANY($1::bytea[]) AND role = 'attestor' ORDER BY id",
            attestors as _,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(tokens.into_iter().map(FactKey::token).collect())
    }

    /// The leaves of these facts, ascending, with proofs against the newest checkpoint.
    async fn leaves_of(&self, keys: &[FactKey]) -> Result<(Vec<LeafPart>, Vec<u8>), BundleError> {
        let Some((size, note)) = self.newest_tree().await? else { return Err(BundleError::NotLogged) };
        let logged = self.logged_facts(keys).await?;
        let mut leaves = Vec::with_capacity(keys.len());
        for fact in logged {
            let fact = fact.filter(|fact| fact.index < size).ok_or(BundleError::NotLogged)?;
            let plan = ProofPlan::inclusion(fact.index, size)
                .map_err(|error| LedgerError::corrupt("log index", error))?;
            let proof = self.log_proof(&plan, size).await?;
            leaves.push(LeafPart { index: fact.index, salt: fact.salt, fact: fact.fact.encode(), proof });
        }
        leaves.sort_by_key(|leaf| leaf.index);
        leaves.dedup_by_key(|leaf| leaf.index);
        Ok((leaves, note.into_bytes()))
    }
}
