//! Which tables stand in which file or database.

use platform::http::idempotency;
use platform::postgres;
use platform::sqlite::Schema;

/// `user.db`: players, money, and answers to repeated calls.
pub(crate) const USER: &[Schema] = &[identity::SCHEMA, wallet::SCHEMA, idempotency::SCHEMA];
/// The same in the shared database.
pub(crate) const USER_POSTGRES: &[Schema] = &[
    identity::store::POSTGRES_SCHEMA,
    wallet::store::POSTGRES_SCHEMA,
    postgres::idempotency::SCHEMA,
];
/// `game.db`: lobbies, rounds, seeds, and answers to repeated calls.
pub(crate) const GAME: &[Schema] = &[game::SCHEMA, idempotency::SCHEMA];
/// The same in the shared database.
pub(crate) const GAME_POSTGRES: &[Schema] =
    &[game::store::POSTGRES_SCHEMA, postgres::idempotency::SCHEMA];
