//! Which events a run's blocks prove: written by transactions that were endorsed by policy, and committed.

use causeway_protocol::{GatewayEvent, GatewayEventKind, GatewayId};

use super::config::Channel;
use super::event::{self, Written, is_event_key};
use super::evidence::Definition;
use super::fault::FabricFault;
use super::lifecycle;
use super::policy::{Policy, Signed};
use super::read::Version;
use super::state::State;
use super::transaction::{LIFECYCLE, NamespaceWrites, Transaction};
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
}

/// Who answers such questions.
pub(super) trait Fates {
    /// Whether the write was committed.
    fn committed(&mut self, question: &Question<'_>) -> Result<bool, FabricFault>;
}

/// The chaincodes of the gateways, each once.
pub(super) fn chaincodes(gateways: &[Gateway]) -> Vec<&str> {
    let names = gateways.iter().filter_map(|gateway| core::str::from_utf8(&gateway.address).ok());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
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

/// The definitions that a run commits, each in force from the block after the one named.
pub(super) fn definitions(
    state: &State,
    walk: &Walk<'_>,
    gateways: &[Gateway],
    fates: &mut dyn Fates,
) -> Result<Vec<(u64, Definition)>, FabricFault> {
    let names = chaincodes(gateways);
    let mut committed: Vec<(u64, Definition)> = Vec::new();
    for block in &walk.blocks {
        let channel = &walk.channels[block.channel];
        for (version, transaction) in transactions(block) {
            let Some(writes) = lifecycle::writes(transaction) else { continue };
            for name in names.iter().filter(|name| lifecycle::changes(writes, name)) {
                if !endorsed(channel, transaction, &lifecycle::policy_of_changes(channel)?)? {
                    continue;
                }
                let key = lifecycle::sequence_key(name);
                let question =
                    Question { chaincode: name, namespace: LIFECYCLE, key: &key, version, gateway: None };
                if fates.committed(&question)? {
                    let earlier = committed.iter().rev().map(|(_, definition)| definition);
                    let before = earlier.chain(&state.definitions).find(|known| known.name == **name);
                    committed.push((block.number, lifecycle::apply(before, name, writes)?));
                }
            }
        }
    }
    Ok(committed)
}

/// The events that a run proves, in the chain's order, numbered. `state` has the definitions of its beginning, and takes in
/// those that the run commits as it comes to them.
pub(super) fn events(
    state: &mut State,
    walk: &Walk<'_>,
    gateways: &[Gateway],
    definitions: &[(u64, Definition)],
    fates: &mut dyn Fates,
    now: u64,
) -> Result<Vec<EventFact>, FabricFault> {
    let names = chaincodes(gateways);
    let mut events = Vec::new();
    for block in &walk.blocks {
        let channel = &walk.channels[block.channel];
        for (version, transaction) in transactions(block) {
            for writes in transaction.writes.iter().filter(|writes| names.contains(&writes.namespace)) {
                let found = written(state, channel, gateways, transaction, writes)?;
                let Some((first, gateway)) = found.first().map(|(write, event)| (write.key, event.gateway))
                else {
                    continue;
                };
                let chaincode = writes.namespace;
                let question =
                    Question { chaincode, namespace: chaincode, key: first, version, gateway: Some(gateway) };
                if !fates.committed(&question)? {
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
                        // Nothing of a gateway counts before its opening; one that opened before it was registered has none.
                        _ => match state.number(gateway) {
                            Some(number) => number,
                            None => continue,
                        },
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
        for (_, definition) in definitions.iter().filter(|(number, _)| *number == block.number) {
            state.define(definition.clone());
        }
    }
    Ok(events)
}

type Found<'a> = (super::transaction::Write<'a>, Written);

/// The events of registered gateways that a transaction would write in one namespace, if it is endorsed by the policy of the
/// namespace.
fn written<'a>(
    state: &State,
    channel: &Channel,
    gateways: &[Gateway],
    transaction: &Transaction<'a>,
    writes: &NamespaceWrites<'a>,
) -> Result<Vec<Found<'a>>, FabricFault> {
    let chaincode = writes.namespace;
    if !writes.key_policies && !writes.writes.iter().any(|write| is_event_key(write.key)) {
        return Ok(Vec::new());
    }
    let Some(definition) = state.definition(chaincode) else {
        // Without a definition no transaction is valid. But the definition may be older than the anchor: a transaction that
        // enough would have endorsed by the channel's own policy says so.
        return if endorsed(channel, transaction, &lifecycle::default_policy(channel)?)? {
            Err(FabricFault::Undefined(chaincode.to_owned()))
        } else {
            Ok(Vec::new())
        };
    };
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
        let registered =
            |gateway: &&Gateway| gateway.id == event.gateway && gateway.address == chaincode.as_bytes();
        let Some(gateway) = gateways.iter().find(registered) else { continue };
        if let GatewayEventKind::Opened { island, .. } = &event.kind {
            check_opened(gateway, *island, transaction.id).map_err(|why| {
                let (chaincode, key) = named();
                FabricFault::Event { chaincode, key, why }
            })?;
        }
        found.push((*write, event));
    }
    if let Some((_, other)) = found.iter().find(|(_, event)| event.gateway != found[0].1.gateway) {
        return Err(FabricFault::OtherGateway { chaincode: chaincode.to_owned(), came: other.gateway });
    }
    Ok(found)
}

/// A gateway opens for its island, and its id is the one that follows from the transaction in which it did.
fn check_opened(
    gateway: &Gateway,
    island: causeway_protocol::IslandId,
    transaction: &str,
) -> Result<(), String> {
    if island != gateway.island {
        return Err(format!("the gateway opened for island {island}, another one"));
    }
    let expected = GatewayId::derive(island, &gateway.address, event::birth(transaction));
    if expected == gateway.id {
        Ok(())
    } else {
        Err(format!("a gateway opened in this transaction is {expected}"))
    }
}
