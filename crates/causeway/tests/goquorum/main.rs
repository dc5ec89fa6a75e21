//! The whole path between real GoQuorum networks: packets both ways while validators come and go, nodes stop, and every
//! service is killed; at the end everything happened exactly once, and chain, Postgres and API agree.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod island;
mod service;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_api::{ApproveIsland, CreateToken, PacketState, RegisterGateway, RegisterIsland, Role};
use causeway_client::{HubClient, Settings, Token};
use causeway_evm_node::{Consensus, Network, NetworkConfig, NodeError};
use causeway_ledger::Ledger;
use causeway_postgres::Server;
use causeway_protocol::{Address, Family, HubId, LocalSigner, PacketId, Signer, anchor_digest};

use island::{ACCOUNTS, AUTHORS, RealIsland};
use service::{Service, secret};

const ORIGIN: &str = "hub.test/log";
const OPERATOR: &str = "causeway_operator_token_of_this_test";
const ATTESTORS: usize = 3;
/// Packets each way: five from each author.
const EACH: usize = 5;
/// No test here may take longer.
const PATIENCE: Duration = Duration::from_mins(10);

fn attestor_key(index: usize) -> [u8; 32] {
    [0x41 + u8::try_from(index).unwrap(); 32]
}

fn attestors() -> Vec<Address> {
    let keys = (0..ATTESTORS).map(|index| LocalSigner::from_bytes(&attestor_key(index)).unwrap().address());
    let mut attestors: Vec<Address> = keys.collect();
    attestors.sort_unstable();
    attestors
}

fn in_seconds(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds
}

/// Hub, attestors and relayer as processes, on a Postgres of their own.
struct Deployment {
    postgres: Server,
    url: String,
    hub: Service,
    attestors: Vec<Service>,
    relayer: Service,
}

impl Deployment {
    async fn start(folder: &Path, islands: &[&RealIsland]) -> Self {
        let postgres =
            Server::start(causeway_postgres::Options { durable: false, ..Default::default() }).await.unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let database = secret(folder, "database-url", &postgres.url("postgres"));
        let operator = secret(folder, "operator-token", OPERATOR);
        let config = format!(
            "origin = \"{ORIGIN}\"\nlisten = \"127.0.0.1:{port}\"\noperator_token = \"{operator}\"\n[database]\nurl = \"{database}\"\n"
        );
        let hub = Service::start(folder, "hub", "hub", &config);
        let operator = client(&url, OPERATOR);
        wait_for_hub(&operator, &hub).await;
        register(&operator, &url, islands).await;
        let mut attestors = Vec::new();
        for index in 0..ATTESTORS {
            attestors.push(start_attestor(folder, &operator, &url, index, islands).await);
        }
        let relayer = start_relayer(folder, &operator, &url, islands).await;
        Self { postgres, url, hub, attestors, relayer }
    }

    fn assert_running(&mut self) {
        self.hub.assert_running();
        self.relayer.assert_running();
        self.attestors.iter_mut().for_each(Service::assert_running);
    }

    /// The ends of all logs, for a failure.
    fn logs(&self) -> String {
        let services = [&self.hub, &self.relayer].into_iter().chain(&self.attestors);
        services.map(Service::log).collect::<Vec<_>>().join("\n----\n")
    }
}

fn client(url: &str, token: &str) -> HubClient {
    HubClient::new(Settings::new(url, Some(Token::new(token).unwrap())).unwrap()).unwrap()
}

