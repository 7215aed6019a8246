//! See DESIGN; to be filled.
