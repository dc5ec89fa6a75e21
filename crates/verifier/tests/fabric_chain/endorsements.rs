//! Who has to have signed: transactions, reads, blocks, configurations.

use causeway_protocol::GatewayEventKind;
use causeway_verifier::fabric::forge::{
    Endorsed, Network, Organisation, Profile, Signer, seal, seal_by_number,
};
use causeway_verifier::fabric::proto::Metadata;

use crate::world::{World, beat_key};

type Choice = fn(&World) -> Vec<Signer>;

fn org(world: &World, number: usize) -> Organisation {
    world.chain.network.organisations[number].clone()
}

/// Endorsers who are not enough, or nobody.
const TOO_FEW: [(&str, Choice); 6] = [
    ("one organisation", |world| vec![org(world, 0).peer]),
    ("two peers of one organisation", |world| vec![org(world, 0).peer, org(world, 0).peer(5)]),
    ("a client", |world| vec![org(world, 0).peer, org(world, 1).client]),
    ("an administrator", |world| vec![org(world, 0).peer, org(world, 1).admin]),
    ("an orderer", |world| vec![org(world, 0).peer, org(world, 1).orderer]),
    ("nobody", |_| vec![]),
];

/// Endorsers who are none of the channel.
const STRANGERS: [(&str, Choice); 3] = [
    ("another authority's certificate under the organisation's name", |world| {
        let foreign = Organisation::new("Org3");
        vec![org(world, 0).peer, foreign.root.issue("Org2MSP", &Profile::new("peer0.Org2", &["peer"]))]
    }),
    ("an organisation outside the channel", |world| vec![org(world, 0).peer, Organisation::new("Org3").peer]),
    ("a certificate under another organisation's name", |world| {
        vec![org(world, 0).peer, org(world, 0).peer(5).under("Org2MSP")]
    }),
];

#[test]
fn an_event_that_too_few_endorsed_is_none() {
    for (who, choose) in TOO_FEW.iter().chain(&STRANGERS) {
        let mut world = World::open();
        let endorsers = choose(&world);
        let beat = world.events_by(&[GatewayEventKind::Beat], &endorsers.iter().collect::<Vec<_>>());
        world.chain.mine(&[(&beat, false)]);
        assert_eq!(world.found(vec![]), [], "{who}");
    }
}

/// A beat that was committed, endorsed by both, and a read of it that these endorsed.
fn read_by(choose: Choice) -> (World, Endorsed) {
    let mut world = World::open();
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let endorsers = choose(&world);
    let (gateway, endorsers) = (world.gateway(), endorsers.iter().collect::<Vec<_>>());
    let read = world.chain.read("gateway", gateway, &[&beat_key(&beat)], &endorsers);
    (world, read)
}

#[test]
fn a_read_that_too_few_endorsed_shows_nothing() {
    for (who, choose) in TOO_FEW.iter().chain(&STRANGERS) {
        let (world, read) = read_by(*choose);
        assert_eq!(world.refusal(vec![read]), "endorsed-read-policy", "{who}");
    }
    let (world, read) = read_by(|world| vec![org(world, 0).peer, org(world, 1).peer]);
    assert_eq!(world.found(vec![read]), [GatewayEventKind::Beat]);
}

#[test]
fn case_10_the_same_endorser_twice_is_one() {
    let mut world = World::open();
    let mut beat = world.beat();
    beat.endorsements[1] = beat.endorsements[0].clone();
    world.chain.mine(&[(&beat, false)]);
    assert_eq!(world.found(vec![]), []);
    let (world, mut read) = read_by(|world| vec![org(world, 0).peer, org(world, 1).peer]);
    read.endorsements[1] = read.endorsements[0].clone();
    assert_eq!(world.refusal(vec![read]), "malformed", "endorsers ascend");
}

#[test]
fn case_19_a_signature_with_high_s_is_none() {
    let mut world = World::open();
    let mut beat = world.beat();
    raise(&world, &mut beat);
    world.chain.mine(&[(&beat, false)]);
    assert_eq!(world.found(vec![]), []);
    let (world, mut read) = read_by(|world| vec![org(world, 0).peer, org(world, 1).peer]);
    raise(&world, &mut read);
    assert_eq!(world.refusal(vec![read]), "endorsed-read-policy");
}