async fn wait_for_hub(operator: &HubClient, hub: &Service) {
    for _ in 0..150 {
        if operator.ready().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the hub did not become ready:\n{}", hub.log());
}

async fn token(operator: &HubClient, name: &str, role: Role, address: Option<Address>) -> String {
    let token = CreateToken { name: name.into(), role, address, island: None, held_by_hub: false };
    operator.create_token(&token).await.unwrap().secret
}

async fn register(operator: &HubClient, url: &str, islands: &[&RealIsland]) {
    let owner = client(url, &token(operator, "owner", Role::Owner, None).await);
    for island in islands {
        let registration = RegisterIsland {
            name: island.name.into(),
            family: island.family,
            fingerprint: island.fingerprint,
            anchor: island.anchor.clone(),
            gateway: RegisterGateway { address: island.gateway.0.to_vec(), id: island.gateway_id },
        };
        owner.register_island(&registration).await.unwrap();
        let approval =
            ApproveIsland { anchor_digest: anchor_digest(&island.anchor), reason: "compared by hand".into() };
        operator.approve_island(island.name, &approval).await.unwrap();
    }
}

async fn start_attestor(
    folder: &Path,
    operator: &HubClient,
    url: &str,
    index: usize,
    islands: &[&RealIsland],
) -> Service {
    let name = ["attestor-0", "attestor-1", "attestor-2"][index];
    let key = attestor_key(index);
    let address = LocalSigner::from_bytes(&key).unwrap().address();
    let token = token(operator, name, Role::Attestor, Some(address)).await;
    let token = secret(folder, &format!("{name}.token"), &token);
    let key = secret(folder, &format!("{name}.key"), &const_hex::encode_prefixed(key));
    let data = folder.join(name);
    let mut config = format!(
        "hub = \"{url}\"\ntoken = \"{token}\"\nkey = \"{key}\"\ndata = \"{}\"\npoll_seconds = 5\n",
        data.display()
    );
    for island in islands {
        let _ = write!(
            config,
            "[[islands]]\nname = \"{}\"\nfamily = \"{}\"\nfingerprint = \"{}\"\nanchor = \"{}\"\n[[islands.gateways]]\nid = \"{}\"\naddress = \"{}\"\n",
            island.name,
            island.family,
            island.fingerprint,
            const_hex::encode_prefixed(&island.anchor),
            island.gateway_id,
            island.gateway,
        );
    }
    Service::start(folder, "attestor", name, &config)
}

async fn start_relayer(folder: &Path, operator: &HubClient, url: &str, islands: &[&RealIsland]) -> Service {
    let key = [0x51; 32];
    let address = LocalSigner::from_bytes(&key).unwrap().address();
    let token = token(operator, "relayer", Role::Relayer, Some(address)).await;
    let token = secret(folder, "relayer.token", &token);
    let key = secret(folder, "relayer.key", &const_hex::encode_prefixed(key));
    let mut config =
        format!("hub = \"{url}\"\norigin = \"{ORIGIN}\"\ntoken = \"{token}\"\nkey = \"{key}\"\n");
    for island in islands {
        let delivery_key = secret(folder, &format!("{}.delivery-key", island.name), &island.relayer_secret());
        let _ = write!(
            config,
            "[[islands]]\nisland = \"{}\"\nrpc = {:?}\ndelivery_key = \"{delivery_key}\"\n",
            island.name,
            island.network.rpc_urls(),
        );
    }
    Service::start(folder, "relayer", "relayer", &config)
}

/// Sends every author's packets from one island to the other, a few at once.
async fn send_all(from: &RealIsland, to: &RealIsland) -> Result<Vec<PacketId>, NodeError> {
    let authors = (0..AUTHORS).map(|author| async move {
        let mut sent = Vec::new();
        for index in 0..EACH {
            // The first author's packets have to arrive in order.
            let text = format!("{index} of {author} from {}", from.name);
            sent.push(from.post(author, to, &text, author == 0, in_seconds(900)).await?);
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        Ok::<_, NodeError>(sent)
    });
    Ok(futures::future::try_join_all(authors).await?.concat())
}

/// What goes wrong while packets flow.
async fn trouble(qbft: &RealIsland, ibft: &RealIsland, services: &mut Deployment) -> Result<(), NodeError> {
    let candidate = qbft.network.node_keys()[4].address();
    qbft.network.propose(candidate, true).await?;
    services.relayer.kill();
    services.relayer.restart();
    ibft.network.pause(3)?;
    services.attestors[0].kill();
    services.attestors[0].restart();
    tokio::time::sleep(Duration::from_secs(10)).await;
    ibft.network.resume(3)?;
    services.hub.kill();
    services.hub.restart();
    let leaver = qbft.network.node_keys()[1].address();
    qbft.network.propose(leaver, false).await?;
    let candidate = ibft.network.node_keys()[4].address();
    ibft.network.propose(candidate, true).await?;
    Ok(())
}

/// One whose receiver fails, and one that has no relayer until it is too late.
async fn send_odd_ones(
    from: &RealIsland,
    to: &RealIsland,
    services: &mut Deployment,
) -> Result<[PacketId; 2], NodeError> {
    to.set_failing(true).await?;
    let failing = from.post(1, to, "not taken", false, in_seconds(900)).await?;
    for _ in 0..240 {
        if to.received(failing).await? == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    to.set_failing(false).await?;
    services.relayer.kill();
    let expiring = from.post(1, to, "too late", false, in_seconds(6)).await?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    services.relayer.restart();
    Ok([failing, expiring])
}

/// Waits until every packet has ended and answers how, as the API says.
async fn ends(
    auditor: &HubClient,
    ids: &[PacketId],
    services: &mut Deployment,
) -> BTreeMap<PacketId, PacketState> {
    let deadline = tokio::time::Instant::now() + Duration::from_mins(4);
    loop {
        let mut ended = BTreeMap::new();
        for id in ids {
            if let Ok(packet) = auditor.packet(*id).await {
                ended.insert(*id, packet.state);
            }
        }
        let open = |state: &&PacketState| !matches!(state, PacketState::Settled | PacketState::Refunded);
        if ended.len() == ids.len() && !ended.values().any(|state| open(&state)) {
            return ended;
        }
        services.assert_running();
        let in_time = tokio::time::Instant::now() < deadline;
        assert!(in_time, "not all packets ended: {ended:?}\n{}", services.logs());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Every id once.
fn assert_once(what: &str, ids: &[PacketId]) {
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{what} happened twice");
}

const DELIVERED: &str = "PacketDelivered(uint64,bytes32,bytes32,bool,bytes)";
const EXPIRED: &str = "PacketExpired(uint64,bytes32,bytes32)";
const SETTLED: &str = "PacketSettled(uint64,bytes32,bytes32,uint8,bool)";

/// The chains' own word: everything happened once, and the two sides fit.
async fn assert_chains_agree(
    from: &RealIsland,
    to: &RealIsland,
    sent: &[PacketId],
    expired: &[PacketId],
) -> Result<(), NodeError> {
    let (delivered, gone) = (to.event_ids(DELIVERED).await?, to.event_ids(EXPIRED).await?);
    let settled = from.event_ids(SETTLED).await?;
    assert_once("a delivery", &delivered);
    assert_once("an expiry", &gone);
    assert_once("a settlement", &settled);
    let unordered = |ids: &[PacketId]| ids.iter().copied().collect::<HashSet<_>>();
    assert_eq!(unordered(&gone), unordered(expired));
    assert_eq!(unordered(&settled), unordered(sent));
    assert_eq!(delivered.len() + gone.len(), sent.len());
    for id in sent {
        let (arrived, outcome) = (to.received(*id).await?, from.outcome(*id).await?);
        assert_eq!(arrived == 2, outcome == 4, "{id}: expired there and here");
        assert!(outcome > 1, "{id} ended here");
    }
    Ok(())
}

async fn networks(folder_seed: &str) -> Option<(Network, Network)> {
    let config = |consensus, chain_id| NetworkConfig {
        consensus,
        chain_id,
        candidates: 1,
        accounts: ACCOUNTS,
        seed: Some(format!("{folder_seed} {chain_id}")),
        ..NetworkConfig::default()
    };
    let qbft = Network::start_or_skip(config(Consensus::Qbft, 4001)).await.unwrap()?;
    let ibft = Network::start_or_skip(config(Consensus::Ibft, 4002)).await.unwrap()?;
    Some((qbft, ibft))
}

async fn one_hundred_packets() -> Result<(), NodeError> {
    let Some((qbft, ibft)) = networks("one hundred packets").await else { return Ok(()) };
    let hub = HubId::of_origin(ORIGIN);
    let attestors = attestors();
    let (qbft, ibft) = tokio::try_join!(
        RealIsland::new(qbft, "qbft", Family::Qbft, hub, &attestors),
        RealIsland::new(ibft, "ibft", Family::Ibft, hub, &attestors),
    )?;
    let folder = tempfile::tempdir().unwrap();
    let mut services = Deployment::start(folder.path(), &[&qbft, &ibft]).await;
    let operator = client(&services.url, OPERATOR);
    let auditor = client(&services.url, &token(&operator, "auditor", Role::Auditor, None).await);

    let (there, back, troubled) =
        tokio::join!(send_all(&qbft, &ibft), send_all(&ibft, &qbft), trouble(&qbft, &ibft, &mut services),);
    troubled?;
    let (mut there, back) = (there?, back?);
    let [failing, expiring] = send_odd_ones(&qbft, &ibft, &mut services).await?;
    there.extend([failing, expiring]);
    assert_eq!((there.len(), back.len()), (AUTHORS * EACH + 2, AUTHORS * EACH));
    let all = [there.clone(), back.clone()].concat();
    let ended = ends(&auditor, &all, &mut services).await;

    assert_eq!(ended[&expiring], PacketState::Refunded);
    assert_eq!(ended.values().filter(|state| **state == PacketState::Refunded).count(), 1);
    assert_eq!(auditor.packet(failing).await.unwrap().success, Some(false));
    assert_chains_agree(&qbft, &ibft, &there, &[expiring]).await?;
    assert_chains_agree(&ibft, &qbft, &back, &[]).await?;
    assert_eq!(
        ibft.messages().await?,
        (AUTHORS * EACH) as u64,
        "neither the failing nor the expired one is on the board"
    );
    assert_eq!(qbft.messages().await?, (AUTHORS * EACH) as u64);

    let options = causeway_ledger::Options { max_connections: 2 };
    let ledger = Ledger::connect(&services.postgres.url("postgres"), options).await.unwrap();
    for (id, state) in &ended {
        assert_eq!(
            ledger.packet(*id).await.unwrap().unwrap().state,
            *state,
            "Postgres and API agree on {id}"
        );
    }
    for island in [&qbft, &ibft] {
        let cursor = operator.cursor(island.name).await.unwrap();
        assert_eq!(
            cursor.gateways[0].number,
            island.last_number().await?,
            "every event of {} is recorded",
            island.name
        );
        assert!(cursor.gateways[0].missing.is_empty());
    }
    ledger.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hundred_packets_both_ways_end_exactly_once_through_every_trouble() {
    tokio::time::timeout(PATIENCE, one_hundred_packets()).await.expect("in time").unwrap();
}
