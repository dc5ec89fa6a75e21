//! Which receipts of a block evidence takes, when it cannot take all.
//!
//! Anybody may emit logs beside a gateway's event, in its transaction or its block, and logs are cheap: 8 gas for a byte. What
//! does not fit must not keep the head where it is, so it is left out here and filled in later, in parts.

use causeway_adapter::GatewayStanding;
use causeway_protocol::GatewayId;
use causeway_verifier::MAX_EVIDENCE;
use causeway_verifier::evm::{MAX_NODES, MAX_RECEIPTS};
use causeway_verifier::prover::{OwnedReceipts, prove_block};

use crate::events::events_of;
use crate::rpc::JsonReceipt;

/// Bytes of evidence that a run of one block may need beside its receipts: a header, 128 seals, a proof of 128 validators.
pub(crate) const BESIDE: usize = 1024 * 1024;
/// Bytes for the receipts of one block, wherever it stands.
pub(crate) const ROOM: usize = MAX_EVIDENCE - BESIDE;
/// Bytes that the path to one receipt can have beside it: six branches and the ends.
const PATH: usize = 4096;

/// Which events of a block are to be proven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Events of these gateways.
    pub(crate) gateways: &'a [GatewayStanding],
    /// Only those that are not recorded yet.
    pub(crate) missing_only: bool,
    /// How many bytes their proof may have in one block.
    pub(crate) room: usize,
}

/// An event whose receipt is larger than evidence can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// The event: its gateway and its number.
    pub(crate) event: (GatewayId, u64),
    /// Bytes of its receipt.
    pub(crate) size: usize,
}

/// What was chosen of a block's receipts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Transaction indices, ascending.
    pub(crate) indices: Vec<u64>,
    /// Whether wanted receipts are left out.
    pub(crate) partial: bool,
    /// What no evidence can take.
    pub(crate) too_large: Vec<TooLarge>,
}

impl Wanted<'_> {
    /// Wants nothing: headers alone.
    pub(crate) const NOTHING: Self = Self { gateways: &[], missing_only: false, room: 0 };

    fn wants(&self, (id, number): (GatewayId, u64)) -> bool {
        !self.missing_only
            || self.gateways.iter().any(|gateway| gateway.id == id && is_missing(gateway, number))
    }

    /// Chooses, in the block's order, of the receipts with wanted events those that fit. `bytes` are the receipts as they stand
    /// in the trie.
    pub(crate) fn choose(&self, receipts: &[JsonReceipt], bytes: &[Vec<u8>]) -> Choice {
        let (mut choice, mut left) = (Choice::default(), self.room);
        for ((index, receipt), bytes) in (0u64..).zip(receipts).zip(bytes) {
            let mut events = events_of(receipt, self.gateways);
            events.retain(|event| self.wants(*event));
            if events.is_empty() {
                continue;
            }
            let size = bytes.len();
            if size + PATH > self.room {
                choice.too_large.extend(events.into_iter().map(|event| TooLarge { event, size }));
                choice.partial = true;
            } else if size > left || choice.indices.len() == MAX_RECEIPTS {
                choice.partial = true;
            } else {
                left -= size;
                choice.indices.push(index);
            }
        }
        choice
    }

    /// Proves what was chosen; leaves more out if the proof turns out too large. One receipt alone always fits.
    pub(crate) fn prove(
        &self,
        bytes: &[Vec<u8>],
        mut choice: Choice,
    ) -> (causeway_protocol::Hash, OwnedReceipts, Choice) {
        loop {
            let (root, proof) = prove_block(bytes, &choice.indices);
            let size: usize = proof.nodes.iter().map(Vec::len).sum();
            if (size <= self.room && proof.nodes.len() <= MAX_NODES) || choice.indices.len() <= 1 {
                return (root, proof, choice);
            }
            choice.indices.truncate(choice.indices.len() * 7 / 8);
            choice.partial = true;
        }
    }
}

/// Whether the hub has recorded no event `number` of the gateway, as far as its standing tells.
pub(crate) fn is_missing(gateway: &GatewayStanding, number: u64) -> bool {
    let above = gateway.missing.last().map_or(gateway.number, |last| *last.end());
    number > above || gateway.missing.iter().any(|range| range.contains(&number))
}
