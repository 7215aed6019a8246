//! The suite on SQLite.

use platform::sqlite::{Reader, Writer};

use super::{SCHEMA, SqliteStore};

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn store(&self) -> SqliteStore {
        let path = self.directory.path().join("user.db");
        let writer = Writer::open(&path, &[SCHEMA]).unwrap();
        SqliteStore::new(writer, Reader::open(&path, 2).unwrap())
    }
}

mod suite {
    crate::conformance_tests!(async { super::Place { directory: tempfile::tempdir().unwrap() } });
}
