//! What the system's own file system does for us: locks, shared memory, names.

use std::ffi::{c_char, c_int, c_void};

use rusqlite::ffi;

use super::{close, file_size, read, sync, system_file, truncate, write};

/// Version 2: with shared memory, without memory maps, which would go past the overlay.
pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Calls a method of the system's file behind ours.
macro_rules! system {
    ($file:ident, $method:ident($($argument:expr),*), or $none:expr) => {{
        // SAFETY: SQLite calls this for an open file of ours, whose system's file is open too,
        // with arguments that are as that file's method wants them.
        unsafe {
            let system = system_file($file);
            (*(*system).pMethods).$method.map_or($none, |call| call(system $(, $argument)*))
        }
    }};
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    system!(file, xLock(level), or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    system!(file, xUnlock(level), or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, found: *mut c_int) -> c_int {
    system!(file, xCheckReservedLock(found), or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    // A map of the file, or its size ahead of its content, would go past the overlay.
    if matches!(operation, ffi::SQLITE_FCNTL_MMAP_SIZE | ffi::SQLITE_FCNTL_SIZE_HINT) {
        return ffi::SQLITE_NOTFOUND;
    }
    system!(file, xFileControl(operation, argument), or ffi::SQLITE_NOTFOUND)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    system!(file, xSectorSize(), or 4_096)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    system!(file, xDeviceCharacteristics(), or 0)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    mapped: *mut *mut c_void,
) -> c_int {
    system!(file, xShmMap(region, size, extend, mapped), or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    system!(file, xShmLock(offset, count, flags), or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: an open file of ours, whose system's file is open too.
    unsafe {
        let system = system_file(file);
        if let Some(call) = (*(*system).pMethods).xShmBarrier {
            call(system);
        }
    }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    system!(file, xShmUnmap(delete), or ffi::SQLITE_IOERR)
}

/// # Safety
/// `system` is an open file of the system.
pub(super) unsafe fn close_system(system: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: as promised.
    unsafe { (*(*system).pMethods).xClose.map_or(ffi::SQLITE_OK, |call| call(system)) }
}

/// # Safety
/// As above, with room for `amount` bytes at `to`.
pub(super) unsafe fn read_system(
    system: *mut ffi::sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    // SAFETY: as promised.
    unsafe {
        (*(*system).pMethods).xRead.map_or(ffi::SQLITE_IOERR, |call| call(system, to, amount, at))
    }
}

/// # Safety
/// `system` is an open file of the system.
pub(super) unsafe fn sync_system(system: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: as promised.
    unsafe { (*(*system).pMethods).xSync.map_or(ffi::SQLITE_IOERR, |call| call(system, flags)) }
}

/// The system looks for its own file system in the pointer it is given.
pub(super) unsafe extern "C" fn full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    full: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives us the file system we registered, whose pointer is the system's.
    unsafe {
        let system = (*vfs).pAppData.cast::<ffi::sqlite3_vfs>();
        (*system).xFullPathname.map_or(ffi::SQLITE_IOERR, |call| call(system, name, room, full))
    }
}
