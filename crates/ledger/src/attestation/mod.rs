//! Attestations: statements to be signed, the batches they are signed in, the signatures, and what is ready for delivery.

mod attest;
mod batches;
mod deliveries;
mod holds;
mod leaves;
mod refusals;

pub use self::attest::{AttestRefusal, Attested, CheckedSignature};
pub(crate) use self::holds::{refresh_holds, rotate};
pub(crate) use self::leaves::{NewLeaf, insert_leaves, read as statement_of};
