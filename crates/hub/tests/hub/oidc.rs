//! People who sign in at an OpenID Connect issuer: a real one, on the loopback, with keys of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use causeway_api::{Island, Page, Role};
use causeway_hub::{Grant, OidcConfig};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use parking_lot::Mutex;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::forge::Chain;
use crate::world::{GENESIS, World};

const NOW: u64 = GENESIS + 100;

/// One of the issuer's keys.
struct Key {
    kid: &'static str,
    algorithm: Algorithm,
    secret: EncodingKey,
    public: Jwk,
    /// The public key as everybody can read it.
    der: Vec<u8>,
}

impl Key {
    fn p256(kid: &'static str) -> Self {
        let pair =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair_of = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.as_ref()).unwrap();
        let der: PublicKeyX509Der<'_> = pair_of.public_key().as_der().unwrap();
        Self::new(kid, Algorithm::ES256, EncodingKey::from_ec_der(pair.as_ref()), der.as_ref().to_vec())
    }

    fn rsa(kid: &'static str) -> Self {
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let secret: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = pem("PRIVATE KEY", secret.as_ref());
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self::new(
            kid,
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
            der.as_ref().to_vec(),
        )
    }

    fn new(kid: &'static str, algorithm: Algorithm, secret: EncodingKey, der: Vec<u8>) -> Self {
        let mut public = Jwk::from_encoding_key(&secret, algorithm).unwrap();
        public.common.key_id = Some(kid.to_owned());
        Self { kid, algorithm, secret, public, der }
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) }
    }

    fn sign(&self, claims: &Value) -> String {
        encode(&self.header(), claims, &self.secret).unwrap()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// An issuer that serves what it is told to.
#[derive(Default)]
struct Issuer {
    url: String,
    keys: Mutex<Vec<Value>>,
    claims_to_be: Mutex<Option<String>>,
    asked: AtomicUsize,
}

impl Issuer {
    async fn start(keys: &[&Key]) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/realm", listener.local_addr().unwrap());
        let issuer = Arc::new(Self { url, ..Self::default() });
        issuer.publish(keys);
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(discovery))
            .route("/realm/keys", get(key_set))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        issuer
    }

    fn publish(&self, keys: &[&Key]) {
        let odd = json!({ "kty": "unheard-of", "kid": "odd", "use": "nothing" });
        let keys = keys.iter().map(|key| serde_json::to_value(&key.public).unwrap());
        *self.keys.lock() = keys.chain([odd]).collect();
    }

    fn claims(&self, roles: &[&str]) -> Value {
        json!({ "iss": self.url, "aud": "causeway", "sub": "eve", "email": "eve@example.org",
                "iat": NOW, "nbf": NOW, "exp": NOW + 300, "groups": roles })
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> axum::Json<Value> {
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    let name = issuer.claims_to_be.lock().clone().unwrap_or_else(|| issuer.url.clone());
    axum::Json(json!({ "issuer": name, "jwks_uri": format!("{}/keys", issuer.url) }))
}

async fn key_set(State(issuer): State<Arc<Issuer>>) -> axum::Json<Value> {
    axum::Json(json!({ "keys": *issuer.keys.lock() }))
}

fn grant(value: &str, role: Role) -> Grant {
    Grant { value: value.to_owned(), role, island: None }
}

async fn world(issuer: &Issuer) -> World {
    let grants = vec![
        grant("hub-operators", Role::Operator),
        grant("owners", Role::Owner),
        grant("audit", Role::Auditor),
    ];
    let oidc = OidcConfig { grants, claim: "groups".to_owned(), ..OidcConfig::new(&issuer.url, "causeway") };
    World::with(|config| config.oidc = Some(oidc)).await
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_signed_token_of_the_issuer_gives_the_role_that_its_claims_are_granted() {
    let (p256, rsa) = (Key::p256("one"), Key::rsa("two"));
    let issuer = Issuer::start(&[&p256, &rsa]).await;
    let world = world(&issuer).await;
    for key in [&p256, &rsa] {
        let operator = key.sign(&issuer.claims(&["staff", "hub-operators"]));
        assert_eq!(world.get("/v1/tokens", &operator).await.status, StatusCode::OK);
        let auditor = key.sign(&issuer.claims(&["audit"]));
        assert_eq!(world.get("/v1/packets", &auditor).await.status, StatusCode::OK);
        assert_eq!(world.get("/v1/tokens", &auditor).await.problem(), "forbidden");
        // The first grant of the configuration that matches, whatever the order of the claims.
        let both = key.sign(&issuer.claims(&["audit", "hub-operators"]));
        assert_eq!(world.get("/v1/tokens", &both).await.status, StatusCode::OK);
        let listed = key.sign(&with(issuer.claims(&["audit"]), "aud", json!(["account", "causeway"])));
        assert_eq!(world.get("/v1/packets", &listed).await.status, StatusCode::OK);
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1, "the keys are kept");
    // Tokens of the hub go on working beside it.
    assert_eq!(world.get("/v1/tokens", &world.operator).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_person_did_is_in_the_history_under_their_name() {
    let key = Key::p256("one");
    let issuer = Issuer::start(&[&key]).await;
    let world = world(&issuer).await;
    let operator = key.sign(&issuer.claims(&["hub-operators"]));
    let chain = Chain::new(1, GENESIS);
    let island = world.join(&chain, "harbour").await;
    let reason = json!({ "reason": "maintenance" });
    world.post(&format!("/v1/islands/{island}/suspend"), &operator, &reason).await.ok::<Island>();
    let listed: Page<Island> = world.get("/v1/islands", &operator).await.ok();
    assert_eq!(listed.items.len(), 1);
    let mut connection = sqlx::PgConnection::connect(&world.database.url).await.unwrap();
    let actor: String = sqlx::query_scalar("SELECT actor FROM island_changes WHERE change = 'suspended'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(actor, "eve@example.org (eve)");
}

#[tokio::test]
async fn nothing_that_the_issuer_did_not_sign_for_this_hub_now_lets_anyone_in() {
    let (key, stranger) = (Key::rsa("one"), Key::rsa("one"));
    let (other, unpublished) = (Key::p256("two"), Key::p256("three"));
    let issuer = Issuer::start(&[&key, &other]).await;
    let world = world(&issuer).await;
    let good = issuer.claims(&["hub-operators"]);
    assert_eq!(world.get("/v1/tokens", &key.sign(&good)).await.status, StatusCode::OK);

    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = |algorithm: &str| {
        format!("{}.{}.", part(&json!({ "alg": algorithm, "kid": "one", "typ": "JWT" })), part(&good))
    };
    // With the public key as an HMAC's secret, in every form in which it is public.
    let hmac = |secret: &[u8]| {
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &good, &EncodingKey::from_secret(secret)).unwrap()
    };
    let signed = key.sign(&good);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let swapped = format!(
        "{}.{}.{signature}",
        part(&json!(key.header())),
        part(&with(good.clone(), "sub", json!("bob")))
    );
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..key.header() };
    let nameless = Header { kid: None, ..key.header() };
    let own_key = Header { kid: Some("nine".to_owned()), jwk: Some(stranger.public.clone()), ..key.header() };
    let as_header = |header: &Header| encode(header, &good, &key.secret).unwrap();
    for (why, jwt) in [
        ("algorithm none", none("none")),
        ("algorithm None", none("None")),
        ("no signature", format!("{message}.")),
        ("HMAC with the public key as DER", hmac(&key.der)),
        ("HMAC with the public key as PEM", hmac(pem("PUBLIC KEY", &key.der).as_bytes())),
        ("HMAC with the public key as JWK", hmac(serde_json::to_string(&key.public).unwrap().as_bytes())),
        ("another issuer's key under the same id", stranger.sign(&good)),
        ("a key that is not published", unpublished.sign(&good)),
        ("the key in the header", encode(&own_key, &good, &stranger.secret).unwrap()),
        ("other claims under a good signature", swapped),
        ("no key id", as_header(&nameless)),
        ("a critical field", as_header(&critical)),
        ("another audience", key.sign(&with(good.clone(), "aud", json!("other")))),
        ("other audiences", key.sign(&with(good.clone(), "aud", json!(["other", "causeway2"])))),
        ("no audience", key.sign(&with(good.clone(), "aud", Value::Null))),
        ("another issuer", key.sign(&with(good.clone(), "iss", json!("https://id.example")))),
        ("the issuer with a slash", key.sign(&with(good.clone(), "iss", json!(format!("{}/", issuer.url))))),
        ("no subject", key.sign(&with(good.clone(), "sub", Value::Null))),
        ("no end", key.sign(&with(good.clone(), "exp", Value::Null))),
        ("over", key.sign(&with(good.clone(), "exp", json!(NOW - 60)))),
        ("not yet", key.sign(&with(good.clone(), "nbf", json!(NOW + 61)))),
        ("from the future", key.sign(&with(good.clone(), "iat", json!(NOW + 61)))),
        ("no role", key.sign(&with(good.clone(), "groups", json!(["staff"])))),
        (
            "a role that only another claim has",
            key.sign(&with(with(good.clone(), "groups", json!([])), "role", json!("operator"))),
        ),
        ("too long", key.sign(&with(good.clone(), "padding", json!("x".repeat(8 * 1024))))),
    ] {
        let answer = world.get("/v1/tokens", &jwt).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{why}: {answer:?}");
        assert_eq!(answer.text, world.get("/v1/tokens", "causeway_made_up").await.text, "{why}");
    }
}

#[tokio::test]
async fn times_are_those_of_the_hubs_clock_with_the_leeway() {
    let key = Key::p256("one");
    let issuer = Issuer::start(&[&key]).await;
    let world = world(&issuer).await;
    let jwt = key.sign(&issuer.claims(&["audit"]));
    for (now, status) in [
        (NOW - 61, StatusCode::UNAUTHORIZED),
        (NOW - 60, StatusCode::OK),
        (NOW + 359, StatusCode::OK),
        (NOW + 360, StatusCode::UNAUTHORIZED),
    ] {
        world.clock.set(now);
        assert_eq!(world.get("/v1/packets", &jwt).await.status, status, "{now}");
    }
}

#[tokio::test]
async fn an_issuer_is_not_asked_for_every_key_that_anyone_names() {
    let (key, unknown) = (Key::p256("one"), Key::p256("two"));
    let issuer = Issuer::start(&[&key]).await;
    let world = world(&issuer).await;
    let asks = (0..20).map(|_| unknown.sign(&issuer.claims(&["audit"])));
    for jwt in asks {
        assert_eq!(world.get("/v1/packets", &jwt).await.problem(), "unauthenticated");
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    assert_eq!(world.get("/v1/packets", &key.sign(&issuer.claims(&["audit"]))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_the_issuers_keys_nobody_is_let_in_and_nobody_is_called_a_stranger() {
    let key = Key::p256("one");
    let issuer = Issuer::start(&[&key]).await;
    // What answers there says it is another issuer.
    *issuer.claims_to_be.lock() = Some("https://id.example".to_owned());
    let world = world(&issuer).await;
    let answer = world.get("/v1/packets", &key.sign(&issuer.claims(&["audit"]))).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "identity-unavailable")
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(world.get("/v1/tokens", &world.operator).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_idempotency_key_is_the_persons_and_nobody_elses() {
    let key = Key::p256("one");
    let issuer = Issuer::start(&[&key]).await;
    let world = world(&issuer).await;
    let make = |secret: String, name: &'static str| {
        let request =
            world.request(reqwest::Method::POST, "/v1/tokens", &secret).header("idempotency-key", "k");
        crate::world::send(request.json(&json!({ "name": name, "role": "auditor" })))
    };
    let (eve, bob) =
        (issuer.claims(&["hub-operators"]), with(issuer.claims(&["hub-operators"]), "sub", json!("bob")));
    assert_eq!(make(key.sign(&eve), "a").await.status, StatusCode::CREATED);
    // The same person with a newer JWT is the same; another person is another.
    let newer = key.sign(&with(eve, "exp", json!(NOW + 301)));
    assert_eq!(make(newer.clone(), "a").await.problem(), "secret-shown-once");
    assert_eq!(make(newer, "b").await.problem(), "idempotency-mismatch");
    assert_eq!(make(key.sign(&bob), "b").await.status, StatusCode::CREATED);
}
