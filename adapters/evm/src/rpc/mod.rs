//! The island's nodes: JSON-RPC to each, and one view of all of them.

mod error;
mod json;
mod node;
mod nodes;

pub use error::{NodeError, RpcError};
pub(crate) use json::{JsonBlock, JsonLog, JsonProof, JsonReceipt, hex_quantity};
pub use node::Node;
pub use nodes::{Nodes, NodesError, NodesSettings};
