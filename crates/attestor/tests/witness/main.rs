//! An attestor in front of a hub that is honest, and in front of one that lies in every way it can.

#![allow(clippy::unwrap_used)] // a test may panic

mod hub;
mod stage;
mod world;

mod contradictions;
mod fabric;
mod honest;
mod impostors;
mod lies;
mod overdue;
mod past;
mod payload;
mod restart;
