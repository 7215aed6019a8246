//! Threads that serve connections, each connection on one of them for as long as it is open.
//!
//! Threads that share one set of connections share the wait for them too: while one of them
//! handles what came, nobody listens for what comes next. Each of these listens for its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Clones are the same threads. They end with the last of them, and with them every task that was
/// spawned there.
#[derive(Clone, Debug)]
pub struct Workers(Arc<Threads>);

#[derive(Debug)]
struct Threads {
    handles: Vec<Handle>,
    /// Whose turn it is.
    turns: AtomicUsize,
    _end: DropGuard,
}

impl Workers {
    /// Starts `count` threads, at least one.
    ///
    /// # Errors
    /// If the system gives no thread, or not what a thread waits with.
    pub fn start(count: usize) -> io::Result<Self> {
        let end = CancellationToken::new();
        let start = |number: usize| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (handle, end) = (runtime.handle().clone(), end.clone());
            let thread = thread::Builder::new().name(format!("worker-{number}"));
            thread.spawn(move || runtime.block_on(end.cancelled()))?;
            Ok(handle)
        };
        let handles = (0..count.max(1)).map(start).collect::<io::Result<Vec<_>>>();
        // With an error it is dropped, and the threads that were started end.
        let end = end.drop_guard();
        Ok(Self(Arc::new(Threads { handles: handles?, turns: AtomicUsize::new(0), _end: end })))
    }

    /// Serves `stream`, which the caller's runtime accepted, on the next thread.
    ///
    /// # Errors
    /// If the stream cannot be listened to anew: there are too many of something.
    pub(super) fn serve<F>(
        &self,
        tasks: &TaskTracker,
        stream: TcpStream,
        serving: impl FnOnce(TcpStream) -> F,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Threads { handles, turns, .. } = &*self.0;
        let handle = &handles[turns.fetch_add(1, Ordering::Relaxed) % handles.len()];
        let stream = stream.into_std()?;
        let stream = {
            let _listening_there = handle.enter();
            TcpStream::from_std(stream)?
        };
        tasks.spawn_on(serving(stream), handle);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
