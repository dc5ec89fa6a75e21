//! Endorsed reads: what peers of several organisations say is in the state, all over the same bytes.
//!
//! A peer that endorses a call signs its read-set, and a read-set names the block and the transaction that wrote each key last.
//! Nothing else that Fabric's nodes sign says whether a transaction was valid.

use std::collections::BTreeMap;

use causeway_protocol::GatewayId;

use super::config::Channel;
use super::evidence::EndorsedRead;
use super::fault::FabricFault;
use super::policy::{Policy, Signed};
use super::proto::HeaderType;
use super::transaction::{LIFECYCLE, Version, proposal_hash, read_key, transaction_id};
use super::wire::{Message, WireFault};

/// The gateway's function that reads.
pub const FACTS: &str = "facts";

/// A read, taken apart.
#[derive(Debug)]
pub(super) struct Read<'a> {
    place: usize,
    /// The gateway's chaincode.
    pub(super) chaincode: &'a str,
    /// The gateway's id, as it stands in the state that was read.
    pub(super) gateway: GatewayId,
    /// The keys that were asked for.
    pub(super) asked: Vec<&'a str>,
    /// What was read, by namespace and key. `None`: the key was absent.
    versions: BTreeMap<(&'a str, &'a str), Option<Version>>,
    /// The state that was read is that of this block or a later one: one simulation reads one state.
    pub(super) at_least: u64,
    response: &'a [u8],
    endorsements: &'a [(&'a [u8], &'a [u8])],
}

/// What a read says about a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Committed,
    NotCommitted,
    /// It was made too early, or of other keys.
    Silent,
}

impl<'a> Read<'a> {
    /// Takes a read of `channel` apart. Who endorsed it is not looked at yet.
    pub(super) fn open(channel: &str, place: usize, read: &'a EndorsedRead<'a>) -> Result<Self, FabricFault> {
        let fault = |why| FabricFault::Read { place, why };
        let header = Message::read(read.channel_header)?;
        if header.uint32(1) != HeaderType::EndorserTransaction as u64 {
            return Err(fault("its proposal is of another type"));
        }
        if header.string(4)? != channel {
            let (expected, came) = (channel.to_owned(), header.string(4)?.to_owned());
            return Err(FabricFault::OtherChannel { expected, came });
        }
        let signer = Message::read(read.signature_header)?;
        if header.string(5)? != transaction_id(signer.bytes(1), signer.bytes(2)) {
            return Err(fault("its transaction id does not follow from its creator and nonce"));
        }
        let named = chaincode(Message::read(header.bytes(7))?.message(2)?)?;
        let proposal = Message::read(read.proposal)?;
        let spec = Message::read(proposal.bytes(1))?.message(1)?.ok_or(WireFault)?;
        let run = chaincode(spec.message(2)?)?;
        let arguments = spec.message(3)?.ok_or(WireFault)?.repeated(1);
        let response = Message::read(read.response)?;
        if response.bytes(1) != proposal_hash(read.channel_header, read.signature_header, read.proposal) {
            return Err(fault("what was endorsed is another proposal"));
        }
        let action = Message::read(response.bytes(2))?;
        let ran = chaincode(action.message(4)?)?;
        if named != run || run != ran {
            return Err(fault("it names several chaincodes"));
        }
        let answer = action.message(3)?.ok_or(WireFault)?;
        if answer.uint32(1) != 200 {
            return Err(fault("the chaincode did not answer with success"));
        }
        let gateway = answer.bytes(3).try_into().map_err(|_| fault("its answer is no gateway's id"))?;
        let [function, asked @ ..] = &arguments[..] else { return Err(fault("it calls no function")) };
        if *function != FACTS.as_bytes() {
            return Err(fault("it calls another function than `facts`"));
        }
        let asked = asked.iter().map(|key| core::str::from_utf8(key).map_err(|_| WireFault));
        let asked = asked.collect::<Result<_, _>>()?;
        let versions = versions(run, action.bytes(1)).map_err(|why| why.at(place))?;
        let at_least = versions.values().flatten().map(|(block, _)| *block).max().unwrap_or_default();
        Ok(Self {
            place,
            chaincode: run,
            gateway: GatewayId(gateway),
            asked,
            versions,
            at_least,
            response: read.response,
            endorsements: &read.endorsements,
        })
    }

    /// Every endorsement valid, and enough of them for `policy`.
    pub(super) fn require(&self, channel: &Channel, policy: &Policy) -> Result<(), FabricFault> {
        let signed: Vec<Signed<'_>> = self
            .endorsements
            .iter()
            .map(|(endorser, signature)| Signed {
                identity: endorser,
                message: vec![self.response, endorser],
                signature,
            })
            .collect();
        let place = self.place;
        channel.require(policy, &signed).map_err(|fault| FabricFault::ReadPolicy { place, fault })
    }

    /// What it says about a write of `key` by transaction `version`.
    ///
    /// Events are written once, so a key of a later version was never written by that transaction. A definition's sequence is
    /// written by every change: of one before the last, the read says nothing.
    pub(super) fn says(&self, namespace: &str, key: &str, version: Version) -> Verdict {
        match self.versions.get(&(namespace, key)) {
            Some(Some(came)) if *came == version => Verdict::Committed,
            Some(Some(came)) if namespace == LIFECYCLE && *came > version => Verdict::Silent,
            Some(_) if self.at_least >= version.0 => Verdict::NotCommitted,
            _ => Verdict::Silent,
        }
    }

    /// Whether this key is one that shows how late the read was made.
    pub(super) fn is_late_by(&self, key: &str) -> bool {
        matches!(self.versions.get(&(self.chaincode, key)), Some(Some((block, _))) if *block == self.at_least)
    }
}

/// The name of a `ChaincodeID`.
fn chaincode(id: Option<Message<'_>>) -> Result<&str, WireFault> {
    id.ok_or(WireFault)?.string(2)
}

/// Why a read-set does not count.
enum Fault {
    Wire(WireFault),
    Why(&'static str),
}

impl From<WireFault> for Fault {
    fn from(fault: WireFault) -> Self {
        Self::Wire(fault)
    }
}

impl Fault {
    fn at(self, place: usize) -> FabricFault {
        match self {
            Self::Wire(fault) => fault.into(),
            Self::Why(why) => FabricFault::Read { place, why },
        }
    }
}

/// What a serialised `TxReadWriteSet` read in the gateway's namespace and in that of definitions, and nothing else.
fn versions<'a>(
    chaincode: &str,
    results: &'a [u8],
) -> Result<BTreeMap<(&'a str, &'a str), Option<Version>>, Fault> {
    let mut versions = BTreeMap::new();
    for namespace in Message::read(results)?.repeated(2) {
        let fields = Message::read(namespace)?;
        let name = fields.string(1)?;
        if name != chaincode && name != LIFECYCLE {
            return Err(Fault::Why("it reads another chaincode's state"));
        }
        let sets = Message::read(fields.bytes(2))?;
        let only_reads = [2, 3, 4].iter().all(|tag| sets.repeated(*tag).is_empty());
        if !only_reads || !fields.repeated(3).is_empty() {
            return Err(Fault::Why("it does more than read single keys"));
        }
        for read in sets.repeated(1) {
            let (key, version) = read_key(read)?;
            if versions.insert((name, key), version).is_some() {
                return Err(Fault::Why("it reads a key twice"));
            }
        }
    }
    Ok(versions)
}
