//! The game role: lobbies, their rounds, their seeds, and what the wallet must be told.

mod store;
