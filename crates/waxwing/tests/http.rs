//! The live binary over HTTP: CONTRACT Part A call by call, its refusals, and what surrounds it.

mod accounts;
mod documents;
mod forgeries;
mod keys;
mod lobbies;
mod money;
mod operation;
mod sessions;
mod shutdown;
mod startup;
mod verify;
