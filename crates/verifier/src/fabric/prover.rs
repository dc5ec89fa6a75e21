//! Putting evidence together out of what a channel's nodes serve: for whoever watches it.
//!
//! ```text
//! blocks = Served::read(…) of the blocks behind the head
//! plan(state, gateways, blocks) → how many of them make a run, and which keys peers have to be asked for
//! assemble(state, gateways, blocks, reads, now) → evidence, verified
//! ```

use causeway_protocol::Hash;

use super::block::{Header, check_seal};
use super::client::Fabric;
use super::config::Channel;
use super::evidence::{
    Block, Definition, EndorsedRead, Evidence, MAX_BLOCKS, MAX_READS, Run, Seal, SealSignature,
};
use super::fault::FabricFault;
use super::judge::{self, Fates, Question};
use super::policy::PolicyFault;
use super::proto::{self, MetadataSignature};
use super::read::Read;
use super::signature::sha256;
use super::state::State;
use super::transaction::LIFECYCLE;
use super::walk::{Seals, walk};
use crate::{ClientState, Gateway, Refusal};

/// Most keys that one read asks for.
const MAX_KEYS: usize = 1024;

/// A block as a peer or an orderer serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
    /// The hash of the block before, zero for block 0.
    pub parent: Hash,
    data: Vec<u8>,
    value: Vec<u8>,
    signatures: Vec<MetadataSignature>,
}

impl Served {
    /// Takes a served block apart. What peers add to it, their flags, is not looked at.
    pub fn read(block: proto::Block) -> Result<Self, FabricFault> {
        use prost::Message as _;
        let fault = |what, cause: &str| FabricFault::Protobuf { what, cause: cause.to_owned() };
        let header = block.header.ok_or_else(|| fault("common.Block", "no header"))?;
        let data = block.data.unwrap_or_default().data.concat();
        let hashed = sha256(&[&data]);
        if header.data_hash != hashed {
            return Err(fault("common.Block", "the data does not hash to the header's data hash"));
        }
        let first = block.metadata.unwrap_or_default().metadata.into_iter().next().unwrap_or_default();
        let metadata = proto::Metadata::decode(&first[..])
            .map_err(|error| fault("common.Metadata", &error.to_string()))?;
        let parent = header.previous_hash.as_slice().try_into().map_or(Hash::ZERO, Hash);
        let hash = Header { number: header.number, previous: header.previous_hash, data: hashed }.hash();
        let (value, signatures) = (metadata.value, metadata.signatures);
        Ok(Self { number: header.number, hash, parent, data, value, signatures })
    }

    /// How many bytes of evidence it makes, about.
    pub fn size(&self) -> usize {
        self.data.len() + 64
    }

    fn block(&self) -> Block<'_> {
        Block { data: &self.data, seal: None }
    }

    fn seal(&self) -> Seal<'_> {
        let signatures = self.signatures.iter().map(|signature| SealSignature {
            // A BFT orderer's header is empty, and then the identifier counts.
            signature_header: &signature.signature_header,
            identifier_header: if signature.signature_header.is_empty() {
                &signature.identifier_header
            } else {
                &[]
            },
            signature: &signature.signature,
        });
        let mut signatures: Vec<SealSignature<'_>> = signatures.collect();
        signatures.sort_by_key(SealSignature::signer);
        signatures.dedup_by_key(|signature| signature.signer());
        Seal { value: &self.value, signatures }
    }
}

/// What peers have to be asked for before blocks make a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The gateway's chaincode.
    pub chaincode: String,
    /// The keys, ascending: arguments of its function [`FACTS`](super::FACTS).
    pub keys: Vec<String>,
    /// The read has to be of the state of this block or a later one, to say of a write that it was not committed.
    pub block: u64,
    /// Whether there is no evidence without it: a gateway is open there. Another chaincode that refuses to be asked is none.
    pub needed: bool,
}

/// How a run is put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many of the blocks it has: it ends with one that changes the configuration or a gateway's definition, because what
    /// follows is judged by what that says.
    pub blocks: usize,
    /// Reads that it needs.
    pub reads: Vec<Wanted>,
}

