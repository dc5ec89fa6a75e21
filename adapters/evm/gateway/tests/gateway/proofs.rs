//! What a gateway takes for signed: m of the current epoch's attestors, over this batch, for this gateway.

use alloy_primitives::{B256, Bytes, U256, hex};
use causeway_evm_gateway::Gateway;
use causeway_protocol::AttestationKind::{Deliver, Refuse};
use causeway_protocol::{Attestation, Batch};

use crate::harness::{Attestors, Draft, Island, Sent, account};

fn under_way() -> (Island, Sent) {
    let (mut source, destination) = (Island::new(1), Island::new(2));
    let sent = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    (destination, sent)
}

/// Delivers with a changed proof, which has to be refused with `error`; the good proof still works afterwards.
#[track_caller]
fn refused<E: alloy_sol_types::SolError>(
    change: impl FnOnce(&Island, &mut Gateway::Proof),
    error: impl FnOnce(&Island) -> E,
) {
    let (mut island, sent) = under_way();
    let mut call = island.delivering(&sent);
    change(&island, &mut call.proof);
    let error = error(&island);
    island.call(account(3), call).reverted_with(error);
    island.deliver(&sent).ok();
}

/// The digest of the batch that holds one DELIVER for a packet.
fn digest(island: &Island, sent: &Sent) -> causeway_protocol::Hash {
    Batch::of(island.epoch, &[Attestation::plain(Deliver, sent.id())]).unwrap().digest(island.id)
}

/// n − s, and the other v: the same signer, a second signature.
fn malleated(signature: &Bytes) -> Bytes {
    let order = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    let s = order - U256::from_be_slice(&signature[32..64]);
    let v = 27 + 28 - signature[64];
    [&signature[..32], &s.to_be_bytes::<32>(), &[v]].concat().into()
}

#[test]
fn a_proof_of_another_epoch_is_refused() {
    for given in [0, 2, u64::MAX] {
        refused(|_, proof| proof.epoch = given, |_| Gateway::WrongEpoch { expected: 1, given });
    }
}

#[test]
fn case_2_fewer_signatures_than_the_threshold_are_refused() {
    for given in 0..2usize {
        refused(
            |_, proof| proof.signatures.truncate(given),
            |_| Gateway::TooFewSignatures { needed: U256::from(2), given: U256::from(given) },
        );
    }
}

#[test]
fn more_signatures_than_needed_are_fine_when_all_are_good() {
    let (mut island, sent) = under_way();
    let mut call = island.delivering(&sent);
    call.proof.signatures = island.attestors.sign_by(3, digest(&island, &sent));
    let mut bad = call.clone();
    bad.proof.signatures[2] = Bytes::from(vec![1; 65]);
    island.call(account(3), bad).reverted_with(Gateway::BadSignature {});
    island.call(account(3), call).ok();
}

#[test]
fn case_10_the_same_signer_twice_is_refused() {
    refused(
        |_, proof| proof.signatures[1] = proof.signatures[0].clone(),
        |_| Gateway::SignersNotAscending {},
    );
}

#[test]
fn case_10_signers_out_of_order_are_refused() {
    refused(|_, proof| proof.signatures.swap(0, 1), |_| Gateway::SignersNotAscending {});
}

#[test]
fn case_19_a_high_s_is_refused() {
    refused(|_, proof| proof.signatures[1] = malleated(&proof.signatures[1]), |_| Gateway::BadSignature {});
    refused(|_, proof| proof.signatures.push(malleated(&proof.signatures[1])), |_| Gateway::BadSignature {});
}

#[test]
fn case_19_a_v_that_is_not_27_or_28_is_refused() {
    for v in [0, 1, 26, 29, 255] {
        let change = |_: &Island, proof: &mut Gateway::Proof| {
            let mut signature = proof.signatures[0].to_vec();
            signature[64] = v;
            proof.signatures[0] = signature.into();
        };
        refused(change, |_| Gateway::BadSignature {});
    }
}

#[test]
fn case_19_signatures_of_64_and_66_bytes_are_refused() {
    for length in [0, 64, 66] {
        let change = |_: &Island, proof: &mut Gateway::Proof| {
            let mut signature = proof.signatures[0].to_vec();
            signature.resize(length, 27);
            proof.signatures[0] = signature.into();
        };
        refused(change, |_| Gateway::BadSignature {});
    }
}

#[test]
fn a_signature_that_recovers_nobody_is_refused() {
    let nobody = |_: &Island, proof: &mut Gateway::Proof| {
        // r = 0 is on no curve.
        let mut signature = proof.signatures[0].to_vec();
        signature[..32].fill(0);
        proof.signatures[0] = signature.into();
    };
    refused(nobody, |_| Gateway::BadSignature {});
}

