//! All nodes of one island as one: a call that fails or hangs at one moves on to the next.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use causeway_adapter::NodeHealth;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{Node, NodeError, RpcError};

/// The longest a node that keeps failing is left alone.
const LONGEST_COOL_DOWN: Duration = Duration::from_mins(1);
/// How long slower nodes are waited for once one has told its height.
const HEIGHT_GRACE: Duration = Duration::from_millis(250);

/// How nodes are talked to.
#[derive(Debug, Clone)]
pub struct NodesSettings {
    /// Their JSON-RPC URLs, the preferred one first.
    pub urls: Vec<String>,
    /// How long one call to one node may take. 5 s.
    pub timeout: Duration,
    /// How long a node is left alone after it failed; doubles with every further failure, up to a minute. 1 s.
    pub cool_down: Duration,
}

impl NodesSettings {
    /// The usual settings for these URLs.
    pub fn new<T: Into<String>>(urls: impl IntoIterator<Item = T>) -> Self {
        let urls = urls.into_iter().map(Into::into).collect();
        Self { urls, timeout: Duration::from_secs(5), cool_down: Duration::from_secs(1) }
    }
}

/// Settings that lead to no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodesError {
    /// Not one URL.
    #[error("no node: at least one JSON-RPC URL is needed")]
    None,
    /// Not an HTTP URL.
    #[error("node {place}: expected an http or https URL: {why}")]
    Url {
        /// Its place in the list, from 1. The URL itself is not repeated: it may hold a key.
        place: usize,
        /// What is wrong.
        why: String,
    },
}

/// The nodes of one island.
#[derive(Debug)]
pub struct Nodes {
    nodes: Vec<Member>,
    cool_down: Duration,
}

#[derive(Debug)]
struct Member {
    node: Arc<Node>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    last_failure: Option<String>,
}

