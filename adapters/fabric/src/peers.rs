//! All peers of one channel as one: a call that fails or hangs at one moves on to the next.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use causeway_adapter::{AdapterError, NodeHealth};
use causeway_verifier::fabric::proto::Block;
use futures::future::join_all;
use parking_lot::Mutex;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use url::Url;

use crate::Identity;
use crate::proposal::seek;
use crate::wire::{DeliverResponse, DeliverResponseType, Failure, Node, SeekInfo, SeekPosition};

/// The longest a peer that keeps failing is left alone.
const LONGEST_COOL_DOWN: Duration = Duration::from_mins(1);
/// `common.Status.NOT_FOUND`: there is no such block yet.
const NOT_FOUND: i32 = 404;

/// How the channel's peers are talked to.
#[derive(Debug, Clone)]
pub struct PeersSettings {
    /// The channel.
    pub channel: String,
    /// Its peers, the preferred one first. Endorsed reads need one of every organisation that the gateway's endorsement
    /// policy asks for.
    pub peers: Vec<PeerSettings>,
    /// How long one call to one peer may take. 10 s.
    pub timeout: Duration,
    /// How long a peer is left alone after it failed; doubles with every further failure, up to a minute. 1 s.
    pub cool_down: Duration,
}

/// One peer.
#[derive(Debug, Clone)]
pub struct PeerSettings {
    /// Where it listens: `grpc://host:port`, or `grpcs://host:port` with TLS.
    pub url: String,
    /// The MSP id of its organisation.
    pub msp: String,
    /// How TLS is spoken, for `grpcs`.
    pub tls: TlsSettings,
}

/// How TLS is spoken with one peer.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// Certificates that its certificate has to chain to, PEM.
    pub roots: String,
    /// The name in its certificate, where that is not the host's.
    pub name: Option<String>,
    /// Our own certificate and secret key, PEM, where it asks for one.
    pub identity: Option<(String, String)>,
}

impl core::fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mutual = self.identity.is_some();
        f.debug_struct("TlsSettings")
            .field("name", &self.name)
            .field("mutual", &mutual)
            .finish_non_exhaustive()
    }
}

impl PeersSettings {
    /// The usual settings for these peers.
    pub fn new(channel: &str, peers: Vec<PeerSettings>) -> Self {
        let (timeout, cool_down) = (Duration::from_secs(10), Duration::from_secs(1));
        Self { channel: channel.into(), peers, timeout, cool_down }
    }
}

/// Settings that lead to no peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeersError {
    /// Not one peer.
    #[error("no peer: at least one is needed")]
    None,
    /// Not a peer's URL.
    #[error("peer {place}: expected grpc://host:port or grpcs://host:port: {why}")]
    Url {
        /// Its place in the list, from 1.
        place: usize,
        /// What is wrong.
        why: String,
    },
    /// TLS that cannot be spoken.
    #[error("peer {place}: TLS: {why}")]
    Tls {
        /// Its place in the list, from 1.
        place: usize,
        /// What is wrong.
        why: String,
    },
}

/// The peers of one channel, and who asks them.
#[derive(Debug)]
pub struct Peers {
    channel: String,
    identity: Identity,
    members: Vec<Arc<Member>>,
    cool_down: Duration,
}

/// One peer, and what is known of it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) node: Node,
    pub(crate) msp: String,
    name: String,
    /// SHA-256 of our TLS certificate (DER): a peer that asks for one wants requests for blocks to name it.
    tls_hash: Option<[u8; 32]>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    last_failure: Option<String>,
    height: Option<u64>,
}

impl Peers {
    /// The peers of `settings`, asked as `identity`. Nothing is connected yet.
    pub fn new(settings: &PeersSettings, identity: Identity) -> Result<Self, PeersError> {
        let members = settings.peers.iter().enumerate().map(|(index, peer)| {
            let (endpoint, tls_hash) = endpoint(index + 1, peer)?;
            let endpoint = endpoint.connect_timeout(settings.timeout).tcp_nodelay(true);
            Ok(Arc::new(Member {
                node: Node::new(&endpoint, settings.timeout),
                msp: peer.msp.clone(),
                name: peer.url.clone(),
                tls_hash,
                state: Mutex::default(),
            }))
        });
        let members = members.collect::<Result<Vec<_>, _>>()?;
        if members.is_empty() {
            return Err(PeersError::None);
        }
        let (channel, cool_down) = (settings.channel.clone(), settings.cool_down);
        Ok(Self { channel, identity, members, cool_down })
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
        let health = |member: &Arc<Member>| {
            let state = member.state.lock();
            NodeHealth {
                name: member.name.clone(),
                up: state.is_up(),
                last_failure: state.last_failure.clone(),
            }
        };
        self.members.iter().map(health).collect()
    }

    /// The newest block any peer told of, when asked last.
    pub fn known_height(&self) -> Option<u64> {
        self.members.iter().filter_map(|member| member.state.lock().height).max()
    }

