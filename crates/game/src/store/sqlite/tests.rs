//! The suite on SQLite.

use std::sync::Arc;

use super::SqliteStore;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn store(&self) -> Arc<SqliteStore> {
        let (writer, reader) = crate::testing::open(self.directory.path());
        Arc::new(SqliteStore::new(writer, reader))
    }
}

mod suite {
    crate::conformance_tests!(async { super::Place { directory: tempfile::tempdir().unwrap() } });
}
