//! Where the server's programs are.

use std::path::{Path, PathBuf};

use crate::StartError;

/// A folder that holds `initdb` and `postgres` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries(PathBuf);

impl Binaries {
    /// Looks in PATH first, then takes the newest of Debian's folders.
    pub(crate) fn find() -> Result<Self, StartError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(debian(Path::new("/usr/lib/postgresql")))
            .find_map(|folder| Self::in_folder(&folder))
            .ok_or(StartError::NoBinaries)
    }

    /// A link in PATH is followed: the server finds its own files next to the real program.
    pub(crate) fn in_folder(folder: &Path) -> Option<Self> {
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let real = initdb.parent()?;
        real.join("postgres").is_file().then(|| Self(real.to_path_buf()))
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }
}

/// Debian keeps every major version in a folder of its own: newest first.
fn debian(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_debians_versions_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "16", "common"] {
            std::fs::create_dir_all(root.path().join(version).join("bin")).unwrap();
        }
        let found = debian(root.path());
        let expected = ["16", "15", "9"].map(|version| root.path().join(version).join("bin"));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_counts_only_with_both_programs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("initdb"), "").unwrap();
        assert_eq!(Binaries::in_folder(folder.path()), None);
        std::fs::write(folder.path().join("postgres"), "").unwrap();
        assert!(Binaries::in_folder(folder.path()).is_some());
    }
}
