//! An island's parameters: which protocol and which way of carrying validators is in force at which height.

use causeway_protocol::{Address, Family, Hash, Reader, Writer};

use super::fault::{MAX_PERIOD, MAX_SCHEDULE};
use super::{ConfigFault, Protocol};
use crate::Refusal;

/// How the validators of a height are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The header lists the validators that seal it.
    Header,
    /// A contract's state lists those that seal the next header.
    Contract(ValidatorContract),
}

/// A contract that holds a chain's validators as `address[]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidatorContract {
    /// Where it is.
    pub address: Address,
    /// Hash of its code, pinned: other code may use its storage in another way.
    pub code_hash: Hash,
    /// Storage slot of the array's length; element i is in slot keccak(slot) + i.
    pub slot: Hash,
}

/// The parameters of an anchor, kept in every state that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The family; its protocol is the schedule's first.
    pub family: Family,
    /// Protocols and their first heights, ascending from 0.
    pub schedule: Vec<(u64, Protocol)>,
    /// Modes and their first heights, ascending from 0.
    pub modes: Vec<(u64, Mode)>,
    /// How long after the head's time the client still advances, seconds.
    pub trusting_period: u64,
    /// How far a header's time may lie ahead, seconds.
    pub clock_drift: u64,
}

fn at<T: Copy>(entries: &[(u64, T)], height: u64) -> Option<T> {
    entries.iter().rev().find(|(from, _)| *from <= height).map(|(_, entry)| *entry)
}

fn ascend<T>(entries: &[(u64, T)]) -> bool {
    (1..=MAX_SCHEDULE).contains(&entries.len())
        && entries[0].0 == 0
        && entries.is_sorted_by(|one, next| one.0 < next.0)
}

impl Config {
    /// One protocol and validators in headers, from the first height to the last.
    pub fn plain(family: Family, protocol: Protocol, trusting_period: u64, clock_drift: u64) -> Self {
        let (schedule, modes) = (vec![(0, protocol)], vec![(0, Mode::Header)]);
        Self { family, schedule, modes, trusting_period, clock_drift }
    }

    /// The protocol of a height.
    pub fn protocol(&self, height: u64) -> Protocol {
        at(&self.schedule, height).unwrap_or(self.schedule[0].1)
    }

    /// How the validators of a height are known.
    pub fn mode(&self, height: u64) -> Mode {
        at(&self.modes, height).unwrap_or(Mode::Header)
    }

    /// The contract that holds the validators of a height, if one does.
    pub fn contract(&self, height: u64) -> Option<ValidatorContract> {
        match self.mode(height) {
            Mode::Header => None,
            Mode::Contract(contract) => Some(contract),
        }
    }

    /// Refuses parameters that contradict themselves.
    pub fn check(&self) -> Result<(), ConfigFault> {
        if !ascend(&self.schedule) {
            return Err(ConfigFault::Heights("protocols"));
        }
        if !ascend(&self.modes) {
            return Err(ConfigFault::Heights("modes"));
        }
        let (expected, came) = (first_protocol(self.family), self.schedule[0].1);
        if expected != came {
            return Err(ConfigFault::FirstProtocol { expected, came });
        }
        for (from, mode) in &self.modes {
            if matches!(mode, Mode::Contract(_)) && self.protocol(*from) != Protocol::Qbft {
                return Err(ConfigFault::ContractWithoutQbft(*from));
            }
        }
        if !(1..=MAX_PERIOD).contains(&self.trusting_period) {
            return Err(ConfigFault::TrustingPeriod(self.trusting_period));
        }
        if self.clock_drift > MAX_PERIOD {
            return Err(ConfigFault::ClockDrift(self.clock_drift));
        }
        Ok(())
    }

    pub(super) fn encode(&self) -> Writer {
        let schedule = Writer::new().each(&self.schedule, |list, (from, protocol)| {
            list.list(&Writer::new().uint(*from).bytes(protocol.as_str().as_bytes()))
        });
        let modes = Writer::new().each(&self.modes, |list, (from, mode)| {
            let entry = Writer::new().uint(*from);
            list.list(&match mode {
                Mode::Header => entry,
                Mode::Contract(contract) => {
                    entry.bytes(&contract.address.0).bytes(&contract.code_hash.0).bytes(&contract.slot.0)
                }
            })
        });
        Writer::new()
            .bytes(self.family.as_str().as_bytes())
            .list(&schedule)
            .list(&modes)
            .uint(self.trusting_period)
            .uint(self.clock_drift)
    }

    pub(super) fn decode(family: Family, items: &mut Reader<'_>) -> Result<Self, Refusal> {
        expect_family(family, items)?;
        let schedule = items.list("schedule")?.each("schedule", MAX_SCHEDULE, |list| {
            let mut entry = list.list("schedule entry")?;
            let (from, name) = (entry.uint("from height")?, entry.text("protocol")?);
            entry.end("schedule entry")?;
            let unknown = || ConfigFault::UnknownProtocol(name.chars().take(40).collect());
            Ok::<_, Refusal>((from, Protocol::from_name(name).ok_or_else(unknown)?))
        })?;
        let modes = items.list("modes")?.each("modes", MAX_SCHEDULE, |list| {
            let mut entry = list.list("mode")?;
            let from = entry.uint("from height")?;
            if entry.is_empty() {
                return Ok((from, Mode::Header));
            }
            let contract = ValidatorContract {
                address: Address(entry.array("contract")?),
                code_hash: Hash(entry.array("code hash")?),
                slot: Hash(entry.array("slot")?),
            };
            entry.end("mode")?;
            Ok::<_, Refusal>((from, Mode::Contract(contract)))
        })?;
        let trusting_period = items.uint("trusting period")?;
        let clock_drift = items.uint("clock drift")?;
        let config = Self { family, schedule, modes, trusting_period, clock_drift };
        config.check()?;
        Ok(config)
    }
}

/// The protocol that a family's chains begin with.
fn first_protocol(family: Family) -> Protocol {
    match family {
        Family::Ibft2 => Protocol::Ibft2,
        Family::Ibft => Protocol::Ibft,
        _ => Protocol::Qbft,
    }
}

/// The next item has to name `family`.
pub(super) fn expect_family(family: Family, items: &mut Reader<'_>) -> Result<(), Refusal> {
    let name = items.text("family")?;
    let came: Family = name
        .parse()
        .map_err(|unknown: causeway_protocol::UnknownFamily| Refusal::UnknownFamily(unknown.0))?;
    if came == family { Ok(()) } else { Err(Refusal::WrongFamily { expected: family, came }) }
}
