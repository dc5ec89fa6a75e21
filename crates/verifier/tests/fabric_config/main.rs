//! A Fabric channel's configuration: whose signatures count, and what may follow it.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod authorities;
mod bytes;
mod identities;
mod policies;
mod real;
mod updates;

#[path = "../support/blocks.rs"]
mod blocks;

use causeway_verifier::fabric::forge::{Network, Signer};
use causeway_verifier::fabric::{Channel, Policy, PolicyFault, Signed};

/// What everybody here signs, in two parts.
const MESSAGE: [&[u8]; 2] = [b"proposal response", b"endorser"];

/// What two organisations of two have to endorse.
const ENDORSEMENT: &str = "/Channel/Application/Endorsement";

fn channel(network: &Network) -> Channel {
    Channel::read(&network.config_bytes()).unwrap()
}

/// The verdict of peers, and the strict one, over the signatures of these.
fn judge(channel: &Channel, path: &str, signers: &[&Signer]) -> (bool, Result<(), PolicyFault>) {
    judge_by(channel, &channel.policy(path).unwrap(), signers)
}

fn judge_by(channel: &Channel, policy: &Policy, signers: &[&Signer]) -> (bool, Result<(), PolicyFault>) {
    let signatures: Vec<Vec<u8>> = signers.iter().map(|signer| signer.sign(&MESSAGE)).collect();
    let signed: Vec<Signed<'_>> = signers
        .iter()
        .zip(&signatures)
        .map(|(signer, signature)| Signed {
            identity: &signer.identity,
            message: MESSAGE.to_vec(),
            signature,
        })
        .collect();
    (channel.satisfied(policy, &signed).unwrap(), channel.require(policy, &signed))
}

/// Asserts that nobody counts these signatures, and answers why.
#[track_caller]
fn refused(channel: &Channel, path: &str, signers: &[&Signer]) -> PolicyFault {
    let (satisfied, required) = judge(channel, path, signers);
    assert!(!satisfied);
    required.unwrap_err()
}

/// Asserts that everybody counts these signatures.
#[track_caller]
fn counted(channel: &Channel, path: &str, signers: &[&Signer]) {
    assert_eq!(judge(channel, path, signers), (true, Ok(())));
}
