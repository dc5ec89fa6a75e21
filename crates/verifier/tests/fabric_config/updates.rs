//! What may follow a configuration.

use causeway_verifier::fabric::forge::{
    Authority, Network, Organisation, Update, group_of, implicit_meta, policy, role, signature_policy,
    signed_by, value,
};
use causeway_verifier::fabric::proto::{
    ConfigGroup, ConfigSignature, ConfigValue, HashingAlgorithm, HeaderType, ImplicitMetaRule, MspRoleType,
};
use causeway_verifier::fabric::{Channel, ConfigFault, UpdateFault, config_of};
use prost::Message;

use super::channel;

fn apply(network: &Network, update: &Update) -> Result<Vec<u8>, UpdateFault> {
    channel(network).update(&network.channel_id, &update.envelope())
}

fn code(network: &Network, update: &Update) -> &'static str {
    apply(network, update).unwrap_err().code()
}

/// A root more in Org1's MSP.
fn another_root(group: &mut ConfigGroup, organisation: &Organisation) {
    let mut organisation = organisation.clone();
    organisation.config.root_certs.push(Authority::root("ca.new").certificate);
    let path = format!("/Application/{}", organisation.msp.trim_end_matches("MSP"));
    group_of(group, &path).values.get_mut("MSP").unwrap().value = organisation.msp_config().encode_to_vec();
}

#[test]
fn an_organisation_changes_its_own_msp() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let proposed = network.propose(|group| another_root(group, one));
    let update = proposed.clone().sign(&[&one.admin]);
    let next = apply(&network, &update).unwrap();
    assert_eq!(next, update.config.encode_to_vec());
    assert_eq!(Channel::read(&next).unwrap().roots().len(), 4);
    for others in [
        &[][..],
        &[&network.organisations[1].admin],
        &[&network.orderers.admin],
        &[&one.client, &one.peer, &one.orderer],
        &[&network.orderers.admin, &network.organisations[1].admin, &one.client],
    ] {
        assert_eq!(code(&network, &proposed.clone().sign(others)), "config-unauthorised");
    }
}

#[test]
fn orderers_alone_change_no_organisation() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let orderers = &network.orderers;
    // As an update of its own, in the configuration only, and beside a change that is theirs.
    let unsigned = network.propose(|group| another_root(group, one));
    assert_eq!(
        code(&network, &unsigned.clone().sign(&[&orderers.admin, &orderers.orderer])),
        "config-unauthorised"
    );

    let own = |group: &mut ConfigGroup| {
        let rule = implicit_meta("Admins", ImplicitMetaRule::All);
        group_of(group, "/Orderer").policies.get_mut("BlockValidation").unwrap().policy = rule.policy;
    };
    let own_change = network.propose(own).sign(&[&orderers.admin]);
    assert!(apply(&network, &own_change).is_ok());
    let mut smuggled = own_change.clone();
    let taken = unsigned.config.channel_group.clone().unwrap().groups["Application"].clone();
    smuggled.config.channel_group.as_mut().unwrap().groups.insert("Application".to_owned(), taken);
    assert_eq!(apply(&network, &smuggled), Err(UpdateFault::Result));

    let both = network.propose(|group| {
        own(group);
        another_root(group, one);
    });
    assert_eq!(code(&network, &both.sign(&[&orderers.admin])), "config-unauthorised");
}

#[test]
fn an_organisation_joins_when_a_majority_of_administrators_says_so() {
    let mut network = Network::new(3);
    let joining = Organisation::new("Org4");
    let update = network.propose(|group| {
        group_of(group, "/Application").groups.insert("Org4".to_owned(), joining.group());
    });
    let admins = network.admins();
    assert_eq!(code(&network, &update.clone().sign(&admins[..1])), "config-unauthorised");
    assert_eq!(code(&network, &update.clone().sign(&[admins[0], admins[0]])), "config-unauthorised");
    let signed = update.sign(&admins[..2]);
    assert!(apply(&network, &signed).is_ok());
    network.accept(&signed);

    // It is one of them from then on: a majority of four is three.
    let away = network.propose(|group| {
        group_of(group, "/Application").groups.remove("Org4");
    });
    let admins = network.admins();
    assert_eq!(code(&network, &away.clone().sign(&admins[..2])), "config-unauthorised");
    assert!(apply(&network, &away.clone().sign(&[admins[0], admins[1], &joining.admin])).is_ok());
    assert_eq!(apply(&network, &signed), Err(UpdateFault::Sequence { expected: 2, found: 1 }));
}

