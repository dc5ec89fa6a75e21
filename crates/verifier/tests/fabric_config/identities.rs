//! Whose signatures count.

use causeway_verifier::fabric::forge::{Authority, Network, Profile, group_of, pem, value};
use causeway_verifier::fabric::proto::{Capabilities, Capability, SerializedIdentity};
use causeway_verifier::fabric::{Channel, IdentityFault, PolicyFault, SignatureFault, Signed};
use prost::Message;

use super::{ENDORSEMENT, MESSAGE, channel, counted, judge, refused};

#[test]
fn peers_of_both_organisations_endorse() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &two.peer]);
    counted(&channel(&network), ENDORSEMENT, &[&two.peer, &one.peer(7)]);
}

#[test]
fn one_organisation_is_too_few_where_two_are_needed() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    for signers in [&[&one.peer][..], &[&one.peer, &one.peer(1), &one.peer(2)], &[]] {
        let fault = refused(&channel(&network), ENDORSEMENT, signers);
        assert_eq!(fault.code(), "policy-unsatisfied", "{fault}");
    }
}

#[test]
fn clients_administrators_and_orderers_are_no_peers() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    for other in [&two.client, &two.admin, &two.orderer] {
        let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, other]);
        assert_eq!(fault, PolicyFault::Unsatisfied { policy: ENDORSEMENT.to_owned(), signers: 2 });
    }
}

#[test]
fn a_certificate_needs_one_role_and_one_only() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    for (units, roles) in
        [(&[][..], 0), (&["department"], 0), (&["peer", "client"], 2), (&["peer", "peer"], 2)]
    {
        let somebody = two.issue(&Profile::new("somebody", units));
        let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, &somebody]);
        assert_eq!(fault, PolicyFault::Identity { index: 1, fault: IdentityFault::Role(roles) });
    }
    let somebody = two.issue(&Profile::new("somebody", &["department", "peer"]));
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &somebody]);
}

#[test]
fn a_revoked_certificate_does_not_count() {
    let mut network = Network::new(2);
    let two = &mut network.organisations[1];
    let list = two.root.revoke(&[&two.peer.certificate]);
    two.config.revocation_list = vec![list];
    let network = Network::of(network.organisations, network.orderers);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, &two.peer]);
    assert_eq!(fault, PolicyFault::Identity { index: 1, fault: IdentityFault::Revoked });
    assert_eq!(fault.code(), "signer-revoked");
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &two.peer(1)]);
}

#[test]
fn a_certificate_that_another_authority_revokes_counts() {
    let mut network = Network::new(2);
    let foreign = Authority::root("ca.Elsewhere");
    let two = &mut network.organisations[1];
    let certificate: &[u8] = &two.peer.certificate.clone();
    two.config.revocation_list =
        vec![foreign.revoke(&[certificate]), foreign.revoke_in_name_of(&two.root, &[certificate])];
    let network = Network::of(network.organisations, network.orderers);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &two.peer]);
}

#[test]
fn a_foreign_authoritys_certificate_does_not_count() {
    let network = Network::new(2);
    let one = &network.organisations[0];
    let profile = Profile::new("peer0.Org2", &["peer"]);
    let elsewhere = Authority::root("ca.Elsewhere").issue("Org2MSP", &profile);
    // The same name as Org2's root, with a key of its own.
    let forged = Profile { key_info: None, ..Profile::authority("ca.Org2") };
    let same_name =
        Authority::self_signed(&Profile { curve: causeway_verifier::fabric::forge::Curve::P384, ..forged })
            .issue("Org2MSP", &profile);
    for stranger in [&elsewhere, &same_name, &one.peer(1).under("Org2MSP")] {
        let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, stranger]);
        assert!(
            matches!(fault, PolicyFault::Identity { index: 1, fault: IdentityFault::Chain(_) }),
            "{fault}"
        );
    }
    let nobody = one.peer.under("Org3MSP");
    let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, &nobody]);
    assert_eq!(
        fault,
        PolicyFault::Identity { index: 1, fault: IdentityFault::UnknownMsp("Org3MSP".to_owned()) }
    );
}

