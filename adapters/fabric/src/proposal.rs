//! Calls of a chaincode's functions, as proposals that endorsers take.

use std::time::SystemTime;

use causeway_verifier::fabric::proto::{
    ChaincodeHeaderExtension, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload,
    ChaincodeSpec, ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader, Timestamp,
};
use causeway_verifier::fabric::sha256;
use prost::Message as _;

use crate::Peers;
use crate::wire::{Proposal, SeekInfo, SignedProposal};

/// A call of a chaincode's function, with everything that names it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its transaction's id.
    pub(crate) transaction: String,
    /// A serialised `common.ChannelHeader`.
    pub(crate) channel_header: Vec<u8>,
    /// A serialised `common.SignatureHeader`.
    pub(crate) signature_header: Vec<u8>,
    /// A serialised `protos.ChaincodeProposalPayload`.
    pub(crate) payload: Vec<u8>,
    /// What is sent.
    pub(crate) signed: SignedProposal,
}

impl Call {
    /// Calls `function` of `chaincode` with `arguments`, on the channel of `peers` and by their clock.
    pub(crate) fn new(peers: &Peers, chaincode: &str, function: &str, arguments: &[Vec<u8>]) -> Self {
        let identity = peers.identity();
        let nonce: [u8; 24] = rand::random();
        let signature_header =
            SignatureHeader { creator: identity.serialised().to_vec(), nonce: nonce.to_vec() };
        let transaction = const_hex::encode(sha256(&[&nonce, identity.serialised()]));
        let chaincode_id = Some(ChaincodeId { name: chaincode.into(), ..ChaincodeId::default() });
        let extension = ChaincodeHeaderExtension { chaincode_id: chaincode_id.clone() };
        let channel_header = ChannelHeader {
            r#type: HeaderType::EndorserTransaction as i32,
            timestamp: Some(timestamp(peers.now())),
            channel_id: peers.channel().into(),
            tx_id: transaction.clone(),
            extension: extension.encode_to_vec(),
            ..ChannelHeader::default()
        };
        let args = core::iter::once(function.as_bytes().to_vec()).chain(arguments.iter().cloned()).collect();
        let input = ChaincodeInvocationSpec {
            chaincode_spec: Some(ChaincodeSpec {
                r#type: 1, // GOLANG, as clients say whatever the language is
                chaincode_id,
                input: Some(ChaincodeInput { args, ..ChaincodeInput::default() }),
                timeout: 0,
            }),
        };
        let payload =
            ChaincodeProposalPayload { input: input.encode_to_vec(), ..ChaincodeProposalPayload::default() };
        let [channel_header, signature_header] =
            [channel_header.encode_to_vec(), signature_header.encode_to_vec()];
        let payload = payload.encode_to_vec();
        let header =
            Header { channel_header: channel_header.clone(), signature_header: signature_header.clone() };
        let proposal = Proposal { header: header.encode_to_vec(), payload: payload.clone() }.encode_to_vec();
        let signature = identity.sign(&proposal);
        let signed = SignedProposal { proposal_bytes: proposal, signature };
        Self { transaction, channel_header, signature_header, payload, signed }
    }
}

/// The request for the blocks of the channel of `peers` that `seek_info` names, to a node that sees our TLS certificate with this
/// hash.
pub(crate) fn seek(peers: &Peers, tls_hash: Option<[u8; 32]>, seek_info: &SeekInfo) -> Envelope {
    let identity = peers.identity();
    let nonce: [u8; 24] = rand::random();
    let signature_header = SignatureHeader { creator: identity.serialised().to_vec(), nonce: nonce.to_vec() };
    let channel_header = ChannelHeader {
        r#type: HeaderType::DeliverSeekInfo as i32,
        timestamp: Some(timestamp(peers.now())),
        channel_id: peers.channel().into(),
        tls_cert_hash: tls_hash.map(|hash| hash.to_vec()).unwrap_or_default(),
        ..ChannelHeader::default()
    };
    let header = Header {
        channel_header: channel_header.encode_to_vec(),
        signature_header: signature_header.encode_to_vec(),
    };
    let payload = Payload { header: Some(header), data: seek_info.encode_to_vec() }.encode_to_vec();
    let signature = identity.sign(&payload);
    Envelope { payload, signature }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp { seconds, nanos: since.subsec_nanos().cast_signed() }
}
