//! All nodes of one channel as one: a call that fails or hangs at one moves on to the next.

mod member;
mod settings;

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use causeway_adapter::{AdapterError, NodeHealth};
use causeway_verifier::fabric::proto::Block;
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;

use crate::Identity;
use crate::proposal::seek;
use crate::wire::{DeliverResponse, DeliverResponseType, Failure, Kind, SeekInfo, SeekPosition};

pub(crate) use member::Member;
pub use settings::{PeerSettings, PeersError, PeersSettings, TlsSettings};

/// How long slower nodes are waited for once one has told its newest block.
const HEIGHT_GRACE: Duration = Duration::from_millis(250);
/// `common.Status.NOT_FOUND`: there is no such block yet.
const NOT_FOUND: i32 = 404;

/// The peers of one channel, and who asks them.
#[derive(Debug)]
pub struct Peers {
    channel: String,
    identity: Identity,
    members: Vec<Arc<Member>>,
    orderers: Vec<Arc<Member>>,
    clock: fn() -> SystemTime,
}

impl Peers {
    /// The peers of `settings`, asked as `identity`. Nothing is connected yet.
    pub fn new(settings: &PeersSettings, identity: Identity) -> Result<Self, PeersError> {
        let all = |kind: Kind, nodes: &[PeerSettings]| {
            let members = nodes.iter().enumerate();
            members
                .map(|(index, node)| Member::new(settings, kind, index, node).map(Arc::new))
                .collect::<Result<Vec<_>, _>>()
        };
        let members = all(Kind::Peer, &settings.peers)?;
        let orderers = all(Kind::Orderer, &settings.orderers)?;
        if members.is_empty() {
            return Err(PeersError::None);
        }
        let (channel, clock) = (settings.channel.clone(), SystemTime::now);
        Ok(Self { channel, identity, members, orderers, clock })
    }