#[test]
fn an_authority_itself_does_not_endorse() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    let root = two.peer.with_certificate("Org2MSP", &two.root.certificate);
    let below = two.issue(&Profile { units: vec!["peer".to_owned()], ..Profile::authority("peer0.Org2") });
    for authority in [&root, &below] {
        let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, authority]);
        assert_eq!(fault, PolicyFault::Identity { index: 1, fault: IdentityFault::Authority });
    }
}

#[test]
fn a_high_s_does_not_count() {
    let network = Network::new(2);
    let channel = channel(&network);
    let [one, two] = [0, 1].map(|number| &network.organisations[number].peer);
    let (low, high) = (one.sign(&MESSAGE), two.sign_high(&MESSAGE));
    let signed = |identity, signature| Signed { identity, message: MESSAGE.to_vec(), signature };
    let signed = [signed(&one.identity[..], &low[..]), signed(&two.identity, &high)];
    let policy = channel.policy(ENDORSEMENT).unwrap();
    assert_eq!(channel.satisfied(&policy, &signed), Ok(false));
    let fault = channel.require(&policy, &signed).unwrap_err();
    assert_eq!(fault, PolicyFault::Signature { index: 1, fault: SignatureFault::HighS });
}

#[test]
fn a_signature_over_another_message_does_not_count() {
    let network = Network::new(2);
    let channel = channel(&network);
    let [one, two] = [0, 1].map(|number| &network.organisations[number].peer);
    let (right, wrong) = (one.sign(&MESSAGE), two.sign(&[b"another"]));
    let signed = |identity, signature| Signed { identity, message: MESSAGE.to_vec(), signature };
    let signed = [signed(&one.identity[..], &right[..]), signed(&two.identity, &wrong)];
    let policy = channel.policy(ENDORSEMENT).unwrap();
    assert_eq!(channel.satisfied(&policy, &signed), Ok(false));
    let fault = channel.require(&policy, &signed).unwrap_err();
    assert_eq!(fault, PolicyFault::Signature { index: 1, fault: SignatureFault::Mismatch });
}

#[test]
fn the_same_endorser_counts_once_whatever_its_certificate_looks_like() {
    let network = Network::new(3);
    let one = &network.organisations[0];
    let profile = Profile::new("peer0.Org1", &["peer"]);
    let twin = one.issue(&Profile { high_s: true, ..profile });
    assert_ne!(twin.certificate, one.peer.certificate);
    let text = [b"words around it\n", &one.peer.certificate[..], b"and more\n"].concat();
    let dressed = one.peer.with_certificate("Org1MSP", &text);
    for same in [&one.peer, &twin, &dressed] {
        let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, same]);
        assert_eq!(fault, PolicyFault::Duplicate(1));
    }
    // What one organisation's rule asks for twice, one endorser does not give, however often it signs.
    let channel = channel(&network);
    let (satisfied, _) = judge(&channel, ENDORSEMENT, &[&one.peer, &twin, &dressed, &one.peer]);
    assert!(!satisfied);
}

#[test]
fn a_signature_that_does_not_count_takes_nobodys_place() {
    let network = Network::new(2);
    let channel = channel(&network);
    let [one, two] = [0, 1].map(|number| &network.organisations[number].peer);
    let (first, second, junk) = (one.sign(&MESSAGE), two.sign(&MESSAGE), one.sign(&[b"another"]));
    let signed = |identity, signature| Signed { identity, message: MESSAGE.to_vec(), signature };
    let signed = [
        signed(b"no identity", &junk[..]),
        signed(&one.identity[..], &junk),
        signed(&one.identity, &first),
        signed(&two.identity, &second),
    ];
    let policy = channel.policy(ENDORSEMENT).unwrap();
    assert_eq!(channel.satisfied(&policy, &signed), Ok(true));
    assert!(channel.require(&policy, &signed).is_err());
}

