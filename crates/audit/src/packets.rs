//! What the hub says of packets, beside what is proven.

use causeway_client::{HubClient, PacketFilter};
use causeway_protocol::PacketId;

use crate::{Alarm, Islands, Trouble};

/// What the hub said happened to packets: taken down before the evidence is read, and compared after.
#[derive(Debug, Default)]
pub struct Packets(Vec<(PacketId, causeway_api::TimelineEvent)>);

impl Packets {
    /// Takes down the timelines of at most `most` packets, the newest first.
    pub async fn of(hub: &HubClient, most: usize) -> Result<Self, Trouble> {
        let (mut said, mut next, mut left) = (Vec::new(), None, most);
        while left > 0 {
            let limit = u32::try_from(left.min(500)).unwrap_or(500);
            let filter = PacketFilter { limit: Some(limit), ..PacketFilter::default() };
            let page = hub.packets(&filter, next.as_deref()).await?;
            left -= page.items.len().min(left);
            for packet in &page.items {
                let timeline = hub.timeline(packet.id).await?;
                said.extend(timeline.events.into_iter().map(|event| (packet.id, event)));
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        Ok(Self(said))
    }

    /// Compares. Answers how many events were said.
    pub fn compare(&self, islands: &Islands) -> Result<usize, Alarm> {
        for (packet, event) in &self.0 {
            if !islands.proves(event.gateway, event.number, &event.event) {
                let (event, gateway, number) = (event.event.clone(), event.gateway, event.number);
                return Err(Alarm::Unproven { packet: *packet, event, gateway, number });
            }
        }
        Ok(self.0.len())
    }
}