/// The second organisation's endorsement as its twin.
fn raise(world: &World, endorsed: &mut Endorsed) {
    let peer = org(world, 1).peer;
    let response = endorsed.response.clone();
    let own = endorsed.endorsements.iter_mut().find(|(endorser, _)| *endorser == peer.identity).unwrap();
    own.1 = peer.sign_high(&[&response, &peer.identity]);
}

#[test]
fn case_3_a_revoked_endorser_counts_no_more() {
    let mut network = Network::new(2);
    let revoked = network.organisations[1].peer.clone();
    let list = network.organisations[1].root.revoke(&[&revoked.certificate]);
    network.organisations[1].config.revocation_list.push(list);
    // Made anew with the list in it; another peer of the organisation endorses instead.
    let other = network.organisations[1].peer(7);
    network.organisations[1].peer = other;
    let network = Network::of(network.organisations, network.orderers);
    let mut world = World::open_of(network);
    let endorsers = [org(&world, 0).peer, revoked];
    let endorsers: Vec<&Signer> = endorsers.iter().collect();
    let beat = world.events_by(&[GatewayEventKind::Beat], &endorsers);
    world.chain.mine(&[(&beat, false)]);
    assert_eq!(world.found(vec![]), []);
    let beat = world.beat();
    world.chain.mine(&[(&beat, true)]);
    let gateway = world.gateway();
    let read = world.chain.read("gateway", gateway, &[&beat_key(&beat)], &endorsers);
    assert_eq!(world.refusal(vec![read]), "endorsed-read-policy");
}

#[test]
fn endorsements_in_another_order_are_another_evidence_and_refused() {
    let (world, mut read) = read_by(|world| vec![org(world, 0).peer, org(world, 1).peer]);
    read.endorsements.reverse();
    assert_eq!(world.refusal(vec![read]), "malformed");
}

/// A block with the signatures that somebody else put under it.
fn signed_by(change: impl Fn(&World, &mut Metadata)) -> &'static str {
    let mut world = World::open();
    world.idle();
    let mut parts = world.parts(vec![]);
    let mut metadata = parts.last().seal.clone().unwrap();
    change(&world, &mut metadata);
    parts.last().seal = Some(metadata);
    world.judge(&parts).map_or_else(|refusal| refusal.code(), |_| "accepted")
}

/// The newest block signed by these.
fn by(world: &World, orderers: &[Signer], config_block: u64) -> Metadata {
    let header = world.chain.blocks.last().unwrap().header.clone().unwrap();
    seal(&header, config_block, orderers)
}

#[test]
fn a_block_that_orderers_did_not_sign_is_refused() {
    let refused = "orderer-signatures";
    assert_eq!(signed_by(|_, _| {}), "accepted");
    assert_eq!(signed_by(|world, seal| *seal = by(world, &[org(world, 0).peer], 0)), refused);
    assert_eq!(
        signed_by(|world, seal| *seal = by(world, &[Organisation::new("Orderer9").orderer], 0)),
        refused
    );
    let forged = |world: &World, seal: &mut Metadata| {
        let foreign = Organisation::new("Other");
        let orderer = foreign.root.issue("OrdererMSP", &Profile::new("orderer0.Orderer", &["orderer"]));
        *seal = by(world, &[orderer], 0);
    };
    assert_eq!(signed_by(forged), refused);
    // Every signature given has to count.
    let both = |world: &World, seal: &mut Metadata| {
        *seal = by(world, &[world.chain.orderers[0].clone(), Organisation::new("X").orderer], 0);
    };
    assert_eq!(signed_by(both), refused);
    assert_eq!(signed_by(|world, seal| *seal = by(world, &world.chain.orderers, 1)), "other-config-block");
    assert_eq!(signed_by(|_, seal| seal.signatures.clear()), "malformed");
    let unnamed = |_: &World, seal: &mut Metadata| seal.signatures[0].signature_header.clear();
    assert_eq!(signed_by(unnamed), "orderer-signatures-missing");
    let twice = |_: &World, seal: &mut Metadata| seal.signatures[0].identifier_header = vec![8, 1];
    assert_eq!(signed_by(twice), "signer-named-twice");
    let by_number = |_: &World, seal: &mut Metadata| {
        seal.signatures[0].signature_header.clear();
        seal.signatures[0].identifier_header = vec![8, 1];
    };
    assert_eq!(signed_by(by_number), "unknown-consenter");
}

