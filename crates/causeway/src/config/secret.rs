//! Secrets: a configuration only says where one is, never what it is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

const CREDENTIAL: &str = "credential:";
/// Larger files hold no secret of ours.
const MOST: u64 = 64 * 1024;

/// Where a secret is: an absolute path, or `credential:NAME` of the service manager (`$CREDENTIALS_DIRECTORY/NAME`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Secret {
    /// A file.
    File(PathBuf),
    /// A credential that the service manager hands over.
    Credential(String),
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(CREDENTIAL) {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let good = (1..=255).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('.');
            return if good {
                Ok(Self::Credential(name.to_owned()))
            } else {
                Err("expected credential: and a name of letters, digits, - _ and .".into())
            };
        }
        if Path::new(text).is_absolute() {
            Ok(Self::File(PathBuf::from(text)))
        } else {
            // The text is not repeated: it may be the secret itself.
            Err("expected the absolute path of a file that holds the secret, or credential:NAME; \
                 a secret never stands in the configuration"
                .into())
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.to_string()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Credential(name) => write!(f, "{CREDENTIAL}{name}"),
        }
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "secret",
            "description": "The absolute path of a file that holds it, or credential:NAME.",
        })
    }
}

impl Secret {
    /// The file it is in.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").with_context(|| {
                    format!("{self}: there is no $CREDENTIALS_DIRECTORY: not started by a service manager with LoadCredential=")
                })?;
                Ok(Path::new(&folder).join(name))
            }
        }
    }

    /// The secret, without white space around it.
    pub(crate) fn read(&self) -> anyhow::Result<zeroize::Zeroizing<String>> {
        read_secret_file(&self.path()?)
    }
}

/// The text of a file that holds a secret, without white space around it.
pub(crate) fn read_secret_file(path: &Path) -> anyhow::Result<zeroize::Zeroizing<String>> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("{shown} cannot be read"))?.len();
    anyhow::ensure!(size <= MOST, "{shown} has {size} bytes: that is no secret of ours");
    let text = zeroize::Zeroizing::new(
        std::fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?,
    );
    anyhow::ensure!(!text.trim().is_empty(), "{shown} is empty");
    Ok(zeroize::Zeroizing::new(text.trim().to_owned()))
}
