//! The client state: a head, the channel's configuration, and how far its gateways have come.

use causeway_protocol::{DecodeError, Family, GatewayId, Hash, Reader, Writer};

use super::evidence::{Definition, MAX_DEFINITIONS, decode_definitions, encode_definitions, expect_family};
use crate::bft::{ConfigFault, MAX_PERIOD};
use crate::client::VERSION;
use crate::{ClientState, Refusal};

/// Most gateways that a state counts for.
const MAX_GATEWAYS: usize = 1024;

/// A client state, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The channel.
    pub(super) channel: String,
    /// The serialised `common.Config` in force.
    pub(super) config: Vec<u8>,
    /// The number of the block it came in.
    pub(super) config_block: u64,
    pub(super) trusting_period: u64,
    /// Ascending by name.
    pub(super) definitions: Vec<Definition>,
    /// The open gateways and the number of each one's next event, ascending by id.
    pub(super) gateways: Vec<(GatewayId, u64)>,
    pub(super) height: u64,
    pub(super) hash: Hash,
    /// When the last evidence was recorded: Fabric's blocks carry no time.
    pub(super) time: u64,
    pub(super) frozen: bool,
}

impl State {
    pub(super) fn encode(&self) -> ClientState {
        let gateways = Writer::new().each(&self.gateways, |list, (gateway, next)| {
            list.list(&Writer::new().bytes(&gateway.0).uint(*next))
        });
        let bytes = Writer::new()
            .bytes(Family::Fabric.as_str().as_bytes())
            .bytes(self.channel.as_bytes())
            .bytes(&self.config)
            .uint(self.config_block)
            .uint(self.trusting_period)
            .list(&encode_definitions(&self.definitions))
            .list(&gateways)
            .uint(self.height)
            .bytes(&self.hash.0)
            .uint(self.time)
            .uint(self.frozen.into())
            .versioned(VERSION);
        ClientState { family: Family::Fabric, bytes }
    }

    pub(super) fn decode(state: &ClientState) -> Result<Self, Refusal> {
        if state.family != Family::Fabric {
            return Err(Refusal::WrongFamily { expected: Family::Fabric, came: state.family });
        }
        let mut items = Reader::versioned("client state", VERSION, &state.bytes)?;
        expect_family(&mut items)?;
        let channel = items.text("channel")?.to_owned();
        let (config, config_block) = (items.bytes("config")?.to_vec(), items.uint("config block")?);
        let trusting_period = check_trusting_period(items.uint("trusting period")?)?;
        let definitions = decode_definitions(items.list("definitions")?)?;
        let gateways = items.list("gateways")?.each("gateways", MAX_GATEWAYS, |list| {
            let mut items = list.list("gateway")?;
            let gateway = (GatewayId(items.array("gateway")?), items.uint("next number")?);
            items.end("gateway")?;
            Ok::<_, DecodeError>(gateway)
        })?;
        if !gateways.is_sorted_by(|one, next| one.0 < next.0) {
            let came = "out of order".to_owned();
            return Err(DecodeError::Value { what: "gateways", came }.into());
        }
        let (height, hash) = (items.uint("height")?, Hash(items.array("hash")?));
        let time = items.uint("time")?;
        let frozen = match items.uint("frozen")? {
            0 => false,
            1 => true,
            other => return Err(ConfigFault::Frozen(other).into()),
        };
        items.end("client state")?;
        Ok(Self {
            channel,
            config,
            config_block,
            trusting_period,
            definitions,
            gateways,
            height,
            hash,
            time,
            frozen,
        })
    }

    /// The trusting period counts from the last evidence: a client that missed it may have missed a change of members whose keys
    /// are worth nothing by now.
    pub(super) fn check_period(&self, now: u64) -> Result<(), Refusal> {
        let (head_time, trusting_period) = (self.time, self.trusting_period);
        if head_time.saturating_add(trusting_period) < now {
            return Err(Refusal::Expired { head_time, trusting_period, now });
        }
        Ok(())
    }

    pub(super) fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.name == name)
    }

    /// Takes in a definition that was committed. A new one that finds no room is not known.
    pub(super) fn define(&mut self, definition: Definition) {
        match self.definitions.binary_search_by(|known| known.name.cmp(&definition.name)) {
            Ok(place) => self.definitions[place] = definition,
            Err(place) if self.definitions.len() < MAX_DEFINITIONS => {
                self.definitions.insert(place, definition);
            }
            Err(_) => {}
        }
    }

    /// Knows the definition of `name` no more.
    pub(super) fn forget(&mut self, name: &str) {
        self.definitions.retain(|known| known.name != name);
    }

    /// The number of a gateway's next event, which is then counted. `None`: it is not open.
    pub(super) fn number(&mut self, gateway: GatewayId) -> Option<u64> {
        let place = self.gateways.binary_search_by_key(&gateway, |(known, _)| *known).ok()?;
        let next = &mut self.gateways[place].1;
        *next += 1;
        Some(*next - 1)
    }

    /// Whether a gateway's opening is proven.
    pub(super) fn is_open(&self, gateway: GatewayId) -> bool {
        self.gateways.binary_search_by_key(&gateway, |(known, _)| *known).is_ok()
    }

    /// Opens a gateway, which has event 1; `false` if it is open.
    pub(super) fn open(&mut self, gateway: GatewayId) -> bool {
        match self.gateways.binary_search_by_key(&gateway, |(known, _)| *known) {
            Ok(_) => false,
            Err(place) => {
                self.gateways.insert(place, (gateway, 2));
                true
            }
        }
    }
}

/// A trusting period that a client can have.
pub(super) fn check_trusting_period(seconds: u64) -> Result<u64, ConfigFault> {
    if (1..=MAX_PERIOD).contains(&seconds) { Ok(seconds) } else { Err(ConfigFault::TrustingPeriod(seconds)) }
}
