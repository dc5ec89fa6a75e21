//! Hub, attestors and relayer as processes, on a Postgres of their own.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_api::{
    ApproveIsland, CreateToken, IslandState, PacketState, RegisterGateway, RegisterIsland, Role,
};
use causeway_client::{HubClient, Settings, Token};
use causeway_ledger::{FactKey, Ledger};
use causeway_log::{KeyKind, KeyName, NoteSigner, ProofPlan, SignedCheckpoint, verify_inclusion};
use causeway_postgres::Server;
use causeway_protocol::{Address, Family, GatewayId, Hash, LocalSigner, PacketId, Signer, anchor_digest};

use crate::service::{Service, secret};

/// The origin line of the hub's log.
pub(crate) const ORIGIN: &str = "hub.test/log";
const OPERATOR: &str = "causeway_operator_token_of_this_test";
const ATTESTORS: usize = 3;

/// An island with a gateway, as it is registered, attested and relayed.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) fingerprint: Hash,
    pub(crate) anchor: Vec<u8>,
    pub(crate) gateway: Vec<u8>,
    pub(crate) gateway_id: GatewayId,
    /// What the gateway's id follows from beside the island and the address.
    pub(crate) birth: Hash,
    pub(crate) owner: Address,
    /// Its entry in the relayer's configuration, after the island's name.
    pub(crate) relayed: String,
}

fn attestor_key(index: usize) -> [u8; 32] {
    [0x41 + u8::try_from(index).unwrap(); 32]
}

/// What signs the hub's log.
pub(crate) fn log_key() -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).unwrap(), KeyKind::Note, &[0x61; 32]).unwrap()
}

/// The attestors that every gateway here is opened with: two of three.
pub(crate) fn attestors() -> Vec<Address> {
    let keys = (0..ATTESTORS).map(|index| LocalSigner::from_bytes(&attestor_key(index)).unwrap().address());
    let mut attestors: Vec<Address> = keys.collect();
    attestors.sort_unstable();
    attestors
}

/// Unix time in so many seconds.
pub(crate) fn in_seconds(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds
}

/// All of it, running.
pub(crate) struct Deployment {
    pub(crate) postgres: Server,
    url: String,
    pub(crate) hub: Service,
    pub(crate) attestors: Vec<Service>,
    pub(crate) relayer: Service,
}

impl Deployment {
    pub(crate) async fn start(folder: &Path, islands: &[Listed]) -> Self {
        let postgres =
            Server::start(causeway_postgres::Options { durable: false, ..Default::default() }).await.unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let database = secret(folder, "database-url", &postgres.url("postgres"));
        let operator = secret(folder, "operator-token", OPERATOR);
        let log_key = secret(folder, "log-key", &log_key().to_secret_text());
        let kept = folder.join("checkpoint");
        let config = format!(
            "origin = \"{ORIGIN}\"\nlisten = \"127.0.0.1:{port}\"\noperator_token = \"{operator}\"\n[database]\nurl = \"{database}\"\n\
             [log]\nkeys = [\"{log_key}\"]\nkept = \"{}\"\n",
            kept.display()
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
        approve(&operator, islands, &relayer).await;
        Self { postgres, url, hub, attestors, relayer }
    }

    /// A client with the operator's token.
    pub(crate) fn operator(&self) -> HubClient {
        client(&self.url, OPERATOR)
    }

    /// A client with a new token of a role.
    pub(crate) async fn client(&self, role: Role, name: &str) -> HubClient {
        client(&self.url, &token(&self.operator(), name, role, None).await)
    }

    /// Waits until every packet has ended and answers how, as the API says.
    pub(crate) async fn ends(
        &mut self,
        auditor: &HubClient,
        ids: &[PacketId],
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
            self.assert_running();
            let in_time = tokio::time::Instant::now() < deadline;
            assert!(in_time, "not all packets ended: {ended:?}\n{}", self.logs());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Fails unless every event of a gateway, up to its last, is a leaf under the newest checkpoint a second from now.
    pub(crate) async fn assert_logged(&self, ledger: &Ledger, gateway: GatewayId, last: u64) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let note = self.operator().checkpoint().await.unwrap();
        let known = [log_key().verifier().clone()];
        let tree = SignedCheckpoint::open(note.as_bytes(), ORIGIN, &known).unwrap().head();
        for number in 1..=last {
            let logged = ledger.logged_fact(&FactKey::event(gateway, number)).await.unwrap();
            let logged = logged.unwrap_or_else(|| panic!("event {number} of {gateway} is not in the log"));
            let plan = ProofPlan::inclusion(logged.index, tree.size).unwrap();
            let proof = ledger.log_proof(&plan, tree.size).await.unwrap();
            verify_inclusion(logged.entry.leaf_hash(), logged.index, tree, &proof).unwrap();
        }
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
    let token =
        CreateToken { name: name.into(), role, address, island: None, held_by_hub: false, expires_at: None };
    operator.create_token(&token).await.unwrap().secret
}

async fn register(operator: &HubClient, url: &str, islands: &[Listed]) {
    let owner = client(url, &token(operator, "owner", Role::Owner, None).await);
    for island in islands {
        let registration = RegisterIsland {
            name: island.name.into(),
            family: island.family,
            fingerprint: island.fingerprint,
            anchor: island.anchor.clone(),
            gateway: RegisterGateway {
                address: island.gateway.clone(),
                id: island.gateway_id,
                birth: island.birth,
                owner: island.owner,
            },
        };
        owner.register_island(&registration).await.unwrap();
    }
}

/// Approves the islands as soon as the relayer has proven them.
async fn approve(operator: &HubClient, islands: &[Listed], relayer: &Service) {
    for island in islands {
        for tried in 0.. {
            if operator.island(island.name).await.unwrap().state == IslandState::Proven {
                break;
            }
            assert!(tried < 240, "{} is not proven:\n{}", island.name, relayer.log());
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
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
    islands: &[Listed],
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
            const_hex::encode_prefixed(&island.gateway),
        );
    }
    Service::start(folder, "attestor", name, &config)
}

async fn start_relayer(folder: &Path, operator: &HubClient, url: &str, islands: &[Listed]) -> Service {
    let key = [0x51; 32];
    let address = LocalSigner::from_bytes(&key).unwrap().address();
    let token = token(operator, "relayer", Role::Relayer, Some(address)).await;
    let token = secret(folder, "relayer.token", &token);
    let key = secret(folder, "relayer.key", &const_hex::encode_prefixed(key));
    let mut config =
        format!("hub = \"{url}\"\norigin = \"{ORIGIN}\"\ntoken = \"{token}\"\nkey = \"{key}\"\n");
    for island in islands {
        let _ = write!(config, "[[islands]]\nisland = \"{}\"\n{}\n", island.name, island.relayed);
    }
    Service::start(folder, "relayer", "relayer", &config)
}

/// Every id once.
pub(crate) fn assert_once(what: &str, ids: &[PacketId]) {
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{what} happened twice");
}