/// Plans a run of `blocks`, which follow the head of `state`.
pub fn plan(state: &ClientState, gateways: &[Gateway], blocks: &[Served]) -> Result<Plan, Refusal> {
    plan_past(state, gateways, blocks, 0)
}

/// [`plan`], of a run that passes so many changes of the configuration or of definitions before it ends with one. Of a
/// definition that was changed again since, no read tells any more: only a run as far as the change after it does.
pub fn plan_past(
    state: &ClientState,
    gateways: &[Gateway],
    blocks: &[Served],
    changes: usize,
) -> Result<Plan, Refusal> {
    let before = State::decode(state)?;
    let most = blocks.len().min(MAX_BLOCKS);
    // Whether a run is full only grows with it, so its end is found by halves: each look reads the blocks again.
    let mut short = (0, Questions::default());
    let mut full = None;
    let mut take = most;
    while take > short.0 {
        match questions(&before, gateways, &blocks[..take]) {
            Ok(found) if !found.is_full(changes) => short = (take, found),
            found => full = Some((take, found)),
        }
        let end = full.as_ref().map_or(most, |(take, _)| take - 1);
        take = short.0 + (end - short.0).div_ceil(2);
    }
    match full {
        Some((take, Ok(found))) => Ok(Plan { blocks: take, reads: found.wanted }),
        Some((_, Err(refusal))) if short.0 == 0 => Err(refusal),
        // What is wrong with the block after it waits for the next run.
        _ => Ok(Plan { blocks: short.0, reads: short.1.wanted }),
    }
}

#[derive(Default)]
struct Questions {
    wanted: Vec<Wanted>,
    keys: usize,
    /// How often blocks change by what those after them are judged.
    changes: usize,
}

impl Questions {
    /// Whether a run that passes so many changes ends with this block at the latest.
    fn is_full(&self, changes: usize) -> bool {
        // A run that has to come as far as a change takes what there is on the way.
        let most_keys = if changes == 0 { MAX_KEYS / 2 } else { MAX_KEYS * MAX_READS / 2 };
        self.changes > changes || self.keys > most_keys
    }

    fn of(&mut self, chaincode: &str) -> &mut Wanted {
        let place = self.wanted.iter().position(|wanted| wanted.chaincode == chaincode);
        let place = place.unwrap_or_else(|| {
            let chaincode = chaincode.to_owned();
            self.wanted.push(Wanted { chaincode, keys: Vec::new(), block: 0, needed: false });
            self.wanted.len() - 1
        });
        &mut self.wanted[place]
    }
}

/// Notes every question, and goes on as if the answer was yes.
impl Fates for Questions {
    fn committed(&mut self, question: &Question<'_>) -> Result<bool, FabricFault> {
        let of_definition = question.namespace == LIFECYCLE;
        let wanted = self.of(question.chaincode);
        wanted.block = wanted.block.max(question.version.0);
        if !of_definition {
            wanted.keys.push(question.key.to_owned());
            self.keys += 1;
        }
        Ok(true)
    }

    /// Everything is asked for.
    fn demands(&self, _chaincode: &str) -> bool {
        false
    }
}

fn questions(before: &State, gateways: &[Gateway], blocks: &[Served]) -> Result<Questions, Refusal> {
    let mut state = before.clone();
    let parts: Vec<Block<'_>> = blocks.iter().map(Served::block).collect();
    let walk = walk(&mut state, &parts, Seals::Unchecked)?;
    let mut found = Questions::default();
    let definitions = judge::definitions(before, &walk, gateways, &mut found)?;
    let known = definitions.iter().filter(|change| change.definition.is_some()).count();
    found.changes = known + walk.channels.len() - 1; // the first one was there before
    judge::events(&mut state, &walk, gateways, &definitions, &mut found, 0)?;
    for wanted in &mut found.wanted {
        wanted.needed = judge::has_open(before, gateways, &wanted.chaincode);
        wanted.keys.sort_unstable();
        wanted.keys.dedup();
        if wanted.keys.is_empty() {
            // Any key will do: a chaincode's own definition is read whatever it is asked for.
            wanted.keys.push("opened".to_owned());
        }
    }
    Ok(found)
}

