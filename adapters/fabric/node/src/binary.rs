//! The pinned Fabric's programs, and chaincode: built once, then found.

use std::fs;
use std::path::{Path, PathBuf};

use causeway_process::GoModule;

use crate::NodeError;

/// Where Fabric's programs are in its module.
const PACKAGE: &str = "github.com/hyperledger/fabric/cmd/";
/// The programs of Fabric that a network needs.
const COMMANDS: [&str; 6] = ["peer", "orderer", "configtxgen", "configtxlator", "cryptogen", "osnadmin"];
/// The program that is the gateway and the applications beside it.
const CHAINCODE: &str = "causeway-chaincode";
/// The module of the gateway chaincode. What is built from must not depend on where this crate was.
const GATEWAY: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/gateway.rs"));

/// Where the pinned Fabric's programs are.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Finds the programs, building them first where these have not been built yet: a minute or two. They are kept in the
    /// user's cache. `CAUSEWAY_FABRIC` names a folder of programs to use instead.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] when there is no Go, or it cannot build; [`NodeError::Io`] when the folder cannot be
    /// written.
    pub async fn find() -> Result<Self, NodeError> {
        let Some(folder) = given() else {
            let module = GoModule {
                name: "fabric",
                files: vec![
                    ("go.mod".into(), include_bytes!("../go.mod").to_vec()),
                    ("go.sum".into(), include_bytes!("../go.sum").to_vec()),
                ],
                packages: COMMANDS.iter().map(|name| format!("{PACKAGE}{name}")).collect(),
                flags: Vec::new(),
            };
            return Ok(Self { folder: module.programs().await? });
        };
        match COMMANDS.iter().find(|command| !folder.join(command).is_file()) {
            None => Ok(Self { folder }),
            Some(missing) => Err(NodeError::Unavailable {
                reason: format!("CAUSEWAY_FABRIC has no {missing}: {}", folder.display()),
            }),
        }
    }

    /// The path of one of them.
    pub(crate) fn path(&self, command: &str) -> PathBuf {
        self.folder.join(command)
    }
}

/// The program of the gateway and its applications, built from the sources that this crate carries, and kept as
/// [`Binaries::find`] says. Where the folder `CAUSEWAY_FABRIC` has a `causeway-chaincode`, that is taken.
///
/// # Errors
/// As [`Binaries::find`].
pub async fn gateway_chaincode() -> Result<PathBuf, NodeError> {
    if let Some(program) = given().map(|folder| folder.join(CHAINCODE)).filter(|program| program.is_file()) {
        return Ok(program);
    }
    let files = GATEWAY.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
    build(files, &format!("./cmd/{CHAINCODE}"), CHAINCODE).await
}

/// Builds the chaincode `package` (such as `./cmd/store`) of the Go module in the folder `module`, and answers its program.
///
/// # Errors
/// As [`Binaries::find`].
pub async fn build_chaincode(module: &Path, package: &str) -> Result<PathBuf, NodeError> {
    let mut files = Vec::new();
    read(module, module, &mut files)?;
    files.sort();
    // Go calls the program of a module's own package as the module, as far as its folder is called that too.
    let folder = module.join(package).canonicalize().map_err(NodeError::io("finding", module))?;
    let program = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    build(files, package, &program).await
}

async fn build(files: Vec<(String, Vec<u8>)>, package: &str, program: &str) -> Result<PathBuf, NodeError> {
    let (packages, flags) = (vec![package.to_owned()], vec!["-trimpath".to_owned()]);
    let module = GoModule { name: "fabric-chaincode", files, packages, flags };
    Ok(module.programs().await?.join(program))
}

fn given() -> Option<PathBuf> {
    std::env::var_os("CAUSEWAY_FABRIC").map(PathBuf::from)
}

/// The files of a Go module that its programs are built from.
fn read(module: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), NodeError> {
    for entry in fs::read_dir(folder).map_err(NodeError::io("listing", folder))? {
        let path = entry.map_err(NodeError::io("listing", folder))?.path();
        let name = path.strip_prefix(module).unwrap_or(&path).display().to_string();
        if path.is_dir() {
            read(module, &path, files)?;
        } else if is_built_from(&path) {
            files.push((name, fs::read(&path).map_err(NodeError::io("reading", &path))?));
        }
    }
    Ok(())
}

/// Whether it is what its module names, or a source that is no test.
fn is_built_from(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = path.extension().is_some_and(|extension| extension == "go") && !name.ends_with("_test.go");
    source || name == "go.mod" || name == "go.sum"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_sources_are_those_beside_this_crate() {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway");
        let mut files = Vec::new();
        read(&module, &module, &mut files).unwrap();
        files.retain(|(name, _)| !name.starts_with("internal/"));
        files.sort();
        let carried: Vec<_> =
            GATEWAY.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
        assert_eq!(carried, files);
        assert!(carried.iter().any(|(name, _)| name == "cmd/causeway-chaincode/main.go"));
    }
}
