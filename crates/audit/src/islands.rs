//! The evidence of every island, verified again.

use std::collections::{BTreeMap, BTreeSet};

use causeway_client::HubClient;
use causeway_protocol::{GatewayId, Hash, Island, IslandId, anchor_digest, keccak256};
use causeway_verifier::{Gateway, Replay};

use crate::{Alarm, Trouble};

/// Pieces asked for at once.
const PAGE: u32 = 50;

/// What was verified of one island in a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its name.
    pub name: String,
    /// How many pieces were new.
    pub pieces: u64,
    /// How many events they prove.
    pub events: u64,
    /// How far its headers go.
    pub height: u64,
    /// Whether its trust anchor is the hub's word.
    pub anchor_believed: bool,
}

/// Every island that the hub shows, and what its evidence proves.
#[derive(Default)]
pub struct Islands {
    /// Trust anchors that are trusted, by the island's name.
    trusted: BTreeMap<String, Vec<u8>>,
    watched: BTreeMap<IslandId, Watched>,
    /// Gaps that the look before saw: they may have been on their way.
    gaps: BTreeSet<(GatewayId, u64, u64)>,
}

struct Watched {
    replay: Replay,
    /// The sequence of the last piece.
    after: u64,
    /// The names of proven events, by gateway and number.
    events: BTreeMap<(GatewayId, u64), &'static str>,
}

impl Islands {
    /// Anchors that are trusted, by the names of their islands. Of others the hub's is taken, and that is said.
    pub fn new(trusted: BTreeMap<String, Vec<u8>>) -> Self {
        Self { trusted, ..Self::default() }
    }

    /// Whether evidence proves that this event has this name.
    pub(crate) fn proves(&self, gateway: GatewayId, number: u64, event: &str) -> bool {
        let found = self.watched.values().find_map(|watched| watched.events.get(&(gateway, number)));
        found.is_some_and(|name| *name == event)
    }

    /// Looks once: verifies what is new of every island, then compares heads, and numbers with what the look before saw.
    pub async fn look(&mut self, hub: &HubClient) -> Result<Vec<Verified>, Trouble> {
        let (mut verified, mut next) = (Vec::new(), None);
        loop {
            let page = hub.islands(next.as_deref()).await?;
            for island in &page.items {
                verified.push(self.catch_up(hub, island).await?);
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        self.check_gaps()?;
        Ok(verified)
    }

    async fn catch_up(
        &mut self,
        hub: &HubClient,
        island: &causeway_api::Island,
    ) -> Result<Verified, Trouble> {
        let anchor_believed = !self.trusted.contains_key(&island.name);
        if !self.watched.contains_key(&island.id) {
            let watched = self.begin(hub, island).await?;
            self.watched.insert(island.id, watched);
        }
        let Some(watched) = self.watched.get_mut(&island.id) else {
            return Err(Trouble::Damaged(format!("island {} is not watched", island.name)));
        };
        let (mut pieces, mut events) = (0, 0);
        let id = island.id.to_string();
        loop {
            let page = hub.evidence_after(&id, watched.after, PAGE).await?;
            for item in &page.items {
                let came = keccak256(&item.evidence);
                if came != item.digest {
                    return Err(Alarm::OtherBytes { island: island.id, expected: item.digest, came }.into());
                }
                let gateways = gateways(island);
                let now = u64::try_from(item.recorded_at.unix_timestamp()).unwrap_or_default();
                let replayed = watched.replay.take(&gateways, &item.evidence, now).map_err(|refusal| {
                    Alarm::Evidence { island: island.id, digest: item.digest, refusal: refusal.into() }
                })?;
                pieces += 1;
                events += replayed.events.len() as u64;
                let proven = replayed
                    .events
                    .iter()
                    .map(|fact| ((fact.event.gateway, fact.event.number), fact.event.kind.name()));
                watched.events.extend(proven);
                watched.after = item.sequence;
            }
            if page.next.is_none() {
                break;
            }
        }
        // The island was read before its evidence: by now there may be more, and never less.
        let (height, came) = (island.head.height, island.head.hash);
        let expected = watched.replay.header(height);
        if expected != Some(came) && !watched.replay.is_frozen() {
            return Err(Alarm::Head { island: island.id, height, expected, came }.into());
        }
        let height = watched.replay.height();
        Ok(Verified { name: island.name.clone(), pieces, events, height, anchor_believed })
    }

    async fn begin(&self, hub: &HubClient, island: &causeway_api::Island) -> Result<Watched, Trouble> {
        let served = hub.anchor(&island.id.to_string()).await?.bytes;
        let anchor = self.trusted.get(&island.name).unwrap_or(&served);
        let (expected, came) = (anchor_digest(anchor), anchor_digest(&served));
        if expected != came {
            return Err(Alarm::Anchor { name: island.name.clone(), expected, came }.into());
        }
        let replay = Replay::start(anchor).map_err(|refusal| Alarm::Evidence {
            island: island.id,
            digest: came,
            refusal: refusal.into(),
        })?;
        let (family, start) = (replay.family(), replay.anchored().header.hash);
        let own = Island { family, fingerprint: island.fingerprint, anchor: start }.id();
        if own != island.id {
            return Err(Alarm::Head {
                island: island.id,
                height: replay.height(),
                expected: Some(start),
                came: Hash(own.0),
            }
            .into());
        }
        Ok(Watched { replay, after: 0, events: BTreeMap::new() })
    }

    /// A number that is missing in two looks is a gap: between them whatever was on its way has come.
    fn check_gaps(&mut self) -> Result<(), Alarm> {
        let mut gaps = BTreeSet::new();
        for watched in self.watched.values() {
            let mut last: Option<(GatewayId, u64)> = None;
            for (gateway, number) in watched.events.keys() {
                let expected = last.filter(|(of, _)| of == gateway).map_or(1, |(_, number)| number + 1);
                if *number > expected {
                    gaps.insert((*gateway, expected, number - 1));
                }
                last = Some((*gateway, *number));
            }
        }
        let lasting = gaps.intersection(&self.gaps).next().copied();
        self.gaps = gaps;
        match lasting {
            Some((gateway, first, last)) => Err(Alarm::Gap { gateway, first, last }),
            None => Ok(()),
        }
    }
}

fn gateways(island: &causeway_api::Island) -> Vec<Gateway> {
    let each = island.gateways.iter();
    each.map(|gateway| Gateway { island: island.id, address: gateway.address.clone(), id: gateway.id })
        .collect()
}
