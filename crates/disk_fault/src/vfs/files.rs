//! Every file's overlay, by its path.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::dice::Dice;
use crate::overlay::{Disk, Overlay};

use super::names;

/// SQLite knows one list of file systems a process, so this is one a process too.
static FILES: Mutex<BTreeMap<CString, Arc<Shared>>> = Mutex::new(BTreeMap::new());

/// What all connections to one file share.
#[derive(Debug)]
pub(super) struct Shared {
    path: PathBuf,
    overlay: Mutex<Overlay>,
}

impl Shared {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn overlay(&self) -> MutexGuard<'_, Overlay> {
        self.overlay.lock()
    }
}

/// A file of the disk, past SQLite.
struct StdDisk(File);

impl Disk for StdDisk {
    type Error = io::Error;

    fn size(&mut self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.0.read_at(&mut bytes[filled..], offset + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes[filled..].fill(0);
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }
}

impl Disk for Vec<u8> {
    type Error = io::Error;

    fn size(&mut self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let held = bytes.len().min(self.len() - start);
        bytes[..held].copy_from_slice(&self[start..start + held]);
        bytes[held..].fill(0);
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start + bytes.len();
        if self.len() < end {
            self.resize(end, 0);
        }
        self[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        Self::truncate(self, usize::try_from(size).map_err(io::Error::other)?);
        Ok(())
    }
}

/// What the file at `path` and all its connections share.
pub(super) fn shared(path: &CStr) -> Arc<Shared> {
    let made = || Shared { path: names::path(path).to_owned(), overlay: Mutex::default() };
    let mut files = FILES.lock();
    Arc::clone(files.entry(path.to_owned()).or_insert_with(|| Arc::new(made())))
}

/// The file is deleted: what was written to it is gone.
pub(super) fn forget(path: &CStr) {
    if let Some(shared) = FILES.lock().get(path) {
        *shared.overlay() = Overlay::default();
    }
}

/// Whether there is anything in the file that is not on the disk yet.
pub(super) fn is_written(path: &CStr) -> bool {
    FILES.lock().get(path).is_some_and(|shared| shared.overlay().bytes() > 0)
}

pub(super) fn unsynced_bytes() -> u64 {
    FILES.lock().values().map(|shared| shared.overlay().bytes()).sum()
}

/// Leaves on the disk what a power cut leaves. Every file stays locked: nobody writes after it.
pub(super) fn tear_all(dice: &mut Dice) {
    let files = FILES.lock();
    for shared in files.values() {
        let mut overlay = shared.overlay();
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(shared.path()) {
            // A file that cannot be written has lost everything, as it may.
            let _lost = overlay.tear(&mut StdDisk(file), dice);
        }
        MutexGuard::leak(overlay);
    }
    std::mem::forget(files);
}

/// What a power cut now would leave of the file.
pub(super) fn survivor(path: &Path, dice: Option<Dice>) -> io::Result<Vec<u8>> {
    let directory = path.parent().unwrap_or(path).canonicalize()?;
    let path = directory.join(path.file_name().unwrap_or_default());
    let shared = shared(&CString::new(path.as_os_str().as_bytes())?);
    // Nothing is synced meanwhile.
    let overlay = shared.overlay();
    if let Ok(deleted) = std::fs::read(names::hidden(&path)) {
        return Ok(deleted);
    }
    let mut bytes = std::fs::read(path)?;
    if let Some(mut dice) = dice {
        overlay.clone().tear(&mut bytes, &mut dice)?;
    }
    Ok(bytes)
}
