//! The configuration files of Fabric's programs. They are YAML, and JSON is YAML.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::NetworkConfig;
use crate::crypto::{ORDERER_DOMAIN, ORDERER_NAME, Organisation, TlsFiles};

/// The profile in `configtx.yaml` that describes the channel.
pub(crate) const PROFILE: &str = "Channel";
/// Name of the orderer's MSP.
const ORDERER_MSP: &str = "OrdererMSP";
/// Largest message between nodes, bytes.
const LARGEST_MESSAGE: u64 = 100 * 1024 * 1024;

/// Where the orderer listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrdererPorts {
    /// Clients, peers and other orderers.
    pub(crate) service: u16,
    pub(crate) admin: u16,
}

/// `core.yaml` of a peer in `folder`.
pub(crate) fn core(
    folder: &Path,
    builder: &Path,
    organisation: &Organisation,
    index: usize,
    [port, chaincode]: [u16; 2],
) -> Value {
    let address = format!("127.0.0.1:{port}");
    let data = folder.join("data");
    let tls = TlsFiles::of(&organisation.peer_folder(index), "server");
    json!({
        "peer": {
            "id": format!("peer{index}.{}", organisation.domain),
            "networkId": "causeway",
            "listenAddress": address,
            "address": address,
            "chaincodeListenAddress": format!("127.0.0.1:{chaincode}"),
            "chaincodeAddress": format!("127.0.0.1:{chaincode}"),
            "addressAutoDetect": false,
            "gateway": {
                "enabled": true, "endorsementTimeout": "30s", "broadcastTimeout": "30s", "dialTimeout": "5s",
            },
            "keepalive": {
                "interval": "7200s", "timeout": "20s", "minInterval": "10s",
                "client": { "interval": "60s", "timeout": "20s" },
                "deliveryClient": { "interval": "60s", "timeout": "20s" },
            },
            "gossip": gossip(&address),
            "tls": {
                "enabled": true, "clientAuthRequired": true,
                "cert": { "file": tls.certificate }, "key": { "file": tls.key }, "rootcert": { "file": tls.root },
                // Other organisations' roots come with the channel's configuration.
                "clientRootCAs": { "files": [tls.root] },
                "clientCert": { "file": tls.certificate }, "clientKey": { "file": tls.key },
            },
            "authentication": { "timewindow": "15m" },
            "fileSystemPath": data,
            "BCCSP": { "Default": "SW", "SW": { "Hash": "SHA2", "Security": 256 } },
            "mspConfigPath": organisation.peer_folder(index).join("msp"),
            "localMspId": organisation.msp,
            "localMspType": "bccsp",
            "client": { "connTimeout": "10s" },
            // Each peer asks the orderer itself, and soon again: one that comes back must not be told late.
            "deliveryclient": {
                "blockGossipEnabled": false, "reconnectTotalTimeThreshold": "3600s", "connTimeout": "3s",
                "reConnectBackoffThreshold": "1s",
            },
            "handlers": {
                "authFilters": [{ "name": "DefaultAuth" }, { "name": "ExpirationCheck" }],
                "decorators": [{ "name": "DefaultDecorator" }],
                "endorsers": { "escc": { "name": "DefaultEndorsement" } },
                "validators": { "vscc": { "name": "DefaultValidation" } },
            },
            "discovery": {
                "enabled": true, "authCacheEnabled": true, "authCacheMaxSize": 1000,
                "authCachePurgeRetentionRatio": 0.75, "orgMembersAllowedAccess": false,
            },
            "limits": {
                "concurrency": { "endorserService": 2500, "deliverService": 2500, "gatewayService": 500 },
            },
            "maxRecvMsgSize": LARGEST_MESSAGE,
            "maxSendMsgSize": LARGEST_MESSAGE,
        },
        "vm": { "endpoint": "" },
        "chaincode": {
            "mode": "net", "keepalive": 0, "installTimeout": "60s", "startuptimeout": "60s", "executetimeout": "30s",
            "externalBuilders": [{ "name": "service", "path": builder }],
            "system": { "_lifecycle": "enable", "cscc": "enable", "lscc": "enable", "qscc": "enable" },
            "logging": { "level": "info", "shim": "warning" },
        },
        "ledger": {
            "state": { "stateDatabase": "goleveldb", "totalQueryLimit": 100_000 },
            "history": { "enableHistoryDatabase": false },
            "pvtdataStore": {
                "collElgProcMaxDbBatchSize": 5000, "collElgProcDbBatchesInterval": 1000,
                "deprioritizedDataReconcilerInterval": "60m", "purgeInterval": 100,
            },
            "snapshots": { "rootDir": folder.join("snapshots") },
        },
        "operations": { "listenAddress": "127.0.0.1:0", "tls": { "enabled": false } },
        "metrics": { "provider": "disabled" },
    })
}

