//! Who may look: the owner alone.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A file that its owner alone reads and writes.
pub(crate) const PRIVATE_FILE: u32 = 0o600;
/// A directory that its owner alone enters.
pub(crate) const PRIVATE_DIRECTORY: u32 = 0o700;
/// What the group and everybody else may do.
const OTHERS: u32 = 0o077;

/// Gives what is at `path` this mode if others may do anything with it; whether that was so.
///
/// Opens nothing: to close a database's file again would drop the locks this process has on it.
pub(crate) fn restrict(path: &Path, mode: u32) -> io::Result<bool> {
    let open = fs::metadata(path)?.permissions().mode() & OTHERS != 0;
    if open {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(open)
}

/// Makes an empty private file, or one that is there private.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(path) {
        Ok(_empty) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            restrict(path, PRIVATE_FILE).map(drop)
        }
        Err(error) => Err(error),
    }
}
