//! Where what was fetched or built once is kept.

use std::path::{Path, PathBuf};

/// The folder that holds everything this program fetched or built: `/var/cache/causeway` for root, whose programs another
/// account may have to run; `causeway` in `$XDG_CACHE_HOME` or `~/.cache` for everybody else. `None` where neither is set.
/// What is in it can be deleted at any time; it is made again.
pub fn cache_folder() -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(Path::new("/var/cache/causeway").to_path_buf());
    }
    let home = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    home.map(|home| home.join("causeway"))
}
