//! How a source file looks: its summary, its lengths, its attributes, where its tests stand.

use crate::Finding;
use crate::code::{code_only, identifiers};

/// The most lines a source file may have.
const FILE_LINES: usize = 400;
/// The most columns a line of Rust may have.
const COLUMNS: usize = 100;
/// The most lines of tests that may stand in the file they test: what one screen shows.
const INLINE_TEST_LINES: usize = 50;
/// Files that may hold `unsafe`, each with a safety comment at every block.
const UNSAFE_FILES: &[&str] = &[
    "crates/disk_fault/src/vfs.rs",
    "crates/disk_fault/src/vfs/forward.rs",
    "crates/peers/src/bare/ring.rs",
    "crates/realtime/src/delivery/ring.rs",
];
/// Marks of work put off, cut in two so that this file does not find itself.
const PUT_OFF: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Every Rust file begins by saying what it is.
pub(crate) fn opens_with_a_summary(path: &str, text: &str) -> Vec<Finding> {
    let rule = "opens_with_a_summary";
    if !is_rust(path) || text.starts_with("//! ") {
        return Vec::new();
    }
    vec![Finding::at(rule, path, 1, "begin with a `//!` line that says what this file is")]
}

/// No source file is longer than can be read in one sitting.
pub(crate) fn files_are_short(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    let source = ["rs", "py", "js", "mjs", "ts", "tsx", "sh", "sql"].contains(&extension(path));
    if !source || lines <= FILE_LINES {
        return Vec::new();
    }
    let message = format!("has {lines} lines, more than {FILE_LINES}: cut it where it bends");
    vec![Finding::whole("files_are_short", path, message)]
}

/// No line of Rust is wider than the page, but for what a test expects word for word.
pub(crate) fn lines_are_short(path: &str, text: &str) -> Vec<Finding> {
    if !is_rust(path) {
        return Vec::new();
    }
    let expected = |line: &str| path.ends_with("tests.rs") && line.contains("[r#\"");
    let wide = |line: &str| line.chars().count() > COLUMNS && !expected(line);
    let message = format!("is wider than {COLUMNS} columns");
    numbered(text)
        .filter(|(_, line)| wide(line))
        .map(|(number, _)| Finding::at("lines_are_short", path, number, message.clone()))
        .collect()
}

/// An exception from a lint says why, and complains when it is no longer needed.
pub(crate) fn expects_instead_of_allows(path: &str, text: &str) -> Vec<Finding> {
    if !is_rust(path) {
        return Vec::new();
    }
    numbered(&code_only(text))
        .filter(|(_, line)| line.contains("#[allow(") || line.contains("#![allow("))
        .map(|(number, _)| {
            let message = "write `#[expect(.., reason = \"..\")]` instead of `allow`";
            Finding::at("expects_instead_of_allows", path, number, message)
        })
        .collect()
}

/// `unsafe` stands only where an architect put it.
pub(crate) fn unsafe_is_in_named_files(path: &str, text: &str) -> Vec<Finding> {
    if !is_rust(path) || UNSAFE_FILES.contains(&path) {
        return Vec::new();
    }
    identifiers(&code_only(text))
        .filter(|(_, word)| *word == "unsafe")
        .map(|(number, _)| {
            let message = "`unsafe` belongs in the files that tidy names";
            Finding::at("unsafe_is_in_named_files", path, number, message)
        })
        .collect()
}

/// Tests stand in `foo/tests.rs`; a handful of lines may stay with the code. No `mod.rs`.
pub(crate) fn tests_stand_beside(path: &str, text: &str) -> Vec<Finding> {
    let rule = "tests_stand_beside";
    if !is_rust(path) {
        return Vec::new();
    }
    if path.ends_with("/mod.rs") {
        return vec![Finding::whole(rule, path, "is `foo.rs` beside `foo/` here, never `mod.rs`")];
    }
    let code = code_only(text);
    let lines: Vec<&str> = code.lines().collect();
    let Some(start) = lines.iter().position(|line| line.trim_start() == "mod tests {") else {
        return Vec::new();
    };
    let length = lines[start..].iter().take_while(|line| **line != "}").count();
    if length <= INLINE_TEST_LINES {
        return Vec::new();
    }
    let message = format!("{length} lines of tests belong in a file of their own, `tests.rs`");
    vec![Finding::at(rule, path, start + 1, message)]
}

/// What is not done is an issue, never a mark in a file.
pub(crate) fn nothing_is_left_to_do(path: &str, text: &str) -> Vec<Finding> {
    if ["json", "lock", "svg"].contains(&extension(path)) {
        return Vec::new();
    }
    let marked = |line: &str| {
        line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| PUT_OFF.contains(&word))
    };
    numbered(text)
        .filter(|(_, line)| marked(line))
        .map(|(number, _)| {
            let message = "do it, or file it as an issue";
            Finding::at("nothing_is_left_to_do", path, number, message)
        })
        .collect()
}

/// Whether `path` is Rust.
pub(crate) fn is_rust(path: &str) -> bool {
    extension(path) == "rs"
}

/// What follows the last dot of `path`, or nothing.
pub(crate) fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// The lines of `text`, counted from 1.
pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests;
