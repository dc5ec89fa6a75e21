//! Policies over signers.

use causeway_verifier::fabric::forge::{
    Network, Signer, group_of, implicit_meta, policy, principal, role, signature_policy, signed_by, value,
};
use causeway_verifier::fabric::proto::{
    ApplicationPolicy, ApplicationPolicyType, BlockDataHashingStructure, Capabilities, Capability,
    Classification, CombinedPrincipal, ConfigGroup, ConfigPolicy, ImplicitMetaPolicy, ImplicitMetaRule,
    MspIdentityAnonymity, MspPrincipal, MspRoleType, NOutOf, Policy, SignaturePolicy,
    SignaturePolicyEnvelope, SignaturePolicyType,
};
use causeway_verifier::fabric::{Channel, ConfigFault, PolicyFault};
use prost::Message;

use super::{ENDORSEMENT, channel, counted, judge_by, refused};

/// Whether these signers, in this order, satisfy a chaincode's signature policy.
fn satisfied(network: &Network, envelope: &SignaturePolicyEnvelope, signers: &[&Signer]) -> bool {
    let channel = channel(network);
    let policy = channel.application_policy(&application(envelope)).unwrap();
    let (satisfied, required) = judge_by(&channel, &policy, signers);
    assert_eq!(satisfied, required.is_ok());
    satisfied
}

