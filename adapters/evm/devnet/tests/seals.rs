//! Headers as light clients get them: seals, rounds, validators, and chains that misbehave.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use causeway_evm_devnet::{Alloc, Devnet, DevnetConfig, DevnetError, Key, Message, Mining, SealedBlock};
use causeway_protocol::{Address, Hash, Signature, keccak256, words};
use causeway_verifier::bft::{ExtraData, Header, Protocol};
use support::{manual, start};

async fn chain(protocol: Protocol, validators: usize) -> Devnet {
    let mut config = DevnetConfig::new("seals", 1337, validators).unwrap();
    config.mining = Mining::Manual;
    config.protocol = protocol;
    Devnet::start(config).await.unwrap()
}

fn extra(protocol: Protocol, header: &[u8]) -> ExtraData {
    ExtraData::decode(protocol, Header::decode(header).unwrap().extra).unwrap()
}

/// Who made a seal, which is a signature with v 0 or 1.
fn signer(mut seal: [u8; 65], digest: Hash) -> Address {
    seal[64] += 27;
    Signature(seal).signer(digest).unwrap()
}

/// Those who sealed a header, by recovering every seal.
fn sealers(protocol: Protocol, header: &[u8]) -> Vec<Address> {
    let extra = extra(protocol, header);
    let digest = Header::decode(header).unwrap().seal_digest(protocol, &extra);
    extra.seals.iter().map(|seal| signer(*seal, digest)).collect()
}

fn hash(protocol: Protocol, header: &[u8]) -> Hash {
    Header::decode(header).unwrap().block_hash(protocol, &extra(protocol, header))
}

#[tokio::test]
async fn blocks_link_and_a_quorum_of_their_own_validators_sealed_them() {
    for protocol in Protocol::ALL {
        for (validators, quorum) in [(1, 1), (4, 3), (7, 5)] {
            let devnet = chain(protocol, validators).await;
            let set: BTreeSet<_> = devnet.validators().into_iter().collect();
            let mut parent = hash(protocol, &devnet.genesis_header());
            assert_eq!(Some(parent), devnet.block_hash(0));
            for _ in 0..8 {
                let SealedBlock { header, hash: named, .. } = devnet.mine().unwrap();
                assert_eq!(Header::decode(&header).unwrap().parent, parent, "{protocol}");
                assert_eq!(extra(protocol, &header).validators, devnet.validators());
                let sealers = sealers(protocol, &header);
                let distinct: BTreeSet<_> = sealers.iter().copied().collect();
                assert_eq!((sealers.len(), distinct.len()), (quorum, quorum), "{protocol} of {validators}");
                assert!(distinct.is_subset(&set));
                parent = hash(protocol, &header);
                assert_eq!(parent, named);
            }
        }
    }
}

#[tokio::test]
async fn an_ibft_proposer_signs_the_header_without_seals_hashed_twice() {
    let devnet = chain(Protocol::Ibft, 4).await;
    let header = devnet.mine().unwrap().header;
    let mut extra = extra(Protocol::Ibft, &header);
    let seal: [u8; 65] = std::mem::take(&mut extra.proposer_seal).try_into().unwrap();
    let unsigned = Header::decode(&header).unwrap().block_hash(Protocol::Ibft, &extra);
    let proposer = signer(seal, keccak256(&unsigned.0));
    assert!(devnet.validators().contains(&proposer));
}

#[tokio::test]
async fn the_next_block_is_sealed_in_the_round_asked_for_and_no_other() {
    for protocol in [Protocol::Qbft, Protocol::Ibft2] {
        let devnet = chain(protocol, 4).await;
        devnet.mine().unwrap();
        devnet.seal_next_in_round(3);
        let header = devnet.mine().unwrap().header;
        assert_eq!(extra(protocol, &header).round, 3);
        assert_eq!(sealers(protocol, &header).len(), 3);
        let next = devnet.mine().unwrap().header;
        assert_eq!(extra(protocol, &next).round, 0);
        assert_eq!(
            Header::decode(&next).unwrap().parent,
            hash(protocol, &header),
            "the hash has no round in it"
        );
    }
}

