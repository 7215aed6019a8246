//! Where work runs beside its caller: on tokio's threads, or on an executor that a simulation
//! steps by itself. Roles start tasks through here alone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::clock::BoxFuture;
use crate::traces::Place;

/// Starts tasks; passed as `Arc<dyn Spawner>`.
pub trait Spawner: Send + Sync + 'static {
    /// Starts `work` beside the caller. It goes on when the handle is dropped.
    fn spawn(&self, work: BoxFuture<'static, ()>) -> Task;

    /// Starts `work`, which may take long and waits for nobody, off the threads that tasks share.
    /// Aborting it has no effect once it runs.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task;
}

/// The handle of something started: await its end, or end it.
pub struct Task {
    ended: BoxFuture<'static, Result<(), Lost>>,
    abort: Box<dyn Fn() + Send + Sync>,
}

/// Why a task did not come to its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// It panicked.
    #[error("the task panicked")]
    Panicked,
    /// It was aborted, or what ran it is gone.
    #[error("the task was aborted")]
    Aborted,
}

/// Runs tasks on the tokio runtime that the caller is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSpawner;

impl Task {
    /// What `ended` ends with and `abort` ends.
    #[must_use]
    pub fn new(
        ended: BoxFuture<'static, Result<(), Lost>>,
        abort: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self { ended, abort }
    }

    /// Ends the task where it waits next.
    pub fn abort(&self) {
        (self.abort)();
    }
}

impl Future for Task {
    type Output = Result<(), Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.ended.as_mut().poll(context)
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Task")
    }
}

impl dyn Spawner {
    /// Starts `work` and waits for what it gives; it goes on when the caller does not wait.
    ///
    /// # Errors
    /// [`Lost`] if it gives nothing.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Lost> {
        let (answer, answered) = oneshot::channel();
        let work = Place::here().within(work);
        let task = self.spawn(Box::pin(async move {
            let _gone = answer.send(work.await);
        }));
        first_answer(answered, task).await
    }

    /// Runs `work` off the threads that tasks share and waits for what it gives.
    ///
    /// # Errors
    /// [`Lost`] if it gives nothing.
    pub async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let (answer, answered) = oneshot::channel();
        let task = self.spawn_blocking(Box::new(move || {
            let _gone = answer.send(work());
        }));
        first_answer(answered, task).await
    }
}

async fn first_answer<T>(answered: oneshot::Receiver<T>, task: Task) -> Result<T, Lost> {
    match answered.await {
        Ok(answer) => Ok(answer),
        Err(_) => Err(task.await.err().unwrap_or(Lost::Aborted)),
    }
}

impl Spawner for TokioSpawner {
    fn spawn(&self, work: BoxFuture<'static, ()>) -> Task {
        of_tokio(tokio::spawn(work))
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        of_tokio(tokio::task::spawn_blocking(work))
    }
}

fn of_tokio(handle: tokio::task::JoinHandle<()>) -> Task {
    let abort = handle.abort_handle();
    let ended = async move {
        handle.await.map_err(|error| if error.is_panic() { Lost::Panicked } else { Lost::Aborted })
    };
    Task::new(Box::pin(ended), Box::new(move || abort.abort()))
}

#[cfg(test)]
mod tests;
