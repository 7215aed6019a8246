//! The suite on PostgreSQL.

use std::sync::Arc;

use kernel::Sealed;
use platform::postgres::Pool;
use test_servers::Postgres;

use super::{POSTGRES_SCHEMA, PostgresStore};

struct Place {
    pool: Pool,
    _server: Postgres,
}

impl Place {
    async fn new() -> Self {
        let server = Postgres::start().unwrap();
        let url = Sealed::new(server.url());
        let pool = Pool::open(&url, &[POSTGRES_SCHEMA], 8).await.unwrap();
        Self { pool, _server: server }
    }

    fn store(&self) -> Arc<PostgresStore> {
        Arc::new(PostgresStore::new(self.pool.clone()))
    }
}

mod suite {
    crate::conformance_tests!(super::Place::new());
}