impl Nodes {
    /// The nodes of `settings`. Nothing is connected yet.
    pub fn new(settings: &NodesSettings) -> Result<Self, NodesError> {
        let mut nodes = Vec::with_capacity(settings.urls.len());
        for (index, text) in settings.urls.iter().enumerate() {
            let refuse = |why: String| NodesError::Url { place: index + 1, why };
            let url = Url::parse(text).map_err(|cause| refuse(cause.to_string()))?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(refuse(format!("scheme {}", url.scheme())));
            }
            nodes.push(Member { node: Arc::new(Node::new(&url, settings.timeout)), state: Mutex::default() });
        }
        if nodes.is_empty() {
            Err(NodesError::None)
        } else {
            Ok(Self { nodes, cool_down: settings.cool_down })
        }
    }

    /// Calls `method` at one node after another until one answers.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, RpcError> {
        self.ask(None, method, |node| {
            let params = params.clone();
            async move { node.call(method, params).await }
        })
        .await
    }

    /// Calls `method` about the block at `height`: nodes known to have it are asked first.
    pub async fn call_at<T: DeserializeOwned>(
        &self,
        height: u64,
        method: &'static str,
        params: Value,
    ) -> Result<T, RpcError> {
        self.ask(Some(height), method, |node| {
            let params = params.clone();
            async move { node.call(method, params).await }
        })
        .await
    }

    /// Asks one node after another until one answers: those that are up before those that failed lately, those that have
    /// `height` before those that lag.
    pub async fn ask<T, F>(
        &self,
        height: Option<u64>,
        what: &str,
        question: impl Fn(Arc<Node>) -> F,
    ) -> Result<T, RpcError>
    where
        F: Future<Output = Result<T, NodeError>>,
    {
        let mut last = NodeError::Failed("no node".into());
        let mut refusal = None;
        for member in self.order(height) {
            match question(member.node.clone()).await {
                Ok(answer) => {
                    member.works();
                    return Ok(answer);
                }
                Err(error) => {
                    match &error {
                        NodeError::Failed(detail) => {
                            tracing::debug!(node = member.node.name(), what, detail, "node failed");
                            member.failed(detail, self.cool_down);
                        }
                        NodeError::Missing(_) => member.works(),
                        NodeError::Refused { .. } => {
                            member.works();
                            refusal = Some(error.clone());
                            if error.is_revert() {
                                break; // about the call itself: another node has no other answer
                            }
                        }
                    }
                    last = error;
                }
            }
        }
        let call = what.to_owned();
        match refusal {
            Some(error) => Err(RpcError::Refused { call, error }),
            None => Err(RpcError::Unreachable { call, last: last.to_string() }),
        }
    }

    /// Asks every node that is up, at the same time, whatever comes of it.
    pub async fn ask_all<T, F>(&self, question: impl Fn(Arc<Node>) -> F) -> Vec<T>
    where
        F: Future<Output = Result<T, NodeError>>,
    {
        let mut asked: FuturesUnordered<_> = self
            .up()
            .map(|member| {
                let asked = question(member.node.clone());
                async move { (member, asked.await) }
            })
            .collect();
        let mut answers = Vec::new();
        while let Some((member, answer)) = asked.next().await {
            match answer {
                Ok(answer) => answers.push(answer),
                Err(NodeError::Failed(detail)) => member.failed(&detail, self.cool_down),
                Err(_) => {}
            }
        }
        answers
    }

    /// The height of the newest block any node has.
    pub async fn newest(&self) -> Result<u64, RpcError> {
        let mut asked: FuturesUnordered<_> =
            self.up().map(|member| async move { (member, member.node.newest().await) }).collect();
        let mut newest = None;
        loop {
            let next = asked.next();
            let answer = match newest {
                None => next.await,
                // One has answered: one that hangs must not hold it back.
                Some(_) => tokio::time::timeout(HEIGHT_GRACE, next).await.unwrap_or(None),
            };
            match answer {
                None => break,
                Some((member, Ok(height))) => {
                    member.works();
                    newest = newest.max(Some(height));
                }
                Some((member, Err(error))) => member.failed(&error.to_string(), self.cool_down),
            }
        }
        match newest {
            Some(height) => Ok(height),
            None => self.ask(None, "eth_blockNumber", |node| async move { node.newest().await }).await,
        }
    }

    /// What is known about each.
    pub fn health(&self) -> Vec<NodeHealth> {
        let health = |member: &Member| {
            let state = member.state.lock();
            NodeHealth {
                name: member.node.name().to_owned(),
                up: state.is_up(),
                last_failure: state.last_failure.clone(),
            }
        };
        self.nodes.iter().map(health).collect()
    }

    /// The newest block any node told of, when asked last.
    pub fn known_height(&self) -> Option<u64> {
        self.nodes.iter().map(|member| member.node.known_height()).max().filter(|height| *height > 0)
    }

    fn up(&self) -> impl Iterator<Item = &Member> {
        self.nodes.iter().filter(|member| member.state.lock().is_up())
    }

    /// Every node, in the order in which to ask: none is given up for good.
    fn order(&self, height: Option<u64>) -> Vec<&Member> {
        let mut order: Vec<&Member> = self.nodes.iter().collect();
        order.sort_by_key(|member| {
            let lags = height.is_some_and(|height| member.node.known_height() < height);
            (!member.state.lock().is_up(), lags)
        });
        order
    }
}

impl Member {
    fn works(&self) {
        let mut state = self.state.lock();
        state.failures = 0;
        state.until = None;
    }

    fn failed(&self, detail: &str, cool_down: Duration) {
        let mut state = self.state.lock();
        let pause = cool_down.saturating_mul(1 << state.failures.min(6)).min(LONGEST_COOL_DOWN);
        state.failures += 1;
        state.until = Some(Instant::now() + pause);
        state.last_failure = Some(detail.to_owned());
    }
}

impl State {
    fn is_up(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }
}