    /// The newest block that any peer has.
    pub async fn newest(&self) -> Result<Block, AdapterError> {
        let seek_info = SeekInfo {
            start: Some(SeekPosition::newest()),
            stop: Some(SeekPosition::newest()),
            behavior: 1,
            ..SeekInfo::default()
        };
        let members = self.order(None);
        let asked = members.iter().map(|member| self.deliver(member, &seek_info, 1));
        let mut last = "no peer".to_owned();
        let mut newest: Option<Block> = None;
        for answer in join_all(asked).await {
            match answer {
                Ok(blocks) => newest = blocks.into_iter().chain(newest).max_by_key(number),
                Err(failure) => failure.words().clone_into(&mut last),
            }
        }
        newest.ok_or_else(|| AdapterError::Unreachable { call: "the newest block".into(), last })
    }

    /// The blocks from `first` on that a peer has now, in order, up to `last`, and not many more bytes than `most_bytes`.
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
        for member in self.order(Some(first)) {
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
        let request = seek(&self.identity, &self.channel, member.tls_hash, seek_info);
        let mut bytes = 0;
        let enough = |answer: &DeliverResponse| match &answer.r#type {
            Some(DeliverResponseType::Block(block)) => {
                bytes += size(block);
                bytes >= most_bytes
            }
            _ => true,
        };
        let answers = self.note(member, member.node.deliver(request, enough).await)?;
        let mut blocks = Vec::new();
        for answer in answers {
            match answer.r#type {
                Some(DeliverResponseType::Block(block)) => blocks.push(block),
                Some(DeliverResponseType::Status(200 | NOT_FOUND)) => {}
                Some(DeliverResponseType::Status(status)) if blocks.is_empty() => {
                    let failure = Failure::Failed(format!("{} refuses blocks: status {status}", member.name));
                    return self.note(member, Err(failure));
                }
                _ => {}
            }
        }
        if let Some(newest) = blocks.iter().map(number).max() {
            let mut state = member.state.lock();
            state.height = state.height.max(Some(newest));
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
            match self.note(&member, question(member.clone()).await) {
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
            match self.note(&member, question(member.clone()).await) {
                Ok(answer) => return Ok(answer),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    /// Remembers whether a peer works.
    fn note<T>(&self, member: &Member, answer: Result<T, Failure>) -> Result<T, Failure> {
        let mut state = member.state.lock();
        if let Err(Failure::Failed(words)) = &answer {
            tracing::debug!(peer = member.name, words, "peer failed");
            let pause = self.cool_down.saturating_mul(1 << state.failures.min(6)).min(LONGEST_COOL_DOWN);
            state.failures += 1;
            state.until = Some(Instant::now() + pause);
            state.last_failure = Some(words.clone());
        } else {
            state.failures = 0;
            state.until = None;
        }
        answer
    }

    /// Every peer, in the order in which to ask: those that are up first, of these those that have block `number`. None is
    /// given up for good.
    fn order(&self, number: Option<u64>) -> Vec<Arc<Member>> {
        let mut order = self.members.clone();
        order.sort_by_key(|member| {
            let state = member.state.lock();
            (!state.is_up(), number.is_some_and(|number| state.height < Some(number)))
        });
        order
    }
}

impl Member {
    /// Its URL.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl State {
    fn is_up(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
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

/// Where and how a peer is called, and the hash of our TLS certificate if it sees one.
fn endpoint(place: usize, peer: &PeerSettings) -> Result<(Endpoint, Option<[u8; 32]>), PeersError> {
    let refuse = |why: String| PeersError::Url { place, why };
    let url = Url::parse(&peer.url).map_err(|cause| refuse(cause.to_string()))?;
    let (Some(host), Some(port)) = (url.host_str(), url.port()) else {
        return Err(refuse("host or port is missing".into()));
    };
    let scheme = match url.scheme() {
        "grpc" => "http",
        "grpcs" => "https",
        other => return Err(refuse(format!("scheme {other}"))),
    };
    let target = format!("{scheme}://{host}:{port}");
    let endpoint = Endpoint::from_shared(target).map_err(|cause| refuse(cause.to_string()))?;
    if scheme == "http" {
        return Ok((endpoint, None));
    }
    let TlsSettings { roots, name, identity } = &peer.tls;
    let refuse = |why: String| PeersError::Tls { place, why };
    let mut config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(roots));
    if let Some(name) = name {
        config = config.domain_name(name);
    }
    let mut hash = None;
    if let Some((certificate, key)) = identity {
        let der = first_certificate(certificate).ok_or_else(|| refuse("our certificate is no PEM".into()))?;
        hash = Some(causeway_verifier::fabric::sha256(&[&der]));
        config = config.identity(tonic::transport::Identity::from_pem(certificate, key));
    }
    let endpoint = endpoint.tls_config(config).map_err(|cause| refuse(cause.to_string()))?;
    Ok((endpoint, hash))
}

/// The DER bytes of the first certificate of a PEM file.
fn first_certificate(pem: &str) -> Option<Vec<u8>> {
    let start = pem.find("-----BEGIN CERTIFICATE-----")?;
    let end = start + pem[start..].find("-----END CERTIFICATE-----")? + "-----END CERTIFICATE-----".len();
    let (_, der) = p256::pkcs8::der::pem::decode_vec(&pem.as_bytes()[start..end]).ok()?;
    Some(der)
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
