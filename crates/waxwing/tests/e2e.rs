//! End-to-end tests: the real binary, its real ports, real clients, real deaths.
//!
//! Every module is `#[cfg(test)]`, so that the lints know all of it, helpers too, for test code.
