//! Captured chains: blocks as nodes answered them over JSON-RPC, put back into the bytes that were sealed.

mod field;
mod genesis;
mod header;
mod proof;
mod receipt;

use anyhow::{Context as _, ensure};
use causeway_protocol::{Family, Hash, keccak256};
use causeway_verifier::bft::{Config, HeaderFields};
use serde_json::Value;

pub(crate) use field::FieldError;
pub(crate) use genesis::{Genesis, Replacement};

pub(crate) use proof::{ProofError, ProofNodes};

use field::{at, list};
use receipt::Place;

/// A captured chain.
pub(crate) struct Capture {
    genesis: Value,
    contract: Option<Value>,
    /// Its blocks, in the order of the file.
    pub(crate) blocks: Vec<CapturedBlock>,
}

/// One block of a captured chain.
pub(crate) struct CapturedBlock {
    entry: Value,
}

impl Capture {
    /// Reads a capture: `{"genesis": …, "blocks": [{"block": …, "receipts": […], "proof": …}, …]}`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut json: Value = serde_json::from_str(text).context("not JSON")?;
        let blocks = json.get_mut("blocks").and_then(Value::as_array_mut).context("no list of blocks")?;
        let blocks: Vec<_> =
            std::mem::take(blocks).into_iter().map(|entry| CapturedBlock { entry }).collect();
        ensure!(!blocks.is_empty(), "the list of blocks is empty");
        Ok(Self {
            blocks,
            genesis: json.get("genesis").cloned().unwrap_or(Value::Null),
            contract: json.get("contract").cloned(),
        })
    }

    /// The family that its genesis file names.
    pub(crate) fn family(&self) -> Option<Family> {
        genesis::family(&self.genesis)
    }

    /// The consensus parameters in its genesis file.
    pub(crate) fn genesis(&self, family: Family) -> Result<Genesis, FieldError> {
        genesis::read(family, &self.genesis, self.contract.as_ref())
    }
}

impl CapturedBlock {
    /// Its height, as the node said.
    pub(crate) fn height(&self) -> Result<u64, FieldError> {
        field::quantity(at(self.block()?, "number")?, "number")
    }

    fn block(&self) -> Result<&Value, FieldError> {
        at(&self.entry, "block")
    }

    /// Its fields.
    pub(crate) fn fields(&self) -> Result<HeaderFields, FieldError> {
        header::read(self.block()?)
    }

    /// The block hash, as the node said.
    pub(crate) fn hash(&self) -> Result<Hash, FieldError> {
        field::word(at(self.block()?, "hash")?, "hash")
    }

    /// The raw header, if the capture has it beside the fields.
    pub(crate) fn raw_header(&self) -> Result<Option<Vec<u8>>, FieldError> {
        self.entry.get("rawHeader").map(|raw| field::bytes(raw, "rawHeader")).transpose()
    }

    /// The `extraData` of the same block as other nodes hold it, with other seals.
    pub(crate) fn other_extra(&self) -> Result<Vec<Vec<u8>>, FieldError> {
        let others = self.entry.get("otherExtraData").and_then(Value::as_object);
        others.into_iter().flatten().map(|(_, extra)| field::bytes(extra, "otherExtraData")).collect()
    }

    /// The hashes of its transactions, as the block lists them.
    fn transactions(&self) -> Result<Vec<Hash>, FieldError> {
        let listed = self.block()?.get("transactions").and_then(Value::as_array);
        // A node lists hashes, or whole transactions with their hashes.
        let hash = |one: &Value| field::word(one.get("hash").unwrap_or(one), "transactions");
        listed.into_iter().flatten().map(hash).collect()
    }

    /// Its transactions' bytes, if the capture has them, each checked against the hash that the block lists.
    pub(crate) fn raw_transactions(&self) -> Result<Option<Vec<Vec<u8>>>, FieldError> {
        let Some(raw) = self.entry.get("rawTransactions") else { return Ok(None) };
        let raw: Vec<_> = list(raw, "rawTransactions")?
            .iter()
            .map(|one| field::bytes(one, "rawTransactions"))
            .collect::<Result<_, _>>()?;
        let computed: Vec<_> = raw.iter().map(|one| keccak256(one)).collect();
        if computed != self.transactions()? {
            return Err(FieldError {
                name: "rawTransactions".into(),
                expected: "the transactions that the block lists",
                came: format!("{} others", raw.len()),
            });
        }
        Ok(Some(raw))
    }

    /// Its receipts as they stand in the trie, if the capture has them.
    pub(crate) fn receipts(&self) -> Result<Option<Vec<Vec<u8>>>, FieldError> {
        let Some(receipts) = self.entry.get("receipts").filter(|receipts| !receipts.is_null()) else {
            return Ok(None);
        };
        let (block, height, transactions) = (self.hash()?, self.height()?, self.transactions()?);
        let (mut logs_before, mut gas_before) = (0, 0);
        let mut read = Vec::new();
        for (index, receipt) in list(receipts, "receipts")?.iter().enumerate() {
            let transaction = transactions.get(index).copied();
            let index = index as u64;
            let place = Place { block, height, transaction, index, logs_before, gas_before };
            let receipt = receipt::read(receipt, place)?;
            logs_before += receipt.logs;
            gas_before = receipt.gas;
            read.push(receipt.bytes);
        }
        Ok(Some(read))
    }

    /// The nodes of its `eth_getProof` answer, if the capture has one, each of them checked.
    pub(crate) fn proof(&self, state_root: Hash) -> Result<Option<ProofNodes>, ProofError> {
        let proof = self.entry.get("proof").filter(|proof| !proof.is_null());
        proof.map(|proof| proof::read(proof, state_root)).transpose()
    }
}

/// The parameters of `family` in their simplest form: its protocol from the start, validators in headers.
fn plain(family: Family, protocol: causeway_verifier::bft::Protocol) -> Config {
    // A capture is judged as of its own time, so no period passes and no clock drifts.
    const PERIOD: u64 = 50 * 365 * 24 * 60 * 60;
    Config::plain(family, protocol, PERIOD, 0)
}
