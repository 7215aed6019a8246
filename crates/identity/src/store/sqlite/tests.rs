//! The suite on SQLite.

use std::sync::Arc;

use platform::sqlite::{Reader, Writer};

use super::{SCHEMA, SqliteStore};

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn store(&self) -> Arc<SqliteStore> {
        let path = self.directory.path().join("user.db");
        let writer = Writer::open(&path, &[SCHEMA]).unwrap();
        Arc::new(SqliteStore::new(writer, Reader::open(&path, 2).unwrap()))
    }
}

mod suite {
    crate::conformance_tests!(async { super::Place { directory: tempfile::tempdir().unwrap() } });
}
