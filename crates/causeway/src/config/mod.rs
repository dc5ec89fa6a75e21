//! Configuration: one TOML file a role, checked whole, every problem in one go with its line and key.
//!
//! The structs of the roles are the documentation: their schema checks the file, and the example files are made from them.

mod attestor;
mod environment;
mod example;
mod formats;
mod hub;
mod oidc;
mod problem;
mod relayer;
mod schema;
mod secret;
mod tree;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use attestor::{AttestorFile, read_anchor};
pub(crate) use example::example;
pub(crate) use formats::decode_hex;
pub(crate) use hub::HubFile;
pub(crate) use problem::{Problem, Problems};
pub(crate) use relayer::RelayerFile;
pub(crate) use schema::Schema;
pub(crate) use secret::{Secret, read_secret_file};

use problem::Origin;
use tree::Node;

/// The configuration of one role.
pub(crate) trait Role: DeserializeOwned + JsonSchema + Serialize {
    /// Its name on the command line.
    const NAME: &'static str;

    /// A configuration that could be real: the example file is made from it.
    fn example() -> Self;

    /// Rules between keys, as (key, problem). Rules of one key are in the schema.
    fn rules(&self) -> Vec<(String, String)>;
}

/// Reads and checks the file at `path`, with the overrides among `variables`.
pub(crate) fn load<T: Role>(
    path: &Path,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<T, Problems> {
    let text = std::fs::read_to_string(path).map_err(|cause| {
        let problem = Problem { line: None, variable: None, key: String::new(), problem: cause.to_string() };
        Problems::new(path, vec![problem])
    })?;
    parse(&text, variables).map_err(|list| Problems::new(path, list))
}

/// Checks the text of a configuration.
pub(crate) fn parse<T: Role>(
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<T, Vec<Problem>> {
    let schema = Schema::of::<T>();
    let (mut root, mut problems) = Node::parse(text);
    problems.extend(environment::apply(&mut root, &schema, variables));
    problems.extend(schema.check(&root));
    if !problems.is_empty() {
        return Err(problems);
    }
    // The schema follows from the struct, so this fails only where a type is stricter than its schema.
    let config: T = serde_json::from_value(root.to_json())
        .map_err(|cause| vec![Problem::at(Origin::Line(1), "", cause.to_string())])?;
    let broken = config.rules();
    if broken.is_empty() {
        return Ok(config);
    }
    let located = broken.into_iter().map(|(key, problem)| {
        let origin = root.nearest(&key).origin.clone();
        Problem::at(origin, key, problem)
    });
    Err(located.collect())
}
