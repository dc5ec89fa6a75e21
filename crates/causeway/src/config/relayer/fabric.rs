//! A Fabric channel, and the member that watches it and delivers there.

use std::sync::Arc;

use causeway_adapter::Destination;
use causeway_fabric::{
    ChannelConfig, ClientTls, DestinationSettings, FabricDestination, FabricSource, PeerConfig,
    SourceSettings,
};

use super::Adapter;
use crate::config::Secret;

pub(super) fn example() -> ChannelConfig<Secret> {
    let peer = |host: &str, msp: &str| PeerConfig {
        url: format!("grpcs://{host}:7051"),
        msp: msp.into(),
        tls_roots: Some(format!("/etc/causeway/fabric/{host}.tls-ca.pem").into()),
        tls_name: None,
    };
    ChannelConfig {
        channel: "trade".into(),
        msp: "MillMSP".into(),
        certificate: "/etc/causeway/fabric/relayer.pem".into(),
        key: Secret::Credential("mill-key".into()),
        tls: Some(ClientTls {
            certificate: "/etc/causeway/fabric/relayer.tls.pem".into(),
            key: Secret::Credential("mill-tls-key".into()),
        }),
        peers: vec![peer("peer0.mill.example", "MillMSP"), peer("peer0.bank.example", "BankMSP")],
        orderers: Vec::new(),
        deliver: true,
        timeout_seconds: 10,
    }
}

pub(super) fn adapter(channel: &ChannelConfig<Secret>) -> anyhow::Result<Adapter> {
    let peers = Arc::new(channel.peers(|secret| secret.read().map(|text| text.to_string()))?);
    let destination = channel.deliver.then(|| {
        let settings = DestinationSettings::default();
        Arc::new(FabricDestination::new(peers.clone(), settings)) as Arc<dyn Destination>
    });
    Ok((Arc::new(FabricSource::new(peers, SourceSettings::default())), destination))
}
