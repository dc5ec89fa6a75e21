//! The light client of the family: what each kind of evidence proves.

use causeway_protocol::{Family, Hash};

use super::block::{Header, check_seal};
use super::config::{Channel, config_of};
use super::evidence::{Anchor, Evidence, Run, Side};
use super::fault::FabricFault;
use super::judge::{self, Fates, Question, Redefined};
use super::lifecycle;
use super::read::{Read, Verdict};
use super::signature::sha256;
use super::state::{State, check_trusting_period};
use super::transaction::LIFECYCLE;
use super::walk::{Content, Seals, content, walk};
use crate::{
    Advance, Anchored, ClientState, EvidenceKind, Gateway, HeaderFact, LightClient, Misbehaviour, Recorded,
    Refusal, Span, Summary, Verified,
};

/// Light client of family `fabric`: one channel of a Hyperledger Fabric network.
#[derive(Debug, Clone, Copy)]
pub struct Fabric;

impl Fabric {
    fn start(anchor: &Anchor<'_>) -> Result<(State, HeaderFact), Refusal> {
        let Anchor { channel, number, previous, envelope, time, trusting_period, definitions } = anchor;
        check_trusting_period(*trusting_period)?;
        let Content::Config(config_envelope) = content(channel, envelope)? else {
            return Err(FabricFault::NotConfig.into());
        };
        let config = config_of(config_envelope).map_err(FabricFault::from)?;
        let judged = Channel::read(&config).map_err(FabricFault::from)?;
        for definition in definitions {
            definition.policy(&judged)?;
        }
        let header = Header { number: *number, previous: previous.to_vec(), data: sha256(&[envelope]) };
        let parent = (*previous).try_into().map_or(Hash::ZERO, Hash);
        let fact = HeaderFact { height: *number, hash: header.hash(), parent, time: *time };
        let state = State {
            channel: (*channel).to_owned(),
            config,
            config_block: *number,
            trusting_period: *trusting_period,
            definitions: definitions.clone(),
            gateways: Vec::new(),
            height: fact.height,
            hash: fact.hash,
            time: *time,
            frozen: false,
        };
        Ok((state, fact))
    }

    /// Verifies a run. Of chaincodes that are `demanded`, as of those that have an open gateway, everything has to be shown.
    pub(super) fn judge(
        state: &ClientState,
        gateways: &[Gateway],
        evidence: &[u8],
        now: u64,
        demanded: &[&str],
    ) -> Result<Verified<Advance>, Refusal> {
        let state = State::decode(state)?;
        if state.frozen {
            return Err(Refusal::Frozen);
        }
        match Evidence::decode(evidence)? {
            Evidence::Run(run) => Self::run(state, gateways, &run, now, demanded).map(Verified::new),
            Evidence::Misbehaviour(_) => Err(Refusal::Kind { expected: "1 run", came: 3 }),
        }
    }

    /// A run: whole blocks linked to the head, and what became of every transaction in them that concerns a gateway.
    fn run(
        mut state: State,
        gateways: &[Gateway],
        run: &Run<'_>,
        now: u64,
        demanded: &[&str],
    ) -> Result<Advance, Refusal> {
        state.check_period(now)?;
        check_link(&state, run.first, run.parent)?;
        let definitions_before = state.clone();
        let walk = walk(&mut state, &run.blocks, Seals::Checked)?;
        let mut answers = Answers::open(&state.channel, run, walk.last_channel(), demanded)?;
        let definitions = judge::definitions(&definitions_before, &walk, gateways, &mut answers)?;
        answers.require(&state, &definitions)?;
        let events = judge::events(&mut state, &walk, gateways, &definitions, &mut answers, now)?;
        answers.all_used()?;
        state.time = now;
        let headers = walk.blocks.iter().map(|block| HeaderFact {
            height: block.number,
            hash: block.hash,
            parent: block.parent,
            time: now,
        });
        Ok(Advance {
            kind: EvidenceKind::Run,
            first: run.first,
            last: state.height,
            headers: headers.collect(),
            state: state.encode(),
            events,
        })
    }

