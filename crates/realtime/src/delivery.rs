//! How an event for many reaches their sockets: by a write for each, or through `io_uring`, a
//! thousand sends to a system call. Which of the two is chosen once, at the start.

use std::io;

use serde::{Deserialize, Serialize};
use tracing::info;

use crate::metrics::Means;
use crate::{Encoded, Metrics, Session};

#[cfg(target_os = "linux")]
mod batches;
#[cfg(target_os = "linux")]
mod ring;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// `io_uring` where the kernel, and what confines this process, have it; else writes.
    #[default]
    Auto,
    /// `io_uring`, or no start.
    IoUring,
    /// A write for each socket.
    Write,
}

/// Sends one event to many sessions, straight to each socket that takes it.
pub(crate) trait Deliver: Send + Sync {
    /// Sends the event to each session that it speaks to. How many those are. Waits for no
    /// peer.
    fn deliver(&self, event: &Encoded, sessions: &mut dyn Iterator<Item = &Session>) -> usize;
}

/// One after another, each with a call of its own.
pub(crate) struct Writes;

impl Deliver for Writes {
    fn deliver(&self, event: &Encoded, sessions: &mut dyn Iterator<Item = &Session>) -> usize {
        sessions.filter(|session| session.send_encoded(event)).count()
    }
}

/// What is used from now on; the log and a metric say so.
///
/// # Errors
/// `io_uring` was asked for and may not be used here.
pub(crate) fn choose(wish: Delivery, metrics: &Metrics) -> io::Result<Box<dyn Deliver>> {
    let batches = match wish {
        Delivery::Write => None,
        Delivery::IoUring => Some(batches(metrics).map_err(|error| refused(&error))?),
        Delivery::Auto => batches(metrics)
            .inspect_err(|error| info!(%error, "io_uring may not be used here"))
            .ok(),
    };
    let by = if batches.is_some() { "io_uring" } else { "write" };
    metrics.delivery.get_or_create(&Means { by }).set(1);
    info!(sockets.delivery = by, "this is how events for many reach their plain sockets");
    Ok(batches.unwrap_or_else(|| Box::new(Writes)))
}

#[cfg(target_os = "linux")]
fn batches(metrics: &Metrics) -> io::Result<Box<dyn Deliver>> {
    Ok(Box::new(batches::Batches::open(metrics.clone())?))
}

#[cfg(not(target_os = "linux"))]
fn batches(_: &Metrics) -> io::Result<Box<dyn Deliver>> {
    Err(io::ErrorKind::Unsupported.into())
}

fn refused(error: &io::Error) -> io::Error {
    let reason = format!("io_uring is asked for as the delivery to sockets: {error}");
    io::Error::new(error.kind(), reason)
}
