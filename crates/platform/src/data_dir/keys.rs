//! The keys of a data directory: files that are whole or absent, and their owner's alone.
//!
//! Needs no lock, so that a key can be replaced while the process that uses it runs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kernel::Sealed;

use super::modes::{PRIVATE_DIRECTORY, PRIVATE_FILE};
use super::{DataDirError, make_directory, make_private};

/// `keys/` of a data directory.
#[derive(Clone, Debug)]
pub struct KeyDir(PathBuf);

impl KeyDir {
    /// The keys of the data directory `data`, which must be there.
    ///
    /// # Errors
    /// [`DataDirError::Shared`], [`DataDirError::NotPrivate`], [`DataDirError::Io`].
    pub fn of(data: &Path) -> Result<Self, DataDirError> {
        fs::metadata(data).map_err(|error| DataDirError::io(data, error))?;
        let keys = data.join("keys");
        make_directory(&keys)?;
        Ok(Self(keys))
    }

    /// The keys of `data` where somebody else makes them: nothing is made.
    ///
    /// # Errors
    /// [`DataDirError::Io`] if they are not there, [`DataDirError::NotPrivate`].
    pub fn existing(data: &Path) -> Result<Self, DataDirError> {
        let keys = data.join("keys");
        fs::read_dir(&keys).map_err(|error| DataDirError::io(&keys, error))?;
        make_private(&keys, PRIVATE_DIRECTORY)?;
        Ok(Self(keys))
    }

    /// Where the key of this name is, made or not.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What is stored as `name`; `None` if nothing is.
    ///
    /// # Errors
    /// [`DataDirError::NotPrivate`], [`DataDirError::Io`].
    pub fn read(&self, name: &str) -> Result<Option<Sealed<Vec<u8>>>, DataDirError> {
        let path = self.file(name);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DataDirError::io(&path, error)),
        };
        make_private(&path, PRIVATE_FILE)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| DataDirError::io(&path, error))?;
        Ok(Some(Sealed::new(bytes)))
    }

    /// The same, of exactly `length` bytes.
    ///
    /// # Errors
    /// [`DataDirError::WrongKey`], [`DataDirError::NotPrivate`], [`DataDirError::Io`].
    pub fn read_exact(
        &self,
        name: &str,
        length: usize,
    ) -> Result<Option<Sealed<Vec<u8>>>, DataDirError> {
        let stored = self.read(name)?;
        let found = stored.as_ref().map_or(length, |stored| stored.expose().len());
        if found != length {
            let path = self.file(name);
            return Err(DataDirError::WrongKey { path, found, expected: length });
        }
        Ok(stored)
    }

    /// Stores `bytes` durably as `name`, in place of what is there. Written beside and renamed, so
    /// that the file is whole, old or new, whatever happens.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn store(&self, name: &str, bytes: &[u8]) -> Result<(), DataDirError> {
        let (path, beside) = (self.file(name), self.file(&format!("{name}.new")));
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
            File::open(&self.0)?.sync_all()
        })();
        written.map_err(|error| DataDirError::io(&path, error))
    }
}