#[test]
fn an_expired_certificate_counts_and_one_from_before_its_authority_does_not() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    let named = |not_before: &str, not_after: &str| Profile {
        not_before: not_before.to_owned(),
        not_after: not_after.to_owned(),
        ..Profile::new("peer0.Org2", &["peer"])
    };
    let expired = two.issue(&named("240101000000Z", "240101000001Z"));
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &expired]);
    for (not_before, not_after) in [
        ("240101000000Z", "240101000000Z"), // never valid
        ("231231235958Z", "340101000000Z"), // begins before its authority
        ("340101000000Z", "350101000000Z"), // begins after its authority has ended
    ] {
        let peer = two.issue(&named(not_before, not_after));
        let fault = refused(&channel(&network), ENDORSEMENT, &[&one.peer, &peer]);
        assert!(matches!(fault, PolicyFault::Identity { fault: IdentityFault::Chain(_), .. }), "{fault}");
    }
    // A second later it has begun.
    let peer = two.issue(&named("231231235959Z", "340101000000Z"));
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &peer]);
}

#[test]
fn a_key_for_anything_but_servers_does_not_count_as_in_go() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    let (any, server, client) =
        (vec![0x55, 0x1d, 0x25, 0], vec![0x2b, 6, 1, 5, 5, 7, 3, 1], vec![0x2b, 6, 1, 5, 5, 7, 3, 2]);
    let peer = |usage: &[&Vec<u8>]| {
        let extended_usage = usage.iter().map(|usage| (*usage).clone()).collect();
        two.issue(&Profile { extended_usage, ..Profile::new("peer0.Org2", &["peer"]) })
    };
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[&client, &server])]);
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[&client, &any])]);
    refused(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[&client])]);
}

#[test]
fn an_unknown_critical_extension_does_not_count() {
    let network = Network::new(2);
    let [one, two] = [0, 1].map(|number| &network.organisations[number]);
    let peer = |kind: &[u8], critical: bool, value: &[u8]| {
        let extensions = vec![(kind.to_vec(), critical, value.to_vec())];
        two.issue(&Profile { extensions, ..Profile::new("peer0.Org2", &["peer"]) })
    };
    // Fabric's CA writes attributes under this one.
    let attributes = [0x2a, 3, 4, 5, 6, 7, 8, 1];
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&attributes, false, b"{}")]);
    refused(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&attributes, true, b"{}")]);
    // Alternative names are known, but for kinds of names that are not.
    let dns = [0x30, 3, 0x82, 1, b'a'];
    counted(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[0x55, 0x1d, 17], true, &dns)]);
    let directory = [0x30, 2, 0xa4, 0];
    refused(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[0x55, 0x1d, 17], true, &directory)]);
    // Policies that are none.
    refused(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[0x55, 0x1d, 32], false, &dns)]);
    // The same extension twice.
    refused(&channel(&network), ENDORSEMENT, &[&one.peer, &peer(&[0x55, 0x1d, 19], false, &[0x30, 0])]);
}

/// Ed25519 is judged by channels from capability V3_0 on. It is not implemented here, and so nothing is concluded.
#[test]
fn a_key_that_cannot_be_checked_leaves_the_verdict_open() {
    let network = Network::new(2);
    let two = &network.organisations[1];
    let ed25519 = [&[0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 33, 0][..], &[9; 32]].concat();
    let p521 = {
        let algorithm = [0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x23];
        [&[0x30, 0x81, 155][..], &algorithm, &[3, 0x81, 134, 0, 4], &[1; 132]].concat()
    };
    let peer = |key_info: &[u8]| {
        two.issue(&Profile { key_info: Some(key_info.to_vec()), ..Profile::new("peer0.Org2", &["peer"]) })
    };
    let open = |network: &Network, key_info: &[u8]| {
        let channel = channel(network);
        let (one, two) = (&network.organisations[0].peer, peer(key_info));
        let (first, second) = (one.sign(&MESSAGE), two.sign(&MESSAGE));
        let signed = |identity, signature| Signed { identity, message: MESSAGE.to_vec(), signature };
        let signed = [signed(&one.identity[..], &first[..]), signed(&two.identity, &second)];
        channel.satisfied(&channel.policy(ENDORSEMENT).unwrap(), &signed)
    };
    let foreign = |kind| Err(PolicyFault::Identity { index: 1, fault: IdentityFault::ForeignKey(kind) });
    assert_eq!(open(&network, &p521), foreign("P-521"));
    assert_eq!(open(&network, &ed25519), Ok(false));
    let mut newer = network.clone();
    let capabilities = Capabilities { capabilities: [("V3_0".to_owned(), Capability {})].into() };
    let group = newer.config.channel_group.as_mut().unwrap();
    group_of(group, "").values.insert("Capabilities".to_owned(), value(&capabilities));
    assert_eq!(open(&newer, &ed25519), foreign("Ed25519"));
    // A stranger's key does not even matter.
    let stranger = Authority::root("ca.Elsewhere")
        .issue("Org2MSP", &Profile { key_info: Some(ed25519), ..Profile::new("peer0.Org2", &["peer"]) });
    refused(&channel(&newer), ENDORSEMENT, &[&newer.organisations[0].peer, &stranger]);
}