#[test]
fn signers_outside_the_set_are_refused() {
    let (mut island, sent) = under_way();
    let strangers = Attestors::new("stranger", 2, 3);
    let mut call = island.delivering(&sent);
    call.proof.signatures = strangers.sign(digest(&island, &sent));
    let signer = strangers.addresses()[0];
    island.call(account(3), call).reverted_with(Gateway::NotAttestor { signer });
}

#[test]
fn case_18_signatures_for_another_gateway_are_refused() {
    let (mut island, sent) = under_way();
    let twin = Island::new(3);
    let call = Gateway::deliverCall { proof: twin.delivering(&sent).proof, ..island.delivering(&sent) };
    let receipt = island.call(account(3), call);
    not_signed(&receipt);
}

/// A good signature over something else recovers some address, which is no attestor, or comes out of order.
#[track_caller]
fn not_signed(receipt: &crate::harness::Receipt) {
    use alloy_sol_types::SolError;
    assert!(!receipt.success);
    let expected = [
        Gateway::NotAttestor::SELECTOR,
        Gateway::SignersNotAscending::SELECTOR,
        Gateway::BadSignature::SELECTOR,
    ];
    assert!(expected.contains(&receipt.output[..4].try_into().unwrap()), "{}", receipt.output);
}

#[test]
fn case_12_signatures_over_another_packet_kind_or_count_are_refused() {
    let (mut island, sent) = under_way();
    let mut other = sent.clone();
    other.packet.payload.push(0);
    let call = Gateway::deliverCall { item: other.delivery(), proof: island.delivering(&sent).proof };
    not_signed(&island.call(account(3), call));

    // REFUSE never delivers, and DELIVER is not taken for REFUSE.
    let refuse = island.attest_one(Attestation::plain(Refuse, sent.id()));
    let call = Gateway::deliverCall { item: sent.delivery(), proof: refuse };
    not_signed(&island.call(account(3), call));
    let call = Gateway::expireCall { kind: Refuse as u8, ..island.expiring(&sent, Deliver) };
    not_signed(&island.call(account(3), call));

    // The root of one leaf, called the root of two.
    let pair = [Attestation::plain(Deliver, sent.id()), Attestation::plain(Deliver, other.id())];
    let signed = island.attest(&pair);
    let mut proof = signed.proof(0);
    proof.count = 1;
    proof.path.clear();
    let call = Gateway::deliverCall { item: sent.delivery(), proof };
    not_signed(&island.call(account(3), call));
    let call = Gateway::deliverCall { item: sent.delivery(), proof: signed.proof(0) };
    island.call(account(3), call).ok();
}

#[test]
fn case_12_an_index_outside_the_batch_and_an_impossible_count_are_refused() {
    refused(|_, proof| proof.index = 1, |_| Gateway::BadIndex { index: U256::from(1), count: U256::from(1) });
    refused(|_, proof| proof.count = 0, |_| Gateway::BadCount { count: U256::ZERO });
    refused(|_, proof| proof.count = 1025, |_| Gateway::BadCount { count: U256::from(1025) });
}

#[test]
fn case_13_a_path_of_another_length_is_refused() {
    refused(|_, proof| proof.path.push(B256::ZERO), |_| Gateway::BadPath {});
    refused(|_, proof| proof.count = 2, |_| Gateway::BadPath {});
}

#[test]
fn every_byte_of_a_proof_is_needed() {
    let (mut source, mut island) = (Island::new(1), Island::new(2));
    let packets: Vec<Sent> =
        (0..3).map(|_| source.send(account(1), &Draft::to(island.id, account(2), source.now()))).collect();
    let attestations: Vec<_> = packets.iter().map(|sent| Attestation::plain(Deliver, sent.id())).collect();
    let signed = island.attest(&attestations);
    for (index, sent) in (0u32..).zip(&packets) {
        let good = Gateway::deliverCall { item: sent.delivery(), proof: signed.proof(index) };
        for node in 0..good.proof.path.len() {
            for byte in 0..32 {
                let mut bad = good.clone();
                bad.proof.path[node].0[byte] ^= 1;
                not_signed(&island.call(account(3), bad));
            }
        }
        for signature in 0..2 {
            for byte in 0..65 {
                let mut bad = good.clone();
                let mut bytes = bad.proof.signatures[signature].to_vec();
                bytes[byte] ^= 1;
                bad.proof.signatures[signature] = bytes.into();
                not_signed(&island.call(account(3), bad));
            }
        }
        island.call(account(3), good).ok();
    }
}
