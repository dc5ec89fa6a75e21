//! The lane of nonces of one account: which comes next, and what waits for a block under which.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use super::{Call, Fees};

/// The nonces of one account, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The next nonce; unknown before the first transaction and after a surprise.
    pub(super) next: Option<u64>,
    /// What was handed over and is in no block yet, as far as is known.
    pub(super) waiting: BTreeMap<u64, Waiting>,
}

/// A transaction that waits for a block.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) hash: B256,
    pub(super) call: Call,
    pub(super) fees: Fees,
}

impl Lane {
    /// The nonce after everything that waits.
    pub(super) fn after_waiting(&self) -> u64 {
        self.waiting.keys().next_back().map_or(0, |nonce| nonce + 1)
    }

    /// Takes in that `nonce` was refused with `message`; whether another nonce may do better.
    pub(super) fn recover(&mut self, nonce: u64, message: &str) -> bool {
        let message = message.to_lowercase();
        if message.contains("nonce too low")
            || message.contains("nonce is too low")
            || message.contains("too distant")
        {
            // Somebody else sends with this key, or the nodes forgot what waits: the chain knows.
            self.next = None;
            self.waiting.retain(|waiting, _| *waiting > nonce);
            return true;
        }
        if message.contains("replacement") || message.contains("underpriced") {
            self.next = Some(nonce + 1); // another transaction waits there
            return true;
        }
        false
    }
}

/// Whether a node refuses a transaction because it has it already.
pub(super) fn is_known(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("already known")
        || message.contains("known transaction")
        || message.contains("already imported")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Waiting {
        Waiting { hash: B256::ZERO, call: Call::default(), fees: Fees::Legacy { price: 0 } }
    }

    #[test]
    fn a_nonce_used_by_somebody_else_makes_the_lane_ask_the_chain() {
        let mut lane = Lane { next: Some(5), waiting: [(3, waiting()), (7, waiting())].into() };
        assert!(lane.recover(5, "Nonce too low"));
        assert_eq!((lane.next, lane.after_waiting()), (None, 8));
        assert_eq!(lane.waiting.len(), 1);
    }

    #[test]
    fn a_nonce_that_another_transaction_waits_under_is_left_to_it() {
        let mut lane = Lane { next: Some(5), ..Lane::default() };
        assert!(lane.recover(5, "replacement transaction underpriced"));
        assert_eq!(lane.next, Some(6));
    }

    #[test]
    fn other_refusals_are_not_about_the_nonce() {
        let mut lane = Lane { next: Some(5), ..Lane::default() };
        assert!(!lane.recover(5, "insufficient funds for gas * price + value"));
        assert_eq!(lane.next, Some(5));
    }

    #[test]
    fn nodes_say_in_several_ways_that_they_have_a_transaction() {
        for known in ["already known", "Known transaction", "Transaction already imported"] {
            assert!(is_known(known), "{known}");
        }
        assert!(!is_known("nonce too low"));
    }
}
