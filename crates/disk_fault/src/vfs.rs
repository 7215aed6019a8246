//! SQLite's view of the forgetful disk: a file system that stands in front of the system's own.
//!
//! Locks, shared memory and names are the system's; what a file holds goes by its overlay, one a
//! path, which all connections of the process share.

#![expect(unsafe_code, reason = "SQLite calls a file system through C; see ADR 18")]

mod files;
mod forward;
mod names;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use crate::dice::Dice;
use crate::faults::{Fault, are_syncs_ignored, strikes};
use crate::overlay::Disk;
use files::Shared;

/// The file system cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SQLite took no file system: code {0}")]
pub struct RegisterError(c_int);

/// A file as SQLite holds it: this, then the system's own file right behind it in memory.
#[repr(C)]
struct FaultFile {
    base: ffi::sqlite3_file,
    /// From `Arc::into_raw`; null for files that die with the process anyway.
    shared: *const Shared,
    /// The next sync is of the directory too, as of the system's own files that SQLite makes.
    syncs_names: bool,
}

/// Nothing SQLite opens is larger than this kind of file.
const MAIN: c_int = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL;
/// Files that SQLite makes beside the database's own.
const MADE: c_int = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL;
/// The name with its end, for SQLite.
const NAME: &CStr = c"disk_fault";

/// Adds the file system and makes it the one that is used: everything that this process opens
/// from now on may be lost. Call it once, before anything is opened.
///
/// # Errors
/// [`RegisterError`] if SQLite has no file system of its own or takes no other.
pub fn register() -> Result<(), RegisterError> {
    // SAFETY: asks for the default file system, which lives as long as the process.
    let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    if system.is_null() {
        return Err(RegisterError(ffi::SQLITE_NOTFOUND));
    }
    // SAFETY: just checked; SQLite never changes a registered file system but its list pointer.
    let mut vfs = unsafe { ptr::read(system) };
    let header = c_int::try_from(size_of::<FaultFile>()).unwrap_or(c_int::MAX);
    vfs.szOsFile += header;
    vfs.pNext = ptr::null_mut();
    vfs.zName = NAME.as_ptr();
    // The system's own is found behind it; its other functions do not look at the pointer.
    vfs.pAppData = system.cast();
    vfs.xOpen = Some(open);
    vfs.xDelete = Some(delete);
    vfs.xAccess = Some(access);
    vfs.xFullPathname = Some(forward::full_pathname);
    vfs.xGetLastError = None;
    // SAFETY: leaked, so it lives as long as the process, as a registered file system must.
    let code = unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1) };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(RegisterError(code)) }
}

/// Cuts the power: of what was not synced each sector survives by a toss of `seed`, none without
/// one. Does not return.
pub fn power_off(seed: Option<u64>) -> ! {
    if let Some(seed) = seed {
        files::tear_all(&mut Dice::new(seed));
    }
    std::process::abort()
}

/// What a power cut now would leave of the file at `path`, as [`power_off`] has it.
///
/// # Errors
/// If the file cannot be read.
pub fn survivor(path: &Path, seed: Option<u64>) -> std::io::Result<Vec<u8>> {
    files::survivor(path, seed.map(Dice::new))
}

/// After a power cut, before anything in `directory` is opened again: what was deleted there and
/// whose names were never synced is there again.
///
/// # Errors
/// If the directory cannot be read or changed.
pub fn undelete(directory: &Path) -> std::io::Result<()> {
    names::undelete(directory)
}

/// How much there is to lose, in bytes.
#[must_use]
pub fn unsynced_bytes() -> u64 {
    files::unsynced_bytes()
}

/// The system's file as a disk.
struct System(*mut ffi::sqlite3_file);

impl System {
    /// # Safety
    /// `self.0` is an open file of the system.
    unsafe fn methods(&self) -> &ffi::sqlite3_io_methods {
        // SAFETY: an open file has methods, which are static.
        unsafe { &*(*self.0).pMethods }
    }
}

const fn done(code: c_int) -> Result<(), c_int> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}

