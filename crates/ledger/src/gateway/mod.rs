//! Gateways: where each is in its life, and where the recording of its events stands.

mod life;

use causeway_protocol::{Address, AttestorSet, GatewayId, IslandId};

pub use self::life::{GatewayLife, GatewayRefusal};
pub(crate) use self::life::{name as state_name, parse as parse_state};
use crate::LedgerError;
use crate::column::Uint;

/// A gateway with everything the ledger keeps of its present.
#[derive(Debug, Clone)]
pub(crate) struct GatewayRow {
    pub(crate) id: GatewayId,
    pub(crate) island: IslandId,
    pub(crate) address: Vec<u8>,
    /// As its `Opened` says; of one that is not open, as somebody claims.
    pub(crate) owner: Option<Address>,
    pub(crate) life: GatewayLife,
    pub(crate) cursor: Cursor,
}

/// Where the recording of a gateway's events stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The last number up to which every event is recorded.
    pub(crate) number: u64,
    /// The height of that event.
    pub(crate) height: u64,
    /// The highest number recorded.
    pub(crate) highest: u64,
}

impl GatewayRow {
    /// A row of `gateways` joined with `gateway_states`.
    #[allow(clippy::too_many_arguments)] // one per column
    pub(crate) fn read(
        id: GatewayId,
        island: IslandId,
        (address, owner): (Vec<u8>, Option<Address>),
        state: &str,
        state_number: Uint,
        (suspended, proven): (bool, bool),
        (epoch, threshold, attestors): (Uint, i16, Vec<Address>),
        (number, height, highest): (Uint, Uint, Uint),
    ) -> Result<Self, LedgerError> {
        let threshold = u8::try_from(threshold).map_err(|_| LedgerError::corrupt("threshold", threshold))?;
        let life = GatewayLife {
            state: parse_state(state).ok_or_else(|| LedgerError::corrupt("gateway state", state))?,
            state_number: state_number.0,
            suspended,
            proven,
            attestors: AttestorSet { epoch: epoch.0, threshold, attestors },
        };
        let cursor = Cursor { number: number.0, height: height.0, highest: highest.0 };
        Ok(Self { id, island, address, owner, life, cursor })
    }
}
