//! A gateway's life, as its own proven events say.

use causeway_api::GatewayState;
use causeway_protocol::{AttestorSet, GatewayEventKind};

/// Where a gateway is in its life. Events may be recorded out of order; what an older one says about the state changes nothing
/// any more once a newer one spoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayLife {
    /// Registered, open, paused or closed.
    pub state: GatewayState,
    /// The number of the event that led there; 0 before the first.
    pub state_number: u64,
    /// Suspended by the hub: its own events contradict each other.
    pub suspended: bool,
    /// Claimed under the owner that its `Opened` names, for this hub.
    pub proven: bool,
    /// The attestors in force; epoch 0 and nobody before the first event.
    pub attestors: AttestorSet,
}

/// An event that cannot come from a gateway in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayRefusal {
    /// Its first event is not proven.
    #[error("event {number} of a gateway whose Opened is not proven")]
    NotOpened {
        /// The event's number.
        number: u64,
    },
    /// The first event is not `Opened`, or a later one is.
    #[error("event {number}: Opened has to be number 1, and no other event may be")]
    OpenedElsewhere {
        /// The event's number.
        number: u64,
    },
}

impl Default for GatewayLife {
    fn default() -> Self {
        Self {
            state: GatewayState::Registered,
            state_number: 0,
            suspended: false,
            proven: false,
            attestors: AttestorSet { epoch: 0, threshold: 0, attestors: Vec::new() },
        }
    }
}

impl GatewayLife {
    /// Whether its `Opened` is proven.
    pub fn is_open(&self) -> bool {
        self.attestors.epoch > 0
    }

    /// Whether DELIVER may be signed to it and from it.
    pub fn delivers(&self) -> bool {
        self.is_open() && self.proven && !self.suspended && self.state != GatewayState::Paused
    }

    /// The state in the words of the interface: the hub's suspension covers what the gateway says itself.
    pub fn shown(&self) -> GatewayState {
        if self.suspended && self.state != GatewayState::Closed {
            GatewayState::Suspended
        } else {
            self.state
        }
    }

    /// The life after its event `number`.
    pub fn apply(mut self, number: u64, event: &GatewayEventKind) -> Result<Self, GatewayRefusal> {
        let opens = matches!(event, GatewayEventKind::Opened { .. });
        if opens != (number == 1) {
            return Err(GatewayRefusal::OpenedElsewhere { number });
        }
        if !opens && !self.is_open() {
            return Err(GatewayRefusal::NotOpened { number });
        }
        let state = match event {
            GatewayEventKind::Opened { attestors, .. } => {
                self.adopt(attestors);
                Some(GatewayState::Open)
            }
            GatewayEventKind::Unpaused => Some(GatewayState::Open),
            GatewayEventKind::Paused => Some(GatewayState::Paused),
            GatewayEventKind::Closed => Some(GatewayState::Closed),
            GatewayEventKind::AttestorsRotated(attestors) => {
                self.adopt(attestors);
                None
            }
            _ => None,
        };
        if let Some(state) = state
            && number > self.state_number
            && self.state != GatewayState::Closed
        {
            self.state = state;
            self.state_number = number;
        }
        // Closing is final, whatever was recorded before it.
        if state == Some(GatewayState::Closed) {
            self.state = GatewayState::Closed;
        }
        Ok(self)
    }

    /// Only the newest set counts.
    fn adopt(&mut self, attestors: &AttestorSet) {
        if attestors.epoch > self.attestors.epoch {
            self.attestors = attestors.clone();
        }
    }
}

/// The state's name in the database.
pub(crate) fn name(state: GatewayState) -> &'static str {
    match state {
        GatewayState::Registered => "registered",
        GatewayState::Open => "open",
        GatewayState::Paused => "paused",
        GatewayState::Closed => "closed",
        GatewayState::Suspended => "suspended",
    }
}

pub(crate) fn parse(text: &str) -> Option<GatewayState> {
    [GatewayState::Registered, GatewayState::Open, GatewayState::Paused, GatewayState::Closed]
        .into_iter()
        .find(|state| name(*state) == text)
}

#[cfg(test)]
mod tests {
    use causeway_protocol::{Address, HubId, IslandId};

    use super::*;

    fn set(epoch: u64) -> AttestorSet {
        AttestorSet { epoch, threshold: 1, attestors: vec![Address([1; 20])] }
    }

    fn opened() -> GatewayEventKind {
        GatewayEventKind::Opened {
            island: IslandId([1; 32]),
            hub: HubId([2; 32]),
            owner: Address([3; 20]),
            attestors: set(1),
        }
    }

    fn after(events: &[(u64, GatewayEventKind)]) -> Result<GatewayLife, GatewayRefusal> {
        events.iter().try_fold(GatewayLife::default(), |life, (number, event)| life.apply(*number, event))
    }

    #[test]
    fn nothing_counts_before_the_opening() {
        assert_eq!(after(&[(2, GatewayEventKind::Beat)]), Err(GatewayRefusal::NotOpened { number: 2 }));
        assert_eq!(after(&[(1, GatewayEventKind::Beat)]), Err(GatewayRefusal::OpenedElsewhere { number: 1 }));
        assert_eq!(after(&[(2, opened())]), Err(GatewayRefusal::OpenedElsewhere { number: 2 }));
        assert!(after(&[(1, opened()), (2, GatewayEventKind::Beat)]).unwrap().is_open());
    }

    #[test]
    fn an_older_event_recorded_late_changes_nothing() {
        let (pause, unpause) = (GatewayEventKind::Paused, GatewayEventKind::Unpaused);
        let late = after(&[(1, opened()), (3, unpause.clone()), (2, pause.clone())]).unwrap();
        assert_eq!(late, after(&[(1, opened()), (2, pause), (3, unpause)]).unwrap());
        assert_eq!(late.state, GatewayState::Open);
        let rotated = |epoch| GatewayEventKind::AttestorsRotated(set(epoch));
        let late = after(&[(1, opened()), (3, rotated(3)), (2, rotated(2))]).unwrap();
        assert_eq!(late.attestors.epoch, 3);
    }

    #[test]
    fn closing_is_final() {
        let life = after(&[(1, opened()), (2, GatewayEventKind::Closed), (3, GatewayEventKind::Unpaused)]);
        assert_eq!(life.unwrap().state, GatewayState::Closed);
    }
}
