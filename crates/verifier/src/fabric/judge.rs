//! Which events a run's blocks prove: written by transactions that were endorsed by policy, and committed.

use causeway_protocol::{GatewayEvent, GatewayEventKind, GatewayId};

use super::config::Channel;
use super::event::{self, Written, is_event_key};
use super::evidence::Definition;
use super::fault::FabricFault;
use super::lifecycle;
use super::policy::{Policy, Signed};
use super::state::State;
use super::transaction::{LIFECYCLE, NamespaceWrites, Transaction, Version};
use super::walk::{Walk, Walked};
use crate::{EventFact, Gateway};

/// Whether a write was committed: what blocks do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The gateway's chaincode, whose `facts` tell.
    pub(super) chaincode: &'a str,
    /// Where the key is: the chaincode's namespace, or that of definitions.
    pub(super) namespace: &'a str,
    pub(super) key: &'a str,
    pub(super) version: Version,
    /// The gateway whose state it has to be.
    pub(super) gateway: Option<GatewayId>,
    /// Whether the gateway opens by it. If it does not, the state may be that of one that opened instead, or of none.
    pub(super) opening: bool,
}

/// Who answers such questions.
pub(super) trait Fates {
    /// Whether the write was committed.
    fn committed(&mut self, question: &Question<'_>) -> Result<bool, FabricFault>;

    /// Whether everything of this chaincode has to be shown, although no gateway is open there. Else what is not shown is passed
    /// over: not every chaincode that somebody claims to be a gateway can be asked.
    fn demands(&self, chaincode: &str) -> bool;
}

/// The chaincodes of the gateways, each once.
pub(super) fn chaincodes(gateways: &[Gateway]) -> Vec<&str> {
    let names = gateways.iter().filter_map(|gateway| core::str::from_utf8(&gateway.address).ok());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a gateway that this chaincode is has opened.
pub(super) fn has_open(state: &State, gateways: &[Gateway], chaincode: &str) -> bool {
    let mut here = gateways.iter().filter(|gateway| gateway.address == chaincode.as_bytes());
    here.any(|gateway| state.is_open(gateway.id))
}

/// Whether a transaction's endorsements satisfy `policy`, as peers judge.
fn endorsed(channel: &Channel, transaction: &Transaction<'_>, policy: &Policy) -> Result<bool, FabricFault> {
    let signed: Vec<Signed<'_>> = transaction
        .endorsements
        .iter()
        .map(|(endorser, signature)| Signed {
            identity: endorser,
            message: vec![transaction.response, endorser],
            signature,
        })
        .collect();
    let fault = |fault| FabricFault::Policy { what: policy.name().to_owned(), fault };
    channel.satisfied(policy, &signed).map_err(fault)
}

fn transactions<'a, 'b>(block: &'b Walked<'a>) -> impl Iterator<Item = (Version, &'b Transaction<'a>)> {
    let read = (0..).zip(&block.transactions);
    read.filter_map(|(place, transaction)| Some(((block.number, place), transaction.as_ref()?)))
}

/// An endorsed change of a chaincode's definition.
struct Change<'a, 'b> {
    version: Version,
    writes: &'b NamespaceWrites<'a>,
}

/// A definition that changed: in force from the block after `block`.
pub(super) struct Redefined {
    pub(super) block: u64,
    pub(super) name: String,
    /// Nothing where it is not known what became of a change: then there is no policy to judge the chaincode by.
    pub(super) definition: Option<Definition>,
}

/// The definitions that a run changes, of chaincodes that are gateways or whose definition was known.
pub(super) fn definitions(
    state: &State,
    walk: &Walk<'_>,
    gateways: &[Gateway],
    fates: &mut dyn Fates,
) -> Result<Vec<Redefined>, FabricFault> {
    let claimed = chaincodes(gateways);
    let known = state.definitions.iter().map(|definition| definition.name.as_str());
    let mut names: Vec<&str> = claimed.iter().copied().chain(known).collect();
    names.sort_unstable();
    names.dedup();
    let mut redefined = Vec::new();
    for name in names {
        let changes = endorsed_changes(name, walk)?;
        let Some(first) = changes.first() else { continue };
        let is_demanded = fates.demands(name) || has_open(state, gateways, name);
        if !claimed.contains(&name) && !is_demanded {
            redefined.push(Redefined { block: first.version.0, name: name.to_owned(), definition: None });
            continue;
        }
        match committed_definitions(name, state.definition(name).cloned(), &changes, fates) {
            Ok(committed) => redefined.extend(committed),
            Err(fault) if is_demanded => return Err(fault),
            Err(_) => {
                redefined.push(Redefined { block: first.version.0, name: name.to_owned(), definition: None });
            }
        }
    }
    Ok(redefined)
}

fn committed_definitions(
    name: &str,
    mut before: Option<Definition>,
    changes: &[Change<'_, '_>],
    fates: &mut dyn Fates,
) -> Result<Vec<Redefined>, FabricFault> {
    let mut redefined = Vec::new();
    for change in committed_changes(name, changes, fates)? {
        let definition = lifecycle::apply(before.as_ref(), name, change.writes)?;
        before = Some(definition.clone());
        let (block, name) = (change.version.0, name.to_owned());
        redefined.push(Redefined { block, name, definition: Some(definition) });
    }
    Ok(redefined)
}

/// The changes that enough endorsed, in the chain's order.
fn endorsed_changes<'a, 'b>(name: &str, walk: &'b Walk<'a>) -> Result<Vec<Change<'a, 'b>>, FabricFault> {
    let mut changes = Vec::new();
    for block in &walk.blocks {
        let channel = &walk.channels[block.channel];
        for (version, transaction) in transactions(block) {
            let Some(writes) = lifecycle::writes(transaction) else { continue };
            if lifecycle::changes(writes, name)
                && endorsed(channel, transaction, &lifecycle::policy_of_changes(channel)?)?
            {
                changes.push(Change { version, writes });
            }
        }
    }
    Ok(changes)
}

/// Those of them that were committed, in the chain's order.
///
/// Every change writes the same key, so what was read of it after the run says only which change was the last. That one was
/// made of the one before: it read the key, and would not have been committed had its version been another by then.
fn committed_changes<'a, 'b>(
    name: &str,
    changes: &'b [Change<'a, 'b>],
    fates: &mut dyn Fates,
) -> Result<Vec<&'b Change<'a, 'b>>, FabricFault> {
    let key = lifecycle::sequence_key(name);
    let mut committed: Vec<&Change<'_, '_>> = Vec::new();
    for change in changes.iter().rev() {
        let version = change.version;
        let is_base_of_next = committed.last().and_then(|next| next.writes.is_made_of(&key, version));
        let is_committed = match is_base_of_next {
            Some(known) => known,
            None => fates.committed(&Question {
                chaincode: name,
                namespace: LIFECYCLE,
                key: &key,
                version,
                gateway: None,
                opening: false,
            })?,
        };
        if is_committed {
            committed.push(change);
        }
    }
    committed.reverse();
    Ok(committed)
}

/// The events that a run proves, in the chain's order, numbered. `state` has the definitions of its beginning, and takes in
/// those that the run commits as it comes to them.
pub(super) fn events(
    state: &mut State,
    walk: &Walk<'_>,
    gateways: &[Gateway],
    definitions: &[Redefined],
    fates: &mut dyn Fates,
    now: u64,
) -> Result<Vec<EventFact>, FabricFault> {
    let names = chaincodes(gateways);
    let mut events = Vec::new();
    for block in &walk.blocks {
        let channel = &walk.channels[block.channel];
        for (version, transaction) in transactions(block) {
            for writes in transaction.writes.iter().filter(|writes| names.contains(&writes.namespace)) {
                let chaincode = writes.namespace;
                let may_pass = !fates.demands(chaincode) && !has_open(state, gateways, chaincode);
                let found = match written(state, channel, gateways, transaction, writes) {
                    Err(_) if may_pass => continue,
                    found => found?,
                };
                let Some((first, gateway)) = found.first().map(|(write, event)| (write.key, event.gateway))
                else {
                    continue;
                };
                let opening = found.iter().any(|(_, event)| is_opening(event));
                let question = Question {
                    chaincode,
                    namespace: chaincode,
                    key: first,
                    version,
                    gateway: Some(gateway),
                    opening,
                };
                let is_committed = match fates.committed(&question) {
                    Err(FabricFault::Unresolved { .. }) if may_pass => false,
                    answer => answer?,
                };
                if !is_committed {
                    continue;
                }
                for (write, Written { gateway, kind }) in found {
                    let fault = |why: &str| FabricFault::Event {
                        chaincode: chaincode.to_owned(),
                        key: write.key.to_owned(),
                        why: why.to_owned(),
                    };
                    let number = match &kind {
                        GatewayEventKind::Opened { .. } if state.open(gateway) => 1,
                        GatewayEventKind::Opened { .. } => return Err(fault("it opened before")),
                        _ => state
                            .number(gateway)
                            .ok_or_else(|| fault("it stands before its gateway's opening"))?,
                    };
                    let (transaction, log) = (version.1, write.place);
                    let event = GatewayEvent { gateway, number, kind };
                    events.push(EventFact {
                        height: block.number,
                        block: block.hash,
                        time: now,
                        transaction,
                        log,
                        event,
                    });
                }
            }
        }
        for change in definitions.iter().filter(|change| change.block == block.number) {
            match &change.definition {
                Some(definition) => state.define(definition.clone()),
                None => state.forget(&change.name),
            }
        }
    }
    Ok(events)
}

type Found<'a> = (super::transaction::Write<'a>, Written);

