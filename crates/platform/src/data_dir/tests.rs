//! One process a directory, keys that stay, and nobody else reads them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{DataDir, DataDirError, KeyDir};
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

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_open_to_others_is_closed_to_them() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data");
    let keys = path.join("keys");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join("token"), [7; 32]).unwrap();
    for (path, open) in [(&path, 0o755), (&keys, 0o750), (&keys.join("token"), 0o644)] {
        set_mode(path, open);
    }
    let data = DataDir::open(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    let key = data.secret("token", 32, &SystemRandom).unwrap();
    assert_eq!(key.expose(), &[7; 32], "closed, not replaced");
    assert_eq!((mode(&keys), mode(&keys.join("token"))), (0o700, 0o600));
}

#[test]
fn a_stricter_mode_is_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path().join("data")).unwrap();
    data.secret("token", 32, &SystemRandom).unwrap();
    set_mode(&data.file("keys/token"), 0o400);
    data.secret("token", 32, &SystemRandom).unwrap();
    assert_eq!(mode(&data.file("keys/token")), 0o400);
}

#[test]
fn a_directory_everybody_writes_to_is_refused_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    set_mode(root.path(), 0o1777);
    let refused = DataDir::open(root.path()).unwrap_err();
    assert!(matches!(refused, DataDirError::Shared(_)), "{refused}");
    assert_eq!(mode(root.path()), 0o777);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_new_key_is_told_by_its_name_and_never_by_its_value() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let root = tempfile::tempdir().unwrap();
    let key = tracing::subscriber::with_default(subscriber, || {
        let data = DataDir::open(root.path().join("data")).unwrap();
        data.secret("token", 4, &SeededRandom::new(1)).unwrap();
        data.secret("token", 4, &SeededRandom::new(2)).unwrap()
    });
    let said = String::from_utf8(log.0.lock().clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("made a key") && said.contains("keys/token"), "{said}");
    for bytes in [format!("{:?}", key.expose()), format!("{:x?}", key.expose())] {
        assert!(!said.contains(&bytes), "{said}");
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
fn a_key_that_is_missing_beside_databases_is_not_drawn_anew() {
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path()).unwrap();
    data.secret("token", 32, &SystemRandom).unwrap();
    fs::write(data.file("user.db"), b"").unwrap();
    // What this start makes may come after its first database.
    data.secret("seeds", 32, &SystemRandom).unwrap();
    drop(data);
    let path = root.path().join("keys/seeds");
    fs::remove_file(&path).unwrap();
    let data = DataDir::open(root.path()).unwrap();
    data.secret("token", 32, &SystemRandom).unwrap();
    let refused = data.secret("seeds", 32, &SystemRandom).unwrap_err();
    assert!(matches!(&refused, DataDirError::MissingKey(missing) if *missing == path));
    assert!(refused.to_string().contains("keys/seeds"), "{refused}");
    assert!(!path.exists());
}

#[test]
fn a_key_is_replaced_whole_while_the_directory_is_in_use() {
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path()).unwrap();
    let old = data.secret("token", 32, &SystemRandom).unwrap();
    let keys = KeyDir::of(root.path()).unwrap();
    assert_eq!(keys.read_exact("token", 32).unwrap(), Some(old));
    keys.store("token", &[7; 32]).unwrap();
    assert_eq!(data.secret("token", 32, &SystemRandom).unwrap().expose(), &[7; 32]);
    assert_eq!((keys.read("other").unwrap(), mode(&keys.file("token"))), (None, 0o600));
    assert!(!keys.file("token.new").exists());
    assert!(KeyDir::of(&root.path().join("nowhere")).is_err());
    let empty = root.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(KeyDir::existing(&empty).unwrap_err().to_string().contains("keys"));
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0, "nothing is made");
    assert_eq!(KeyDir::existing(root.path()).unwrap().read("other").unwrap(), None);
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
