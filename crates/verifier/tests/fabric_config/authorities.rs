//! Organisations by their authorities.

use causeway_verifier::fabric::forge::{
    Authority, Curve, Network, Organisation, Profile, group_of, policy, principal, signature_policy,
    signed_by,
};
use causeway_verifier::fabric::proto::{
    Classification, FabricMspConfig, FabricOuIdentifier, MspConfig, OrganizationUnit,
};
use causeway_verifier::fabric::{Channel, ConfigFault, IdentityFault, MspFault, PolicyFault, sha256};
use prost::Message;

use super::{channel, counted, refused};

const WRITERS: &str = "/Channel/Application/Writers";

/// A channel of one organisation whose MSP a test has changed.
fn network(change: impl FnOnce(&mut Organisation)) -> Network {
    let mut organisation = Organisation::new("Org1");
    change(&mut organisation);
    Network::of(vec![organisation], Organisation::new("Orderer"))
}

fn msp_fault(change: impl FnOnce(&mut FabricMspConfig)) -> MspFault {
    let network = network(|organisation| change(&mut organisation.config));
    match Channel::read(&network.config_bytes()) {
        Err(ConfigFault::Msp { organisation, fault }) if organisation == "Org1" => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn identities_come_from_the_lowest_authorities() {
    let root = Authority::root("ca.Org1");
    let middle = root.intermediate(&Profile::authority("middle.Org1"));
    let lowest = middle.intermediate(&Profile::authority("lowest.Org1"));
    let network = network(|organisation| {
        organisation.config.intermediate_certs = vec![lowest.certificate.clone(), middle.certificate.clone()];
    });
    let peer = Profile::new("peer0.Org1", &["peer"]);
    counted(&channel(&network), WRITERS, &[&lowest.issue("Org1MSP", &peer)]);
    for inner in [&root, &middle] {
        let fault = refused(&channel(&network), WRITERS, &[&inner.issue("Org1MSP", &peer)]);
        assert_eq!(fault, PolicyFault::Identity { index: 0, fault: IdentityFault::InnerAuthority });
    }
    // An authority that the MSP does not list is none, though the root signed it.
    let unlisted = root.intermediate(&Profile::authority("unlisted.Org1"));
    let fault = refused(&channel(&network), WRITERS, &[&unlisted.issue("Org1MSP", &peer)]);
    assert!(matches!(fault, PolicyFault::Identity { fault: IdentityFault::Chain(_), .. }), "{fault}");
}

#[test]
fn authorities_on_p384_count_and_so_do_nodes() {
    let root = Authority::self_signed(&Profile { curve: Curve::P384, ..Profile::authority("ca.Org1") });
    let network = network(|organisation| *organisation = Organisation::with_root("Org1", root.clone()));
    let one = &network.organisations[0];
    counted(&channel(&network), WRITERS, &[&one.peer]);
    let on_p384 = one.issue(&Profile { curve: Curve::P384, ..Profile::new("peer9.Org1", &["peer"]) });
    counted(&channel(&network), WRITERS, &[&on_p384, &one.peer]);
}

#[test]
fn an_authority_with_a_high_s_is_the_one_with_the_low_s() {
    for curve in [Curve::P256, Curve::P384] {
        let profile = Profile { curve, ..Profile::authority("ca.Org1") };
        let low = Authority::self_signed(&profile);
        let high = Authority::self_signed(&Profile { high_s: true, ..profile });
        assert_ne!(low.certificate, high.certificate);
        // The unit of peers has to come by the authority, named by the twin of the certificate that is its root.
        for (listed, named) in [(&low, &high), (&high, &low)] {
            let network = network(|organisation| {
                *organisation = Organisation::with_root("Org1", listed.clone());
                let roles = organisation.config.fabric_node_ous.as_mut().unwrap();
                roles.peer_ou_identifier.as_mut().unwrap().certificate = named.certificate.clone();
            });
            counted(&channel(&network), WRITERS, &[&network.organisations[0].peer]);
        }
        // People compare the certificate as it is in their file.
        let network = network(|organisation| *organisation = Organisation::with_root("Org1", high.clone()));
        let der = pem_contents(&high.certificate);
        assert!(channel(&network).roots().contains(&sha256(&[&der])));
    }
}

fn pem_contents(pem: &[u8]) -> Vec<u8> {
    use base64_digits as digits;
    let text = core::str::from_utf8(pem).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = Vec::new();
    for four in body.as_bytes().chunks(4) {
        let word = four.iter().fold(0, |word: u32, digit| word << 6 | digits(*digit));
        let length = four.iter().filter(|digit| **digit != b'=').count() - 1;
        bytes.extend(&word.to_be_bytes()[1..=length]);
    }
    bytes
}

fn base64_digits(digit: u8) -> u32 {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    alphabet.iter().position(|known| *known == digit).map_or(0, |at| u32::try_from(at).unwrap())
}

#[test]
fn a_root_may_stand_among_the_intermediate_authorities_too() {
    for high_s in [false, true] {
        let root = Authority::self_signed(&Profile { high_s, ..Profile::authority("ca.Org1") });
        let network = network(|organisation| {
            *organisation = Organisation::with_root("Org1", root.clone());
            organisation.config.intermediate_certs = vec![root.certificate.clone()];
        });
        counted(&channel(&network), WRITERS, &[&network.organisations[0].peer]);
    }
}

#[test]
fn a_units_certification_path_is_asked_for_where_it_is_named() {
    let root = Authority::root("ca.Org1");
    let [one, two] = ["one", "two"].map(|name| root.intermediate(&Profile::authority(name)));
    let network = network(|organisation| {
        organisation.config.intermediate_certs = vec![one.certificate.clone(), two.certificate.clone()];
        let roles = organisation.config.fabric_node_ous.as_mut().unwrap();
        roles.peer_ou_identifier.as_mut().unwrap().certificate = one.certificate.clone();
    });
    let peer = Profile::new("peer0.Org1", &["peer"]);
    counted(&channel(&network), WRITERS, &[&one.issue("Org1MSP", &peer)]);
    let fault = refused(&channel(&network), WRITERS, &[&two.issue("Org1MSP", &peer)]);
    assert_eq!(fault, PolicyFault::Identity { index: 0, fault: IdentityFault::Certifiers });
    counted(&channel(&network), WRITERS, &[&two.issue("Org1MSP", &Profile::new("user", &["client"]))]);
}

#[test]
fn an_msp_may_ask_for_a_unit_of_everybody() {
    let unit = |organisation: &Organisation| FabricOuIdentifier {
        certificate: organisation.root.certificate.clone(),
        organizational_unit_identifier: "department".to_owned(),
    };
    let network = network(|organisation| {
        organisation.config.organizational_unit_identifiers = vec![unit(organisation)];
    });
    let one = &network.organisations[0];
    let fault = refused(&channel(&network), WRITERS, &[&one.peer]);
    assert_eq!(fault, PolicyFault::Identity { index: 0, fault: IdentityFault::Unit });
    counted(&channel(&network), WRITERS, &[&one.issue(&Profile::new("peer1", &["peer", "department"]))]);
}

#[test]
fn a_principal_may_be_a_unit_by_its_certification_path() {
    let mut network = network(|_| {});
    let one = network.organisations[0].clone();
    let path = sha256(&[&pem_contents(&one.root.certificate)]);
    let unit = |certifiers_identifier: &[u8]| OrganizationUnit {
        msp_identifier: "Org1MSP".to_owned(),
        organizational_unit_identifier: "department".to_owned(),
        certifiers_identifier: certifiers_identifier.to_vec(),
    };
    let mut write = |unit: OrganizationUnit| {
        let principal = principal(Classification::OrganizationUnit, &unit.encode_to_vec());
        let rule = signature_policy(1, vec![signed_by(0)], vec![principal]);
        let group = group_of(network.config.channel_group.as_mut().unwrap(), "/Application");
        group.policies.insert("Unit".to_owned(), policy(&rule));
        channel(&network)
    };
    let member = one.issue(&Profile::new("peer1", &["peer", "department"]));
    let unit_path = "/Channel/Application/Unit";
    counted(&write(unit(&path)), unit_path, &[&member]);
    refused(&write(unit(&path)), unit_path, &[&one.peer]);
    refused(&write(unit(&[0; 32])), unit_path, &[&member]);
    refused(&write(unit(&[])), unit_path, &[&member]);
    refused(
        &write(OrganizationUnit { msp_identifier: "Org2MSP".to_owned(), ..unit(&path) }),
        unit_path,
        &[&member],
    );
}

/// Without units that stand for roles there are members and named administrators.
#[test]
fn an_msp_without_role_units_names_its_administrators() {
    let network = network(|organisation| {
        organisation.config.fabric_node_ous = None;
        organisation.config.admins = vec![organisation.client.certificate.clone()];
    });
    let one = &network.organisations[0];
    let channel = channel(&network);
    counted(&channel, WRITERS, &[&one.issue(&Profile::new("anybody", &[]))]);
    counted(&channel, "/Channel/Application/Org1/Admins", &[&one.client]);
    refused(&channel, "/Channel/Application/Org1/Admins", &[&one.admin]);
    refused(&channel, "/Channel/Application/Org1/Endorsement", &[&one.peer]);
}

#[test]
fn a_named_administrator_is_one_by_name() {
    let network = network(|organisation| {
        organisation.config.admins = vec![organisation.client.certificate.clone()];
    });
    let one = &network.organisations[0];
    let channel = channel(&network);
    for admin in [&one.client, &one.admin] {
        counted(&channel, "/Channel/Application/Org1/Admins", &[admin]);
    }
    refused(&channel, "/Channel/Application/Org1/Admins", &[&one.peer]);
}

#[test]
fn an_authority_bounds_how_many_stand_below_it() {
    let read = |length| {
        let root =
            Authority::self_signed(&Profile { path_length: Some(length), ..Profile::authority("ca.Org1") });
        let below = root.intermediate(&Profile::authority("below"));
        let network = network(|organisation| {
            organisation.config.root_certs = vec![root.certificate.clone()];
            organisation.config.intermediate_certs = vec![below.certificate.clone()];
        });
        let peer = below.issue("Org1MSP", &Profile::new("peer0", &["peer"]));
        (Channel::read(&network.config_bytes()), peer)
    };
    let (channel, peer) = read(1);
    counted(&channel.unwrap(), WRITERS, &[&peer]);
    let (channel, peer) = read(0);
    refused(&channel.unwrap(), WRITERS, &[&peer]);
}

#[test]
fn two_chains_are_none() {
    let network = network(|organisation| {
        // The same name and key once more, with another end.
        let again = Profile { not_after: "330101000000Z".to_owned(), ..Profile::authority("ca.Org1") };
        organisation.config.root_certs.push(Authority::self_signed(&again).certificate);
    });
    let fault = refused(&channel(&network), WRITERS, &[&network.organisations[0].peer]);
    assert!(matches!(fault, PolicyFault::Identity { fault: IdentityFault::Chain(_), .. }), "{fault}");
    // The same certificate twice is one.
    let network = super::authorities::network(|organisation| {
        organisation.config.root_certs.push(organisation.root.certificate.clone());
    });
    counted(&channel(&network), WRITERS, &[&network.organisations[0].peer]);
}

#[test]
fn what_peers_do_not_set_up_is_refused() {
    let refused = |fault: MspFault| match fault {
        MspFault::Refused { what, reason } => (what, reason),
        other => panic!("{other}"),
    };
    let leaf = Organisation::new("Org1").client.certificate;
    let below = Authority::root("ca.Org1").intermediate(&Profile::authority("below"));
    assert_eq!(msp_fault(|config| config.root_certs.clear()), MspFault::NoRoot);
    assert_eq!(msp_fault(|config| config.name.clear()), MspFault::NoName);
    assert_eq!(
        msp_fault(|config| config.root_certs = vec![below.certificate.clone(); 65]),
        MspFault::TooMany(65)
    );
    assert_eq!(
        refused(msp_fault(|config| config.root_certs.push(below.certificate.clone()))),
        ("root certificate", "it did not sign itself")
    );
    assert_eq!(
        refused(msp_fault(|config| config.intermediate_certs.push(leaf.clone()))),
        ("intermediate certificate", "it is not an authority's")
    );
    let stranger = Authority::root("ca.Elsewhere");
    let foreign = stranger.intermediate(&Profile::authority("below"));
    assert_eq!(
        refused(msp_fault(|config| config.intermediate_certs.push(foreign.certificate.clone()))),
        ("intermediate certificate", "no chain to a root")
    );
    let root = Authority::root("ca.Org1");
    assert_eq!(
        refused(msp_fault(|config| {
            config.intermediate_certs.push(below.certificate.clone());
            config.revocation_list.push(root.revoke(&[&below.certificate]));
        })),
        ("intermediate certificate", "it is revoked")
    );
    assert_eq!(
        refused(msp_fault(|config| config
            .admins
            .push(stranger.issue("", &Profile::new("a", &["admin"])).certificate))),
        ("administrator's certificate", "it is no certificate of this MSP")
    );
    let peer = Organisation::new("Org1").peer.certificate;
    assert_eq!(
        refused(msp_fault(|config| config.admins.push(peer))),
        ("administrator's certificate", "it is neither an administrator's nor a client's")
    );
    assert_eq!(msp_fault(|config| config.fabric_node_ous = None), MspFault::NoAdmins);
    let unit = FabricOuIdentifier { certificate: stranger.certificate, ..FabricOuIdentifier::default() };
    assert_eq!(
        refused(msp_fault(|config| config.organizational_unit_identifiers.push(unit))),
        ("organisational unit's certificate", "it is no authority's of this MSP")
    );
    for bytes in [&b""[..], b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"] {
        let fault = msp_fault(|config| config.root_certs.push(bytes.to_vec()));
        assert!(matches!(fault, MspFault::Certificate { .. }), "{fault}");
    }
    assert!(matches!(
        msp_fault(|config| config.revocation_list.push(b"junk".to_vec())),
        MspFault::Certificate { .. }
    ));
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let hash = |family: &str| {
        msp_fault(|config| config.crypto_config.as_mut().unwrap().signature_hash_family = family.to_owned())
    };
    assert_eq!(hash("SHA3"), MspFault::HashFunction("SHA3".to_owned()));
    let constrained = Profile {
        extensions: vec![(vec![0x55, 0x1d, 30], true, vec![0x30, 0])],
        ..Profile::authority("ca.Org1")
    };
    let constrained = Authority::self_signed(&constrained);
    assert!(matches!(
        msp_fault(|config| config.root_certs = vec![constrained.certificate]),
        MspFault::Unsupported { what: "root certificate", .. }
    ));
    let mut network = network(|_| {});
    let group = group_of(network.config.channel_group.as_mut().unwrap(), "/Application/Org1");
    let idemix = MspConfig { r#type: 1, config: Vec::new() };
    group.values.get_mut("MSP").unwrap().value = idemix.encode_to_vec();
    let fault = Channel::read(&network.config_bytes()).unwrap_err();
    assert_eq!(fault.code(), "config-unsupported", "{fault}");
}

#[test]
fn two_organisations_share_an_msp_only_if_they_agree_on_it() {
    let mut network = Network::new(2);
    let one = network.organisations[0].clone();
    let section = group_of(network.config.channel_group.as_mut().unwrap(), "/Application");
    section.groups.insert("Alias".to_owned(), one.group());
    assert!(Channel::read(&network.config_bytes()).is_ok());
    let mut other = Organisation::with_root("Org1", Authority::root("ca.Elsewhere"));
    other.msp.clone_from(&one.msp);
    let section = group_of(network.config.channel_group.as_mut().unwrap(), "/Application");
    section.groups.insert("Alias".to_owned(), other.group());
    assert_eq!(
        Channel::read(&network.config_bytes()).unwrap_err(),
        ConfigFault::TwoMsps("Org1MSP".to_owned())
    );
}
