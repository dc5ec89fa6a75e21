//! Everything on a real Postgres. Facts come from made-up chains: whether they are true is the verifier's business, and tested
//! there.

mod attestations;
mod evidence;
mod faults;
mod history;
mod islands;
mod log;
mod misbehaviour;
mod order;
mod packets;
mod proof;
mod walks;
mod world;