/// Gossip is how a peer learns of other organisations' peers, whom its gateway service asks for endorsements.
fn gossip(address: &str) -> Value {
    json!({
        "bootstrap": address, "endpoint": address, "externalEndpoint": address,
        "useLeaderElection": false, "orgLeader": true, "membershipTrackerInterval": "5s",
        "maxBlockCountToStore": 10, "maxPropagationBurstLatency": "10ms", "maxPropagationBurstSize": 10,
        "propagateIterations": 1, "propagatePeerNum": 3, "pullInterval": "4s", "pullPeerNum": 3,
        "requestStateInfoInterval": "1s", "publishStateInfoInterval": "1s", "publishCertPeriod": "2s",
        "skipBlockVerification": false, "dialTimeout": "3s", "connTimeout": "2s", "recvBuffSize": 20,
        "sendBuffSize": 200, "digestWaitTime": "1s", "requestWaitTime": "1500ms", "responseWaitTime": "2s",
        "aliveTimeInterval": "1s", "aliveExpirationTimeout": "5s", "reconnectInterval": "2s",
        "maxConnectionAttempts": 120, "msgExpirationFactor": 20,
        "election": {
            "startupGracePeriod": "5s", "membershipSampleInterval": "1s", "leaderAliveThreshold": "10s",
            "leaderElectionDuration": "5s",
        },
        "pvtData": {
            "pullRetryThreshold": "60s", "transientstoreMaxBlockRetention": 1000, "pushAckTimeout": "3s",
            "btlPullMargin": 10, "reconcileBatchSize": 10, "reconcileSleepInterval": "1m",
            "reconciliationEnabled": false, "skipPullingInvalidTransactionsDuringCommit": false,
            "implicitCollectionDisseminationPolicy": { "requiredPeerCount": 0, "maxPeerCount": 1 },
        },
        "state": {
            "enabled": true, "checkInterval": "2s", "responseTimeout": "3s", "batchSize": 10,
            "blockBufferSize": 20, "maxRetries": 3,
        },
    })
}

/// `core.yaml` of the command line, which takes the rest from its environment.
pub(crate) fn client() -> Value {
    json!({
        "peer": {
            "localMspType": "bccsp",
            "BCCSP": { "Default": "SW", "SW": { "Hash": "SHA2", "Security": 256 } },
            "client": { "connTimeout": "10s" },
            "tls": { "enabled": true, "clientAuthRequired": true },
        },
    })
}

/// The certificate that the orderer's TLS certificate chains to.
pub(crate) fn orderer_root(crypto: &Path) -> PathBuf {
    TlsFiles::of(&orderer_keys(crypto), "server").root
}

/// `orderer.yaml` of the orderer in `folder`, which serves the organisations that are there from the start.
pub(crate) fn orderer(
    folder: &Path,
    crypto: &Path,
    organisations: &[Organisation],
    ports: OrdererPorts,
) -> Value {
    let keys = orderer_keys(crypto);
    let TlsFiles { certificate, key, root } = TlsFiles::of(&keys, "server");
    let clients: Vec<PathBuf> =
        organisations.iter().map(Organisation::tls_root_file).chain([root.clone()]).collect();
    json!({
        "General": {
            "ListenAddress": "127.0.0.1",
            "ListenPort": ports.service,
            "TLS": {
                "Enabled": true, "PrivateKey": key, "Certificate": certificate, "RootCAs": [root],
                "ClientAuthRequired": true, "ClientRootCAs": clients,
            },
            "Keepalive": { "ServerMinInterval": "10s", "ServerInterval": "7200s", "ServerTimeout": "20s" },
            "Cluster": { "ClientCertificate": certificate, "ClientPrivateKey": key },
            "BootstrapMethod": "none",
            "LocalMSPDir": keys.join("msp"),
            "LocalMSPID": ORDERER_MSP,
        },
        "FileLedger": { "Location": folder.join("ledger") },
        "Admin": { "ListenAddress": format!("127.0.0.1:{}", ports.admin) },
        "ChannelParticipation": { "Enabled": true, "MaxRequestBodySize": "1 MB" },
        "Consensus": { "WALDir": folder.join("wal"), "SnapDir": folder.join("snapshots") },
    })
}

