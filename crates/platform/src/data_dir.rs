//! The directory a process keeps its state in, locked: one process, one directory.
//!
//! On SQLite this lock is what proves that no other owner of the lobbies lives. Everything in it is
//! its owner's alone, also where somebody else made it first.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kernel::Sealed;

use crate::random::Random;

mod keys;
pub(crate) mod modes;

pub use keys::KeyDir;
use modes::{PRIVATE_DIRECTORY, PRIVATE_FILE, restrict};

/// The bit of a directory in which everybody may make files, as in `/var/spool`.
const STICKY: u32 = 0o1000;

/// An open data directory. The lock falls with the last of it, or with the process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Whether there were databases when it was opened.
    is_used: bool,
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
    /// A key is not where it was: another one would open nothing of what the old one closed, and
    /// sign under another name.
    #[error(
        "the key file {0} is missing beside databases that were written with it; \
         put it back from your copy of the directory"
    )]
    MissingKey(PathBuf),
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
            Ok(()) => {
                let is_used = has_databases(path).map_err(|error| DataDirError::io(path, error))?;
                Ok(Self { path: path.to_owned(), is_used, _lock: lock })
            }
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
    /// the log then says. Beside databases of an earlier start it is not drawn.
    ///
    /// # Errors
    /// [`DataDirError::MissingKey`] then, [`DataDirError::WrongKey`] if the file has another
    /// length, [`DataDirError::NotPrivate`], [`DataDirError::Io`].
    pub fn secret(
        &self,
        name: &str,
        length: usize,
        random: &dyn Random,
    ) -> Result<Sealed<Vec<u8>>, DataDirError> {
        let keys = self.keys()?;
        if let Some(stored) = keys.read_exact(name, length)? {
            return Ok(stored);
        }
        let path = keys.file(name);
        if self.is_used {
            return Err(DataDirError::MissingKey(path));
        }
        let mut bytes = vec![0; length];
        random.fill(&mut bytes);
        keys.store(name, &bytes)?;
        tracing::info!(key = name, path = %path.display(), "made a key");
        Ok(Sealed::new(bytes))
    }

    /// Where the keys are.
    ///
    /// # Errors
    /// [`DataDirError::Shared`], [`DataDirError::NotPrivate`], [`DataDirError::Io`].
    pub fn keys(&self) -> Result<KeyDir, DataDirError> {
        KeyDir::of(&self.path)
    }
}

impl DataDirError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
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

fn has_databases(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        if Path::new(&entry?.file_name()).extension().is_some_and(|extension| extension == "db") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
