//! Transactions as peers read them: what was endorsed, by whom, and what it would write.

use super::proto::HeaderType;
use super::signature::sha256;
use super::wire::{Message, WireFault};

/// Where chaincode definitions stand.
pub(super) const LIFECYCLE: &str = "_lifecycle";

/// What kind of thing an envelope holds, and of which channel.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) kind: u64,
    pub(super) channel: &'a str,
    transaction: &'a str,
    channel_header: &'a [u8],
    signature_header: &'a [u8],
    pub(super) data: &'a [u8],
}

/// Reads an envelope's payload as far as its headers.
pub(super) fn open(payload: &[u8]) -> Result<Opened<'_>, WireFault> {
    let payload = Message::read(payload)?;
    let header = payload.message(1)?.ok_or(WireFault)?;
    let (channel_header, signature_header) = (header.bytes(1), header.bytes(2));
    let fields = Message::read(channel_header)?;
    let (channel, transaction) = (fields.string(4)?, fields.string(5)?);
    Ok(Opened {
        kind: fields.uint32(1),
        channel,
        transaction,
        channel_header,
        signature_header,
        data: payload.bytes(2),
    })
}

/// One endorsement: who, and the signature over what was endorsed and who.
pub(super) type Endorsement<'a> = (&'a [u8], &'a [u8]);

/// A transaction of this channel that is put together as peers demand. Whether enough endorsed it is another question, and
/// whether it was committed a third.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    /// Its id: 64 lower-case hex digits.
    pub(super) id: &'a str,
    /// What endorsers signed: a serialised `ProposalResponsePayload`.
    pub(super) response: &'a [u8],
    pub(super) endorsements: Vec<Endorsement<'a>>,
    pub(super) writes: Vec<NamespaceWrites<'a>>,
}

/// What a transaction writes in one namespace.
#[derive(Debug)]
pub(super) struct NamespaceWrites<'a> {
    pub(super) namespace: &'a str,
    pub(super) writes: Vec<Write<'a>>,
    /// Whether it gives keys policies of their own.
    pub(super) key_policies: bool,
    reads: Vec<(&'a str, Option<Version>)>,
}

impl NamespaceWrites<'_> {
    /// Whether it was made of this version of a key; `None` if it did not read the key. A transaction is committed only if what it
    /// was made of is still so by then.
    pub(super) fn is_made_of(&self, key: &str, version: Version) -> Option<bool> {
        self.reads.iter().find(|(read, _)| *read == key).map(|(_, came)| *came == Some(version))
    }
}

/// Block and transaction that wrote a key last.
pub(super) type Version = (u64, u64);

/// A serialised `KVRead`.
pub(super) fn read_key(bytes: &[u8]) -> Result<(&str, Option<Version>), WireFault> {
    let read = Message::read(bytes)?;
    let version = read.message(2)?.map(|version| (version.uint(1), version.uint(2)));
    Ok((read.string(1)?, version))
}

/// One write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write<'a> {
    /// Its place among the namespace's writes.
    pub(super) place: u64,
    pub(super) key: &'a str,
    pub(super) value: &'a [u8],
    pub(super) deleted: bool,
}

/// Reads an envelope's payload as a transaction of `channel`. `None`: it is something else, or so made that every peer counts it
/// as invalid (`validation/msgvalidation.go`, `txvalidator/v20/validator.go`).
pub(super) fn read<'a>(channel: &str, payload: &'a [u8]) -> Option<Transaction<'a>> {
    let opened = open(payload).ok()?;
    if opened.kind != HeaderType::EndorserTransaction as u64 || opened.channel != channel {
        return None;
    }
    transaction(&opened).ok().flatten()
}

fn transaction<'a>(opened: &Opened<'a>) -> Result<Option<Transaction<'a>>, WireFault> {
    let signature_header = Message::read(opened.signature_header)?;
    let (creator, nonce) = (signature_header.bytes(1), signature_header.bytes(2));
    if opened.transaction != transaction_id(creator, nonce) {
        return Ok(None);
    }
    let actions = Message::read(opened.data)?.repeated(1);
    let [action] = actions[..] else { return Ok(None) };
    let action = Message::read(action)?;
    // The proposal's own signature header. The payload's is compared with it nowhere: who submits may have added to it.
    let proposed = action.bytes(1);
    let action = Message::read(action.bytes(2))?;
    let proposal = action.bytes(1);
    let Some(endorsed) = action.message(2)? else { return Ok(None) };
    let response = endorsed.bytes(1);
    let fields = Message::read(response)?;
    if fields.bytes(1) != proposal_hash(opened.channel_header, proposed, proposal) {
        return Ok(None);
    }
    let endorsements = endorsed.repeated(2).into_iter().map(|endorsement| {
        let endorsement = Message::read(endorsement)?;
        Ok::<_, WireFault>((endorsement.bytes(1), endorsement.bytes(2)))
    });
    let endorsements = endorsements.collect::<Result<_, _>>()?;
    let results = Message::read(fields.bytes(2))?.bytes(1);
    let namespaces = Message::read(results)?.repeated(2).into_iter().map(namespace_writes);
    let writes = namespaces.collect::<Result<_, _>>()?;
    Ok(Some(Transaction { id: opened.transaction, response, endorsements, writes }))
}

/// SHA-256 of nonce ‖ creator (`protoutil.ComputeTxID`).
pub(super) fn transaction_id(creator: &[u8], nonce: &[u8]) -> String {
    const_hex::encode(sha256(&[nonce, creator]))
}

/// SHA-256 of channel header ‖ signature header ‖ proposal payload (`protoutil.GetProposalHash2`): nothing else in what endorsers
/// sign names the channel.
pub(super) fn proposal_hash(channel_header: &[u8], signature_header: &[u8], proposal: &[u8]) -> [u8; 32] {
    sha256(&[channel_header, signature_header, proposal])
}

fn namespace_writes(bytes: &[u8]) -> Result<NamespaceWrites<'_>, WireFault> {
    let fields = Message::read(bytes)?;
    let sets = Message::read(fields.bytes(2))?;
    let writes = (0..).zip(sets.repeated(3)).map(|(place, write)| {
        let write = Message::read(write)?;
        let (key, value) = (write.string(1)?, write.bytes(3));
        Ok::<_, WireFault>(Write { place, key, value, deleted: write.uint(2) != 0 })
    });
    let reads = sets.repeated(1).into_iter().map(read_key);
    Ok(NamespaceWrites {
        namespace: fields.string(1)?,
        reads: reads.collect::<Result<_, _>>()?,
        writes: writes.collect::<Result<_, _>>()?,
        key_policies: !sets.repeated(4).is_empty(),
    })
}
