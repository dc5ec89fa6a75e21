//! `common/policies.proto`, `msp/msp_principal.proto` and `peer/policy.proto`.

/// `common/policies.proto`: `Policy.PolicyType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum PolicyType {
    Unknown = 0,
    Signature = 1,
    Msp = 2,
    ImplicitMeta = 3,
}

/// `common/policies.proto`. `type` is a [`PolicyType`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Policy {
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `common/policies.proto`: a rule over a list of principals.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignaturePolicyEnvelope {
    #[prost(int32, tag = "1")]
    pub version: i32,
    #[prost(message, optional, tag = "2")]
    pub rule: Option<SignaturePolicy>,
    #[prost(message, repeated, tag = "3")]
    pub identities: Vec<MspPrincipal>,
}

/// `common/policies.proto`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignaturePolicy {
    #[prost(oneof = "SignaturePolicyType", tags = "1, 2")]
    pub r#type: Option<SignaturePolicyType>,
}

/// `common/policies.proto`: a principal by its place in the list, or n of several rules.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum SignaturePolicyType {
    #[prost(int32, tag = "1")]
    SignedBy(i32),
    #[prost(message, tag = "2")]
    NOutOf(NOutOf),
}

/// `common/policies.proto`: `SignaturePolicy.NOutOf`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NOutOf {
    #[prost(int32, tag = "1")]
    pub n: i32,
    #[prost(message, repeated, tag = "2")]
    pub rules: Vec<SignaturePolicy>,
}

/// `common/policies.proto`: `ImplicitMetaPolicy.Rule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ImplicitMetaRule {
    Any = 0,
    All = 1,
    Majority = 2,
}

/// `common/policies.proto`: some of the policies by this name in the groups directly below.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ImplicitMetaPolicy {
    #[prost(string, tag = "1")]
    pub sub_policy: String,
    #[prost(enumeration = "ImplicitMetaRule", tag = "2")]
    pub rule: i32,
}

/// `peer/policy.proto`: a chaincode's endorsement policy.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ApplicationPolicy {
    #[prost(oneof = "ApplicationPolicyType", tags = "1, 2")]
    pub r#type: Option<ApplicationPolicyType>,
}

/// `peer/policy.proto`: a policy of its own, or one of the channel's configuration by name.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum ApplicationPolicyType {
    #[prost(message, tag = "1")]
    SignaturePolicy(SignaturePolicyEnvelope),
    #[prost(string, tag = "2")]
    ChannelConfigPolicyReference(String),
}

/// `msp/msp_principal.proto`: `MSPPrincipal.Classification`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Classification {
    Role = 0,
    OrganizationUnit = 1,
    Identity = 2,
    Anonymity = 3,
    Combined = 4,
}

/// `msp/msp_principal.proto`: who a signer has to be.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MspPrincipal {
    #[prost(enumeration = "Classification", tag = "1")]
    pub principal_classification: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub principal: Vec<u8>,
}

/// `msp/msp_principal.proto`: the principal of [`Classification::OrganizationUnit`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OrganizationUnit {
    #[prost(string, tag = "1")]
    pub msp_identifier: String,
    #[prost(string, tag = "2")]
    pub organizational_unit_identifier: String,
    #[prost(bytes = "vec", tag = "3")]
    pub certifiers_identifier: Vec<u8>,
}

/// `msp/msp_principal.proto`: `MSPRole.MSPRoleType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MspRoleType {
    Member = 0,
    Admin = 1,
    Client = 2,
    Peer = 3,
    Orderer = 4,
}

/// `msp/msp_principal.proto`: the principal of [`Classification::Role`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MspRole {
    #[prost(string, tag = "1")]
    pub msp_identifier: String,
    #[prost(enumeration = "MspRoleType", tag = "2")]
    pub role: i32,
}

/// `msp/msp_principal.proto`: the principal of [`Classification::Anonymity`]: 0 nominal, 1 anonymous.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct MspIdentityAnonymity {
    #[prost(int32, tag = "1")]
    pub anonymity_type: i32,
}

/// `msp/msp_principal.proto`: the principal of [`Classification::Combined`]: all of these.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CombinedPrincipal {
    #[prost(message, repeated, tag = "1")]
    pub principals: Vec<MspPrincipal>,
}