fn application(envelope: &SignaturePolicyEnvelope) -> Vec<u8> {
    let kind = Some(ApplicationPolicyType::SignaturePolicy(envelope.clone()));
    ApplicationPolicy { r#type: kind }.encode_to_vec()
}

fn n_of(n: i32, rules: Vec<SignaturePolicy>) -> SignaturePolicy {
    SignaturePolicy { r#type: Some(SignaturePolicyType::NOutOf(NOutOf { n, rules })) }
}

fn peers(organisations: usize) -> Vec<MspPrincipal> {
    (1..=organisations).map(|number| role(&format!("Org{number}MSP"), MspRoleType::Peer)).collect()
}

#[test]
fn rules_nest() {
    let network = Network::new(4);
    let [a, b, c, d] = [0, 1, 2, 3].map(|number| &network.organisations[number].peer);
    // (1 and 2) or (two of 2, 3, 4)
    let both = n_of(2, vec![signed_by(0), signed_by(1)]);
    let two = n_of(2, vec![signed_by(1), signed_by(2), signed_by(3)]);
    let rule = signature_policy(1, vec![both, two], peers(4));
    for (signers, expected) in [
        (&[][..], false),
        (&[a], false),
        (&[a, b], true),
        (&[b, a], true),
        (&[a, c], false),
        (&[b, d], true),
        (&[c, d], true),
        (&[a, b, c, d], true),
    ] {
        assert_eq!(satisfied(&network, &rule, signers), expected);
    }
}

#[test]
fn every_signer_is_taken_once() {
    let network = Network::new(1);
    let one = &network.organisations[0];
    let twice = signature_policy(2, vec![signed_by(0), signed_by(0)], peers(1));
    assert!(!satisfied(&network, &twice, &[&one.peer]));
    assert!(satisfied(&network, &twice, &[&one.peer, &one.peer(1)]));
}

/// Who fits first is taken, and not given back for another rule: as peers do, in the order of the signatures.
#[test]
fn rules_take_the_first_who_fits() {
    let network = Network::new(1);
    let one = &network.organisations[0];
    let member_and_peer = signature_policy(
        2,
        vec![signed_by(0), signed_by(1)],
        vec![role("Org1MSP", MspRoleType::Member), role("Org1MSP", MspRoleType::Peer)],
    );
    assert!(satisfied(&network, &member_and_peer, &[&one.client, &one.peer]));
    assert!(!satisfied(&network, &member_and_peer, &[&one.peer, &one.client]));
}

#[test]
fn a_gate_that_fails_gives_back_whom_it_took() {
    let network = Network::new(2);
    let [a, b] = [0, 1].map(|number| &network.organisations[number]);
    // The first gate takes a's peer and fails for want of b's; the second rule needs a's peer.
    let rule = signature_policy(1, vec![n_of(2, vec![signed_by(0), signed_by(1)]), signed_by(0)], peers(2));
    assert!(satisfied(&network, &rule, &[&a.peer]));
    // A gate that succeeds keeps them.
    let rule = signature_policy(2, vec![n_of(1, vec![signed_by(0)]), signed_by(0)], peers(2));
    assert!(!satisfied(&network, &rule, &[&a.peer, &b.peer]));
}

#[test]
fn none_of_no_rules_is_always_satisfied_and_one_never() {
    let network = Network::new(1);
    for (n, expected) in [(-1, true), (0, true), (1, false)] {
        assert_eq!(satisfied(&network, &signature_policy(n, vec![], vec![]), &[]), expected);
    }
}

#[test]
fn principals_of_every_kind() {
    let network = Network::new(2);
    let [a, b] = [0, 1].map(|number| &network.organisations[number]);
    let anonymity = |anonymity_type| {
        principal(Classification::Anonymity, &MspIdentityAnonymity { anonymity_type }.encode_to_vec())
    };
    let combined = |principals: Vec<MspPrincipal>| {
        principal(Classification::Combined, &CombinedPrincipal { principals }.encode_to_vec())
    };
    let peer = role("Org1MSP", MspRoleType::Peer);
    let member = role("Org1MSP", MspRoleType::Member);
    let identity = principal(Classification::Identity, &a.peer.identity);
    for (principal, signer, expected) in [
        (role("Org1MSP", MspRoleType::Client), &a.client, true),
        (role("Org1MSP", MspRoleType::Client), &a.peer, false),
        (role("Org1MSP", MspRoleType::Admin), &a.admin, true),
        (role("Org1MSP", MspRoleType::Orderer), &a.orderer, true),
        (role("Org1MSP", MspRoleType::Orderer), &a.admin, false),
        (role("Org2MSP", MspRoleType::Member), &a.peer, false),
        (identity.clone(), &a.peer, true),
        (identity.clone(), &a.peer(1), false),
        (principal(Classification::Identity, b"\xff"), &a.peer, false),
        (anonymity(0), &b.client, true),
        (anonymity(1), &b.client, false),
        (anonymity(2), &b.client, false),
        (combined(vec![peer.clone(), identity.clone()]), &a.peer, true),
        (combined(vec![peer.clone(), identity.clone()]), &a.peer(1), false),
        (combined(vec![member.clone(), combined(vec![peer.clone()])]), &a.peer, true),
        (combined(vec![member.clone(), combined(vec![])]), &a.peer, false),
        (combined(vec![]), &a.peer, false),
        (principal(Classification::Role, b"\xff"), &a.peer, false),
        (MspPrincipal { principal_classification: 9, principal: vec![] }, &a.peer, false),
    ] {
        let rule = signature_policy(1, vec![signed_by(0)], vec![principal]);
        assert_eq!(satisfied(&network, &rule, &[signer]), expected, "{rule:?}");
    }
}

#[test]
fn implicit_rules_count_the_groups_below() {
    for (organisations, any, majority) in [(1, 1, 1), (2, 1, 2), (3, 1, 2), (4, 1, 3), (5, 1, 3)] {
        let mut network = Network::new(organisations);
        let section = group_of(network.config.channel_group.as_mut().unwrap(), "/Application");
        for (name, rule) in [("Any", ImplicitMetaRule::Any), ("All", ImplicitMetaRule::All)] {
            section.policies.insert(name.to_owned(), implicit_meta("Endorsement", rule));
        }
        let channel = channel(&network);
        let signers: Vec<&Signer> =
            network.organisations.iter().map(|organisation| &organisation.peer).collect();
        for (path, needed) in [
            ("/Channel/Application/Any", any),
            (ENDORSEMENT, majority),
            ("/Channel/Application/All", organisations),
        ] {
            for count in 0..=organisations {
                if count >= needed {
                    counted(&channel, path, &signers[..count]);
                } else {
                    refused(&channel, path, &signers[..count]);
                }
            }
        }
    }
}

/// A majority of no groups is none: a channel without organisations lets anybody do anything.
#[test]
fn with_no_group_below_nobody_is_needed() {
    let mut network = Network::new(1);
    let section = group_of(network.config.channel_group.as_mut().unwrap(), "/Application");
    section.groups.clear();
    let channel = channel(&network);
    counted(&channel, ENDORSEMENT, &[]);
}

#[test]
fn a_group_without_the_policy_counts_as_one_that_refuses() {
    let mut network = Network::new(2);
    let section = group_of(network.config.channel_group.as_mut().unwrap(), "/Application");
    section.groups.get_mut("Org2").unwrap().policies.remove("Endorsement");
    let [a, b] = [0, 1].map(|number| &network.organisations[number].peer);
    refused(&channel(&network), ENDORSEMENT, &[a, b]);
}

#[test]
fn a_chaincode_may_name_a_policy_of_the_channel() {
    let network = Network::new(2);
    let channel = channel(&network);
    let named = |path: &str| {
        let kind = Some(ApplicationPolicyType::ChannelConfigPolicyReference(path.to_owned()));
        channel.application_policy(&ApplicationPolicy { r#type: kind }.encode_to_vec())
    };
    let [a, b] = [0, 1].map(|number| &network.organisations[number].peer);
    for path in [ENDORSEMENT, "Application/Endorsement"] {
        let policy = named(path).unwrap();
        assert_eq!(judge_by(&channel, &policy, &[a, b]), (true, Ok(())));
        assert!(!judge_by(&channel, &policy, &[a]).0);
    }
    for path in
        ["", "/", "Endorsement", "/Channel/Application", "/Channel//Endorsement", "/Application/Endorsement"]
    {
        assert_eq!(named(path).unwrap_err(), PolicyFault::Unknown(path.to_owned()));
    }
    assert_eq!(channel.application_policy(&[]).unwrap_err(), PolicyFault::EmptyRule);
    assert_eq!(channel.application_policy(b"\xff").unwrap_err().code(), "policy-malformed");
}

#[test]
fn a_policy_that_says_nothing_sensible_is_refused() {
    let channel = channel(&Network::new(1));
    let fault =
        |envelope: &SignaturePolicyEnvelope| channel.application_policy(&application(envelope)).unwrap_err();
    let none = SignaturePolicyEnvelope { rule: None, ..signature_policy(0, vec![], vec![]) };
    assert_eq!(fault(&none), PolicyFault::EmptyRule);
    let empty = signature_policy(1, vec![SignaturePolicy { r#type: None }], vec![]);
    assert_eq!(fault(&empty), PolicyFault::EmptyRule);
    for index in [-1, 1, i32::MAX, i32::MIN] {
        let outside = signature_policy(1, vec![signed_by(index)], peers(1));
        assert_eq!(fault(&outside), PolicyFault::Principal { index, principals: 1 });
    }
    let wide = signature_policy(1, vec![signed_by(0); 5000], peers(1));
    assert_eq!(fault(&wide).code(), "policy-too-large");
    let many = signature_policy(1, vec![signed_by(0)], peers(5000));
    assert_eq!(fault(&many).code(), "policy-too-large");
    let mut deep = peers(1).remove(0);
    for _ in 0..40 {
        deep = principal(
            Classification::Combined,
            &CombinedPrincipal { principals: vec![deep] }.encode_to_vec(),
        );
    }
    assert_eq!(fault(&signature_policy(1, vec![signed_by(0)], vec![deep])), PolicyFault::TooDeep);
    let mut nested = signed_by(0);
    for _ in 0..200 {
        nested = n_of(1, vec![nested]);
    }
    let nested = SignaturePolicyEnvelope { rule: Some(nested), ..signature_policy(0, vec![], peers(1)) };
    assert_eq!(fault(&nested).code(), "policy-malformed");
}

fn config_fault(change: impl FnOnce(&mut ConfigGroup)) -> ConfigFault {
    let mut network = Network::new(1);
    change(network.config.channel_group.as_mut().unwrap());
    Channel::read(&network.config_bytes()).unwrap_err()
}

#[test]
fn a_configuration_with_a_policy_that_peers_cannot_read_is_refused() {
    let newer = SignaturePolicyEnvelope { version: 1, ..signature_policy(0, vec![], vec![]) };
    let unknown = ImplicitMetaPolicy { sub_policy: "Writers".to_owned(), rule: 3 };
    let meta = |value: Vec<u8>| ConfigPolicy {
        policy: Some(Policy { r#type: 3, value }),
        ..ConfigPolicy::default()
    };
    for wrong in [
        ConfigPolicy::default(),
        ConfigPolicy { policy: Some(Policy { r#type: 2, value: vec![] }), ..ConfigPolicy::default() },
        ConfigPolicy { policy: Some(Policy { r#type: 0, value: vec![] }), ..ConfigPolicy::default() },
        policy(&newer),
        meta(unknown.encode_to_vec()),
        meta(b"\xff".to_vec()),
    ] {
        let fault = config_fault(|group| {
            group_of(group, "/Orderer").policies.insert("Wrong".to_owned(), wrong);
        });
        assert_eq!(fault.code(), "config-policy", "{fault}");
    }
}

#[test]
fn a_channel_of_another_kind_is_refused() {
    let capability =
        |name: &str| value(&Capabilities { capabilities: [(name.to_owned(), Capability {})].into() });
    let at = |path: &str, name: &str| {
        config_fault(|group| {
            group_of(group, path).values.insert("Capabilities".to_owned(), capability(name));
        })
    };
    for path in ["", "/Application", "/Orderer"] {
        assert!(matches!(at(path, "V9_0"), ConfigFault::Capability { .. }), "{path}");
    }
    assert!(matches!(at("", "V1_3"), ConfigFault::TooOld { expected: "V1_4_3", .. }));
    assert!(matches!(at("/Application", "V1_4_2"), ConfigFault::TooOld { expected: "V2_0", .. }));
    assert_eq!(
        config_fault(|group| {
            group.groups.remove("Orderer");
        }),
        ConfigFault::Missing("group Orderer")
    );
    assert!(matches!(
        config_fault(|group| {
            group.groups.insert("Consortiums".to_owned(), ConfigGroup::default());
        }),
        ConfigFault::Group(_)
    ));
    assert!(matches!(
        config_fault(|group| {
            let organisation = group_of(group, "/Application/Org1");
            organisation.groups.insert("Below".to_owned(), ConfigGroup::default());
        }),
        ConfigFault::Group(_)
    ));
    assert!(matches!(
        config_fault(|group| {
            group.values.insert("a/b".to_owned(), capability("V2_0"));
        }),
        ConfigFault::Key { .. }
    ));
    let narrow = value(&BlockDataHashingStructure { width: 2 });
    assert_eq!(
        config_fault(|group| {
            group.values.insert("BlockDataHashingStructure".to_owned(), narrow);
        }),
        ConfigFault::DataHash(2)
    );
    assert_eq!(
        config_fault(|group| {
            group.values.remove("HashingAlgorithm");
        }),
        ConfigFault::HashFunction(String::new())
    );
    assert_eq!(
        config_fault(|group| {
            group_of(group, "/Application/Org1").values.remove("MSP");
        }),
        ConfigFault::Missing("MSP of an organisation")
    );
}

#[test]
fn a_quorum_of_consenters_validates_a_block() {
    let path = "/Channel/Orderer/BlockValidation";
    for (consenters, quorum) in [(4, 3), (5, 4), (6, 4), (7, 5), (10, 7)] {
        let (network, signers) = Network::bft(1, consenters);
        let channel = channel(&network);
        let signers: Vec<&Signer> = signers.iter().collect();
        for (number, signer) in (1..).zip(&signers) {
            assert_eq!(channel.consenter(number).as_ref(), Some(&signer.identity));
        }
        assert_eq!(channel.consenter(0), None);
        assert_eq!(channel.consenter(consenters + 1), None);
        counted(&channel, path, &signers[..quorum]);
        refused(&channel, path, &signers[..quorum - 1]);
        // An orderer that is no consenter fills no gap.
        let other = network.orderers.orderer(99);
        refused(&channel, path, &[&signers[..quorum - 1], &[&other]].concat());
    }
    // Where one signature is enough, a block's signature names its signer itself.
    assert_eq!(channel(&Network::new(1)).consenter(1), None);
}

#[test]
fn peers_validate_no_blocks() {
    let network = Network::new(1);
    let path = "/Channel/Orderer/BlockValidation";
    counted(&channel(&network), path, &[&network.orderers.orderer]);
    let fault = refused(&channel(&network), path, &[&network.organisations[0].peer]);
    assert_eq!(fault.code(), "policy-unsatisfied");
    refused(&channel(&network), path, &[]);
}
