//! Lists the files of the page that `npm run build` has made, for `page.rs` to put into the binary.
//! Without them the list is empty: `cargo build` alone needs no npm.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// In the repository even where no page was built, so that its change is seen.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let root = Path::new(FOLDER).join("page");
    let mut files = Vec::new();
    if root.is_dir() {
        collect(&root, &mut files)?;
    }
    files.sort();
    let mut list = "[\n".to_owned();
    for file in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?;
        let path = file.display().to_string();
        let part = |suffix: &str| format!("include_bytes!({:?})", format!("{path}{suffix}"));
        let (plain, gzip, brotli) = (part(""), part(".gz"), part(".br"));
        let name = name.display().to_string();
        let line = format!("File {{ name: {name:?}, plain: {plain}, gzip: {gzip}, br: {brotli} }}");
        writeln!(list, "    {line},").map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(out().join("page_files.rs"), list)
}

/// What was compressed is listed with what it was made of.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let compressed = path.extension().is_some_and(|end| end == "gz" || end == "br");
        if path.is_dir() {
            collect(&path, files)?;
        } else if !compressed {
            files.push(path);
        }
    }
    Ok(())
}

fn out() -> PathBuf {
    std::env::var_os("OUT_DIR").map_or_else(PathBuf::new, PathBuf::from)
}