fn offset(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

fn length(bytes: usize) -> c_int {
    c_int::try_from(bytes).unwrap_or(c_int::MAX)
}

impl Disk for System {
    type Error = c_int;

    fn size(&mut self) -> Result<u64, c_int> {
        let mut size = 0;
        // SAFETY: the file is open while SQLite calls us.
        let code = unsafe { self.methods().xFileSize.map(|call| call(self.0, &raw mut size)) };
        done(code.unwrap_or(ffi::SQLITE_IOERR))?;
        Ok(u64::try_from(size).unwrap_or(0))
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), c_int> {
        let to = bytes.as_mut_ptr().cast::<c_void>();
        // SAFETY: as above; `to` has room for as many bytes as are asked for.
        let code = unsafe {
            self.methods().xRead.map(|call| call(self.0, to, length(bytes.len()), offset(at)))
        };
        match code.unwrap_or(ffi::SQLITE_IOERR) {
            // The rest was filled with zeros.
            ffi::SQLITE_IOERR_SHORT_READ => Ok(()),
            code => done(code),
        }
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), c_int> {
        let from = bytes.as_ptr().cast::<c_void>();
        // SAFETY: as above; `from` holds as many bytes as are written.
        let code = unsafe {
            self.methods().xWrite.map(|call| call(self.0, from, length(bytes.len()), offset(at)))
        };
        done(code.unwrap_or(ffi::SQLITE_IOERR))
    }

    fn truncate(&mut self, size: u64) -> Result<(), c_int> {
        // SAFETY: as above.
        let code = unsafe { self.methods().xTruncate.map(|call| call(self.0, offset(size))) };
        done(code.unwrap_or(ffi::SQLITE_IOERR))
    }
}

/// The system's file behind ours.
///
/// # Safety
/// `file` was given room by SQLite for both, as `szOsFile` asks.
unsafe fn system_file(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: ours is a multiple of a pointer long, so that the one behind it is aligned too.
    unsafe { file.cast::<FaultFile>().add(1).cast() }
}

/// # Safety
/// `file` is open and ours.
unsafe fn shared<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a Shared> {
    // SAFETY: the pointer is null or from `Arc::into_raw`, given back when the file is closed.
    unsafe { (*file.cast::<FaultFile>()).shared.as_ref() }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives us the file system we registered and a file with room for both.
    unsafe {
        let ours = file.cast::<FaultFile>();
        (*ours).base.pMethods = ptr::null();
        (*ours).shared = ptr::null();
        (*ours).syncs_names = false;
        let system = (*vfs).pAppData.cast::<ffi::sqlite3_vfs>();
        let Some(call) = (*system).xOpen else { return ffi::SQLITE_IOERR };
        let code = call(system, name, system_file(file), flags, out_flags);
        if code != ffi::SQLITE_OK {
            return code;
        }
        if flags & MAIN != 0 && !name.is_null() {
            (*ours).shared = Arc::into_raw(files::shared(CStr::from_ptr(name)));
            (*ours).syncs_names = flags & MADE != 0 && flags & ffi::SQLITE_OPEN_CREATE != 0;
        }
        (*ours).base.pMethods = &raw const forward::METHODS;
        code
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: an open file of ours; the reference it held is given back, once.
    unsafe {
        let held = std::mem::replace(&mut (*file.cast::<FaultFile>()).shared, ptr::null());
        if !held.is_null() {
            drop(Arc::from_raw(held));
        }
        forward::close_system(system_file(file))
    }
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_directory: c_int,
) -> c_int {
    // SAFETY: the file system is ours, the name a C string.
    unsafe {
        let path = CStr::from_ptr(name);
        files::forget(path);
        names::hide(names::path(path));
        if sync_directory != 0 {
            names::sync(names::path(path));
        }
        let system = (*vfs).pAppData.cast::<ffi::sqlite3_vfs>();
        (*system).xDelete.map_or(ffi::SQLITE_IOERR, |call| call(system, name, sync_directory))
    }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    found: *mut c_int,
) -> c_int {
    // SAFETY: the file system is ours, the name a C string, `found` has room.
    unsafe {
        // The system takes an empty file for none; ours may be empty on the disk alone.
        if flags == ffi::SQLITE_ACCESS_EXISTS && files::is_written(CStr::from_ptr(name)) {
            *found = 1;
            return ffi::SQLITE_OK;
        }
        let system = (*vfs).pAppData.cast::<ffi::sqlite3_vfs>();
        (*system).xAccess.map_or(ffi::SQLITE_IOERR, |call| call(system, name, flags, found))
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    // SAFETY: an open file of ours, and room for `amount` bytes at `to`.
    unsafe {
        let mut system = System(system_file(file));
        let (amount, at) = (usize::try_from(amount).unwrap_or(0), u64::try_from(at).unwrap_or(0));
        let bytes = std::slice::from_raw_parts_mut(to.cast::<u8>(), amount);
        let Some(shared) = shared(file) else {
            return forward::read_system(system.0, to, length(amount), offset(at));
        };
        match shared.overlay().read(&mut system, at, bytes) {
            Ok(true) => ffi::SQLITE_OK,
            Ok(false) => ffi::SQLITE_IOERR_SHORT_READ,
            Err(code) => code,
        }
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    // SAFETY: an open file of ours, and `amount` bytes at `from`.
    unsafe {
        let mut system = System(system_file(file));
        let (amount, at) = (usize::try_from(amount).unwrap_or(0), u64::try_from(at).unwrap_or(0));
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), amount);
        let Some(shared) = shared(file) else {
            return system.write(at, bytes).map_or_else(|code| code, |()| ffi::SQLITE_OK);
        };
        if strikes(Fault::DiskFull) {
            return ffi::SQLITE_FULL;
        }
        let written = shared.overlay().write(&mut system, at, bytes);
        written.map_or_else(|code| code, |()| ffi::SQLITE_OK)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: an open file of ours.
    unsafe {
        let mut system = System(system_file(file));
        let size = u64::try_from(size).unwrap_or(0);
        let cut = match shared(file) {
            Some(shared) => shared.overlay().truncate(&mut system, size),
            None => system.truncate(size),
        };
        cut.map_or_else(|code| code, |()| ffi::SQLITE_OK)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: an open file of ours.
    unsafe {
        let mut system = System(system_file(file));
        if let Some(shared) = shared(file) {
            if are_syncs_ignored() {
                return ffi::SQLITE_OK;
            }
            if strikes(Fault::SyncFails) {
                shared.overlay().fail_sync();
                return ffi::SQLITE_IOERR_FSYNC;
            }
            // Held until the system has synced too: no power cut falls between.
            let mut overlay = shared.overlay();
            if let Err(code) = overlay.sync(&mut system) {
                return code;
            }
            if std::mem::take(&mut (*file.cast::<FaultFile>()).syncs_names) {
                names::sync(shared.path());
            }
        }
        forward::sync_system(system.0, flags)
    }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: an open file of ours, and room for the answer.
    unsafe {
        let mut system = System(system_file(file));
        let found = match shared(file) {
            Some(shared) => shared.overlay().size(&mut system),
            None => system.size(),
        };
        found.map_or_else(
            |code| code,
            |found| {
                *size = offset(found);
                ffi::SQLITE_OK
            },
        )
    }
}

#[cfg(test)]
mod tests;
