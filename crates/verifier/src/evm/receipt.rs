//! Receipts of one block, proven together, and the events in them.

use causeway_protocol::{Address, DecodeError, Hash, Reader, Writer};

use super::event::{EventContext, LogFault, decode_event};
use super::trie::{Node, TrieFault, prove};
use crate::{EventFact, HeaderFact};

/// Most receipts proven of one block.
pub const MAX_RECEIPTS: usize = 4096;
/// Topics a log can have at most.
const MAX_TOPICS: usize = 4;

/// Why receipts do not prove what they should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// Receipts where none are read.
    #[error("receipts where they prove nothing")]
    Useless,
    /// Transaction indices are not strictly ascending.
    #[error("transaction indices are not strictly ascending")]
    IndexOrder,
    /// The proof does not hold.
    #[error("receipt proof: {0}")]
    Proof(#[from] TrieFault),
    /// A proven receipt is not in a form that is known.
    #[error("receipt of transaction {transaction}: {fault}")]
    Malformed {
        /// The transaction's index.
        transaction: u64,
        /// What is wrong.
        fault: DecodeError,
    },
    /// A proven receipt is of a transaction that failed, so nothing in it happened.
    #[error("transaction {0} failed, so it emitted nothing")]
    Failed(u64),
    /// A proven receipt holds no event of a registered gateway, so it has no use.
    #[error("transaction {transaction} emitted no event of a registered gateway{}", because(.nearest.as_ref()))]
    NoEvent {
        /// The transaction's index.
        transaction: u64,
        /// Why the log that came nearest does not count.
        nearest: Option<LogFault>,
    },
}

fn because(nearest: Option<&LogFault>) -> String {
    nearest.map(|fault| format!(": {fault}")).unwrap_or_default()
}

impl ReceiptFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Useless => "receipts-useless",
            Self::IndexOrder => "receipt-index-order",
            Self::Proof(fault) => fault.code(),
            Self::Malformed { .. } => "receipt-malformed",
            Self::Failed(_) => "transaction-failed",
            Self::NoEvent { .. } => "receipt-without-event",
        }
    }
}

/// The parts of a receipt that matter here.
#[derive(Debug, Clone)]
pub struct Receipt<'a> {
    /// Whether the transaction succeeded. Receipts from before Byzantium do not say, so they do not count as success.
    pub success: bool,
    logs: Reader<'a>,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log<'a> {
    /// The contract that emitted it.
    pub address: Address,
    /// Up to four words.
    pub topics: Vec<Hash>,
    /// The rest.
    pub data: &'a [u8],
}

impl<'a> Receipt<'a> {
    /// Decodes a receipt as it stands in the trie: legacy, or a type byte (1 to 4) and the same list.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let list = match bytes {
            [1..=4, rest @ ..] => rest,
            [0..0xc0, ..] => {
                let came = format!("type {}, expected 1 to 4 or a list", bytes[0]);
                return Err(DecodeError::Value { what: "receipt", came });
            }
            _ => bytes,
        };
        let mut items = Reader::sole("receipt", list)?;
        let status = items.bytes("status")?;
        if !matches!(status, [] | [1]) && status.len() != 32 {
            return Err(DecodeError::Value { what: "status", came: format!("{} bytes", status.len()) });
        }
        items.uint("cumulative gas")?;
        items.array::<256>("bloom")?;
        let logs = items.list("logs")?;
        items.end("receipt")?;
        Ok(Self { success: status == [1], logs })
    }

    /// The logs, in order, decoded one by one; nothing follows a log that is malformed.
    ///
    /// Their number is not bounded, only the bytes they stand in are: whoever emits an event beside many small logs must not
    /// make it unprovable by that.
    pub fn logs(&self) -> impl Iterator<Item = Result<Log<'a>, DecodeError>> {
        let mut rest = Some(self.logs);
        core::iter::from_fn(move || {
            let logs = rest.as_mut().filter(|logs| !logs.is_empty())?;
            let log = logs.list("log").and_then(Log::decode);
            if log.is_err() {
                rest = None;
            }
            Some(log)
        })
    }
}

