//! Configurations and updates of real channels.

use causeway_verifier::fabric::proto::{
    BlockHeader, ChannelHeader, ConfigEnvelope, ConfigSignature, ConfigUpdateEnvelope, Metadata, Payload,
    SignatureHeader,
};
use causeway_verifier::fabric::{Channel, Signed, UpdateFault, config_of, sha256};
use prost::Message;

use super::blocks::{block, first_payload};

const BLOCK_VALIDATION: &str = "/Channel/Orderer/BlockValidation";

const GENESIS: &str = "fabric-network-2/orderer-block0.pb";
const UPDATE: &str = "fabric-network-2/orderer-block9.pb";

#[test]
fn a_real_update_is_authorised_by_the_configuration_before_it() {
    let (Some(genesis), Some(update)) = (block(GENESIS), block(UPDATE)) else { return };
    let channel = Channel::read(&config_of(&first_payload(&genesis).1).unwrap()).unwrap();
    let (header, envelope) = first_payload(&update);
    let next = channel.update(&header.channel_id, &envelope).unwrap();
    assert_eq!(next, config_of(&envelope).unwrap());
    let next = Channel::read(&next).unwrap();
    assert_eq!(channel.roots().len(), 3);
    assert_eq!(channel.roots(), next.roots());
    // It says which configuration it follows, and nothing follows it by the same update.
    let again = next.update(&header.channel_id, &envelope).unwrap_err();
    assert_eq!(again, UpdateFault::Sequence { expected: 2, found: 1 });
    let elsewhere = channel.update("sibling", &envelope).unwrap_err();
    assert_eq!(elsewhere.code(), "config-channel");
}

#[test]
fn a_real_orderers_signature_satisfies_block_validation() {
    for (genesis, folder) in [("fabric-network/block0.pb", "fabric-network"), (GENESIS, "fabric-network-2")] {
        let Some(genesis) = block(genesis) else { return };
        let channel = Channel::read(&config_of(&first_payload(&genesis).1).unwrap()).unwrap();
        let policy = channel.policy(BLOCK_VALIDATION).unwrap();
        for number in 1..=10 {
            let name = format!("{folder}/orderer-block{number}.pb");
            let Some(block) = block(&name) else { return };
            let header = header_bytes(block.header.as_ref().unwrap());
            let metadata = Metadata::decode(&block.metadata.unwrap().metadata[0][..]).unwrap();
            let [signature] = &metadata.signatures[..] else { panic!("one orderer") };
            let creator = SignatureHeader::decode(&signature.signature_header[..]).unwrap().creator;
            let judge = |header: &[u8], bytes: &[u8]| {
                let message = vec![&metadata.value[..], &signature.signature_header, header];
                let signed = [Signed { identity: &creator, message, signature: bytes }];
                assert_eq!(
                    channel.satisfied(&policy, &signed),
                    Ok(channel.require(&policy, &signed).is_ok())
                );
                channel.require(&policy, &signed).is_ok()
            };
            assert!(judge(&header, &signature.signature), "{name}");
            for at in 0..header.len() {
                let mut changed = header.clone();
                changed[at] ^= 1;
                assert!(!judge(&changed, &signature.signature), "{name} {at}");
            }
            for at in 0..signature.signature.len() {
                let mut changed = signature.signature.clone();
                changed[at] ^= 1;
                assert!(!judge(&header, &changed), "{name} {at}");
            }
        }
    }
}

