//! The settings the tests start servers with, by the names of the environment.

/// Every test is one client at one address, and a busy one: limits made for one person are raised.
pub(crate) const RAISED: &[(&str, &str)] = &[];

/// Edges so high that nine rounds of ten crash at 1.00x: rounds pass quickly.
pub(crate) const FAST: &[(&str, &str)] = &[];
