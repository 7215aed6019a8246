//! The directory a process keeps its state in, locked: one process, one directory.
//!
//! On SQLite this lock is what proves that no other owner of the lobbies lives.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kernel::Sealed;

use crate::random::Random;

/// An open data directory. The lock falls with the last of it, or with the process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it open.
    #[error("the data directory {0} is in use by another process")]
    InUse(PathBuf),
    /// A key file does not hold what it should; it is never overwritten.
    #[error("the key file {path} holds {found} bytes, not {expected}")]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// How long it is.
        found: usize,
        /// How long it should be.
        expected: usize,
    },
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Its reason.
        error: io::Error,
    },
}

impl DataDir {
    /// Creates the directory if needed, for its owner only, and locks it.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] if another opener holds it, [`DataDirError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        let path = path.as_ref();
        make_private(path)?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|error| DataDirError::io(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(DataDirError::io(&lock_path, error)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file of this name is, made or not.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The key `keys/NAME` of `length` bytes, drawn and stored durably when first asked for.
    ///
    /// # Errors
    /// [`DataDirError::WrongKey`] if the file has another length, [`DataDirError::Io`].
    pub fn secret(
        &self,
        name: &str,
        length: usize,
        random: &dyn Random,
    ) -> Result<Sealed<Vec<u8>>, DataDirError> {
        let keys = self.path.join("keys");
        make_private(&keys)?;
        let path = keys.join(name);
        let stored = match File::open(&path) {
            Ok(mut file) => read_all(&mut file).map_err(|error| DataDirError::io(&path, error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = vec![0; length];
                random.fill(&mut bytes);
                store(&keys, name, &bytes)?;
                bytes
            }
            Err(error) => return Err(DataDirError::io(&path, error)),
        };
        if stored.len() != length {
            return Err(DataDirError::WrongKey { path, found: stored.len(), expected: length });
        }
        Ok(Sealed::new(stored))
    }
}

impl DataDirError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// Writes beside and renames, so that the file is whole or absent whatever happens.
fn store(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), DataDirError> {
    let path = directory.join(name);
    let beside = directory.join(format!("{name}.new"));
    let written = (|| {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(directory)?.sync_all()
    })();
    written.map_err(|error| DataDirError::io(&path, error))
}

fn make_private(path: &Path) -> Result<(), DataDirError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| DataDirError::io(path, error))
}

fn read_all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
