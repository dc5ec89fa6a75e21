//! What the gateway chaincode's refusals mean for whoever submits: done before, later, never, or another item's fault.

/// What a refusal means for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The packet has ended here before.
    Done,
    /// Nothing is wrong with the statement; it may be accepted later.
    Later,
    /// It will not be accepted as it is.
    Never,
}

/// A refusal, in the chaincode's words: `code: packet 0x…: detail`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ChaincodeRefusal {
    /// Whether it was a chaincode that refused; else it was a peer, for reasons of its own.
    pub(crate) by_chaincode: bool,
    /// Its stable code, if it has one.
    pub(crate) code: Option<String>,
    /// The packet at fault, if the chaincode names one.
    pub(crate) packet: Option<[u8; 32]>,
}

/// How peers introduce what a chaincode said.
const SAID: &str = "chaincode response 500, ";

impl ChaincodeRefusal {
    /// Reads what the gateway service said.
    pub(crate) fn read(words: &str) -> Self {
        let Some((_, said)) = words.split_once(SAID) else { return Self::default() };
        let by_chaincode = true;
        let Some((code, detail)) = said.split_once(": ") else {
            return Self { by_chaincode, ..Self::default() };
        };
        let digits = detail.strip_prefix("packet 0x").and_then(|rest| rest.get(..64));
        let packet = digits.and_then(|digits| const_hex::decode_to_array(digits).ok());
        Self { by_chaincode, code: Some(code.into()), packet }
    }

    /// What it means. Where nobody but peers refused, it is their state: endorsers at different blocks, or too few of them.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.code.as_deref() {
            Some("already-final" | "already-settled") => Verdict::Done,
            Some(
                // Until REFUSE is signed, nothing can be done about a packet whose time is over.
                "past-timeout" | "closed" | "clock" | "not-opened" | "paused" | "source-blocked" | "wrong-sequence"
                // Applications have reasons of their own, and may change their minds.
                | "app-refused" | "bad-answer",
            )
            | None => Verdict::Later,
            Some(_) => Verdict::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_code_and_the_packet_at_fault() {
        let id = "ab".repeat(32);
        let words = format!(
            "status: Aborted; Org1MSP at p:1: chaincode response 500, already-final: packet 0x{id}: ended"
        );
        let refusal = ChaincodeRefusal::read(&words);
        assert_eq!(refusal.code.as_deref(), Some("already-final"));
        assert_eq!(refusal.packet, Some([0xab; 32]));
        assert_eq!(refusal.verdict(), Verdict::Done);
    }

    #[test]
    fn what_no_chaincode_said_may_pass() {
        for words in ["no combination of peers", "chaincode response 500, nothing that has a code", ""] {
            let refusal = ChaincodeRefusal::read(words);
            assert_eq!((refusal.code.as_deref(), refusal.packet), (None, None), "{words}");
            assert_eq!(refusal.by_chaincode, words.starts_with("chaincode"), "{words}");
            assert_eq!(refusal.verdict(), Verdict::Later);
        }
    }

    #[test]
    fn signatures_that_do_not_count_never_will() {
        let refusal = ChaincodeRefusal::read("chaincode response 500, wrong-epoch: packet 0x12: it is 3");
        assert_eq!((refusal.packet, refusal.verdict()), (None, Verdict::Never));
    }
}
