//! What every Ethereum chain shares: tries, receipts, logs, and a gateway's events in them.

mod abi;
mod event;
mod receipt;
mod trie;

pub use abi::AbiFault;
pub use event::{EventContext, LogFault, decode_event, topic_of, topics};
pub use receipt::{
    Log, MAX_RECEIPTS, Receipt, ReceiptFault, encode_receipt, index_key, prove_events, prove_receipts,
};
pub use trie::{MAX_NODES, Node, TrieFault, lookup, prove, select};
