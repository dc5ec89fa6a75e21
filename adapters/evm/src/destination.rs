//! Delivering to an EVM island: statements tried first, then sent in batches, their events read back.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use causeway_adapter::{AdapterError, Destination, Outcome, Statement, Submission, group};

use crate::account::{Account, Call, Sent};
use crate::calls::{Action, gateway_address, settle_call};
use crate::gas;
use crate::rpc::RpcError;
use crate::verdict::{Verdict, selector, verdict};

/// How much goes into one transaction.
#[derive(Debug, Clone)]
pub struct DestinationSettings {
    /// Most gas of one transaction, unless a single statement needs more. 15 million.
    pub most_gas: u64,
    /// Most bytes of call data, unless a single statement has more. 48 KiB: GoQuorum takes transactions of 64 KiB.
    pub most_bytes: usize,
    /// Most statements of one transaction. 100.
    pub most_items: usize,
    /// Gas that a sender's callback gets when settlements travel together; one that needs more is settled alone. 300,000.
    pub callback_gas: u64,
}

impl Default for DestinationSettings {
    fn default() -> Self {
        Self { most_gas: 15_000_000, most_bytes: 48 * 1024, most_items: 100, callback_gas: 300_000 }
    }
}

/// Delivers to the gateways of one EVM island with one account.
#[derive(Debug)]
pub struct EvmDestination {
    account: Arc<Account>,
    settings: DestinationSettings,
}

/// Statements of one batch to submit in one transaction.
struct Attempt {
    action: Action,
    /// Indices into the statements of the call, ascending by place in their batch.
    items: Vec<usize>,
    /// Doubled when the gateway asked for more gas.
    gas_factor: u64,
}

/// A transaction on its way.
struct Flight {
    action: Action,
    items: Vec<usize>,
    sent: Sent,
}

/// One call of [`Destination::submit`].
struct Round<'a> {
    destination: &'a EvmDestination,
    statements: &'a [Statement],
    outcomes: Vec<Outcome>,
    attempts: VecDeque<Attempt>,
    flights: Vec<Flight>,
    block_gas: u64,
}

impl EvmDestination {
    /// Delivers with `account`.
    pub fn new(account: Arc<Account>, settings: DestinationSettings) -> Self {
        Self { account, settings }
    }

    /// The account that pays.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }
}

#[async_trait]
impl Destination for EvmDestination {
    async fn submit(&self, statements: &[Statement]) -> Result<Submission, AdapterError> {
        if statements.is_empty() {
            return Ok(Submission::default());
        }
        let block = self.account.newest_block().await?;
        let waiting = Outcome::NotYet { reason: "not submitted".into() };
        let mut round = Round {
            destination: self,
            statements,
            outcomes: vec![waiting; statements.len()],
            attempts: VecDeque::new(),
            flights: Vec::new(),
            block_gas: block.gas_limit.to(),
        };
        round.plan(block.timestamp.to());
        while let Some(attempt) = round.attempts.pop_front() {
            round.attempt(attempt).await?;
        }
        round.land().await;
        Ok(Submission { outcomes: round.outcomes })
    }
}

