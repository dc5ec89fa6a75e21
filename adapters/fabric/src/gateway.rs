//! Calls of the gateway chaincode that an island's owner makes once, and relayers make for everybody.

use core::time::Duration;
use std::collections::BTreeMap;
use std::time::Instant;

use causeway_adapter::AdapterError;
use causeway_protocol::{Address, GatewayId, Hash, HubId, IslandId};
use causeway_verifier::fabric::sha256;
use futures::StreamExt as _;
use serde::Deserialize;

use crate::{Committed, Peers, TransactError};

/// How long peers may take to learn of each other's chaincodes.
const GOSSIP: Duration = Duration::from_secs(30);
/// Between two looks whether they have.
const POLL: Duration = Duration::from_millis(200);
/// How many packets one transaction numbers at most.
const MOST_NUMBERED: usize = 512;
/// How many lanes are numbered at once.
const MOST_LANES: usize = 8;

/// How a gateway is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The island it is on.
    pub island: IslandId,
    /// The hub it works with.
    pub hub: HubId,
    /// The key whose signature the owner's acts need.
    pub owner: Address,
    /// How many attestors have to sign.
    pub threshold: u8,
    /// The attestors, ascending.
    pub attestors: Vec<Address>,
}

/// A gateway that was opened, as it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedGateway {
    /// Its id.
    pub id: GatewayId,
    /// What its id follows from, beside island and name: SHA-256 of the opening transaction's id.
    pub birth: Hash,
}

/// What a gateway says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayState {
    /// Its id.
    pub gateway: GatewayId,
    /// The island it was opened for.
    pub island: IslandId,
    /// Its owner.
    pub owner: Address,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether it is closed for good.
    pub closed: bool,
}

/// A packet that was sent and has no sequence yet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Waiting {
    key: String,
    lane: String,
}

#[derive(Debug, Deserialize)]
struct Pending {
    pending: Vec<Waiting>,
}

impl Peers {
    /// Opens the gateway that the chaincode `name` is. Answers its id. Peers learn of each other's chaincodes by gossip, so just
    /// after a deployment this takes a few seconds.
    pub async fn open_gateway(&self, name: &str, opening: &Opening) -> Result<OpenedGateway, TransactError> {
        let Opening { island, hub, owner, threshold, attestors } = opening;
        let texts = [island.to_string(), hub.to_string(), owner.to_string(), threshold.to_string()];
        let attestors = attestors.iter().map(Address::to_string);
        let arguments: Vec<Vec<u8>> = texts.into_iter().chain(attestors).map(String::into_bytes).collect();
        let start = Instant::now();
        let opened = loop {
            match self.transact(name, "open", &arguments).await {
                Err(TransactError::Unready(_)) if start.elapsed() < GOSSIP => {
                    tokio::time::sleep(POLL).await;
                }
                Err(error) => return Err(error),
                Ok(committed) => break committed,
            }
        };
        let birth = Hash(sha256(&[opened.transaction.as_bytes()]));
        Ok(OpenedGateway { id: self.gateway_state(name).await?.gateway, birth })
    }

    /// What the gateway `name` says of itself.
    pub async fn gateway_state(&self, name: &str) -> Result<GatewayState, TransactError> {
        let answer = self.evaluate(name, "state", &[]).await?;
        read("a gateway's state", &answer)
    }

    /// Gives the packets that wait at the gateway `name` their sequences, lane by lane, several lanes at once. Answers how many
    /// got theirs; those that somebody else numbered meanwhile are not ours.
    pub(crate) async fn number_waiting(&self, name: &str) -> Result<usize, TransactError> {
        let answer = self.evaluate(name, "pending", &[]).await?;
        let Pending { pending } = read("waiting packets", &answer)?;
        let mut lanes: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for Waiting { key, lane } in pending {
            lanes.entry(lane).or_default().push(key.into_bytes());
        }
        let numbered = lanes.into_iter().map(|(lane, keys)| self.number_lane(name, lane, keys));
        let mut numbered = futures::stream::iter(numbered).buffer_unordered(MOST_LANES);
        let mut count = 0;
        while let Some(lane) = numbered.next().await {
            count += lane?;
        }
        Ok(count)
    }

    /// Gives packets of one lane their sequences, in this order.
    async fn number_lane(
        &self,
        name: &str,
        lane: String,
        keys: Vec<Vec<u8>>,
    ) -> Result<usize, TransactError> {
        let mut numbered = 0;
        for keys in keys.chunks(MOST_NUMBERED) {
            let arguments: Vec<Vec<u8>> =
                core::iter::once(lane.clone().into_bytes()).chain(keys.iter().cloned()).collect();
            match self.transact(name, "number", &arguments).await {
                Ok(_) => numbered += keys.len(),
                Err(TransactError::LostRace | TransactError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(numbered)
    }

    /// Makes the gateway `name` write something: what is read after it is read late enough.
    pub(crate) async fn beat(&self, name: &str) -> Result<Committed, TransactError> {
        self.transact(name, "beat", &[]).await
    }
}

fn read<T: for<'a> Deserialize<'a>>(what: &'static str, answer: &[u8]) -> Result<T, TransactError> {
    serde_json::from_slice(answer).map_err(|error| {
        let came = format!("{error} in {}", String::from_utf8_lossy(answer));
        TransactError::Unreachable(AdapterError::Inconsistent { what, expected: "JSON".into(), came })
    })
}
