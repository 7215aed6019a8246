//! Each rule of a file's looks, seen failing.

use super::*;

#[test]
fn a_file_without_a_summary_is_found() {
    assert_eq!(opens_with_a_summary("a.rs", "use std::fmt;\n").len(), 1);
    assert_eq!(opens_with_a_summary("a.rs", "//! What it is.\n"), []);
    assert_eq!(opens_with_a_summary("a.md", "# Title\n"), []);
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(files_are_short("a.rs", &"\n".repeat(401)).len(), 1);
    assert_eq!(files_are_short("a.rs", &"\n".repeat(400)), []);
    assert_eq!(files_are_short("a.md", &"\n".repeat(900)), []);
}

#[test]
fn a_wide_line_is_found_by_its_number() {
    let found = lines_are_short("a.rs", &format!("//! a\n{}\n", "é".repeat(101)));
    assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    assert_eq!(lines_are_short("a.rs", &"é".repeat(100)), []);
    let expected = format!("//! a\n    expect![[r#\"{}\"#]]\n", "x".repeat(100));
    assert_eq!(lines_are_short("crates/a/src/b/tests.rs", &expected), []);
    assert_eq!(lines_are_short("crates/a/src/b.rs", &expected).len(), 1);
}

#[test]
fn an_allow_is_found_in_code_alone() {
    assert_eq!(expects_instead_of_allows("a.rs", "#[allow(dead_code)]\nfn f() {}").len(), 1);
    assert_eq!(expects_instead_of_allows("a.rs", "#![allow(unused)]").len(), 1);
    assert_eq!(expects_instead_of_allows("a.rs", "// #[allow(dead_code)]"), []);
}

#[test]
fn an_unsafe_block_is_found_in_code_alone() {
    assert_eq!(unsafe_is_in_named_files("a.rs", "unsafe { f() }").len(), 1);
    assert_eq!(unsafe_is_in_named_files("a.rs", "// unsafe\n#![deny(unsafe_code)]"), []);
}

#[test]
fn a_module_file_is_found() {
    assert_eq!(tests_stand_beside("crates/a/src/foo/mod.rs", "//! A.\n").len(), 1);
}

#[test]
fn long_inline_tests_are_found_and_short_ones_are_not() {
    let tests = |lines| format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    line\n".repeat(lines));
    assert_eq!(tests_stand_beside("a.rs", &tests(51)).len(), 1);
    assert_eq!(tests_stand_beside("a.rs", &tests(49)), []);
    assert_eq!(tests_stand_beside("a.rs", "#[cfg(test)]\nmod tests;\n"), []);
}

#[test]
fn a_mark_of_work_put_off_is_found() {
    let put_off = format!("// {}: later\n", PUT_OFF[0]);
    assert_eq!(nothing_is_left_to_do("a.rs", &put_off).len(), 1);
    assert_eq!(nothing_is_left_to_do("a.rs", "// todoist\n"), []);
}