fn is_opening(event: &Written) -> bool {
    matches!(event.kind, GatewayEventKind::Opened { .. })
}

/// The events of registered gateways that a transaction would write in one namespace, if it is endorsed by the policy of the
/// namespace.
///
/// Nothing of a gateway counts before its opening does. So a namespace in which none is open has nothing to say but an
/// opening, and what else stands there, endorsed by whom it may be, is refused nowhere: it harms nobody.
fn written<'a>(
    state: &State,
    channel: &Channel,
    gateways: &[Gateway],
    transaction: &Transaction<'a>,
    writes: &NamespaceWrites<'a>,
) -> Result<Vec<Found<'a>>, FabricFault> {
    let chaincode = writes.namespace;
    let here: Vec<&Gateway> =
        gateways.iter().filter(|gateway| gateway.address == chaincode.as_bytes()).collect();
    let is_open = has_open(state, gateways, chaincode);
    let concerns = writes.key_policies || writes.writes.iter().any(|write| is_event_key(write.key));
    if !concerns || !is_open && opening(&here, transaction, writes).is_none() {
        return Ok(Vec::new());
    }
    // Without a definition no transaction is valid. One that is older than the anchor, and not in it, is the same as none: no
    // gateway has opened under it here.
    let Some(definition) = state.definition(chaincode) else { return Ok(Vec::new()) };
    if !endorsed(channel, transaction, &definition.policy(channel)?)? {
        return Ok(Vec::new());
    }
    if writes.key_policies {
        return Err(FabricFault::KeyPolicy(chaincode.to_owned()));
    }
    let mut found = Vec::new();
    for write in writes.writes.iter().filter(|write| is_event_key(write.key)) {
        let named = || (chaincode.to_owned(), write.key.to_owned());
        if write.deleted {
            let (chaincode, key) = named();
            return Err(FabricFault::Deleted { chaincode, key });
        }
        let event = event::read(write.key, write.value, transaction.id).map_err(|fault| {
            let (chaincode, key) = named();
            FabricFault::Event { chaincode, key, why: fault.to_string() }
        })?;
        if here.iter().any(|gateway| gateway.id == event.gateway) {
            found.push((*write, event));
        }
    }
    let opens = found.iter().any(|(_, event)| is_opening(event));
    if !opens {
        found.retain(|(_, event)| state.is_open(event.gateway));
    }
    if let Some((_, other)) = found.iter().find(|(_, event)| event.gateway != found[0].1.gateway) {
        return Err(FabricFault::OtherGateway { chaincode: chaincode.to_owned(), came: other.gateway });
    }
    Ok(found)
}

/// The registered gateway that would open by a transaction: for its island, and under the id that follows from the transaction.
fn opening<'g>(
    here: &[&'g Gateway],
    transaction: &Transaction<'_>,
    writes: &NamespaceWrites<'_>,
) -> Option<&'g Gateway> {
    let write = writes.writes.iter().find(|write| write.key == "opened" && !write.deleted)?;
    let Written { gateway, kind } = event::read(write.key, write.value, transaction.id).ok()?;
    let GatewayEventKind::Opened { island, .. } = kind else { return None };
    here.iter().copied().find(|registered| {
        let derived = GatewayId::derive(island, &registered.address, event::birth(transaction.id));
        registered.id == gateway && derived == gateway && registered.island == island
    })
}
