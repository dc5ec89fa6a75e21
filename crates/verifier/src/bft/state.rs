//! The client state: a head, its validators, and the parameters it goes on with.

use causeway_protocol::{Family, Hash, Reader};

use super::config::Config;
use super::{ConfigFault, ValidatorSet};
use crate::client::VERSION;
use crate::{ClientState, Refusal, Summary};

/// Where a client stands on its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) height: u64,
    pub(crate) hash: Hash,
    pub(crate) time: u64,
    pub(crate) state_root: Hash,
    /// If the next height is in contract mode: those proven to seal it. Else those that sealed the head.
    pub(crate) validators: ValidatorSet,
}

/// A client state, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) head: Head,
    pub(crate) frozen: bool,
}

impl State {
    pub(crate) fn encode(&self) -> ClientState {
        let bytes = self
            .config
            .encode()
            .uint(self.head.height)
            .bytes(&self.head.hash.0)
            .uint(self.head.time)
            .bytes(&self.head.state_root.0)
            .list(&self.head.validators.encode())
            .uint(self.frozen.into())
            .versioned(VERSION);
        ClientState { family: self.config.family, bytes }
    }

    pub(crate) fn decode(family: Family, state: &ClientState) -> Result<Self, Refusal> {
        if state.family != family {
            return Err(Refusal::WrongFamily { expected: family, came: state.family });
        }
        let mut items = Reader::versioned("client state", VERSION, &state.bytes)?;
        let config = Config::decode(family, &mut items)?;
        let height = items.uint("height")?;
        let hash = Hash(items.array("hash")?);
        let time = items.uint("time")?;
        let state_root = Hash(items.array("state root")?);
        let validators = ValidatorSet::decode(items.list("validators")?)?
            .map_err(|fault| Refusal::Set { height, fault })?;
        let frozen = match items.uint("frozen")? {
            0 => false,
            1 => true,
            other => return Err(ConfigFault::Frozen(other).into()),
        };
        items.end("client state")?;
        Ok(Self { config, head: Head { height, hash, time, state_root, validators }, frozen })
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            height: self.head.height,
            hash: self.head.hash,
            time: self.head.time,
            trusting_period: self.config.trusting_period,
            clock_drift: self.config.clock_drift,
            validators: self.head.validators.addresses().map(|address| address.0.to_vec()).collect(),
            frozen: self.frozen,
        }
    }

    /// The trusting period counts from the head's time: a client that missed it may have missed a change of validators whose keys
    /// are worth nothing by now.
    pub(crate) fn check_period(&self, now: u64) -> Result<(), Refusal> {
        let (head_time, trusting_period) = (self.head.time, self.config.trusting_period);
        if head_time.saturating_add(trusting_period) < now {
            return Err(Refusal::Expired { head_time, trusting_period, now });
        }
        Ok(())
    }
}
