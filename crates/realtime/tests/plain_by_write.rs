//! `waxwing.v1` over real sockets, with a write for each socket.

#[cfg(test)]
#[path = "plain/suite.rs"]
mod suite;

/// How frames for many go out in this run of the suite.
const DELIVERY: realtime::Delivery = realtime::Delivery::Write;
