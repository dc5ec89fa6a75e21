//! A packet's life, as far as the evidence proves it.

use causeway_protocol::{
    AttestationKind, GatewayEventKind, GatewayId, Hash, HubId, LaneTerms, Packet, PacketId,
};

use crate::chain::{Chain, Proven, set_of};
use crate::fault::Fault;

/// How a packet ended at its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Delivered { success: bool, result: Hash },
    Expired,
}

/// What the evidence proves of one packet.
#[derive(Debug)]
pub(crate) struct Life<'a> {
    pub(crate) packet: &'a Packet,
    pub(crate) lane: LaneTerms,
    pub(crate) source: &'a Chain,
    /// Where the destination is, if that gateway opened on an island of the bundle.
    pub(crate) destination: Option<&'a Chain>,
    /// Its events, with the place of their island, in the order of its life.
    pub(crate) events: Vec<(usize, &'a Proven)>,
    pub(crate) end: Option<End>,
    pub(crate) settled: Option<(AttestationKind, bool)>,
}

impl<'a> Life<'a> {
    /// Finds `id` among what the islands' evidence proves.
    pub(crate) fn of(id: PacketId, hub: HubId, chains: &'a [Chain]) -> Result<Self, Fault> {
        let source = chains.first().ok_or(Fault::Islands { expected: 1, came: 0 })?;
        let sent = source.events.iter().find_map(|proven| match &proven.fact.event.kind {
            GatewayEventKind::PacketSent { packet, lane } if packet.id() == id => {
                Some((proven, packet, lane))
            }
            _ => None,
        });
        let (sent, packet, lane) = sent.ok_or(Fault::NotSent(id))?;
        if sent.fact.event.gateway != packet.source || !source.has(packet.source) {
            return Err(Fault::NotOpen(packet.source));
        }
        check_hub(source, packet.source, hub)?;
        let place = chains.iter().position(|chain| chain.has(packet.destination));
        if let Some(other) = chains.get(1)
            && place != Some(1)
        {
            return Err(Fault::OtherIsland { island: 1, family: other.family });
        }
        let destination = place.and_then(|place| chains.get(place));
        let mut events = vec![(0, sent)];
        let mut end = None;
        if let (Some(place), Some(chain)) = (place, destination) {
            check_hub(chain, packet.destination, hub)?;
            for proven in chain.of(packet.destination) {
                let found = match &proven.fact.event.kind {
                    GatewayEventKind::PacketDelivered { packet, success, result } if *packet == id => {
                        End::Delivered { success: *success, result: causeway_protocol::keccak256(result) }
                    }
                    GatewayEventKind::PacketExpired { packet } if *packet == id => End::Expired,
                    _ => continue,
                };
                if end.replace(found).is_some() {
                    return Err(Fault::TwoEnds);
                }
                events.push((place, proven));
            }
        }
        let mut settled = None;
        for proven in source.of(packet.source) {
            if let GatewayEventKind::PacketSettled { packet, outcome, success } = &proven.fact.event.kind
                && *packet == id
            {
                if settled.replace((*outcome, *success)).is_some() {
                    return Err(Fault::TwoEnds);
                }
                events.push((0, proven));
            }
        }
        if let Some((outcome, _)) = settled
            && !matches!(
                (outcome, &end),
                (AttestationKind::Result, Some(End::Delivered { .. }))
                    | (AttestationKind::Expired, Some(End::Expired))
                    | (AttestationKind::Void, None)
            )
        {
            return Err(Fault::SettledWithoutEnd(outcome));
        }
        let life = Self { packet, lane: *lane, source, destination, events, end, settled };
        chains.iter().enumerate().try_for_each(|(island, chain)| life.needs_last_piece(island, chain))?;
        Ok(life)
    }

    /// Evidence goes no further than the packet needs: to its last event, or to the newest attestor set of its gateways.
    fn needs_last_piece(&self, island: usize, chain: &Chain) -> Result<(), Fault> {
        let Some(piece) = chain.pieces.len().checked_sub(1) else { return Ok(()) };
        let gateways = [self.packet.source, self.packet.destination];
        let of_set = |proven: &&Proven| {
            gateways.contains(&proven.fact.event.gateway) && set_of(&proven.fact.event.kind).is_some()
        };
        let of_packet = self.events.iter().any(|(at, proven)| *at == island && proven.piece == piece);
        if of_packet || chain.events.iter().filter(of_set).any(|proven| proven.piece == piece) {
            Ok(())
        } else {
            Err(Fault::Useless { island, piece })
        }
    }

    /// The gateway that checks statements of this kind, and the chain it is on.
    pub(crate) fn checker(&self, kind: AttestationKind) -> (GatewayId, Option<&'a Chain>) {
        if kind.checked_by_destination() {
            (self.packet.destination, self.destination)
        } else {
            (self.packet.source, Some(self.source))
        }
    }

    /// Where it is in its life, in the words of the REST interface; `attested` says whether enough attestors signed.
    pub(crate) fn state(&self, attested: bool) -> &'static str {
        match (&self.settled, &self.end) {
            (Some((AttestationKind::Result, _)), _) => "settled",
            (Some(_), _) => "refunded",
            (None, Some(End::Delivered { success: true, .. })) => "delivered",
            (None, Some(End::Delivered { .. })) => "failed",
            (None, Some(End::Expired)) => "expired",
            (None, None) if attested => "attested",
            (None, None) => "verified",
        }
    }
}

/// A gateway counts for the hub that it opened for.
fn check_hub(chain: &Chain, gateway: GatewayId, expected: HubId) -> Result<(), Fault> {
    let opened = chain.of(gateway).find_map(|proven| match &proven.fact.event.kind {
        GatewayEventKind::Opened { hub, .. } => Some(*hub),
        _ => None,
    });
    match opened {
        Some(came) if came == expected => Ok(()),
        Some(came) => Err(Fault::OtherHub { gateway, expected, came }),
        None => Err(Fault::NotOpen(gateway)),
    }
}
