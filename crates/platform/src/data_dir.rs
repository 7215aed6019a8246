//! The directory a process keeps its state in, locked: one process, one directory.
//!
//! On SQLite this lock is what proves that no other owner of the lobbies lives. Everything in it is
//! its owner's alone, also where somebody else made it first.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kernel::Sealed;

use crate::random::Random;

pub(crate) mod modes;

use modes::{PRIVATE_DIRECTORY, PRIVATE_FILE, restrict};

/// The bit of a directory in which everybody may make files, as in `/var/spool`.
const STICKY: u32 = 0o1000;

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
    /// Everybody may make files there; it cannot be made ours alone.
    #[error("{0} is shared with others; give the data a directory of its own")]
    Shared(PathBuf),
    /// Others may look inside, and we may not change that.
    #[error("{path} is open to others and cannot be made private: {error}")]
    NotPrivate {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
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
    /// Creates the directory if needed, for its owner only, and locks it. One that is there and
    /// open to others is closed to them.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] if another opener holds it, [`DataDirError::Shared`],
    /// [`DataDirError::NotPrivate`], [`DataDirError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        let path = path.as_ref();
        make_directory(path)?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(PRIVATE_FILE)
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

    /// The key `keys/NAME` of `length` bytes, drawn and stored durably when first asked for, which
    /// the log then says.
    ///
    /// # Errors
    /// [`DataDirError::WrongKey`] if the file has another length, [`DataDirError::NotPrivate`],
    /// [`DataDirError::Io`].
    pub fn secret(
        &self,
        name: &str,
        length: usize,
        random: &dyn Random,
    ) -> Result<Sealed<Vec<u8>>, DataDirError> {
        let keys = self.path.join("keys");
        make_directory(&keys)?;
        let path = keys.join(name);
        let stored = match File::open(&path) {
            Ok(mut file) => {
                make_private(&path, PRIVATE_FILE)?;
                read_all(&mut file).map_err(|error| DataDirError::io(&path, error))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = vec![0; length];
                random.fill(&mut bytes);
                store(&keys, name, &bytes)?;
                tracing::info!(key = name, path = %path.display(), "made a key");
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
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(PRIVATE_FILE)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(directory)?.sync_all()
    })();
    written.map_err(|error| DataDirError::io(&path, error))
}

fn make_directory(path: &Path) -> Result<(), DataDirError> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(path);
    made.map_err(|error| DataDirError::io(path, error))?;
    let there = fs::metadata(path).map_err(|error| DataDirError::io(path, error))?;
    if there.mode() & STICKY != 0 {
        return Err(DataDirError::Shared(path.to_owned()));
    }
    make_private(path, PRIVATE_DIRECTORY)
}

/// Closes what is there to all but its owner, and says so.
fn make_private(path: &Path, mode: u32) -> Result<(), DataDirError> {
    let changed = restrict(path, mode)
        .map_err(|error| DataDirError::NotPrivate { path: path.to_owned(), error })?;
    if changed {
        tracing::warn!(path = %path.display(), "was open to others; it is private now");
    }
    Ok(())
}

fn read_all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
