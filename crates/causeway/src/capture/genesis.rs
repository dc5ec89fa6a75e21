//! What a genesis file says about consensus: which protocol seals which heights, and where validators are found.
//!
//! GoQuorum writes `qbft`, `ibft` or the older `istanbul`, and a list `transitions`; Besu writes `qbft` or `ibft2`, and
//! `transitions` with a list for each. Both are read.

use causeway_protocol::{Address, Family};
use causeway_verifier::bft::{Config, Mode, Protocol, ValidatorContract};
use serde_json::Value;

use super::field::{FieldError, address, at, list, number, word};

/// A chain's consensus parameters.
pub(crate) struct Genesis {
    /// As an anchor takes them.
    pub(crate) config: Config,
    /// Validator sets that the configuration itself puts in place, by the first height that lists them.
    pub(crate) replacements: Vec<Replacement>,
}

/// A validator set that the configuration puts in place.
pub(crate) struct Replacement {
    /// The first height whose header lists it.
    pub(crate) height: u64,
    /// The set, ascending.
    pub(crate) validators: Vec<Address>,
}

/// Reads a genesis file. `contract` is the capture's own note on the validator contract: address, code hash, slot.
pub(crate) fn read(family: Family, genesis: &Value, contract: Option<&Value>) -> Result<Genesis, FieldError> {
    let chain = genesis.get("config").unwrap_or(&Value::Null);
    let dialect = Dialect::of(chain);
    let mut config = super::plain(family, first_protocol(family, genesis));
    let mut replacements = Vec::new();
    let base = ["qbft", "ibft2", "ibft", "istanbul"].into_iter().find_map(|name| chain.get(name));
    if let Some(base) = base {
        if let Some(fork) = base.get("testQBFTBlock") {
            config.schedule.push((number(fork, "testQBFTBlock")?, Protocol::Qbft));
        }
        if let Some(mode) = mode(base, contract)? {
            config.modes = vec![(0, mode)];
        }
    }
    for transition in transitions(chain)? {
        let block = number(at(transition, "block")?, "transitions.block")?;
        if transition.get("algorithm").and_then(Value::as_str) == Some("qbft") {
            config.schedule.push((block, Protocol::Qbft));
        }
        // GoQuorum reads mode and list of block N from the configuration at N - 1; Besu from that at N.
        let from = match dialect {
            Dialect::GoQuorum => block + 1,
            Dialect::Besu => block,
        };
        if let Some(mode) = mode(transition, contract)? {
            config.modes.push((from, mode));
        }
        if let Some(validators) = transition.get("validators") {
            let validators = list(validators, "validators")?.iter().map(|one| address(one, "validators"));
            let mut validators = validators.collect::<Result<Vec<_>, _>>()?;
            validators.sort_unstable();
            replacements.push(Replacement { height: from, validators });
        }
    }
    Ok(Genesis { config, replacements })
}

/// Whose genesis file it is.
#[derive(Clone, Copy)]
enum Dialect {
    GoQuorum,
    Besu,
}

impl Dialect {
    fn of(chain: &Value) -> Self {
        let lists = chain.get("transitions").is_some_and(Value::is_object);
        if lists || chain.get("ibft2").is_some() { Self::Besu } else { Self::GoQuorum }
    }
}

/// The family whose consensus the genesis file names; the older ones first, because they may become QBFT later.
pub(crate) fn family(genesis: &Value) -> Option<Family> {
    let names = [
        ("ibft2", Family::Ibft2),
        ("ibft", Family::Ibft),
        ("istanbul", Family::Ibft),
        ("qbft", Family::Qbft),
    ];
    let chain = genesis.get("config")?;
    names.into_iter().find(|(name, _)| chain.get(name).is_some()).map(|(_, family)| family)
}

/// The protocol that seals the first blocks: what the genesis file names, or else the family's own.
fn first_protocol(asked: Family, genesis: &Value) -> Protocol {
    match family(genesis).unwrap_or(asked) {
        Family::Ibft => Protocol::Ibft,
        Family::Ibft2 => Protocol::Ibft2,
        _ => Protocol::Qbft,
    }
}

fn transitions(chain: &Value) -> Result<Vec<&Value>, FieldError> {
    let Some(transitions) = chain.get("transitions") else { return Ok(Vec::new()) };
    let lists = match transitions {
        Value::Object(lists) => lists.values().collect(),
        list => vec![list],
    };
    let mut all = Vec::new();
    for entries in lists {
        all.extend(list(entries, "transitions")?);
    }
    Ok(all)
}

/// The mode an entry sets, if it sets one.
fn mode(entry: &Value, contract: Option<&Value>) -> Result<Option<Mode>, FieldError> {
    let named = entry.get("validatorselectionmode").and_then(Value::as_str);
    let at_address = entry.get("validatorcontractaddress").filter(|value| value.as_str() != Some(""));
    match (named, at_address) {
        (Some("blockheader"), _) => Ok(Some(Mode::Header)),
        (Some("contract"), Some(configured)) => {
            let configured = address(configured, "validatorcontractaddress")?;
            validator_contract(configured, contract).map(Mode::Contract).map(Some)
        }
        _ => Ok(None),
    }
}

fn validator_contract(configured: Address, note: Option<&Value>) -> Result<ValidatorContract, FieldError> {
    let missing = || FieldError {
        name: "contract".into(),
        expected: "address, codeHash and lengthSlot of the validator contract",
        came: "nothing".into(),
    };
    let note = note.ok_or_else(missing)?;
    let noted = address(at(note, "address")?, "contract.address")?;
    if noted != configured {
        return Err(FieldError {
            name: "contract.address".into(),
            expected: "the address in the genesis file",
            came: noted.to_string(),
        });
    }
    let slot = number(at(note, "lengthSlot")?, "contract.lengthSlot")?;
    Ok(ValidatorContract {
        address: configured,
        code_hash: word(at(note, "codeHash")?, "contract.codeHash")?,
        slot: causeway_protocol::words::uint(slot),
    })
}
