//! `common/common.proto`: blocks, envelopes and their headers.

/// What an envelope holds: `ChannelHeader.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum HeaderType {
    Message = 0,
    Config = 1,
    ConfigUpdate = 2,
    EndorserTransaction = 3,
    OrdererTransaction = 4,
    DeliverSeekInfo = 5,
    ChaincodePackage = 6,
}

/// `google/protobuf/timestamp.proto`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// `common/common.proto`: a block as Deliver serves it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Block {
    #[prost(message, optional, tag = "1")]
    pub header: Option<BlockHeader>,
    #[prost(message, optional, tag = "2")]
    pub data: Option<BlockData>,
    #[prost(message, optional, tag = "3")]
    pub metadata: Option<BlockMetadata>,
}

/// `common/common.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlockHeader {
    #[prost(uint64, tag = "1")]
    pub number: u64,
    #[prost(bytes = "vec", tag = "2")]
    pub previous_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub data_hash: Vec<u8>,
}

/// `common/common.proto`: serialised envelopes.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlockData {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub data: Vec<Vec<u8>>,
}

/// `common/common.proto`: 0 orderers' signatures, 1 last config (unsigned copy), 2 the peer's flags, 4 commit hash.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BlockMetadata {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub metadata: Vec<Vec<u8>>,
}

/// `common/common.proto`: one item of a block's metadata.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Metadata {
    #[prost(bytes = "vec", tag = "1")]
    pub value: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    pub signatures: Vec<MetadataSignature>,
}

/// `common/common.proto`: names its signer by a signature header, or by an identifier header (BFT).
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MetadataSignature {
    #[prost(bytes = "vec", tag = "1")]
    pub signature_header: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub identifier_header: Vec<u8>,
}

/// `common/common.proto`: a BFT orderer by its number among the channel's consenters.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct IdentifierHeader {
    #[prost(uint32, tag = "1")]
    pub identifier: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub nonce: Vec<u8>,
}

/// `common/common.proto`: the value that orderers sign together with the header.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OrdererBlockMetadata {
    #[prost(message, optional, tag = "1")]
    pub last_config: Option<LastConfig>,
    #[prost(bytes = "vec", tag = "2")]
    pub consenter_metadata: Vec<u8>,
}

/// `common/common.proto`: the number of the newest config block.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct LastConfig {
    #[prost(uint64, tag = "1")]
    pub index: u64,
}

/// `common/common.proto`: a payload and its creator's signature over it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Envelope {
    #[prost(bytes = "vec", tag = "1")]
    pub payload: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
}

/// `common/common.proto`: what an envelope signs.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Payload {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(bytes = "vec", tag = "2")]
    pub data: Vec<u8>,
}

/// `common/common.proto`: two serialised headers.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Header {
    #[prost(bytes = "vec", tag = "1")]
    pub channel_header: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub signature_header: Vec<u8>,
}

/// `common/common.proto`: what it is, and of which channel. `type` is a [`HeaderType`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChannelHeader {
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    #[prost(int32, tag = "2")]
    pub version: i32,
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
    #[prost(string, tag = "4")]
    pub channel_id: String,
    #[prost(string, tag = "5")]
    pub tx_id: String,
    #[prost(uint64, tag = "6")]
    pub epoch: u64,
    #[prost(bytes = "vec", tag = "7")]
    pub extension: Vec<u8>,
    #[prost(bytes = "vec", tag = "8")]
    pub tls_cert_hash: Vec<u8>,
}

/// `common/common.proto`: who signs (a serialised identity), and a nonce.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SignatureHeader {
    #[prost(bytes = "vec", tag = "1")]
    pub creator: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub nonce: Vec<u8>,
}