    /// One side of an alleged misbehaviour: headers from the meeting point, under its configuration, the last one signed.
    fn side(state: &State, channel: &Channel, side: &Side<'_>) -> Result<(u64, Hash), Refusal> {
        check_link(state, side.first, side.parent)?;
        let (mut number, mut hash, mut last) = (state.height, state.hash, None);
        for data in &side.data {
            number = number.saturating_add(1);
            let header = Header { number, previous: hash.0.to_vec(), data: *data };
            hash = header.hash();
            last = Some(header);
        }
        let last = last.ok_or(FabricFault::Unsigned)?;
        check_seal(channel, &last, &side.seal, state.config_block)?;
        Ok((number, hash))
    }
}

fn check_link(state: &State, first: u64, parent: Hash) -> Result<(), Refusal> {
    let expected = state.height.saturating_add(1);
    if first != expected {
        return Err(Refusal::NotNextHeight { expected, came: first });
    }
    if parent != state.hash {
        return Err(Refusal::NotLinkedToHead { height: first, head: state.hash, came: parent });
    }
    Ok(())
}

/// What a run's reads say, and whether each is needed.
struct Answers<'a> {
    channel: &'a Channel,
    reads: Vec<Read<'a>>,
    /// For each read: whether those endorsed it whose word counts about definitions. Found out when it matters.
    of_definitions: Vec<Option<bool>>,
    used: Vec<bool>,
    used_keys: Vec<Vec<String>>,
    demanded: &'a [&'a str],
}

impl<'a> Answers<'a> {
    fn open(
        channel_id: &str,
        run: &'a Run<'a>,
        channel: &'a Channel,
        demanded: &'a [&'a str],
    ) -> Result<Self, FabricFault> {
        let reads = run.reads.iter().enumerate().map(|(place, read)| Read::open(channel_id, place, read));
        let reads = reads.collect::<Result<Vec<_>, _>>()?;
        let count = reads.len();
        Ok(Self {
            channel,
            reads,
            of_definitions: vec![None; count],
            used: vec![false; count],
            used_keys: vec![Vec::new(); count],
            demanded,
        })
    }

    /// Enough endorsed every read, by the policy of its chaincode that is in force at the end.
    fn require(&self, state: &State, definitions: &[Redefined]) -> Result<(), FabricFault> {
        for read in &self.reads {
            let mut newest = definitions.iter().rev().filter(|change| change.name == read.chaincode);
            let definition = match newest.next() {
                Some(change) => change.definition.as_ref(),
                None => state.definition(read.chaincode),
            };
            let definition = definition.ok_or_else(|| FabricFault::Undefined(read.chaincode.to_owned()))?;
            read.require(self.channel, &definition.policy(self.channel)?)?;
        }
        Ok(())
    }

    /// What a read says about a question, if it may speak about it.
    fn says(&mut self, place: usize, question: &Question<'_>) -> Result<Verdict, FabricFault> {
        let read = &self.reads[place];
        if read.chaincode != question.chaincode {
            return Ok(Verdict::Silent);
        }
        let verdict = read.says(question.namespace, question.key, question.version);
        // Another chain, of the same organisations and the same name, has a gateway with another id. One that did not open has
        // none: who opened instead, or nobody, says so.
        let of_another = question.gateway.is_some_and(|gateway| gateway != read.gateway);
        if of_another && !(question.opening && verdict == Verdict::NotCommitted) {
            return Ok(Verdict::Silent);
        }
        if question.namespace == LIFECYCLE && !self.may_speak_of_definitions(place)? {
            return Ok(Verdict::Silent);
        }
        Ok(verdict)
    }

    /// Whether those endorsed a read who may change definitions. Else a definition that was never committed could make its own
    /// endorsers the ones who say that it was.
    fn may_speak_of_definitions(&mut self, place: usize) -> Result<bool, FabricFault> {
        if let Some(known) = self.of_definitions[place] {
            return Ok(known);
        }
        let policy = lifecycle::policy_of_changes(self.channel)?;
        let counts = self.reads[place].require(self.channel, &policy).is_ok();
        self.of_definitions[place] = Some(counts);
        Ok(counts)
    }

    /// Nothing stands in the evidence that it could do without.
    fn all_used(&self) -> Result<(), FabricFault> {
        for (place, read) in self.reads.iter().enumerate() {
            let needed =
                |key: &&str| self.used_keys[place].iter().any(|used| used == key) || read.is_late_by(key);
            // A read has to ask for something, even where only the definition's version is wanted.
            let useless = read.asked.len() > 1 && !read.asked.iter().all(needed);
            if !self.used[place] || useless {
                return Err(FabricFault::ReadUseless(place));
            }
        }
        Ok(())
    }
}