impl Round<'_> {
    /// Splits the statements into attempts by batch, action, gas and size.
    fn plan(&mut self, time: u64) {
        for batch in group(self.statements) {
            for index in batch {
                let statement = &self.statements[index];
                match Action::of(statement, time) {
                    _ if gateway_address(statement).is_none() => {
                        let reason = format!(
                            "the gateway's address has {} bytes, expected 20",
                            statement.address.len()
                        );
                        self.outcomes[index] = Outcome::Refused { reason };
                    }
                    None => {
                        let reason = "only the owner of the source gateway can submit VOID".into();
                        self.outcomes[index] = Outcome::Refused { reason };
                    }
                    Some(action) => self.add(action, index),
                }
            }
        }
    }

    /// Puts a statement into an attempt of its batch and action that has room, or into a new one.
    fn add(&mut self, action: Action, index: usize) {
        let (statements, settings) = (self.statements, &self.destination.settings);
        let gas = |index: usize| gas::of_item(action, &statements[index], settings.callback_gas);
        let same = |other: usize| {
            let [one, other] = [index, other].map(|index| &statements[index]);
            (one.gateway, &one.address, one.batch) == (other.gateway, &other.address, other.batch)
        };
        let has_room = |attempt: &&mut Attempt| {
            let items = attempt.items.iter().copied().chain([index]);
            attempt.action == action
                && same(attempt.items[0])
                && attempt.items.len() < settings.most_items
                && items.clone().map(gas).sum::<u64>() <= settings.most_gas
                && items.map(|index| gas::bytes_of_item(&statements[index])).sum::<usize>()
                    <= settings.most_bytes
        };
        match self.attempts.iter_mut().rev().find(has_room) {
            Some(attempt) => attempt.items.push(index),
            None => self.attempts.push_back(Attempt { action, items: vec![index], gas_factor: 1 }),
        }
    }

    /// Tries a batch without a transaction; sends what the gateway would accept.
    async fn attempt(&mut self, attempt: Attempt) -> Result<(), AdapterError> {
        let Attempt { action, items, gas_factor } = attempt;
        let call = self.call(action, &items, gas_factor);
        let account = &self.destination.account;
        let refusals = match account.call(&call).await {
            Ok(answer) => {
                let Some(refusals) = action.refusals(&answer, items.len()) else {
                    self.not_yet(&items, "the contract does not answer like a gateway");
                    return Ok(());
                };
                refusals
            }
            Err(error) if error.refusal().is_some() => {
                self.reverted(Attempt { action, items, gas_factor }, &error);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut accepted = Vec::new();
        let mut alone = Vec::new();
        for (index, refusal) in items.into_iter().zip(refusals) {
            if refusal == [0; 4] {
                accepted.push(index);
            } else if verdict(refusal).0 == Verdict::Alone {
                alone.push(index);
            } else {
                self.refused(action, index, refusal);
            }
        }
        if !accepted.is_empty() {
            let call = self.call(action, &accepted, gas_factor);
            let sent = account.send(&call).await?;
            self.flights.push(Flight { action, items: accepted, sent });
        }
        for index in alone {
            self.settle_alone(index).await?;
        }
        Ok(())
    }

    fn call(&self, action: Action, items: &[usize], gas_factor: u64) -> Call {
        let callback_gas = self.destination.settings.callback_gas;
        let statements: Vec<_> = items.iter().map(|&index| &self.statements[index]).collect();
        let data = action.batch_call(&statements, callback_gas);
        let gas = statements.iter().map(|statement| gas::of_item(action, statement, callback_gas)).sum();
        let signatures = statements.first().map_or(0, |statement| statement.signatures.len());
        let gas = gas::of_call(&data, signatures, gas).saturating_mul(gas_factor).min(self.block_gas);
        Call { to: statements.first().and_then(|statement| gateway_address(statement)), data, gas }
    }

    /// A whole batch reverted: its proof, the gateway's state, or too little gas.
    fn reverted(&mut self, attempt: Attempt, error: &RpcError) {
        let Attempt { action, items, gas_factor } = attempt;
        let known = error.revert_data().and_then(selector);
        let message = error.refusal().unwrap_or_default();
        let out_of_gas = known.is_none() && message.contains("gas");
        match known.map(verdict) {
            Some((Verdict::MoreGas, _)) if items.len() > 1 => self.halve(action, items),
            None if out_of_gas && items.len() > 1 => self.halve(action, items),
            Some((Verdict::MoreGas, _)) if gas_factor < 8 => self.again(action, items, gas_factor * 2),
            None if out_of_gas && gas_factor < 8 => self.again(action, items, gas_factor * 2),
            Some(_) => {
                let known = known.unwrap_or_default();
                for index in items {
                    self.refused(action, index, known);
                }
            }
            None => self.not_yet(&items, message),
        }
    }

    fn halve(&mut self, action: Action, mut items: Vec<usize>) {
        let rest = items.split_off(items.len() / 2);
        self.again(action, items, 1);
        self.again(action, rest, 1);
    }

    fn again(&mut self, action: Action, items: Vec<usize>, gas_factor: u64) {
        self.attempts.push_back(Attempt { action, items, gas_factor });
    }

    /// Takes in that the gateway refuses one statement with this error.
    fn refused(&mut self, action: Action, index: usize, error: [u8; 4]) {
        let (verdict, name) = verdict(error);
        let reason = || name.to_owned();
        match verdict {
            Verdict::Expire if action == Action::Deliver => {
                self.add(Action::Expire(self.statements[index].attestation.kind), index);
            }
            Verdict::Done => self.outcomes[index] = Outcome::AlreadyDone,
            Verdict::Never => self.outcomes[index] = Outcome::Refused { reason: reason() },
            Verdict::Later | Verdict::Expire | Verdict::Alone | Verdict::MoreGas => {
                self.outcomes[index] = Outcome::NotYet { reason: reason() };
            }
        }
    }

    fn not_yet(&mut self, items: &[usize], reason: &str) {
        for &index in items {
            self.outcomes[index] = Outcome::NotYet { reason: reason.to_owned() };
        }
    }

    /// Settles a statement whose callback failed with a batch's share of gas. It settles, or its callback reverts whatever
    /// it is given, and then it is tried again later: a refund must not be lost.
    async fn settle_alone(&mut self, index: usize) -> Result<(), AdapterError> {
        let statement = &self.statements[index];
        let mut call =
            Call { to: gateway_address(statement), data: settle_call(statement), gas: self.block_gas };
        let account = &self.destination.account;
        match account.estimate(&call).await {
            Ok(gas) => {
                call.gas = gas.saturating_add(gas / 4).min(self.block_gas);
                let sent = account.send(&call).await?;
                self.flights.push(Flight { action: Action::Settle, items: vec![index], sent });
            }
            Err(error) if error.refusal().is_some() => {
                let reason =
                    format!("the sender's callback reverts: {}", error.refusal().unwrap_or_default());
                self.outcomes[index] = Outcome::NotYet { reason };
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Waits for every transaction and reads from its events what it did.
    async fn land(&mut self) {
        for Flight { action, items, sent } in std::mem::take(&mut self.flights) {
            let executed = match self.destination.account.executed(&sent).await {
                Ok(executed) => executed,
                Err(error) => {
                    self.not_yet(&items, &error.to_string());
                    continue;
                }
            };
            for index in items {
                self.outcomes[index] = if action.is_done_in(&executed, &self.statements[index]) {
                    Outcome::Done { transaction: executed.transaction.0.to_vec() }
                } else {
                    let how = if executed.success { "skipped it" } else { "reverted" };
                    Outcome::NotYet { reason: format!("transaction {} {how}", executed.transaction) }
                };
            }
        }
    }
}
