//! Fabric's protobuf messages, as far as a light client reads or a watcher writes them.
//!
//! Tags and types are those of `hyperledger/fabric-protos`; each message names its file there. Maps are sorted here and are
//! not in Go, so a message with maps may encode to other bytes than it came in: **hash and compare bytes as received**.
#![allow(missing_docs)] // the fields: documented where they are defined, in the files that the messages name

mod channel;
mod common;
mod lifecycle;
mod msp;
mod policy;
mod rwset;
mod transaction;

pub use channel::{
    BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities, Capability, Config, ConfigEnvelope,
    ConfigGroup, ConfigPolicy, ConfigSignature, ConfigUpdate, ConfigUpdateEnvelope, ConfigValue,
    ConsensusType, Consenter, HashingAlgorithm, OrdererAddresses, Orderers,
};
pub use common::{
    Block, BlockData, BlockHeader, BlockMetadata, ChannelHeader, Envelope, Header, HeaderType,
    IdentifierHeader, LastConfig, Metadata, MetadataSignature, OrdererBlockMetadata, Payload,
    SignatureHeader, Timestamp,
};
pub use lifecycle::{
    ChaincodeEndorsementInfo, ChaincodeValidationInfo, QueryChaincodeDefinitionArgs, StateData,
    StateDataType, StateMetadata,
};
pub use msp::{
    FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, MspConfig, SerializedIdentity,
};
pub use policy::{
    ApplicationPolicy, ApplicationPolicyType, Classification, CombinedPrincipal, ImplicitMetaPolicy,
    ImplicitMetaRule, MspIdentityAnonymity, MspPrincipal, MspRole, MspRoleType, NOutOf, OrganizationUnit,
    Policy, PolicyType, SignaturePolicy, SignaturePolicyEnvelope, SignaturePolicyType,
};
pub use rwset::{
    CollectionHashedReadWriteSet, KvMetadataEntry, KvMetadataWrite, KvRead, KvRwSet, KvWrite, NsReadWriteSet,
    QueryReads, QueryReadsMerkleSummary, RangeQueryInfo, ReadsInfo, TxReadWriteSet, Version,
};
pub use transaction::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, ChaincodeEvent,
    ChaincodeHeaderExtension, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload,
    ChaincodeSpec, Endorsement, ProposalResponsePayload, Response, Transaction, TransactionAction,
};