/// DER of number, previous hash, data hash.
fn header_bytes(header: &BlockHeader) -> Vec<u8> {
    let number = header.number.to_be_bytes();
    let number = &number[number.iter().position(|byte| *byte != 0).unwrap_or(7)..];
    let mut body = vec![2, u8::try_from(number.len()).unwrap()];
    body.extend(number);
    for hash in [&header.previous_hash, &header.data_hash] {
        body.extend([4, u8::try_from(hash.len()).unwrap()]);
        body.extend(hash);
    }
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

/// Fabric's own test blocks come from channels older than node units for every role, or from no application's channel.
#[test]
fn fabrics_own_blocks_are_read_or_refused_for_their_age() {
    for (name, verdict) in [
        ("orderer_common_cluster_testdata_mychannel.block", "config-unsupported"),
        ("orderer_consensus_etcdraft_testdata_etcdraftgenesis.block", "config-unsupported"),
        ("orderer_consensus_etcdraft_testdata_mychannel.block", "config-unsupported"),
        ("orderer_consensus_smartbft_testdata_mychannel.block", "ok"),
    ] {
        let Some(block) = block(&format!("fabric-blocks/{name}")) else { return };
        let read = Channel::read(&config_of(&first_payload(&block).1).unwrap());
        assert_eq!(read.map_or_else(|fault| fault.code(), |_| "ok"), verdict, "{name}");
    }
}

/// Each byte of an update, of its signatures and of the configuration it makes counts.
#[test]
fn every_changed_byte_of_a_real_update_is_refused() {
    let (Some(genesis), Some(update)) = (block(GENESIS), block(UPDATE)) else { return };
    let channel = Channel::read(&config_of(&first_payload(&genesis).1).unwrap()).unwrap();
    let (ChannelHeader { channel_id, .. }, bytes) = first_payload(&update);
    assert!(channel.update(&channel_id, &bytes).is_ok());
    let envelope = ConfigEnvelope::decode(&bytes[..]).unwrap();

    let config = config_of(&bytes).unwrap();
    let last_update = envelope.last_update.as_ref().unwrap().encode_to_vec();
    for at in 0..config.len() {
        let mut changed = config.clone();
        changed[at] ^= 1;
        assert!(channel.update(&channel_id, &envelope_of(&changed, &last_update)).is_err(), "config {at}");
    }

    let payload = Payload::decode(&envelope.last_update.as_ref().unwrap().payload[..]).unwrap();
    let data = ConfigUpdateEnvelope::decode(&payload.data[..]).unwrap();
    let with = |data: &ConfigUpdateEnvelope| {
        let payload = Payload { data: data.encode_to_vec(), ..payload.clone() };
        let mut envelope = envelope.clone();
        envelope.last_update.as_mut().unwrap().payload = payload.encode_to_vec();
        let last_update = envelope.last_update.unwrap().encode_to_vec();
        channel.update(&channel_id, &envelope_of(&config, &last_update))
    };
    assert!(with(&data).is_ok());
    for at in 0..data.config_update.len() {
        let mut changed = data.clone();
        changed.config_update[at] ^= 1;
        assert!(with(&changed).is_err(), "update {at}");
    }
    for index in 0..data.signatures.len() {
        let field = |changed: &mut ConfigUpdateEnvelope, at: usize| {
            let ConfigSignature { signature_header, signature } = &mut changed.signatures[index];
            match signature_header.get_mut(at) {
                Some(byte) => *byte ^= 1,
                None => signature[at - signature_header.len()] ^= 1,
            }
        };
        let ConfigSignature { signature_header, signature } = &data.signatures[index];
        for at in 0..signature_header.len() + signature.len() {
            let mut changed = data.clone();
            field(&mut changed, at);
            assert!(with(&changed).is_err(), "signature {index}, {at}");
        }
    }
}

fn envelope_of(config: &[u8], last_update: &[u8]) -> Vec<u8> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Raw {
        #[prost(bytes = "vec", tag = "1")]
        config: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        last_update: Vec<u8>,
    }
    Raw { config: config.to_vec(), last_update: last_update.to_vec() }.encode_to_vec()
}

#[test]
fn the_roots_of_a_real_channel_are_its_organisations_certificates() {
    let Some(genesis) = block(GENESIS) else { return };
    let channel = Channel::read(&config_of(&first_payload(&genesis).1).unwrap()).unwrap();
    let mut expected = Vec::new();
    for name in ["org1-ca.pem", "org2-ca.pem", "orderer-ca.pem"] {
        let path = format!("{}/../../../shared/vectors/fabric-network-2/{name}", env!("CARGO_MANIFEST_DIR"));
        let Ok(pem) = std::fs::read_to_string(path) else { return };
        let digits: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        expected.push(sha256(&[&base64(&digits)]));
    }
    expected.sort_unstable();
    assert_eq!(channel.roots(), expected);
}

fn base64(digits: &str) -> Vec<u8> {
    let value = |digit: u8| match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits = digits.bytes().filter(|digit| *digit != b'=').map(value);
    let (mut bytes, mut held, mut count) = (Vec::new(), 0_u32, 0);
    for six in bits {
        held = held << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(held >> count & 0xff).unwrap());
        }
    }
    bytes
}