#[test]
fn a_policy_changes_by_its_own_mod_policy_and_from_its_own_group() {
    let network = Network::new(2);
    let endorsement = |group: &mut ConfigGroup| {
        let rule = implicit_meta("Endorsement", ImplicitMetaRule::Any);
        group_of(group, "/Application").policies.get_mut("Endorsement").unwrap().policy = rule.policy;
    };
    let update = network.propose(endorsement);
    let [one, two] = [0, 1].map(|number| &network.organisations[number].admin);
    assert_eq!(code(&network, &update.clone().sign(&[one])), "config-unauthorised");
    assert!(apply(&network, &update.sign(&[one, two])).is_ok());

    // An absolute path leads from the root: here to the orderers' administrators.
    let mut elsewhere = network.clone();
    let group = elsewhere.config.channel_group.as_mut().unwrap();
    group_of(group, "/Application").policies.get_mut("Endorsement").unwrap().mod_policy =
        "/Channel/Orderer/Admins".to_owned();
    let update = elsewhere.propose(endorsement);
    assert_eq!(code(&elsewhere, &update.clone().sign(&[one, two])), "config-unauthorised");
    assert!(apply(&elsewhere, &update.sign(&[&network.orderers.admin])).is_ok());

    // A path from its own group may lead further down.
    let group = elsewhere.config.channel_group.as_mut().unwrap();
    group_of(group, "/Application").policies.get_mut("Endorsement").unwrap().mod_policy =
        "Org2/Admins".to_owned();
    let update = elsewhere.propose(endorsement);
    assert_eq!(code(&elsewhere, &update.clone().sign(&[one])), "config-unauthorised");
    assert!(apply(&elsewhere, &update.sign(&[two])).is_ok());
}

#[test]
fn a_mod_policy_that_is_nowhere_allows_nothing() {
    for mod_policy in ["Nobody", "/Channel/Nobody", "/Chan/Admins", "Org9/Admins"] {
        let mut network = Network::new(1);
        let group = network.config.channel_group.as_mut().unwrap();
        group_of(group, "/Application").policies.get_mut("Writers").unwrap().mod_policy =
            mod_policy.to_owned();
        let update = network.propose(|group| {
            let rule = implicit_meta("Writers", ImplicitMetaRule::All);
            group_of(group, "/Application").policies.get_mut("Writers").unwrap().policy = rule.policy;
        });
        let admins = network.admins();
        let fault = apply(&network, &update.sign(&admins)).unwrap_err();
        assert!(matches!(fault, UpdateFault::ModPolicy { .. }), "{fault}");
    }
}

#[test]
fn a_change_may_not_leave_an_element_without_a_mod_policy() {
    for mod_policy in ["", "/", "a//b", "Ad mins", ".."] {
        let network = Network::new(1);
        let update = network.propose(|group| {
            let writers = group_of(group, "/Application").policies.get_mut("Writers").unwrap();
            writers.mod_policy = mod_policy.to_owned();
        });
        let fault = apply(&network, &update.sign(&network.admins())).unwrap_err();
        assert!(matches!(fault, UpdateFault::ModPolicy { .. }), "{mod_policy} {fault}");
    }
}

#[test]
fn an_update_of_a_sibling_channel_or_of_another_time_does_not_count() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let proposed = network.propose(|group| another_root(group, one));

    let mut sibling = network.clone();
    sibling.channel_id = "sibling".to_owned();
    let theirs = sibling.propose(|group| another_root(group, one)).sign(&[&one.admin]);
    assert!(apply(&sibling, &theirs).is_ok());
    assert_eq!(code(&network, &theirs), "config-channel");
    // Its signatures do not fit this channel's name.
    let mut renamed = theirs.clone();
    renamed.update.channel_id.clone_from(&network.channel_id);
    assert_eq!(code(&network, &renamed), "config-unauthorised");

    for sequence in [0, 2, u64::MAX] {
        let mut update = proposed.clone().sign(&[&one.admin]);
        update.config.sequence = sequence;
        assert_eq!(apply(&network, &update), Err(UpdateFault::Sequence { expected: 1, found: sequence }));
    }
    // The same change once more, after it was made and unmade: read at versions that are no longer in force.
    let mut later = network.clone();
    let update = proposed.clone().sign(&[&one.admin]);
    later.accept(&update);
    let old = later.config.channel_group.clone().unwrap();
    later.config.channel_group = Some(old);
    let mut again = update.clone();
    again.config.sequence = 2;
    assert_eq!(code(&later, &again), "config-version");
}

