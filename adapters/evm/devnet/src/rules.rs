//! What a chain's genesis fixes for good: its id, its fork, its gas.

use revm::primitives::hardfork::SpecId;

/// The EVM's rules, and with them the shape of headers and the kinds of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hardfork {
    /// 15 header fields, legacy transactions only.
    Istanbul,
    /// 15 header fields; access-list transactions (type 1) too. The newest rules that GoQuorum has.
    Berlin,
    /// 16 header fields: a base fee, which here never moves; fee-market transactions (type 2) too.
    London,
    /// 17 header fields: an empty list of withdrawals; PUSH0.
    Shanghai,
}

impl Hardfork {
    pub(crate) fn spec(self) -> SpecId {
        match self {
            Self::Istanbul => SpecId::ISTANBUL,
            Self::Berlin => SpecId::BERLIN,
            Self::London => SpecId::LONDON,
            Self::Shanghai => SpecId::SHANGHAI,
        }
    }

    /// The highest transaction type (EIP-2718) that this fork knows.
    pub(crate) fn highest_transaction_type(self) -> u8 {
        match self {
            Self::Istanbul => 0,
            Self::Berlin => 1,
            Self::London | Self::Shanghai => 2,
        }
    }
}

/// The constants of one chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) chain_id: u64,
    pub(crate) hardfork: Hardfork,
    pub(crate) gas_limit: u64,
    /// Wei per gas, constant, from London on; zero is a gas-free network, as enterprises run them.
    pub(crate) base_fee: u64,
}

impl Rules {
    /// The base fee of a header, where the fork has one.
    pub(crate) fn header_base_fee(&self) -> Option<u64> {
        (self.hardfork >= Hardfork::London).then_some(self.base_fee)
    }

    /// Wei per gas that every transaction has to offer.
    pub(crate) fn price_floor(&self) -> u64 {
        self.header_base_fee().unwrap_or(0)
    }
}
