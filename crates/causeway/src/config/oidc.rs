//! Where people sign in: the hub's table for an OpenID Connect issuer.

use std::time::Duration;

use anyhow::Context as _;
use causeway_api::Role;
use causeway_hub::{Grant, OidcConfig};
use causeway_protocol::IslandId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::formats;

/// An OpenID Connect issuer whose people the hub knows, beside those with tokens of the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcFile {
    /// The issuer, exactly as its tokens name it; its keys are found below it.
    #[schemars(schema_with = "formats::url")]
    pub(crate) issuer: String,
    /// What its tokens have to be for.
    pub(crate) audience: String,
    /// How many seconds its clock and the hub's may be apart.
    #[serde(default = "leeway")]
    #[schemars(range(min = 0, max = 600))]
    pub(crate) leeway_seconds: u64,
    /// The claim that says what its holder is: a name, or a path with dots, as realm_access.roles.
    #[serde(default = "claim")]
    pub(crate) claim: String,
    /// What each value of the claim gives. The first that matches counts, so the widest stand first.
    pub(crate) grants: Vec<GrantFile>,
}

/// What one value of the claim gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantFile {
    /// The value.
    pub(crate) value: String,
    /// What its holder may do.
    pub(crate) role: PersonRole,
    /// Owner: the id of the only island it may act for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "formats::hash")]
    pub(crate) island: Option<String>,
}

/// The roles of people. Relayers and attestors act with keys, and have tokens of the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonRole {
    /// Runs the hub: approves islands, makes tokens.
    Operator,
    /// Owns islands: registers them.
    Owner,
    /// Reads history.
    Auditor,
}

fn leeway() -> u64 {
    60
}

fn claim() -> String {
    "roles".into()
}

impl GrantFile {
    fn to_grant(&self) -> anyhow::Result<Grant> {
        let role = match self.role {
            PersonRole::Operator => Role::Operator,
            PersonRole::Owner => Role::Owner,
            PersonRole::Auditor => Role::Auditor,
        };
        let island = self.island.as_deref().map(str::parse::<IslandId>).transpose();
        Ok(Grant { value: self.value.clone(), role, island: island.context("oidc.grants")? })
    }
}

impl OidcFile {
    /// The hub's own configuration.
    pub(super) fn to_config(&self) -> anyhow::Result<OidcConfig> {
        Ok(OidcConfig {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            leeway: Duration::from_secs(self.leeway_seconds),
            claim: self.claim.clone(),
            grants: self.grants.iter().map(GrantFile::to_grant).collect::<Result<_, _>>()?,
        })
    }

    /// Rules between keys, as (key, problem).
    pub(super) fn rules(&self) -> Vec<(String, String)> {
        let mut broken = Vec::new();
        if self.grants.is_empty() {
            broken
                .push(("oidc.grants".into(), "expected one grant at least: nobody is let in without".into()));
        }
        for (at, grant) in self.grants.iter().enumerate() {
            if grant.island.is_some() && grant.role != PersonRole::Owner {
                let text = "only owners are bound to an island".into();
                broken.push((format!("oidc.grants[{at}].island"), text));
            }
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        issuer = "https://login.example.org/realms/main"
        audience = "causeway"
        claim = "realm_access.roles"
        [[grants]]
        value = "causeway-operators"
        role = "operator"
        [[grants]]
        value = "harbour-owners"
        role = "owner"
        island = "0x1111111111111111111111111111111111111111111111111111111111111111"
    "#;

    #[test]
    fn a_table_gives_its_grants_in_their_order_with_a_minute_of_leeway() {
        let file: OidcFile = toml::from_str(FILE).unwrap();
        assert!(file.rules().is_empty());
        let config = file.to_config().unwrap();
        assert_eq!(config.leeway, Duration::from_mins(1));
        assert_eq!((config.claim.as_str(), config.audience.as_str()), ("realm_access.roles", "causeway"));
        let given: Vec<_> = config.grants.iter().map(|grant| (grant.role, grant.island)).collect();
        assert_eq!(given, [(Role::Operator, None), (Role::Owner, Some(IslandId([0x11; 32])))]);
    }

    #[test]
    fn programs_roles_and_grants_that_bind_others_are_refused() {
        for role in ["relayer", "attestor", "emperor"] {
            assert!(
                toml::from_str::<OidcFile>(&FILE.replace("\"operator\"", &format!("{role:?}"))).is_err(),
                "{role}"
            );
        }
        let bound: OidcFile = toml::from_str(&FILE.replace("\"owner\"", "\"auditor\"")).unwrap();
        assert_eq!(bound.rules()[0].0, "oidc.grants[1].island");
        let nobody = OidcFile { grants: Vec::new(), ..toml::from_str(FILE).unwrap() };
        assert_eq!(nobody.rules()[0].0, "oidc.grants");
    }
}
