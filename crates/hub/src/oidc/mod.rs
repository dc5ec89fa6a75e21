//! People who sign in elsewhere: bearer tokens that an OpenID Connect issuer signed.
//!
//! A JWT stands where a token of the hub would. It counts when the issuer's own key signed it, for this hub, now; what its holder may
//! do follows from its claims by the hub's configuration, and nothing in the JWT says it by itself. Programs (relayers,
//! attestors) have tokens of the hub: they act with keys.

mod claims;
mod keys;

use causeway_api::Role;
use causeway_protocol::Hasher;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use time::OffsetDateTime;
use uuid::Uuid;

use self::claims::Claims;
use self::keys::Keys;
use crate::auth::Caller;
use crate::config::OidcConfig;
use crate::problem::{Problem, ProblemCode};

/// Longest JWT that is looked at, in bytes.
pub(crate) const MAX_JWT: usize = 8 * 1024;
/// What a key that everybody can read may have signed with. Never HMAC: its key would be that public key.
const SIGNED_BY: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why a JWT gives nobody in. The caller is not told which.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("its header cannot be used: {0}")]
    Header(String),
    #[error("the issuer has no key {0:?}")]
    Key(String),
    #[error("{0}")]
    Signature(#[from] jsonwebtoken::errors::Error),
    #[error("{0}")]
    Claims(#[from] claims::ClaimError),
    #[error("none of its claims gives a role")]
    NoRole,
    #[error("the issuer's keys are not known")]
    NoKeys,
}

/// One issuer, and what its people may do here.
pub(crate) struct Oidc {
    config: OidcConfig,
    keys: Keys,
}

impl Oidc {
    /// Reads the configuration; the issuer is not asked yet.
    pub(crate) fn new(config: OidcConfig) -> Result<Self, String> {
        if config.audience.is_empty() || config.claim.is_empty() {
            return Err("expected an audience and a claim".to_owned());
        }
        for grant in &config.grants {
            if matches!(grant.role, Role::Relayer | Role::Attestor) {
                return Err(format!("{:?}: relayers and attestors need tokens of the hub", grant.value));
            }
            if grant.island.is_some() && grant.role != Role::Owner {
                return Err(format!("{:?}: only owners are bound to an island", grant.value));
            }
        }
        let keys = Keys::new(&config.issuer)?;
        Ok(Self { config, keys })
    }

    /// Who holds this JWT, by the first grant in the configuration that its claims match.
    pub(crate) async fn caller(&self, jwt: &str, now: OffsetDateTime) -> Result<Option<Caller>, Problem> {
        match self.check(jwt, now).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Refused::NoKeys) => {
                let detail = "the issuer of the token cannot be asked for its keys";
                Err(Problem::new(ProblemCode::IdentityUnavailable, detail).retry_after(10))
            }
            Err(why) => {
                tracing::info!(%why, "a JWT was refused");
                Ok(None)
            }
        }
    }

    async fn check(&self, jwt: &str, now: OffsetDateTime) -> Result<Caller, Refused> {
        let header = decode_header(jwt)?;
        if !SIGNED_BY.contains(&header.alg) {
            return Err(Refused::Header(format!("algorithm {:?}", header.alg)));
        }
        if let Some(critical) = header.crit {
            return Err(Refused::Header(format!("critical fields {critical:?}")));
        }
        let kid = header.kid.ok_or_else(|| Refused::Header("no key id".to_owned()))?;
        let key = self.keys.find(&kid).await?.ok_or_else(|| Refused::Key(kid.chars().take(80).collect()))?;
        if !keys::signs(&key, header.alg) {
            return Err(Refused::Header(format!("the key does not sign with {:?}", header.alg)));
        }
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Times are checked below, by the hub's own clock.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let claims = decode::<Claims>(jwt, &DecodingKey::from_jwk(&key)?, &validation)?.claims;
        claims.check_times(now, self.config.leeway)?;
        let values = claims.values(&self.config.claim);
        let granted = self.config.grants.iter().find(|grant| values.contains(&grant.value.as_str()));
        let grant = granted.ok_or(Refused::NoRole)?;
        Ok(Caller {
            credential: self.credential(&claims.sub),
            token: None,
            name: claims.name(),
            role: grant.role,
            address: None,
            island: grant.island,
        })
    }

    /// One for each person, whatever JWT they come with: rates and idempotency keys are counted by it.
    fn credential(&self, subject: &str) -> Uuid {
        let hash = Hasher::new()
            .hashed(b"causeway/person/1")
            .hashed(self.config.issuer.as_bytes())
            .hashed(subject.as_bytes())
            .finish();
        let (half, _) = hash.0.split_at(16);
        // Version 8, so that it is never the id of a token, which is of version 7.
        uuid::Builder::from_custom_bytes(half.try_into().unwrap_or_default()).into_uuid()
    }
}

/// Whether a bearer token has the form of a JWT: three parts, the first a JSON object.
pub(crate) fn is_jwt(secret: &str) -> bool {
    secret.starts_with("eyJ") && secret.bytes().filter(|byte| *byte == b'.').count() == 2
}

#[cfg(test)]
mod tests {
    use causeway_protocol::IslandId;

    use super::*;
    use crate::config::Grant;

    fn config(grant: Grant) -> OidcConfig {
        OidcConfig { grants: vec![grant], ..OidcConfig::new("https://id.example", "causeway") }
    }

    fn grant(role: Role, island: Option<IslandId>) -> Grant {
        Grant { value: "team".to_owned(), role, island }
    }

    #[test]
    fn programs_are_given_no_role_by_claims() {
        for role in [Role::Operator, Role::Owner, Role::Auditor] {
            assert!(Oidc::new(config(grant(role, None))).is_ok(), "{role:?}");
        }
        for role in [Role::Relayer, Role::Attestor] {
            assert!(Oidc::new(config(grant(role, None))).is_err(), "{role:?}");
        }
        let island = Some(IslandId([1; 32]));
        assert!(Oidc::new(config(grant(Role::Owner, island))).is_ok());
        assert!(Oidc::new(config(grant(Role::Auditor, island))).is_err());
    }

    #[test]
    fn a_person_is_one_credential_at_one_issuer_and_never_a_token() {
        let of = |issuer: &str, subject: &str| {
            let config = OidcConfig::new(issuer, "causeway");
            Oidc::new(config).unwrap().credential(subject)
        };
        assert_eq!(of("https://a.example", "eve"), of("https://a.example", "eve"));
        assert_ne!(of("https://a.example", "eve"), of("https://b.example", "eve"));
        assert_ne!(of("https://a.example", "eve"), of("https://a.example", "bob"));
        assert_eq!(of("https://a.example", "eve").get_version_num(), 8);
    }

    #[test]
    fn a_token_of_the_hub_is_no_jwt() {
        assert!(is_jwt("eyJhbGciOiJub25lIn0.e30."));
        assert!(!is_jwt(&crate::auth::new_secret().unwrap()));
        assert!(!is_jwt("eyJ.") && !is_jwt("a.b.c") && !is_jwt("eyJ.a.b.c"));
    }
}
