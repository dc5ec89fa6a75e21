//! How much gas a batch call is given: enough for every receiver to get its whole budget.
//!
//! Upper bounds, not measures: what is not used is not paid. A call is tried before it is sent, and too little is noticed
//! there.

use causeway_adapter::Statement;

use crate::calls::Action;

/// Every transaction.
const TRANSACTION: u64 = 21_000;
/// A byte of call data, none taken for zero.
const DATA_BYTE: u64 = 16;
/// Decoding, the lock, the head.
const CALL: u64 = 60_000;
/// Recovering one signer and looking it up.
const SIGNATURE: u64 = 10_000;
/// One item's own work: hashing, storage, its event.
const ITEM: u64 = 110_000;
/// A byte of payload or result: hashed, copied, logged.
const PAYLOAD_BYTE: u64 = 30;
/// What the gateway keeps back around a receiver's budget.
const RESERVE: u64 = 60_000 + 40_000;

/// Gas for one statement in a batch.
pub(crate) fn of_item(action: Action, statement: &Statement, callback_gas: u64) -> u64 {
    let bytes = statement.packet.payload.len() + statement.result.len() + 32 * statement.proof.path.len();
    let own = ITEM + PAYLOAD_BYTE * bytes as u64;
    own + match action {
        Action::Deliver => whole(statement.packet.budget) + RESERVE,
        Action::Expire(_) => 0,
        Action::Settle => whole(callback_gas) + RESERVE,
    }
}

/// Gas for a call of `data` with `items` gas for its items.
pub(crate) fn of_call(data: &[u8], signatures: usize, items: u64) -> u64 {
    TRANSACTION + DATA_BYTE * data.len() as u64 + CALL + SIGNATURE * signatures as u64 + items
}

/// What has to be left for a callee to get `budget`: all but a 64th is passed on.
fn whole(budget: u64) -> u64 {
    budget.saturating_add(budget / 63 + 1)
}

/// Bytes that one statement adds to call data, nearly.
pub(crate) fn bytes_of_item(statement: &Statement) -> usize {
    let packet = &statement.packet;
    let words = 24 + statement.proof.path.len();
    32 * words + packet.payload.len() + packet.sender.len() + packet.receiver.len() + statement.result.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callee_gets_its_whole_budget_of_what_is_kept_for_it() {
        for budget in [0, 1, 62, 63, 64, 30_000, 4_999_999, 5_000_000] {
            let left = whole(budget);
            assert!(left - left / 64 >= budget, "{budget}");
        }
    }
}
