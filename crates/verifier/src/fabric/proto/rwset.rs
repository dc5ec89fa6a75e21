//! `ledger/rwset/rwset.proto` and `ledger/rwset/kvrwset/kv_rwset.proto`: what a transaction read and wrote.

/// `ledger/rwset/rwset.proto`: data model 0 is key-value, the only one.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct TxReadWriteSet {
    #[prost(int32, tag = "1")]
    pub data_model: i32,
    #[prost(message, repeated, tag = "2")]
    pub ns_rwset: Vec<NsReadWriteSet>,
}

/// `ledger/rwset/rwset.proto`: one namespace; `rwset` is a serialised [`KvRwSet`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct NsReadWriteSet {
    #[prost(string, tag = "1")]
    pub namespace: String,
    #[prost(bytes = "vec", tag = "2")]
    pub rwset: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    pub collection_hashed_rwset: Vec<CollectionHashedReadWriteSet>,
}

/// `ledger/rwset/rwset.proto`: private data, by its hashes.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CollectionHashedReadWriteSet {
    #[prost(string, tag = "1")]
    pub collection_name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub hashed_rwset: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub pvt_rwset_hash: Vec<u8>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct KvRwSet {
    #[prost(message, repeated, tag = "1")]
    pub reads: Vec<KvRead>,
    #[prost(message, repeated, tag = "2")]
    pub range_queries_info: Vec<RangeQueryInfo>,
    #[prost(message, repeated, tag = "3")]
    pub writes: Vec<KvWrite>,
    #[prost(message, repeated, tag = "4")]
    pub metadata_writes: Vec<KvMetadataWrite>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`: a key and the version read; none if it was absent.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct KvRead {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub version: Option<Version>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct KvWrite {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(bool, tag = "2")]
    pub is_delete: bool,
    #[prost(bytes = "vec", tag = "3")]
    pub value: Vec<u8>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`: key-level policies stand in here.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct KvMetadataWrite {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, repeated, tag = "2")]
    pub entries: Vec<KvMetadataEntry>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct KvMetadataEntry {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`: the block and the transaction in it that wrote a key last.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Version {
    #[prost(uint64, tag = "1")]
    pub block_num: u64,
    #[prost(uint64, tag = "2")]
    pub tx_num: u64,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RangeQueryInfo {
    #[prost(string, tag = "1")]
    pub start_key: String,
    #[prost(string, tag = "2")]
    pub end_key: String,
    #[prost(bool, tag = "3")]
    pub itr_exhausted: bool,
    #[prost(oneof = "ReadsInfo", tags = "4, 5")]
    pub reads_info: Option<ReadsInfo>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`: `RangeQueryInfo.reads_info`.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum ReadsInfo {
    #[prost(message, tag = "4")]
    RawReads(QueryReads),
    #[prost(message, tag = "5")]
    ReadsMerkleHashes(QueryReadsMerkleSummary),
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct QueryReads {
    #[prost(message, repeated, tag = "1")]
    pub kv_reads: Vec<KvRead>,
}

/// `ledger/rwset/kvrwset/kv_rwset.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct QueryReadsMerkleSummary {
    #[prost(uint32, tag = "1")]
    pub max_degree: u32,
    #[prost(uint32, tag = "2")]
    pub max_level: u32,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub max_level_hashes: Vec<Vec<u8>>,
}