#[test]
fn an_identity_that_is_no_certificate_does_not_count() {
    let network = Network::new(2);
    let channel = channel(&network);
    let peer = &network.organisations[0].peer;
    let der = pem("CERTIFICATE", b"not X.509");
    for (identity, code) in [
        (b"\xff".to_vec(), "signer-unknown"),
        (Vec::new(), "signer-unknown"),
        (SerializedIdentity { mspid: "Org1MSP".to_owned(), id_bytes: der }.encode_to_vec(), "signer-unknown"),
        (
            SerializedIdentity { mspid: "Org1MSP".to_owned(), id_bytes: vec![] }.encode_to_vec(),
            "signer-unknown",
        ),
    ] {
        let signature = peer.sign(&MESSAGE);
        let signed = [Signed { identity: &identity, message: MESSAGE.to_vec(), signature: &signature }];
        let policy = channel.policy("/Channel/Application/Writers").unwrap();
        assert_eq!(channel.satisfied(&policy, &signed), Ok(false));
        assert_eq!(channel.require(&policy, &signed).unwrap_err().code(), code);
    }
}

/// A peer writes its own identity. Go ignores fields that it does not know, and knows a field by its wire type too.
#[test]
fn an_identity_with_fields_that_go_ignores_counts() {
    let network = Network::new(1);
    let channel = channel(&network);
    let peer = &network.organisations[0].peer;
    let policy = channel.policy("/Channel/Application/Writers").unwrap();
    for (added, expected) in [
        (&[0x1a, 1, 7][..], true),
        (&[0x08, 5], true),
        (&[0x10, 5], true),
        (&[0x1b, 0x1c], true),
        (b"\x0a\x07Org9MSP", false),
        (&[0x12, 0], false),
        (&[0x0a, 1, 0xff], false),
        (&[0x1b], false),
    ] {
        let identity = [&peer.identity[..], added].concat();
        let signature = peer.sign(&[b"message"]);
        let signed = [Signed { identity: &identity, message: vec![b"message"], signature: &signature }];
        assert_eq!(channel.satisfied(&policy, &signed), Ok(expected), "{added:?}");
    }
}

#[test]
fn every_changed_byte_of_an_identity_is_refused() {
    let network = Network::new(1);
    let channel = channel(&network);
    let peer = &network.organisations[0].peer;
    let policy = channel.policy("/Channel/Application/Writers").unwrap();
    let accepts = |channel: &Channel, identity: &[u8]| {
        let message = vec![&b"message"[..], identity];
        let signature = peer.sign(&[b"message", &peer.identity]);
        channel.satisfied(&policy, &[Signed { identity, message, signature: &signature }]).unwrap()
    };
    assert!(accepts(&channel, &peer.identity));
    for at in 0..peer.identity.len() {
        let mut changed = peer.identity.clone();
        changed[at] ^= 1;
        assert!(!accepts(&channel, &changed), "{at}");
    }
}
