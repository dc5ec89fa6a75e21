//! `extraData` of a header: the validators, a vote, the round and the seals, in three protocols' forms.
//!
//! Sources: Besu `QbftExtraDataCodec` and `IbftExtraDataCodec`; GoQuorum `core/types/istanbul.go`.

use causeway_protocol::{Address, DecodeError, Reader, Writer};

use super::{MAX_VALIDATORS, Protocol};

/// Length of a seal as nodes store it: r ‖ s ‖ v.
pub const RAW_SEAL: usize = 65;

/// A validator's proposal to change the validator set, carried by the header it proposes (QBFT, IBFT 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// Whom it is about.
    pub recipient: Address,
    /// Add to the set, or drop from it.
    pub add: bool,
}

/// The parts of a header's `extraData`.
///
/// ```
/// use causeway_verifier::bft::{ExtraData, ExtraForm, Protocol};
///
/// let extra = ExtraData { round: 1, seals: vec![[7; 65]], ..ExtraData::default() };
/// let bytes = extra.encode(Protocol::Qbft, ExtraForm::Sealed);
/// assert_eq!(ExtraData::decode(Protocol::Qbft, &bytes).unwrap(), extra);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExtraData {
    /// 32 bytes without a meaning.
    pub vanity: [u8; 32],
    /// The validators that seal this header, as listed; empty in contract mode.
    pub validators: Vec<Address>,
    /// A vote on the set (QBFT, IBFT 2.0).
    pub vote: Option<Vote>,
    /// The round in which the block was sealed (QBFT, IBFT 2.0; 0 in IBFT).
    pub round: u32,
    /// The proposer's own seal (IBFT), part of the block hash; empty in a genesis block.
    pub proposer_seal: Vec<u8>,
    /// Commit seals, r ‖ s ‖ v each, as nodes store them.
    pub seals: Vec<[u8; RAW_SEAL]>,
}

/// What an `extraData` is encoded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraForm {
    /// As nodes store it.
    Sealed,
    /// As evidence carries it: sealed, with the commit seals taken out.
    Evidence,
    /// As it enters the digest that commit seals sign. (IBFT seals sign a digest of the block hash instead: there this is
    /// the form of the block hash.)
    Digest,
    /// As it enters the block hash.
    BlockHash,
}

impl ExtraData {
    /// Decodes the form that nodes store, or the evidence form, which is the same without seals.
    pub fn decode(protocol: Protocol, bytes: &[u8]) -> Result<Self, DecodeError> {
        match protocol {
            Protocol::Ibft => Self::decode_ibft(bytes),
            Protocol::Qbft | Protocol::Ibft2 => Self::decode_five_items(protocol, bytes),
        }
    }

    fn decode_ibft(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Some((vanity, rest)) = bytes.split_first_chunk::<32>() else {
            return Err(DecodeError::Length { what: "vanity", expected: 32, came: bytes.len() });
        };
        let mut items = Reader::sole("extra data", rest)?;
        let validators = addresses(&mut items)?;
        let proposer_seal = items.bytes("proposer seal")?.to_vec();
        if !matches!(proposer_seal.len(), 0 | RAW_SEAL) {
            let came = proposer_seal.len();
            return Err(DecodeError::Length { what: "proposer seal", expected: RAW_SEAL, came });
        }
        let seals = seals(&mut items)?;
        items.end("extra data")?;
        Ok(Self { vanity: *vanity, validators, vote: None, round: 0, proposer_seal, seals })
    }

    fn decode_five_items(protocol: Protocol, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut items = Reader::sole("extra data", bytes)?;
        let vanity = items.array("vanity")?;
        let validators = addresses(&mut items)?;
        let vote = decode_vote(protocol, items.raw("vote")?)?;
        let round = if protocol == Protocol::Ibft2 {
            u32::from_be_bytes(items.array("round")?)
        } else {
            let round = items.uint("round")?;
            u32::try_from(round).map_err(|_| DecodeError::Value {
                what: "round",
                came: format!("{round}, expected 32 bits"),
            })?
        };
        let seals = seals(&mut items)?;
        items.end("extra data")?;
        Ok(Self { vanity, validators, vote, round, proposer_seal: Vec::new(), seals })
    }

    /// Encodes in the given form.
    pub fn encode(&self, protocol: Protocol, form: ExtraForm) -> Vec<u8> {
        let seals: &[_] = if form == ExtraForm::Sealed { &self.seals } else { &[] };
        if protocol == Protocol::Ibft {
            let list = Writer::new()
                .list(&strings(&self.validators))
                .bytes(&self.proposer_seal)
                .list(&strings(seals));
            let mut out = self.vanity.to_vec();
            out.extend_from_slice(&list.finish());
            return out;
        }
        let three = Writer::new()
            .bytes(&self.vanity)
            .list(&strings(&self.validators))
            .raw(&encode_vote(protocol, self.vote));
        let round = self.round.to_be_bytes();
        match (protocol, form) {
            (Protocol::Ibft2, ExtraForm::BlockHash) => three.finish(),
            (Protocol::Ibft2, ExtraForm::Digest) => three.bytes(&round).finish(),
            (Protocol::Ibft2, _) => three.bytes(&round).list(&strings(seals)).finish(),
            (_, ExtraForm::BlockHash) => three.uint(0).list(&strings(seals)).finish(),
            _ => three.uint(self.round.into()).list(&strings(seals)).finish(),
        }
    }
}

fn addresses(items: &mut Reader<'_>) -> Result<Vec<Address>, DecodeError> {
    items.list("validators")?.each("validators", MAX_VALIDATORS, |list| list.array("validator").map(Address))
}

fn seals(items: &mut Reader<'_>) -> Result<Vec<[u8; RAW_SEAL]>, DecodeError> {
    items.list("seals")?.each("seals", MAX_VALIDATORS, |list| list.array("seal"))
}

fn strings<T: AsRef<[u8]>>(items: &[T]) -> Writer {
    Writer::new().each(items, |list, item| list.bytes(item.as_ref()))
}

/// No vote: an empty list in QBFT, an empty string in IBFT 2.0. A vote to drop: an empty string in QBFT, a zero byte in
/// IBFT 2.0.
fn encode_vote(protocol: Protocol, vote: Option<Vote>) -> Vec<u8> {
    let Some(vote) = vote else {
        return vec![if protocol == Protocol::Ibft2 { 0x80 } else { 0xc0 }];
    };
    let kind: &[u8] = match (vote.add, protocol) {
        (true, _) => &[0xff],
        (false, Protocol::Ibft2) => &[0x00],
        (false, _) => &[],
    };
    Writer::new().bytes(vote.recipient.as_ref()).bytes(kind).finish()
}

fn decode_vote(protocol: Protocol, item: &[u8]) -> Result<Option<Vote>, DecodeError> {
    if item == encode_vote(protocol, None) {
        return Ok(None);
    }
    let mut items = Reader::sole("vote", item)?;
    let recipient = Address(items.array("vote recipient")?);
    items.bytes("vote kind")?;
    items.end("vote")?;
    [true, false]
        .map(|add| Vote { recipient, add })
        .into_iter()
        .find(|vote| item == encode_vote(protocol, Some(*vote)))
        .map(Some)
        .ok_or_else(|| DecodeError::Value { what: "vote", came: "neither to add nor to drop".into() })
}
