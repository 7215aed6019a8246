//! The suite on SQLite.

use super::SqliteStore;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn store(&self) -> SqliteStore {
        let (writer, reader) = crate::testing::open(self.directory.path());
        SqliteStore::new(writer, reader)
    }
}

mod suite {
    crate::conformance_tests!(async { super::Place { directory: tempfile::tempdir().unwrap() } });
}
