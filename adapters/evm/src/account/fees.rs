//! What transactions pay.

use alloy_primitives::{U128, U256};
use serde_json::json;

use crate::rpc::{JsonBlock, Nodes, RpcError};

/// What a unit of gas is paid with, in wei. Where the chain has a base fee, it is paid on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// Always this much; 0 on chains free of gas.
    Fixed(u128),
    /// What a node suggests.
    Suggested,
}

/// The fees of one transaction, in wei per unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fees {
    /// A chain without a base fee.
    Legacy { price: u128 },
    /// A chain with one (EIP-1559).
    Dynamic { most: u128, tip: u128 },
}

impl Fees {
    /// The fees for a transaction sent now.
    pub(super) async fn now(nodes: &Nodes, price: Price) -> Result<Self, RpcError> {
        let block: JsonBlock = nodes.call("eth_getBlockByNumber", json!(["latest", false])).await?;
        let suggested =
            async |method| Ok::<u128, RpcError>(nodes.call::<U128>(method, json!([])).await?.to());
        let Some(base) = block.base_fee_per_gas else {
            let price = match price {
                Price::Fixed(price) => price,
                Price::Suggested => suggested("eth_gasPrice").await?,
            };
            return Ok(Self::Legacy { price });
        };
        let tip = match price {
            Price::Fixed(tip) => tip,
            Price::Suggested => suggested("eth_maxPriorityFeePerGas").await?,
        };
        // Twice the base fee lasts six full blocks of the steepest rise.
        let most = base.saturating_mul(U256::from(2)).saturating_to::<u128>().saturating_add(tip);
        Ok(Self::Dynamic { most, tip })
    }

    /// Fees at which nodes let a transaction take the place of one with these: an eighth higher, or as high as `now`.
    /// Where nothing is paid, nothing is raised: the same transaction is sent again.
    pub(super) fn raised(self, now: Self) -> Self {
        let raise = |fee: u128| fee.saturating_add(fee.div_ceil(8));
        match (self, now) {
            (Self::Legacy { price }, Self::Legacy { price: now }) => {
                Self::Legacy { price: raise(price).max(now) }
            }
            (Self::Dynamic { most, tip }, Self::Dynamic { most: now_most, tip: now_tip }) => {
                Self::Dynamic { most: raise(most).max(now_most), tip: raise(tip).max(now_tip) }
            }
            (_, now) => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raise_is_at_least_an_eighth_and_never_below_what_is_asked_now() {
        let legacy = |price| Fees::Legacy { price };
        assert_eq!(legacy(1000).raised(legacy(1)), legacy(1125));
        assert_eq!(legacy(1000).raised(legacy(5000)), legacy(5000));
        assert_eq!(legacy(0).raised(legacy(0)), legacy(0));
        let fees = Fees::Dynamic { most: 80, tip: 1 };
        assert_eq!(fees.raised(fees), Fees::Dynamic { most: 90, tip: 2 });
        assert_eq!(legacy(7).raised(fees), fees);
    }
}
