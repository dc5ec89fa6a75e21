//! What a gateway's errors mean for whoever submits: done before, later, never, or otherwise.

use alloy_sol_types::SolError as _;
use causeway_evm_gateway::Gateway;

/// What an error selector means for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The packet has ended here before.
    Done,
    /// Nothing is wrong with the statement; it may be accepted later.
    Later,
    /// It cannot be delivered any more: it can expire.
    Expire,
    /// The callback needs more gas than a batch gives it: alone it gets all there is.
    Alone,
    /// The call needs more gas.
    MoreGas,
    /// It will not be accepted as it is.
    Never,
}

/// The meaning and name of an error, by its selector.
pub(crate) fn verdict(selector: [u8; 4]) -> (Verdict, &'static str) {
    macro_rules! table {
        ($($error:ident => $verdict:ident,)*) => {
            match selector {
                $(Gateway::$error::SELECTOR => (Verdict::$verdict, stringify!($error)),)*
                _ => (Verdict::Never, "an error not known here"),
            }
        };
    }
    table! {
        AlreadyFinal => Done,
        AlreadySettled => Done,

        NotOpened => Later,
        GatewayPaused => Later,
        Locked => Later,
        SourceBlocked => Later,
        WrongSequence => Later,
        NotPastTimeout => Later,

        PastTimeout => Expire,
        GatewayClosed => Expire,
        CallbackFailed => Alone,
        InsufficientGas => MoreGas,

        WrongEpoch => Never,
        BadCount => Never,
        BadIndex => Never,
        BadPath => Never,
        BadBatch => Never,
        TooFewSignatures => Never,
        BadSignature => Never,
        SignersNotAscending => Never,
        NotAttestor => Never,
        BudgetTooLarge => Never,
        BadKind => Never,
        WrongDestination => Never,
        WrongSource => Never,
        WrongLane => Never,
        UnknownPacket => Never,
        OutcomeNotEmpty => Never,
        NotVoidable => Never,
    }
}

/// The selector of revert data.
pub(crate) fn selector(data: &[u8]) -> Option<[u8; 4]> {
    data.first_chunk::<4>().copied()
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolInterface as _;

    use super::*;

    #[test]
    fn every_error_of_the_items_and_proofs_has_a_meaning() {
        // What only `open`, `send`, the owner's calls and the constructor say never meets a statement.
        let elsewhere = [
            Gateway::AlreadyOpened::SELECTOR,
            Gateway::AttestorsNotAscending::SELECTOR,
            Gateway::BadDestination::SELECTOR,
            Gateway::BadThreshold::SELECTOR,
            Gateway::BadTimeout::SELECTOR,
            Gateway::NoBirth::SELECTOR,
            Gateway::NotBlocked::SELECTOR,
            Gateway::NotOwner::SELECTOR,
            Gateway::NotPaused::SELECTOR,
            Gateway::NoticeMismatch::SELECTOR,
            Gateway::NoticeNotOver::SELECTOR,
            Gateway::PayloadTooLarge::SELECTOR,
            Gateway::ReceiverTooLong::SELECTOR,
            Gateway::TooManyAttestors::SELECTOR,
            Gateway::ZeroIsland::SELECTOR,
            Gateway::ZeroOwner::SELECTOR,
        ];
        for known in Gateway::GatewayErrors::selectors() {
            let listed = verdict(known).1 != "an error not known here";
            assert_eq!(
                listed,
                !elsewhere.contains(&known),
                "{:?}",
                Gateway::GatewayErrors::name_by_selector(known)
            );
        }
    }
}