#[test]
fn a_read_set_says_what_is_in_force() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let proposed = network.propose(|group| another_root(group, one));
    let mut stale = proposed.clone();
    stale.update.read_set.as_mut().unwrap().version = 1;
    stale.update.write_set.as_mut().unwrap().version = 1;
    assert!(matches!(
        apply(&network, &stale.sign(&[&one.admin])),
        Err(UpdateFault::Read { expected: Some(0), found: 1, .. })
    ));
    let mut invented = proposed;
    let read = invented.update.read_set.as_mut().unwrap();
    read.groups.insert("Nowhere".to_owned(), ConfigGroup::default());
    assert!(matches!(
        apply(&network, &invented.sign(&[&one.admin])),
        Err(UpdateFault::Read { expected: None, .. })
    ));
}

#[test]
fn an_element_changes_by_one_version_at_a_time() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    for version in [2, 7, u64::MAX] {
        let mut update = network.propose(|group| another_root(group, one));
        let group = update.update.write_set.as_mut().unwrap();
        group_of(group, "/Application/Org1").values.get_mut("MSP").unwrap().version = version;
        let fault = apply(&network, &update.sign(&[&one.admin])).unwrap_err();
        assert!(
            matches!(fault, UpdateFault::Version { expected: 1, found, .. } if found == version),
            "{fault}"
        );
    }
    // A new one starts at 0.
    let mut update = network.propose(|group| {
        group_of(group, "/Application").values.insert("ACLs".to_owned(), ConfigValue::default());
    });
    let group = group_of(update.update.write_set.as_mut().unwrap(), "/Application");
    group.values.get_mut("ACLs").unwrap().version = 1;
    group.values.get_mut("ACLs").unwrap().mod_policy = "Admins".to_owned();
    let fault = apply(&network, &update.sign(&network.admins())).unwrap_err();
    assert!(matches!(fault, UpdateFault::Version { expected: 0, found: 1, .. }), "{fault}");
}

/// What an element is written at decides whether it is changed, not what is written.
#[test]
fn a_change_without_a_new_version_changes_nothing() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let mut update = network.propose(|group| another_root(group, one));
    let group = update.update.write_set.as_mut().unwrap();
    let msp = group_of(group, "/Application/Org1").values.get_mut("MSP").unwrap();
    msp.version = 0;
    let msp = msp.clone();
    let read = group_of(update.update.read_set.as_mut().unwrap(), "/Application/Org1");
    read.values.insert("MSP".to_owned(), msp);
    assert_eq!(apply(&network, &update.clone().sign(&[])), Err(UpdateFault::Empty));
    // Beside a change that is allowed, it is not in the configuration that the update makes.
    update.update.read_set.as_mut().unwrap().groups.remove("Application");
    assert!(apply(&network, &update.sign(&[&one.admin])).is_err());
}

/// An element that the group above it does not list anew is nowhere in the result.
#[test]
fn an_element_beside_a_group_that_does_not_change_is_not_there() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let mut update = network.propose(|group| another_root(group, one));
    let hidden = Organisation::new("Hidden");
    group_of(update.update.write_set.as_mut().unwrap(), "/Application")
        .groups
        .insert("Hidden".to_owned(), hidden.group());
    let without = update.clone().sign(&[&one.admin]);
    assert!(apply(&network, &without).is_ok(), "peers ignore it too");
    let group = update.config.channel_group.as_mut().unwrap();
    group_of(group, "/Application").groups.insert("Hidden".to_owned(), hidden.group());
    assert_eq!(apply(&network, &update.sign(&[&one.admin])), Err(UpdateFault::Result));
}

#[test]
fn an_update_comes_in_an_envelope_of_its_kind() {
    let network = Network::new(1);
    let one = &network.organisations[0];
    let mut update = network.propose(|group| another_root(group, one)).sign(&[&one.admin]);
    update.kind = HeaderType::Config;
    assert_eq!(apply(&network, &update), Err(UpdateFault::Type(1)));
    let genesis = channel(&network).update(&network.channel_id, &network.genesis()).unwrap_err();
    assert_eq!(genesis, UpdateFault::Sequence { expected: 1, found: 0 });
    let mut next = network.clone();
    next.config.sequence = 1;
    let without = channel(&network).update(&network.channel_id, &next.genesis()).unwrap_err();
    assert_eq!(without, UpdateFault::Config(ConfigFault::Missing("update")));
    assert!(channel(&network).update(&network.channel_id, b"").is_err());
    assert!(channel(&network).update(&network.channel_id, b"\xff\xff").is_err());
}