#[test]
fn signatures_stand_only_where_something_hangs_on_them() {
    let mut world = World::open();
    world.idle();
    world.idle();
    let mut parts = world.parts(vec![]);
    world.judge(&parts).unwrap();
    let first = world.chain.height() - 1;
    parts.blocks[0].seal = Some(world.chain.seal_of(first));
    assert_eq!(world.judge(&parts).unwrap_err().code(), "orderer-signatures-useless");
    parts.blocks[0].seal = None;
    parts.last().seal = None;
    assert_eq!(world.judge(&parts).unwrap_err().code(), "orderer-signatures-missing");
}

#[test]
fn a_config_block_needs_its_orderers_and_its_administrators() {
    let mut world = World::open();
    let proposal = world.chain.network.propose(|group| {
        group.policies.insert(
            "Another".to_owned(),
            causeway_verifier::fabric::forge::implicit_meta(
                "Readers",
                causeway_verifier::fabric::proto::ImplicitMetaRule::Any,
            ),
        );
    });
    let orderers = world.chain.network.orderers.admin.clone();
    let admins: Vec<Signer> = world.chain.network.admins().into_iter().cloned().collect();
    let all: Vec<&Signer> = admins.iter().chain([&orderers]).collect();
    let authorised = proposal.clone().sign(&all);

    let mut good = world.clone();
    good.chain.configure(&authorised);
    let mut parts = good.parts(vec![]);
    good.judge(&parts).unwrap();
    parts.last().seal = None;
    assert_eq!(good.judge(&parts).unwrap_err().code(), "orderer-signatures-missing");

    let mut stolen = world.clone();
    stolen.chain.configure_by(&authorised, &[Organisation::new("Thief").orderer]);
    assert_eq!(stolen.refusal(vec![]), "orderer-signatures");

    // What the policies of the configuration before do not allow.
    world.chain.configure(&proposal.sign(&[&admins[0]]));
    let refusal = world.judge(&world.parts(vec![])).unwrap_err();
    assert!(refusal.to_string().contains("configuration update"), "{refusal}");
}

#[test]
fn a_bft_channel_needs_a_quorum_of_its_consenters() {
    let (network, consenters) = Network::bft(2, 4);
    let numbered: Vec<(u32, Signer)> = (1..).zip(consenters.clone()).collect();
    for count in 1..=4 {
        let mut world = World::of(network.clone());
        world.idle();
        let header = world.chain.blocks.last().unwrap().header.clone().unwrap();
        let mut parts = world.parts(vec![]);
        // By name, as a signature header has it, and by number, as BFT orderers have it.
        for metadata in
            [seal(&header, 0, &consenters[..count]), seal_by_number(&header, 0, &numbered[..count])]
        {
            parts.last().seal = Some(metadata);
            let verdict = world.judge(&parts).map_err(|refusal| refusal.code());
            assert_eq!(verdict.is_ok(), count >= 3, "{count} of 4: {verdict:?}");
        }
    }
}

#[test]
fn a_consenter_counts_once_and_under_its_own_number() {
    let (network, consenters) = Network::bft(2, 4);
    let mut world = World::of(network);
    world.idle();
    let header = world.chain.blocks.last().unwrap().header.clone().unwrap();
    let mut parts = world.parts(vec![]);
    let signer = |number: usize| consenters[number].clone();
    for (numbered, code) in [
        (vec![(1, signer(0)), (2, signer(1)), (2, signer(1))], "malformed"),
        (vec![(1, signer(0)), (2, signer(1)), (3, signer(3))], "orderer-signatures"),
        (vec![(1, signer(0)), (2, signer(1)), (9, signer(2))], "unknown-consenter"),
    ] {
        parts.last().seal = Some(seal_by_number(&header, 0, &numbered));
        assert_eq!(world.judge(&parts).unwrap_err().code(), code);
    }
}
