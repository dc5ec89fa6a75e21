//! Policies: who has to sign.

/// One signature as a policy judges it.
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    /// A serialised `msp.SerializedIdentity`.
    pub identity: &'a [u8],
    /// The signed message, in parts, in order.
    pub message: Vec<&'a [u8]>,
    /// ASN.1 DER.
    pub signature: &'a [u8],
}

/// A policy, resolved.
#[derive(Debug, Clone)]
pub struct Policy {}

/// A policy that cannot be read, or that signatures do not satisfy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// No policy by this path.
    #[error("the channel has no policy {0}")]
    Unknown(String),
}

impl PolicyFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "policy-unknown",
        }
    }
}