impl<'a> Log<'a> {
    fn decode(mut items: Reader<'a>) -> Result<Self, DecodeError> {
        let address = Address(items.array("log address")?);
        let topics =
            items.list("topics")?.each("topics", MAX_TOPICS, |topics| topics.array("topic").map(Hash))?;
        let data = items.bytes("log data")?;
        items.end("log")?;
        Ok(Self { address, topics, data })
    }
}

/// The key of a transaction's receipt in the trie: the RLP of its index.
pub fn index_key(index: u64) -> Vec<u8> {
    alloy_rlp::encode(index)
}

/// The receipts of the transactions `indices` (strictly ascending), in that order, proven by one multiproof.
pub fn prove_receipts<'a>(
    root: Hash,
    indices: &[u64],
    nodes: &[&'a [u8]],
) -> Result<Vec<&'a [u8]>, ReceiptFault> {
    if !indices.is_sorted_by(|one, next| one < next) {
        return Err(ReceiptFault::IndexOrder);
    }
    // Index 0 is the key 0x80, after those of 1 to 127: the trie's order is not the block's.
    let mut keyed: Vec<(Vec<u8>, usize)> =
        indices.iter().enumerate().map(|(place, index)| (index_key(*index), place)).collect();
    keyed.sort_unstable();
    let keys: Vec<&[u8]> = keyed.iter().map(|(key, _)| key.as_slice()).collect();
    let nodes: Vec<Node<'_>> = nodes.iter().map(|bytes| Node::new(bytes)).collect();
    let values = prove(root, &keys, &nodes)?;
    let mut receipts: Vec<&[u8]> = vec![&[]; indices.len()];
    for ((_, place), value) in keyed.iter().zip(values) {
        receipts[*place] = value;
    }
    Ok(receipts)
}

/// Every event of `gateways` in the proven receipts, in the chain's order. Each receipt has to be of a successful transaction
/// and to hold at least one.
pub fn prove_events(
    header: &HeaderFact,
    receipts_root: Hash,
    gateways: &[crate::Gateway],
    indices: &[u64],
    nodes: &[&[u8]],
) -> Result<Vec<EventFact>, ReceiptFault> {
    let context = EventContext { gateways, parent: header.parent };
    let receipts = prove_receipts(receipts_root, indices, nodes)?;
    let mut events = Vec::new();
    for (&transaction, bytes) in indices.iter().zip(receipts) {
        let malformed = |fault| ReceiptFault::Malformed { transaction, fault };
        let receipt = Receipt::decode(bytes).map_err(malformed)?;
        if !receipt.success {
            return Err(ReceiptFault::Failed(transaction));
        }
        let before = events.len();
        let mut nearest = None;
        for (log, entry) in (0..).zip(receipt.logs()) {
            let entry = entry.map_err(malformed)?;
            match decode_event(context, entry.address, &entry.topics, entry.data) {
                Ok(event) => events.push(EventFact {
                    height: header.height,
                    block: header.hash,
                    time: header.time,
                    transaction,
                    log,
                    event,
                }),
                Err(fault)
                    if matches!(nearest, None | Some(LogFault::NotAGateway(_) | LogFault::NotAnEvent)) =>
                {
                    nearest = Some(fault);
                }
                Err(_) => {}
            }
        }
        if events.len() == before {
            return Err(ReceiptFault::NoEvent { transaction, nearest });
        }
    }
    Ok(events)
}

/// The value of a receipt in the trie, from its parts: what nodes serve as JSON, put back into bytes.
pub fn encode_receipt(
    kind: u8,
    success: bool,
    cumulative_gas: u64,
    bloom: &[u8],
    logs: &[Log<'_>],
) -> Vec<u8> {
    let logs = Writer::new().each(logs, |list, log| {
        let topics = Writer::new().each(&log.topics, |list, topic| list.bytes(&topic.0));
        list.list(&Writer::new().bytes(&log.address.0).list(&topics).bytes(log.data))
    });
    let receipt = Writer::new().uint(success.into()).uint(cumulative_gas).bytes(bloom).list(&logs).finish();
    if kind == 0 { receipt } else { [&[kind], receipt.as_slice()].concat() }
}
