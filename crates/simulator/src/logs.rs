//! The logs of the production code, for who looks into one world.

use std::cell::Cell;
use std::fmt;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

thread_local! {
    /// The world's present millisecond, for the lines of the log.
    static NOW_MS: Cell<u64> = const { Cell::new(0) };
}

/// Dates lines by the world's clock.
struct WorldTime;

impl FormatTime for WorldTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:>8}", NOW_MS.get())
    }
}

/// Shows what the production code logs from now on.
pub fn show_logs() {
    let lines = tracing_subscriber::fmt().with_timer(WorldTime).with_ansi(false);
    // Asked for twice, it is shown all the same.
    let _shown_already = lines.with_max_level(tracing::Level::DEBUG).try_init();
}

/// Time has gone on.
pub(crate) fn note_time(now_ms: u64) {
    NOW_MS.set(now_ms);
}
