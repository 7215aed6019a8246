//! One wiring file a role.

pub mod up;