/// Where the orderer's keys are.
fn orderer_keys(crypto: &Path) -> PathBuf {
    crypto.join("ordererOrganizations").join(ORDERER_DOMAIN).join("orderers").join(ORDERER_NAME)
}

/// `configtx.yaml` of the channel.
pub(crate) fn configtx(
    config: &NetworkConfig,
    crypto: &Path,
    organisations: &[Organisation],
    ports: OrdererPorts,
) -> Value {
    let certificate = TlsFiles::of(&orderer_keys(crypto), "server").certificate;
    let consenter = json!({
        "Host": "127.0.0.1", "Port": ports.service, "ClientTLSCert": certificate, "ServerTLSCert": certificate,
    });
    let orderers = json!({
        "Name": "Orderer",
        "ID": ORDERER_MSP,
        "MSPDir": crypto.join("ordererOrganizations").join(ORDERER_DOMAIN).join("msp"),
        "Policies": {
            "Readers": signature("OR('OrdererMSP.member')"),
            "Writers": signature("OR('OrdererMSP.member')"),
            "Admins": signature("OR('OrdererMSP.admin')"),
        },
        "OrdererEndpoints": [format!("127.0.0.1:{}", ports.service)],
    });
    json!({
        "Profiles": {
            PROFILE: {
                "Policies": meta(&[]),
                "Capabilities": { "V2_0": true },
                "Orderer": {
                    "OrdererType": "etcdraft",
                    "BatchTimeout": format!("{}ms", config.batch_timeout.as_millis()),
                    "BatchSize": {
                        "MaxMessageCount": config.batch_size, "AbsoluteMaxBytes": "10 MB", "PreferredMaxBytes": "2 MB",
                    },
                    "EtcdRaft": {
                        "Consenters": [consenter],
                        "Options": {
                            "TickInterval": "200ms", "ElectionTick": 5, "HeartbeatTick": 1, "MaxInflightBlocks": 5,
                            "SnapshotIntervalSize": "16 MB",
                        },
                    },
                    "Organizations": [orderers],
                    "Policies": meta(&[("BlockValidation", "ANY Writers")]),
                    "Capabilities": { "V2_0": true },
                },
                "Application": {
                    "Organizations": organisations.iter().map(organisation).collect::<Vec<_>>(),
                    "Policies": meta(&[
                        ("LifecycleEndorsement", "MAJORITY Endorsement"), ("Endorsement", "MAJORITY Endorsement"),
                    ]),
                    "Capabilities": { "V2_5": true },
                },
            },
        },
    })
}

/// `configtx.yaml` of one organisation alone, to be printed.
pub(crate) fn one_organisation(of: &Organisation) -> Value {
    json!({ "Organizations": [organisation(of)] })
}

fn organisation(of: &Organisation) -> Value {
    let msp = &of.msp;
    let anchors: Vec<Value> = of
        .peers
        .first()
        .map(|peer| json!({ "Host": "127.0.0.1", "Port": peer.port() }))
        .into_iter()
        .collect();
    json!({
        "Name": msp,
        "ID": msp,
        "MSPDir": of.folder.join("msp"),
        "Policies": {
            "Readers": signature(&format!("OR('{msp}.admin','{msp}.peer','{msp}.client')")),
            "Writers": signature(&format!("OR('{msp}.admin','{msp}.client')")),
            "Admins": signature(&format!("OR('{msp}.admin')")),
            "Endorsement": signature(&format!("OR('{msp}.peer')")),
        },
        "AnchorPeers": anchors,
    })
}

fn signature(rule: &str) -> Value {
    json!({ "Type": "Signature", "Rule": rule })
}

/// The policies that every group of a channel has, and `more`.
fn meta(more: &[(&str, &str)]) -> Value {
    let always = [("Readers", "ANY Readers"), ("Writers", "ANY Writers"), ("Admins", "MAJORITY Admins")];
    let all = always.iter().chain(more);
    all.map(|(name, rule)| ((*name).to_owned(), json!({ "Type": "ImplicitMeta", "Rule": rule }))).collect()
}
