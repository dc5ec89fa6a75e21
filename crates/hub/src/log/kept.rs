//! The last checkpoint this hub signed, kept outside Postgres: a database that lost what was signed is found out by it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file with one checkpoint in it, replaced whole.
#[derive(Debug, Clone)]
pub(super) struct KeptCheckpoint {
    path: PathBuf,
}

impl KeptCheckpoint {
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// What is kept; nothing before the first checkpoint.
    pub(super) fn load(&self) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps `note` instead. Durable when this returns: the file is written beside the old one and synced, then takes its name,
    /// and the folder is synced.
    pub(super) fn store(&self, note: &str) -> io::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let fresh = self.path.with_file_name(name);
        let mut file = File::create(&fresh)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_last_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptCheckpoint::at(&folder.path().join("checkpoint"));
        assert_eq!(kept.load().unwrap(), None);
        for note in ["one", "a longer one", "two"] {
            kept.store(note).unwrap();
            assert_eq!(kept.load().unwrap().as_deref(), Some(note.as_bytes()));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptCheckpoint::at(&folder.path().join("gone").join("checkpoint"));
        assert!(kept.store("one").is_err());
    }
}
