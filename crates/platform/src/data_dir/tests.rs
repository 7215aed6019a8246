//! One process a directory, keys that stay, and nobody else reads them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{DataDir, DataDirError};
use crate::random::{SeededRandom, SystemRandom};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_second_opener_is_refused_until_the_first_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("deep/data");
    let first = DataDir::open(&path).unwrap();
    for _ in 0..2 {
        let refused = DataDir::open(&path).unwrap_err();
        assert!(matches!(&refused, DataDirError::InUse(used) if *used == path), "{refused}");
        assert!(refused.to_string().contains("in use by another process"));
    }
    drop(first);
    DataDir::open(&path).unwrap();
}

#[test]
fn the_directory_and_its_keys_are_private() {
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path().join("data")).unwrap();
    data.secret("token", 32, &SystemRandom).unwrap();
    assert_eq!(mode(data.path()), 0o700);
    assert_eq!(mode(&data.file("keys")), 0o700);
    assert_eq!(mode(&data.file("keys/token")), 0o600);
    assert!(!data.file("keys/token.new").exists());
}

#[test]
fn a_key_is_drawn_once() {
    let root = tempfile::tempdir().unwrap();
    let (token, seeds) = {
        let data = DataDir::open(root.path()).unwrap();
        let random = SeededRandom::new(1);
        let token = data.secret("token", 32, &random).unwrap();
        (token, data.secret("seeds", 32, &random).unwrap())
    };
    assert_ne!(token, seeds);
    let data = DataDir::open(root.path()).unwrap();
    assert_eq!(data.secret("token", 32, &SeededRandom::new(2)).unwrap(), token);
}

#[test]
fn a_damaged_key_is_reported_and_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path()).unwrap();
    data.secret("token", 32, &SystemRandom).unwrap();
    fs::write(data.file("keys/token"), b"short").unwrap();
    let refused = data.secret("token", 32, &SystemRandom).unwrap_err();
    assert!(matches!(refused, DataDirError::WrongKey { found: 5, expected: 32, .. }), "{refused}");
    assert_eq!(fs::read(data.file("keys/token")).unwrap(), b"short");
}

#[test]
fn a_path_that_is_a_file_is_refused_with_its_name() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    fs::write(&path, b"").unwrap();
    let refused = DataDir::open(&path).unwrap_err().to_string();
    assert!(refused.contains("file"), "{refused}");
}