/// A run of `blocks` with the reads that were planned, as evidence. It was verified: what is wrong with it, the verifier says.
pub fn assemble(
    state: &ClientState,
    gateways: &[Gateway],
    blocks: &[Served],
    mut reads: Vec<EndorsedRead<'_>>,
    now: u64,
) -> Result<Vec<u8>, Refusal> {
    let before = State::decode(state)?;
    let mut after = before.clone();
    let mut parts: Vec<Block<'_>> = blocks.iter().map(Served::block).collect();
    let walked = walk(&mut after, &parts, Seals::Unchecked)?;
    let (mut newest, count) = (before.config_block, parts.len());
    for (place, block) in walked.blocks.iter().enumerate() {
        let next = walked.blocks.get(place + 1).map_or(walked.channels.len() - 1, |next| next.channel);
        let is_config = next != block.channel;
        if is_config {
            newest = block.number;
        }
        if is_config || place + 1 == count {
            let header = Header {
                number: block.number,
                previous: block.parent.0.to_vec(),
                data: sha256(&[parts[place].data]),
            };
            parts[place].seal =
                Some(usable_seal(&walked.channels[block.channel], &header, blocks[place].seal(), newest));
        }
    }
    let mut definitions = before.definitions.clone();
    let mut asking = Questions::default();
    for change in judge::definitions(&before, &walked, gateways, &mut asking)? {
        definitions.retain(|known| known.name != change.name);
        definitions.extend(change.definition);
    }
    reads.sort_by_key(|read| read.channel_header);
    for (place, read) in reads.iter_mut().enumerate() {
        read.endorsements.sort_unstable();
        read.endorsements.dedup_by_key(|(endorser, _)| *endorser);
        prune(&before.channel, walked.last_channel(), place, read, &definitions)?;
    }
    let asked = reads.iter().enumerate().map(|(place, read)| Read::open(&before.channel, place, read));
    let asked = asked.map(|read| Ok(read?.chaincode.to_owned())).collect::<Result<Vec<_>, FabricFault>>()?;
    let run = Run { first: before.height.saturating_add(1), parent: before.hash, blocks: parts, reads };
    let evidence = Evidence::Run(run).encode();
    // Of a chaincode that answered, nothing gets lost.
    let demanded: Vec<&str> = asked.iter().map(String::as_str).collect();
    Fabric::judge(state, gateways, &evidence, now, &demanded)?;
    Ok(evidence)
}

/// The signatures of a block without those that do not count.
fn usable_seal<'a>(channel: &Channel, header: &Header, mut seal: Seal<'a>, newest: u64) -> Seal<'a> {
    while let Err(FabricFault::Seal(fault)) = check_seal(channel, header, &seal, newest) {
        match at_fault(&fault) {
            Some(index) if seal.signatures.len() > 1 => drop(seal.signatures.remove(index)),
            _ => break,
        }
    }
    seal
}

/// A read without the endorsements that do not count.
fn prune(
    channel_id: &str,
    channel: &Channel,
    place: usize,
    read: &mut EndorsedRead<'_>,
    definitions: &[Definition],
) -> Result<(), FabricFault> {
    loop {
        let opened = Read::open(channel_id, place, read)?;
        let definition = definitions.iter().find(|definition| definition.name == opened.chaincode);
        let Some(definition) = definition else { return Ok(()) };
        let policy = definition.policy(channel)?;
        let index = match opened.require(channel, &policy) {
            Err(FabricFault::ReadPolicy { fault, .. }) => at_fault(&fault),
            _ => None,
        };
        match index {
            Some(index) if read.endorsements.len() > 1 => drop(read.endorsements.remove(index)),
            _ => return Ok(()),
        }
    }
}

/// Which signature is at fault, if one is.
fn at_fault(fault: &PolicyFault) -> Option<usize> {
    match fault {
        PolicyFault::Identity { index, .. }
        | PolicyFault::Signature { index, .. }
        | PolicyFault::Duplicate(index) => Some(*index),
        _ => None,
    }
}
