//! The servers that `make bench-fanout` measures: ours, what lies below it, what lies beside it.
//!
//! Each sends the same text to everyone who is connected, when it is told to, and does nothing
//! else. Those that are not in Rust stand in `js/`.

mod axum_tasks;
mod bare;
mod by_axum;
mod control;
mod hub;
mod socketioxide_events;
mod text;

use realtime::Delivery;

/// Runs the server of that name until its input ends.
fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("hub_plain") => hub::plain(Delivery::Write),
        Some("hub_plain_ring") => hub::plain(Delivery::IoUring),
        Some("hub_socket_io") => hub::socket_io(),
        Some("writes") => bare::writes(),
        Some("ring") => bare::through_a_ring(),
        Some("axum") => axum_tasks::run(),
        Some("socketioxide") => socketioxide_events::run(),
        other => anyhow::bail!("there is no server called {other:?}"),
    }
}
