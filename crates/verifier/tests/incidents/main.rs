//! The incidents that took other bridges down, by the numbers of the design, for QBFT, IBFT 2.0 and IBFT.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod bounds;
mod events;
mod forks;
mod parts;
mod seals;
mod sets;
mod skips;
