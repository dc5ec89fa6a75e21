//! A packet's life: what may follow what.

use causeway_api::PacketState;
use causeway_protocol::AttestationKind;

/// How a packet ended on its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its receiver succeeded.
    Delivered,
    /// Its receiver failed.
    Failed,
    /// It can never be delivered.
    Expired,
}

/// What its sender was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// The result of its delivery.
    Result,
    /// That it expired.
    Expired,
    /// That its destination is dead.
    Void,
}

/// Something that happens to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketEvent {
    /// Enough attestors signed DELIVER.
    Attested,
    /// DELIVER must not be signed for now.
    Held,
    /// DELIVER may be signed again.
    Released,
    /// Its destination proved how it ended.
    Ended(Outcome),
    /// Its source proved that the sender was told.
    Settled(Settlement),
}

/// An event that contradicts an earlier one: the gateway that emitted it is at fault. The packet is disputed from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketRefusal {
    /// Two outcomes of one packet.
    #[error("the packet ended as {earlier:?}, now its gateway proves {came:?}")]
    TwoOutcomes {
        /// The one recorded.
        earlier: Outcome,
        /// The one that came.
        came: Outcome,
    },
    /// Settled twice, or not as it ended.
    #[error("the packet cannot be settled as {came:?} after {earlier:?} and {settled:?}")]
    Settlement {
        /// How it ended, if that is recorded.
        earlier: Option<Outcome>,
        /// How it was settled before.
        settled: Option<Settlement>,
        /// The settlement that came.
        came: Settlement,
    },
}

/// What is known of a packet whose `PacketSent` is recorded. Events of its two islands come in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PacketLife {
    /// Enough attestors signed DELIVER at some time.
    pub attested: bool,
    /// How it ended on its destination.
    pub outcome: Option<Outcome>,
    /// What its sender was told.
    pub settlement: Option<Settlement>,
    /// DELIVER must not be signed now.
    pub held: bool,
    /// Two events about it contradict each other.
    pub disputed: bool,
}

impl PacketLife {
    /// The life after `event`. The same event again changes nothing; one that contradicts an earlier one is refused.
    pub fn apply(self, event: PacketEvent) -> Result<Self, PacketRefusal> {
        match event {
            PacketEvent::Attested => Ok(Self { attested: true, ..self }),
            PacketEvent::Held => Ok(Self { held: true, ..self }),
            PacketEvent::Released => Ok(Self { held: false, ..self }),
            PacketEvent::Ended(came) => match self.outcome {
                Some(earlier) => Err(PacketRefusal::TwoOutcomes { earlier, came }),
                // The settlement was proven first: what follows has to agree with it.
                None if self.settlement.is_some_and(|settled| !settled.agrees(came)) => {
                    Err(PacketRefusal::Settlement {
                        earlier: Some(came),
                        settled: self.settlement,
                        came: self.settlement.unwrap_or(Settlement::Void),
                    })
                }
                None => Ok(Self { outcome: Some(came), ..self }),
            },
            PacketEvent::Settled(came) => {
                if self.settlement.is_some() || self.outcome.is_some_and(|outcome| !came.agrees(outcome)) {
                    let (earlier, settled) = (self.outcome, self.settlement);
                    return Err(PacketRefusal::Settlement { earlier, settled, came });
                }
                Ok(Self { settlement: Some(came), ..self })
            }
        }
    }

    /// The life once a contradiction was proven.
    pub fn dispute(self) -> Self {
        Self { disputed: true, ..self }
    }

    /// The state in the words of the interface. `packet_states.state` in the database says the same.
    pub fn state(self) -> PacketState {
        match self {
            Self { settlement: Some(Settlement::Result), .. } => PacketState::Settled,
            Self { settlement: Some(_), .. } => PacketState::Refunded,
            Self { disputed: true, .. } => PacketState::Held,
            Self { outcome: Some(Outcome::Delivered), .. } => PacketState::Delivered,
            Self { outcome: Some(Outcome::Failed), .. } => PacketState::Failed,
            Self { outcome: Some(Outcome::Expired), .. } => PacketState::Expired,
            Self { held: true, .. } => PacketState::Held,
            Self { attested: true, .. } => PacketState::Attested,
            _ => PacketState::Verified,
        }
    }
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Delivered, Self::Failed, Self::Expired].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl Settlement {
    /// Whether a packet that ended as `outcome` can be settled so. VOID says that no outcome was recorded.
    fn agrees(self, outcome: Outcome) -> bool {
        match self {
            Self::Result => matches!(outcome, Outcome::Delivered | Outcome::Failed),
            Self::Expired => outcome == Outcome::Expired,
            Self::Void => false,
        }
    }

    pub(crate) fn of(kind: AttestationKind) -> Option<Self> {
        match kind {
            AttestationKind::Result => Some(Self::Result),
            AttestationKind::Expired => Some(Self::Expired),
            AttestationKind::Void => Some(Self::Void),
            AttestationKind::Deliver | AttestationKind::Refuse => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Result, Self::Expired, Self::Void].into_iter().find(|settled| settled.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(events: &[PacketEvent]) -> Result<PacketLife, PacketRefusal> {
        events.iter().try_fold(PacketLife::default(), |life, event| life.apply(*event))
    }

    #[test]
    fn a_packet_goes_home_as_it_ended() {
        use PacketEvent::{Attested, Ended, Settled};
        for (outcome, settlement, state) in [
            (Outcome::Delivered, Settlement::Result, PacketState::Settled),
            (Outcome::Failed, Settlement::Result, PacketState::Settled),
            (Outcome::Expired, Settlement::Expired, PacketState::Refunded),
        ] {
            let life = after(&[Attested, Ended(outcome), Settled(settlement)]).unwrap();
            assert_eq!(life.state(), state);
            // The two islands are recorded independently.
            assert_eq!(after(&[Settled(settlement), Ended(outcome), Attested]).unwrap(), life);
        }
    }

    #[test]
    fn a_second_outcome_is_refused() {
        use PacketEvent::Ended;
        let refused = after(&[Ended(Outcome::Expired), Ended(Outcome::Delivered)]);
        let (earlier, came) = (Outcome::Expired, Outcome::Delivered);
        assert_eq!(refused, Err(PacketRefusal::TwoOutcomes { earlier, came }));
    }

    #[test]
    fn a_settlement_that_contradicts_the_outcome_is_refused_in_either_order() {
        use PacketEvent::{Ended, Settled};
        for (outcome, settlement) in [
            (Outcome::Delivered, Settlement::Expired),
            (Outcome::Expired, Settlement::Result),
            (Outcome::Failed, Settlement::Void),
        ] {
            assert!(after(&[Ended(outcome), Settled(settlement)]).is_err());
            assert!(after(&[Settled(settlement), Ended(outcome)]).is_err());
        }
        assert!(after(&[Settled(Settlement::Result), Settled(Settlement::Result)]).is_err());
    }

    #[test]
    fn holding_and_releasing_leaves_no_trace() {
        use PacketEvent::{Held, Released};
        assert_eq!(after(&[Held]).unwrap().state(), PacketState::Held);
        assert_eq!(after(&[Held, Released]), Ok(PacketLife::default()));
    }
}
