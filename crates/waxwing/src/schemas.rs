//! Which tables stand in which file.

use platform::http::idempotency;
use platform::sqlite::Schema;

/// `user.db`: players, money, and answers to repeated calls.
pub(crate) const USER: &[Schema] = &[identity::SCHEMA, wallet::SCHEMA, idempotency::SCHEMA];
/// `game.db`: lobbies, rounds, seeds, and answers to repeated calls.
pub(crate) const GAME: &[Schema] = &[game::SCHEMA, idempotency::SCHEMA];
