//! `msp/identities.proto` and `msp/msp_config.proto`.

/// `msp/identities.proto`: an organisation's MSP and a certificate (PEM).
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SerializedIdentity {
    #[prost(string, tag = "1")]
    pub mspid: String,
    #[prost(bytes = "vec", tag = "2")]
    pub id_bytes: Vec<u8>,
}

/// `msp/msp_config.proto`: type 0 is a [`FabricMspConfig`], 1 an idemix one.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MspConfig {
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub config: Vec<u8>,
}

/// `msp/msp_config.proto`: certificates are PEM. (The signing identity, 6, never stands in a channel.)
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FabricMspConfig {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub root_certs: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub intermediate_certs: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub admins: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub revocation_list: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "7")]
    pub organizational_unit_identifiers: Vec<FabricOuIdentifier>,
    #[prost(message, optional, tag = "8")]
    pub crypto_config: Option<FabricCryptoConfig>,
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub tls_root_certs: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "10")]
    pub tls_intermediate_certs: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "11")]
    pub fabric_node_ous: Option<FabricNodeOus>,
}

/// `msp/msp_config.proto`: the hashes that an MSP's signatures use.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FabricCryptoConfig {
    #[prost(string, tag = "1")]
    pub signature_hash_family: String,
    #[prost(string, tag = "2")]
    pub identity_identifier_hash_function: String,
}

/// `msp/msp_config.proto`: an organisational unit, of one certification path if a certificate is named.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FabricOuIdentifier {
    #[prost(bytes = "vec", tag = "1")]
    pub certificate: Vec<u8>,
    #[prost(string, tag = "2")]
    pub organizational_unit_identifier: String,
}

/// `msp/msp_config.proto`: roles by organisational unit.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FabricNodeOus {
    #[prost(bool, tag = "1")]
    pub enable: bool,
    #[prost(message, optional, tag = "2")]
    pub client_ou_identifier: Option<FabricOuIdentifier>,
    #[prost(message, optional, tag = "3")]
    pub peer_ou_identifier: Option<FabricOuIdentifier>,
    #[prost(message, optional, tag = "4")]
    pub admin_ou_identifier: Option<FabricOuIdentifier>,
    #[prost(message, optional, tag = "5")]
    pub orderer_ou_identifier: Option<FabricOuIdentifier>,
}
