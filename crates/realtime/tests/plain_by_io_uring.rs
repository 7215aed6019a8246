//! `waxwing.v1` over real sockets, in batches through `io_uring`; where it may not be used, this
//! fails.

#[cfg(test)]
#[path = "plain/suite.rs"]
mod suite;

/// How frames for many go out in this run of the suite.
const DELIVERY: realtime::Delivery = realtime::Delivery::IoUring;
