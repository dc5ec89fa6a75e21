//! A run's blocks, one after the other: their links, the orderers' signatures, and the configuration in force at each.

use causeway_protocol::Hash;

use super::block::{Header, check_seal};
use super::config::Channel;
use super::evidence::Block;
use super::fault::FabricFault;
use super::proto::HeaderType;
use super::signature::sha256;
use super::state::State;
use super::transaction::{self, Transaction, open};
use super::wire::{Message, WireFault, envelopes};
use crate::Refusal;

/// A block of a run, linked, and signed where it has to be.
#[derive(Debug)]
pub(super) struct Walked<'a> {
    pub(super) number: u64,
    pub(super) hash: Hash,
    pub(super) parent: Hash,
    /// Which of the walk's channels is in force for its transactions.
    pub(super) channel: usize,
    /// In their order; `None` where there is none that a peer could count as valid.
    pub(super) transactions: Vec<Option<Transaction<'a>>>,
}

/// A run's blocks.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) blocks: Vec<Walked<'a>>,
    /// The channel's configurations, in the order they came into force; the last one is in force at the end.
    pub(super) channels: Vec<Channel>,
}

impl Walk<'_> {
    pub(super) fn last_channel(&self) -> &Channel {
        &self.channels[self.channels.len() - 1] // there is the one it began with
    }
}

/// Whether the signatures of a run are there to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seals {
    Checked,
    /// For whoever puts a run together.
    #[cfg_attr(not(feature = "prover"), expect(dead_code, reason = "provers build runs, others check them"))]
    Unchecked,
}

/// What a block holds.
pub(super) enum Content<'a> {
    /// A serialised `common.ConfigEnvelope`.
    Config(&'a [u8]),
    Transactions(Vec<Option<Transaction<'a>>>),
}

/// Reads a block's data. A config block is one envelope, in whatever form; any other is envelopes as Go writes them.
///
/// Peers apply a configuration wherever it stands (`txvalidator/v20`). Who let one pass as no event would go on judging by the
/// configuration before it.
pub(super) fn content<'a>(channel: &str, data: &'a [u8]) -> Result<Content<'a>, FabricFault> {
    let config =
        |payload: &'a [u8]| open(payload).ok().filter(|opened| opened.kind == HeaderType::Config as u64);
    if let Some(opened) = sole_payload(data).and_then(config) {
        if opened.channel != channel {
            let (expected, came) = (channel.to_owned(), opened.channel.to_owned());
            return Err(FabricFault::OtherChannel { expected, came });
        }
        return Ok(Content::Config(opened.data));
    }
    let envelopes = envelopes(data)?;
    if envelopes.is_empty() {
        return Err(WireFault.into());
    }
    if envelopes.iter().any(|(payload, _)| config(payload).is_some_and(|opened| opened.channel == channel)) {
        return Err(FabricFault::ConfigAmongOthers);
    }
    let read = envelopes.into_iter().map(|(payload, _)| transaction::read(channel, payload));
    Ok(Content::Transactions(read.collect()))
}

/// The payload of data that is one envelope: with one payload and at most one signature.
fn sole_payload(data: &[u8]) -> Option<&[u8]> {
    let envelope = Message::read(data).ok()?;
    let (payloads, signatures) = (envelope.repeated(1), envelope.repeated(2));
    match payloads[..] {
        [payload] if signatures.len() <= 1 => Some(payload),
        _ => None,
    }
}

/// Walks `blocks` from the state's head, which moves with them; so does the configuration.
pub(super) fn walk<'a>(state: &mut State, blocks: &[Block<'a>], seals: Seals) -> Result<Walk<'a>, Refusal> {
    let mut channels = vec![Channel::read(&state.config).map_err(FabricFault::from)?];
    let mut walked = Vec::with_capacity(blocks.len());
    for (place, block) in blocks.iter().enumerate() {
        let parent = state.hash;
        let number = state.height.saturating_add(1);
        let header = Header { number, previous: parent.0.to_vec(), data: sha256(&[block.data]) };
        let content = content(&state.channel, block.data)?;
        let before = &channels[channels.len() - 1];
        let is_config = matches!(content, Content::Config(_));
        if seals == Seals::Checked {
            let newest = if is_config { number } else { state.config_block };
            match &block.seal {
                Some(_) if !is_config && place + 1 < blocks.len() => {
                    return Err(FabricFault::SealUseless.into());
                }
                Some(seal) => check_seal(before, &header, seal, newest)?,
                None if is_config || place + 1 == blocks.len() => return Err(FabricFault::Unsigned.into()),
                None => {}
            }
        }
        let channel = channels.len() - 1;
        let transactions = match content {
            Content::Transactions(transactions) => transactions,
            Content::Config(envelope) => {
                state.config = before.update(&state.channel, envelope).map_err(FabricFault::from)?;
                state.config_block = number;
                channels.push(Channel::read(&state.config).map_err(FabricFault::from)?);
                Vec::new()
            }
        };
        (state.height, state.hash) = (number, header.hash());
        walked.push(Walked { number, hash: state.hash, parent, channel, transactions });
    }
    Ok(Walk { blocks: walked, channels })
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::fabric::proto;

    fn envelope(kind: HeaderType, channel_id: &str) -> Vec<u8> {
        let header = proto::ChannelHeader {
            r#type: kind.into(),
            channel_id: channel_id.to_owned(),
            ..proto::ChannelHeader::default()
        };
        let header = proto::Header { channel_header: header.encode_to_vec(), signature_header: Vec::new() };
        let payload = proto::Payload { header: Some(header), data: vec![7] };
        proto::Envelope { payload: payload.encode_to_vec(), signature: vec![1] }.encode_to_vec()
    }

    #[test]
    fn a_configuration_stands_alone_in_its_block() {
        let config = envelope(HeaderType::Config, "channel");
        let other = envelope(HeaderType::EndorserTransaction, "channel");
        assert!(matches!(content("channel", &config), Ok(Content::Config([7]))));
        assert!(matches!(content("channel", &other), Ok(Content::Transactions(one)) if one.len() == 1));
        for block in [[&config[..], &other].concat(), [&other[..], &config].concat(), config.repeat(2)] {
            assert!(matches!(content("channel", &block), Err(FabricFault::ConfigAmongOthers)));
        }
        // Of another channel, no peer takes it for one.
        let foreign = [&other[..], &envelope(HeaderType::Config, "sibling")].concat();
        assert!(matches!(content("channel", &foreign), Ok(Content::Transactions(two)) if two.len() == 2));
        // Two payloads in one envelope are no way around it.
        let payload = &config[..config.len() - 3];
        assert!(content("channel", &[payload, &config].concat()).is_err());
    }
}