impl Fates for Answers<'_> {
    fn demands(&self, chaincode: &str) -> bool {
        self.demanded.contains(&chaincode)
    }

    fn committed(&mut self, question: &Question<'_>) -> Result<bool, FabricFault> {
        let mut answer = None;
        for place in 0..self.reads.len() {
            match self.says(place, question)? {
                Verdict::Committed => {
                    answer = Some((place, true));
                    break;
                }
                Verdict::NotCommitted if answer.is_none() => answer = Some((place, false)),
                Verdict::NotCommitted | Verdict::Silent => {}
            }
        }
        let Some((place, committed)) = answer else {
            let (block, transaction) = question.version;
            return Err(FabricFault::Unresolved {
                block,
                transaction,
                chaincode: question.chaincode.to_owned(),
                key: question.key.to_owned(),
            });
        };
        self.used[place] = true;
        self.used_keys[place].push(question.key.to_owned());
        Ok(committed)
    }
}

impl LightClient for Fabric {
    fn family(&self) -> Family {
        Family::Fabric
    }

    fn anchor(&self, anchor: &[u8]) -> Result<Verified<Anchored>, Refusal> {
        let (state, header) = Self::start(&Anchor::decode(anchor)?)?;
        let channel = Channel::read(&state.config).map_err(FabricFault::from)?;
        let fingerprint = (header.height == 0).then_some(header.hash);
        Ok(Verified::new(Anchored {
            state: state.encode(),
            header,
            validators: roots(&channel),
            fingerprint,
        }))
    }

    fn inspect(&self, evidence: &[u8]) -> Result<Span, Refusal> {
        Evidence::decode(evidence).map(|evidence| evidence.span())
    }

    fn summary(&self, state: &ClientState) -> Result<Summary, Refusal> {
        let state = State::decode(state)?;
        let channel = Channel::read(&state.config).map_err(FabricFault::from)?;
        Ok(Summary {
            height: state.height,
            hash: state.hash,
            time: state.time,
            trusting_period: state.trusting_period,
            clock_drift: 0,
            validators: roots(&channel),
            frozen: state.frozen,
        })
    }

    /// Of an open gateway everything has to be shown. An opening of which the evidence shows nothing is passed over, and that gateway
    /// never counts; a change of the definition of a chaincode without an open gateway, of which it shows nothing, leaves the chaincode
    /// without a definition, so that none opens there.
    fn advance(
        &self,
        state: &ClientState,
        gateways: &[Gateway],
        _recorded: Option<&Recorded>,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Advance>, Refusal> {
        Self::judge(state, gateways, evidence, now, &[])
    }

    fn misbehaviour(
        &self,
        meeting: &ClientState,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Misbehaviour>, Refusal> {
        let state = State::decode(meeting)?;
        let sides = match Evidence::decode(evidence)? {
            Evidence::Misbehaviour(sides) => sides,
            Evidence::Run(_) => return Err(Refusal::Kind { expected: "3 misbehaviour", came: 1 }),
        };
        // Two channels of one genesis block share no more than that block: their orderers did nothing wrong.
        if state.height == 0 {
            return Err(Refusal::MeetsAtGenesis);
        }
        state.check_period(now)?;
        let channel = Channel::read(&state.config).map_err(FabricFault::from)?;
        let (height, one) = Self::side(&state, &channel, &sides[0])?;
        let (second, other) = Self::side(&state, &channel, &sides[1])?;
        if height != second {
            return Err(Refusal::DifferentHeights(height, second));
        }
        match one.cmp(&other) {
            core::cmp::Ordering::Equal => return Err(Refusal::SameBlock(one)),
            core::cmp::Ordering::Greater => return Err(Refusal::SideOrder),
            core::cmp::Ordering::Less => {}
        }
        Ok(Verified::new(Misbehaviour { meeting: state.height, height, blocks: [one, other] }))
    }

    fn freeze(&self, state: &ClientState, _because: &Verified<Misbehaviour>) -> Result<ClientState, Refusal> {
        let state = State::decode(state)?;
        Ok(State { frozen: true, ..state }.encode())
    }
}

/// Whom people trust who approve a channel: its authorities' certificates, by SHA-256.
fn roots(channel: &Channel) -> Vec<Vec<u8>> {
    channel.roots().into_iter().map(|root| root.to_vec()).collect()
}
