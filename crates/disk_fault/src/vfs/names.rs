//! Names of files: deleted ones are hidden until their directory is synced.
//!
//! Whatever cannot be hidden is simply deleted, as it may be.

use std::ffi::{CStr, OsStr};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// How the name of a hidden file ends.
const END: &str = "-deleted";

pub(super) fn path(name: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(name.to_bytes()))
}

/// Where the file at `path` is hidden.
pub(super) fn hidden(path: &Path) -> PathBuf {
    let mut hidden = path.as_os_str().to_owned();
    hidden.push(END);
    hidden.into()
}

/// The file is about to be deleted: it stays under another name. What was hidden there before is
/// older and stays instead, since no sync has come between.
pub(super) fn hide(path: &Path) {
    if !hidden(path).exists() {
        let _deleted_for_good = fs::hard_link(path, hidden(path));
    }
}

/// The directory of `path` is synced: what was deleted in it is gone.
pub(super) fn sync(path: &Path) {
    for hidden in path.parent().into_iter().flat_map(hidden_in).flatten() {
        let _gone = fs::remove_file(hidden);
    }
}

/// What was hidden gets its name back.
pub(super) fn undelete(directory: &Path) -> io::Result<()> {
    for hidden in hidden_in(directory)? {
        let name = hidden.to_string_lossy();
        fs::rename(&hidden, name.trim_end_matches(END))?;
    }
    Ok(())
}

fn hidden_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(END) {
            found.push(path);
        }
    }
    Ok(found)
}
