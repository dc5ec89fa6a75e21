//! Where a channel's nodes are, and how they are talked to.

use core::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use url::Url;

/// How the channel's peers are talked to.
#[derive(Debug, Clone)]
pub struct PeersSettings {
    /// The channel.
    pub channel: String,
    /// Its peers, the preferred one first. Endorsed reads need one of every organisation that the gateway's endorsement
    /// policy asks for.
    pub peers: Vec<PeerSettings>,
    /// Orderers: they serve blocks when no peer does.
    pub orderers: Vec<PeerSettings>,
    /// How long one call to one peer may take. 10 s.
    pub timeout: Duration,
    /// How long a peer is left alone after it failed; doubles with every further failure, up to a minute. 1 s.
    pub cool_down: Duration,
}

/// One peer, or one orderer.
#[derive(Debug, Clone)]
pub struct PeerSettings {
    /// Where it listens: `grpc://host:port`, or `grpcs://host:port` with TLS.
    pub url: String,
    /// The MSP id of its organisation.
    pub msp: String,
    /// How TLS is spoken, for `grpcs`.
    pub tls: TlsSettings,
}

/// How TLS is spoken with one peer.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// Certificates that its certificate has to chain to, PEM.
    pub roots: String,
    /// The name in its certificate, where that is not the host's.
    pub name: Option<String>,
    /// Our own certificate and secret key, PEM, where it asks for one.
    pub identity: Option<(String, String)>,
}

impl core::fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mutual = self.identity.is_some();
        f.debug_struct("TlsSettings")
            .field("name", &self.name)
            .field("mutual", &mutual)
            .finish_non_exhaustive()
    }
}

impl PeersSettings {
    /// The usual settings for these peers.
    pub fn new(channel: &str, peers: Vec<PeerSettings>) -> Self {
        let (timeout, cool_down) = (Duration::from_secs(10), Duration::from_secs(1));
        Self { channel: channel.into(), peers, orderers: Vec::new(), timeout, cool_down }
    }
}

/// Settings that lead to no peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeersError {
    /// Not one peer.
    #[error("no peer: at least one is needed")]
    None,
    /// Not a peer's URL.
    #[error("{place}: expected grpc://host:port or grpcs://host:port: {why}")]
    Url {
        /// Whose: `peer 1` is the first one.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// TLS that cannot be spoken.
    #[error("{place}: TLS: {why}")]
    Tls {
        /// Whose: `peer 1` is the first one.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// Where and how a peer is called, and the hash of our TLS certificate if it sees one.
pub(super) fn endpoint(place: &str, peer: &PeerSettings) -> Result<(Endpoint, Option<[u8; 32]>), PeersError> {
    let refuse = |why: String| PeersError::Url { place: place.into(), why };
    let url = Url::parse(&peer.url).map_err(|cause| refuse(cause.to_string()))?;
    let (Some(host), Some(port)) = (url.host_str(), url.port()) else {
        return Err(refuse("host or port is missing".into()));
    };
    let scheme = match url.scheme() {
        "grpc" => "http",
        "grpcs" => "https",
        other => return Err(refuse(format!("scheme {other}"))),
    };
    let target = format!("{scheme}://{host}:{port}");
    let endpoint = Endpoint::from_shared(target).map_err(|cause| refuse(cause.to_string()))?;
    if scheme == "http" {
        return Ok((endpoint, None));
    }
    let TlsSettings { roots, name, identity } = &peer.tls;
    let refuse = |why: String| PeersError::Tls { place: place.into(), why };
    let mut config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(roots));
    if let Some(name) = name {
        config = config.domain_name(name);
    }
    let mut hash = None;
    if let Some((certificate, key)) = identity {
        let der = first_certificate(certificate).ok_or_else(|| refuse("our certificate is no PEM".into()))?;
        hash = Some(causeway_verifier::fabric::sha256(&[&der]));
        config = config.identity(tonic::transport::Identity::from_pem(certificate, key));
    }
    let endpoint = endpoint.tls_config(config).map_err(|cause| refuse(cause.to_string()))?;
    Ok((endpoint, hash))
}

/// The DER bytes of the first certificate of a PEM file.
fn first_certificate(pem: &str) -> Option<Vec<u8>> {
    let start = pem.find("-----BEGIN CERTIFICATE-----")?;
    let end = start + pem[start..].find("-----END CERTIFICATE-----")? + "-----END CERTIFICATE-----".len();
    let (_, der) = p256::pkcs8::der::pem::decode_vec(&pem.as_bytes()[start..end]).ok()?;
    Some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(url: &str, tls: TlsSettings) -> PeerSettings {
        PeerSettings { url: url.into(), msp: "Org1MSP".into(), tls }
    }

    #[test]
    fn only_urls_of_peers_lead_to_one() {
        endpoint("peer 1", &peer("grpc://127.0.0.1:7051", TlsSettings::default())).unwrap();
        for url in ["127.0.0.1:7051", "http://127.0.0.1:7051", "grpc://127.0.0.1", "grpcs://", ""] {
            let refused = endpoint("peer 2", &peer(url, TlsSettings::default())).unwrap_err();
            assert!(
                matches!(&refused, PeersError::Url { place, .. } if place == "peer 2"),
                "{url}: {refused}"
            );
        }
    }

    #[test]
    fn a_client_certificate_that_is_none_is_told_before_anything_connects() {
        let identity = Some(("no certificate".to_owned(), "no key".to_owned()));
        let tls = TlsSettings { identity, ..TlsSettings::default() };
        let refused = endpoint("peer 1", &peer("grpcs://127.0.0.1:7051", tls)).unwrap_err();
        assert!(matches!(refused, PeersError::Tls { .. }), "{refused}");
    }
}
