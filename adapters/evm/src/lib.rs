//! The adapter for EVM islands: QBFT, IBFT 2.0 and IBFT chains of Besu and GoQuorum.
