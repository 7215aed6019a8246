//! Players as a crowd: a small Socket.IO client, habits, and a book of what they were promised.

pub(crate) mod book;
pub(crate) mod player;
pub(crate) mod socket_io;
