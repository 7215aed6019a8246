//! Lists the files of the page that `npm run build` has made, for `page.rs` to put into the binary.
//! Without them the list is empty: `cargo build` alone needs no npm.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// In the repository even where no page was built, so that its change is seen; from this crate's
/// own folder, which is asked for when this runs and when the list is compiled: a target directory
/// that was copied to another tree lists the page of that tree.
const FOLDER: &str = "/../../web/dist";

fn main() -> io::Result<()> {
    let home = variable("CARGO_MANIFEST_DIR")?;
    println!("cargo::rerun-if-changed={home}{FOLDER}");
    println!("cargo::rerun-if-env-changed=CARGO_MANIFEST_DIR");
    let root = PathBuf::from(format!("{home}{FOLDER}/page"));
    let mut files = Vec::new();
    if root.is_dir() {
        collect(&root, &mut files)?;
    }
    files.sort();
    let mut list = "[\n".to_owned();
    for file in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?;
        let name = name.display().to_string();
        let part = |suffix: &str| {
            let path = format!("{FOLDER}/page/{name}{suffix}");
            format!("include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))")
        };
        let (plain, gzip, brotli) = (part(""), part(".gz"), part(".br"));
        let line = format!("File {{ name: {name:?}, plain: {plain}, gzip: {gzip}, br: {brotli} }}");
        writeln!(list, "    {line},").map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&variable("OUT_DIR")?).join("page_files.rs"), list)
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

/// What Cargo tells a build script.
fn variable(name: &str) -> io::Result<String> {
    let value = std::env::var_os(name).and_then(|value| value.into_string().ok());
    value.ok_or_else(|| io::Error::other(format!("{name} is not told")))
}