#[tokio::test]
async fn the_next_block_has_the_number_of_seals_asked_for() {
    let devnet = start("few").await;
    devnet.seal_next_with(1);
    assert_eq!(sealers(Protocol::Qbft, &devnet.mine().unwrap().header).len(), 1);
    assert_eq!(sealers(Protocol::Qbft, &devnet.mine().unwrap().header).len(), 3);
    devnet.seal_next_with(9);
    assert_eq!(sealers(Protocol::Qbft, &devnet.mine().unwrap().header).len(), 4, "one of each");
}

#[tokio::test]
async fn a_validator_joins_and_leaves_with_the_next_block() {
    let devnet = start("members").await;
    let before = devnet.validators();
    let joining = Key::derived("members", "validator", 4).unwrap();
    devnet.add_validator(joining.clone()).unwrap();
    assert!(matches!(devnet.add_validator(joining.clone()), Err(DevnetError::DuplicateValidator(_))));
    let listed = extra(Protocol::Qbft, &devnet.mine().unwrap().header).validators;
    assert_eq!(listed.len(), 5);
    assert!(listed.contains(&joining.address()));
    assert!(listed.is_sorted());

    devnet.remove_validator(before[0]).unwrap();
    assert!(matches!(devnet.remove_validator(before[0]), Err(DevnetError::UnknownValidator(_))));
    let listed = extra(Protocol::Qbft, &devnet.mine().unwrap().header).validators;
    assert_eq!(listed.len(), 4);
    assert!(!listed.contains(&before[0]));

    assert!(matches!(devnet.replace_validators(Vec::new()), Err(DevnetError::Validators { .. })));
    devnet.replace_validators(vec![joining.clone()]).unwrap();
    let header = devnet.mine().unwrap().header;
    assert_eq!(sealers(Protocol::Qbft, &header), [joining.address()]);
}

#[tokio::test]
async fn an_equivocation_is_two_sealed_headers_of_one_height() {
    for protocol in Protocol::ALL {
        let devnet = chain(protocol, 4).await;
        devnet.mine().unwrap();
        let crime = devnet.equivocate().unwrap();
        let (kept, other) = (&crime.kept.header, &crime.other);
        let (one, two) = (Header::decode(kept).unwrap(), Header::decode(other).unwrap());
        assert_eq!((one.number, one.parent), (two.number, two.parent));
        assert_eq!(hash(protocol, other), crime.other_hash);
        assert_ne!(crime.kept.hash, crime.other_hash, "{protocol}");
        assert_eq!(sealers(protocol, other).len(), 3);
        let next = devnet.mine().unwrap().header;
        assert_eq!(Header::decode(&next).unwrap().parent, crime.kept.hash, "the chain keeps one");
    }
}

#[tokio::test]
async fn twins_share_their_genesis_and_nothing_after_it() {
    let devnet = start("twins").await;
    let twin = devnet.twin().await.unwrap();
    assert_eq!(devnet.genesis_header(), twin.genesis_header());
    assert_eq!(devnet.validators(), twin.validators());
    twin.advance_time(Duration::from_mins(1));
    assert_ne!(devnet.mine().unwrap().hash, twin.mine().unwrap().hash);
}

#[tokio::test]
async fn a_fork_shares_the_past_and_goes_its_own_way() {
    let devnet = start("fork").await;
    for _ in 0..3 {
        devnet.mine().unwrap();
    }
    let fork = devnet.fork(2).await.unwrap();
    assert_eq!((fork.height(), fork.block_hash(2)), (2, devnet.block_hash(2)));
    fork.advance_time(Duration::from_mins(1));
    let other = fork.mine().unwrap();
    assert_eq!(other.number, 3);
    assert_ne!(Some(other.hash), devnet.block_hash(3));
    assert!(matches!(devnet.fork(4).await, Err(DevnetError::UnknownBlock { height: 4, head: 3 })));
}