/// Whoever submits an update may add to its signatures. What Go reads past stops nobody, and what it does not read, all.
#[test]
fn what_a_submitter_adds_to_the_signatures_is_read_as_go_reads_it() {
    let network = Network::new(1);
    let one = &network.organisations[0];
    let update = network.propose(|group| another_root(group, one)).sign(&[&one.admin]);
    for (signature_header, expected) in
        [(&[][..], true), (&[0x08, 5], true), (&[0x0a, 1, 7], true), (&[0xff], false)]
    {
        let mut update = update.clone();
        let junk = ConfigSignature { signature_header: signature_header.to_vec(), signature: vec![1] };
        update.signatures.push(junk);
        assert_eq!(apply(&network, &update).is_ok(), expected, "{signature_header:?}");
    }
}

/// Fabric merges a message that stands twice; the bytes of the last one alone would be another configuration.
#[test]
fn an_envelope_holds_one_configuration() {
    let one = Network::new(1);
    let mut other = one.clone();
    other.config.channel_group.as_mut().unwrap().groups.remove("Application");
    assert_eq!(config_of(&one.genesis()), Ok(one.config_bytes()));
    let both = [one.genesis(), other.genesis()].concat();
    assert_eq!(config_of(&both), Err(ConfigFault::Twice));
    assert_eq!(config_of(&[]), Err(ConfigFault::Missing("configuration")));
}

#[test]
fn a_configuration_that_peers_cannot_read_does_not_follow() {
    let network = Network::new(1);
    let one = &network.organisations[0];
    let update = network.propose(|group| {
        group_of(group, "/Application/Org1").values.get_mut("MSP").unwrap().value = b"\xff".to_vec();
    });
    assert_eq!(code(&network, &update.sign(&[&one.admin])), "config-malformed");
    let update = network.propose(|group| {
        let hash = HashingAlgorithm { name: "MD5".to_owned() };
        group.values.get_mut("HashingAlgorithm").unwrap().value = value(&hash).value;
    });
    let admins = [&one.admin, &network.orderers.admin];
    assert_eq!(code(&network, &update.sign(&admins)), "config-unsupported");
}

#[test]
fn an_organisation_keeps_the_name_of_its_msp() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let update = network.propose(|group| {
        let mut renamed = one.clone();
        renamed.config.name = "OtherMSP".to_owned();
        let value = renamed.msp_config().encode_to_vec();
        group_of(group, "/Application/Org1").values.get_mut("MSP").unwrap().value = value;
    });
    let fault = apply(&network, &update.sign(&[&one.admin])).unwrap_err();
    assert_eq!(fault.code(), "config-renamed", "{fault}");
}

/// An update by those who signed the one before, with a rule that asks for one of them alone.
#[test]
fn the_policies_in_force_judge_and_not_the_new_ones() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let mine = signature_policy(1, vec![signed_by(0)], vec![role(&one.msp, MspRoleType::Admin)]);
    let update = network.propose(|group| {
        group_of(group, "/Application").policies.insert("Admins".to_owned(), policy(&mine));
    });
    assert_eq!(code(&network, &update.clone().sign(&[&one.admin])), "config-unauthorised");
    let mut network = network.clone();
    let update = update.sign(&network.admins());
    assert!(apply(&network, &update).is_ok());
    network.accept(&update);
    let next = network.propose(|group| {
        group_of(group, "/Application").groups.remove("Org2");
    });
    assert!(apply(&network, &next.sign(&[&one.admin])).is_ok());
}

#[test]
fn every_changed_byte_of_a_forged_update_is_refused() {
    let network = Network::new(1);
    let one = &network.organisations[0];
    let update = network.propose(|group| another_root(group, one)).sign(&[&one.admin]);
    let channel = channel(&network);
    let original = update.envelope();
    assert!(channel.update(&network.channel_id, &original).is_ok());
    // But for the channel that the update's own header names: nobody signs that header, and the update names it too.
    let name = network.channel_id.as_bytes();
    let ignored = original.windows(name.len()).position(|window| window == name).unwrap();
    for at in (0..original.len()).filter(|at| !(ignored..ignored + name.len()).contains(at)) {
        let mut changed = original.clone();
        changed[at] ^= 1;
        assert!(channel.update(&network.channel_id, &changed).is_err(), "{at} of {}", original.len());
    }
}
