//! `peer/lifecycle/*.proto`: chaincode definitions, as they stand in the namespace `_lifecycle`.

/// `peer/lifecycle/chaincode_definition.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeEndorsementInfo {
    #[prost(string, tag = "1")]
    pub version: String,
    #[prost(bool, tag = "2")]
    pub init_required: bool,
    #[prost(string, tag = "3")]
    pub endorsement_plugin: String,
}

/// `peer/lifecycle/chaincode_definition.proto`: the parameter is a serialised `ApplicationPolicy` for the plugin `vscc`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeValidationInfo {
    #[prost(string, tag = "1")]
    pub validation_plugin: String,
    #[prost(bytes = "vec", tag = "2")]
    pub validation_parameter: Vec<u8>,
}

/// `peer/lifecycle/db.proto`: the record's type and the names of its fields.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StateMetadata {
    #[prost(string, tag = "1")]
    pub datatype: String,
    #[prost(string, repeated, tag = "2")]
    pub fields: Vec<String>,
}

/// `peer/lifecycle/db.proto`: one field of a record.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StateData {
    #[prost(oneof = "StateDataType", tags = "1, 2, 3")]
    pub r#type: Option<StateDataType>,
}

/// `peer/lifecycle/db.proto`: `StateData.Type`.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum StateDataType {
    #[prost(int64, tag = "1")]
    Int64(i64),
    #[prost(bytes, tag = "2")]
    Bytes(Vec<u8>),
    #[prost(string, tag = "3")]
    String(String),
}

/// `peer/lifecycle/lifecycle.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct QueryChaincodeDefinitionArgs {
    #[prost(string, tag = "1")]
    pub name: String,
}