    /// Tells the time by `clock`. A gateway refuses what is not within a minute of its peers' own.
    pub fn with_clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock, ..self }
    }

    /// The time of what is sent now.
    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// The channel.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Who asks.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What is known about each.
    pub fn health(&self) -> Vec<NodeHealth> {
        self.members.iter().chain(&self.orderers).map(|member| member.health()).collect()
    }

    /// The newest block any peer told of, when asked last.
    pub fn known_height(&self) -> Option<u64> {
        self.members.iter().filter_map(|member| member.height()).max()
    }

    /// The newest block that any peer has, or an orderer if no peer answers.
    pub async fn newest(&self) -> Result<Block, AdapterError> {
        let seek_info = SeekInfo {
            start: Some(SeekPosition::newest()),
            stop: Some(SeekPosition::newest()),
            behavior: 1,
            ..SeekInfo::default()
        };
        let mut last = "no peer".to_owned();
        let mut newest: Option<Block> = None;
        for members in [&self.members, &self.orderers] {
            let mut asked: FuturesUnordered<_> =
                members.iter().map(|member| self.deliver(member, &seek_info, 1)).collect();
            loop {
                let next = asked.next();
                let answer = match newest {
                    None => next.await,
                    // One has answered: one that hangs must not hold it back.
                    Some(_) => tokio::time::timeout(HEIGHT_GRACE, next).await.unwrap_or(None),
                };
                match answer {
                    None => break,
                    Some(Ok(blocks)) => newest = blocks.into_iter().chain(newest).max_by_key(number),
                    Some(Err(failure)) => failure.words().clone_into(&mut last),
                }
            }
            if newest.is_some() {
                break;
            }
        }
        newest.ok_or_else(|| AdapterError::Unreachable { call: "the newest block".into(), last })
    }

    /// The blocks from `first` on that a peer has now, or else an orderer, in order, up to `last`, and not many more bytes than `most_bytes`.
    /// None where no peer has the first one yet.
    pub async fn blocks(&self, first: u64, last: u64, most_bytes: usize) -> Result<Vec<Block>, AdapterError> {
        let seek_info = SeekInfo {
            start: Some(SeekPosition::number(first)),
            stop: Some(SeekPosition::number(last)),
            behavior: 1,
            ..SeekInfo::default()
        };
        let mut failure = None;
        let mut answered = false;
        let orderers = self.orderers.iter().cloned();
        for member in self.order(Some(first)).into_iter().chain(orderers) {
            match self.deliver(&member, &seek_info, most_bytes).await {
                // A peer that lags has nothing to say of it.
                Ok(blocks) if blocks.is_empty() => answered = true,
                Ok(blocks) => return in_order(first, blocks),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(failure) if !answered => {
                let last = failure.words().to_owned();
                Err(AdapterError::Unreachable { call: format!("blocks from {first}"), last })
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn deliver(
        &self,
        member: &Member,
        seek_info: &SeekInfo,
        most_bytes: usize,
    ) -> Result<Vec<Block>, Failure> {
        let request = seek(self, member.tls_hash, seek_info);
        let mut bytes = 0;
        let enough = |answer: &DeliverResponse| match &answer.r#type {
            Some(DeliverResponseType::Block(block)) => {
                bytes += size(block);
                bytes >= most_bytes
            }
            _ => true,
        };
        let answers = member.note(member.node.deliver(member.kind, request, enough).await)?;
        let mut blocks = Vec::new();
        for answer in answers {
            match answer.r#type {
                Some(DeliverResponseType::Block(block)) => blocks.push(block),
                Some(DeliverResponseType::Status(200 | NOT_FOUND)) => {}
                Some(DeliverResponseType::Status(status)) if blocks.is_empty() => {
                    let failure =
                        Failure::Failed(format!("{} refuses blocks: status {status}", member.name()));
                    return member.note(Err(failure));
                }
                _ => {}
            }
        }
        if let Some(newest) = blocks.iter().map(number).max() {
            member.has(newest);
        }
        Ok(blocks)
    }

    /// Asks one peer after another until one answers; a refusal is an answer.
    pub(crate) async fn ask<T, F>(
        &self,
        what: &str,
        question: impl Fn(Arc<Member>) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut last = "no peer".to_owned();
        let mut unready = None;
        for member in self.order(None) {
            match member.note(question(member.clone()).await) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Refused(words)) => return Err(CallError::Refused(words)),
                Err(Failure::Unready(words)) => unready = Some(words),
                Err(Failure::Failed(words)) => last = words,
            }
        }
        Err(match unready {
            Some(words) => CallError::Unready(words),
            None => CallError::Unreachable(AdapterError::Unreachable { call: what.to_owned(), last }),
        })
    }

    /// Asks one peer of every organisation, all at the same time; where one fails, the organisation's next one.
    pub(crate) async fn ask_organisations<T, F>(
        &self,
        question: impl Fn(Arc<Member>) -> F,
    ) -> Vec<Result<T, Failure>>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let organisations: BTreeSet<&str> = self.members.iter().map(|member| member.msp.as_str()).collect();
        join_all(organisations.into_iter().map(|msp| self.ask_organisation(msp, &question))).await
    }

    async fn ask_organisation<T, F>(
        &self,
        msp: &str,
        question: &impl Fn(Arc<Member>) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut last = Failure::Failed("no peer".into());
        for member in self.order(None).into_iter().filter(|member| member.msp == msp) {
            match member.note(question(member.clone()).await) {
                Ok(answer) => return Ok(answer),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    /// Every peer, in the order in which to ask: those that are up first, of these those that have block `number`. None is
    /// given up for good.
    fn order(&self, number: Option<u64>) -> Vec<Arc<Member>> {
        let mut order = self.members.clone();
        order.sort_by_key(|member| {
            (!member.is_up(), number.is_some_and(|number| member.height() < Some(number)))
        });
        order
    }
}

/// Why a call had no answer from any peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// No peer answered.
    Unreachable(AdapterError),
    /// The peers that answered know no others that they need for it.
    Unready(String),
    /// The channel refuses the call as it is.
    Refused(String),
}

/// A block's number.
pub(crate) fn number(block: &Block) -> u64 {
    block.header.as_ref().map_or(0, |header| header.number)
}

/// The bytes of a block's transactions.
pub(crate) fn size(block: &Block) -> usize {
    block.data.as_ref().map_or(0, |data| data.data.iter().map(Vec::len).sum())
}

/// Blocks as they were asked for: from `first` on, without a gap.
fn in_order(first: u64, blocks: Vec<Block>) -> Result<Vec<Block>, AdapterError> {
    for (expected, block) in (first..).zip(&blocks) {
        if number(block) != expected {
            let came = number(block).to_string();
            return Err(AdapterError::Inconsistent {
                what: "block number",
                expected: expected.to_string(),
                came,
            });
        }
    }
    Ok(blocks)
}