#[tokio::test]
async fn equal_configurations_are_equal_chains_and_names_tell_chains_apart() {
    let config = |name: &str| {
        let mut config = manual(name);
        config.genesis_time = Some(1_700_000_000);
        config
    };
    let one = Devnet::start(config("one")).await.unwrap();
    let again = Devnet::start(config("one")).await.unwrap();
    let other = Devnet::start(config("other")).await.unwrap();
    assert_eq!(one.block_hash(0), again.block_hash(0));
    assert_ne!(one.block_hash(0), other.block_hash(0));
    assert_ne!(one.validators(), other.validators());
}

#[tokio::test]
async fn a_fork_from_before_a_change_has_the_validators_of_then() {
    let devnet = start("then").await;
    devnet.mine().unwrap();
    let then = devnet.validators();
    devnet.add_validator(Key::derived("then", "validator", 4).unwrap()).unwrap();
    devnet.mine().unwrap();
    assert_eq!(devnet.fork(0).await.unwrap().validators(), then);
    assert_eq!(devnet.fork(1).await.unwrap().validators().len(), 5, "those that seal the block after");
}

#[tokio::test]
async fn a_chain_migrates_from_ibft_to_qbft_at_its_height() {
    let mut config = manual("migrates");
    (config.protocol, config.qbft_from) = (Protocol::Ibft, Some(3));
    let devnet = Devnet::start(config).await.unwrap();
    let mut parent = devnet.block_hash(0).unwrap();
    for (number, protocol) in
        [(1, Protocol::Ibft), (2, Protocol::Ibft), (3, Protocol::Qbft), (4, Protocol::Qbft)]
    {
        let block = devnet.mine().unwrap();
        assert_eq!((block.number, Header::decode(&block.header).unwrap().parent), (number, parent));
        assert_eq!(sealers(protocol, &block.header).len(), 3);
        parent = hash(protocol, &block.header);
    }
}

#[tokio::test]
async fn where_a_contract_names_the_validators_its_state_before_a_block_says_who_seals_it() {
    let contract = Address([0x44; 20]);
    let mut config = DevnetConfig::new("contract", 1337, 6).unwrap();
    config.mining = Mining::Manual;
    config.validator_contract = Some(contract);
    let all: Vec<_> = config.validators.iter().map(Key::address).collect();
    config.alloc.push(Alloc::validator_contract(contract, &all[..4]));
    let devnet = Devnet::start(config).await.unwrap();
    let write = async |slot: Hash, value: Hash| {
        let message = Message { to: Some(contract), data: [slot.0, value.0].concat(), ..Message::default() };
        assert!(devnet.execute(&devnet.keys()[0], message).await.unwrap().success);
    };
    let sealed_by = |number: u64| -> BTreeSet<_> {
        let header = devnet.block(number).unwrap().header;
        assert!(extra(Protocol::Qbft, &header).validators.is_empty());
        sealers(Protocol::Qbft, &header).into_iter().collect()
    };

    // Element 0 becomes the sixth key: the block that says so is still sealed by the set before.
    let first = keccak256(&[0; 32]);
    write(first, words::address(&all[5])).await;
    let before: BTreeSet<_> = all[..4].iter().copied().collect();
    assert!(sealed_by(1).is_subset(&before));
    write(Hash::ZERO, words::uint(1)).await;
    let swapped: BTreeSet<_> = [all[1], all[2], all[3], all[5]].into();
    assert!(sealed_by(2).is_subset(&swapped));
    devnet.mine().unwrap();
    assert_eq!(sealed_by(3), [all[5]].into());
    assert!(matches!(devnet.remove_validator(all[5]), Err(DevnetError::ContractDecides(_))));

    write(first, words::address(&Address([1; 20]))).await;
    assert!(matches!(devnet.mine(), Err(DevnetError::NoKey(Address([1, ..])))));
    assert_eq!(devnet.height(), 4, "nobody can seal the next block");
}
