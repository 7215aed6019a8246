//! Gathers calls into batches: while one is being committed, the next one fills.
//!
//! The queue is bounded by commands. When it is full a call is turned away at once, with nothing
//! done; a call that was taken is always answered, if only with "unknown, send it again".

use std::sync::Arc;

use ledger::{Answer, Command, Parked};
use platform::clock::Stopwatch;
use platform::traces::{Place, Span};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::store::{Applied, Store, StoreError};

/// Commands that may wait or be in a batch.
const WAITING_MAX: usize = 32_768;
/// Commands after which a batch is closed; one call is never split, so it may hold more.
const BATCH: usize = 1_024;

/// Hands commands to the one task that stores them. Clones share it; the task ends with the last.
#[derive(Clone, Debug)]
pub(crate) struct Batcher {
    jobs: mpsc::UnboundedSender<Job>,
    /// What bounds the queue: one permit a command.
    room: Arc<Semaphore>,
    metrics: Metrics,
}

/// One call: its commands are decided in order, in one batch.
struct Job {
    commands: Vec<Command>,
    reply: oneshot::Sender<Result<Vec<Answer>, StoreError>>,
    place: Place,
    _room: OwnedSemaphorePermit,
}

impl Batcher {
    /// A batcher, and the work of its one task.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        notices: Notices,
        metrics: Metrics,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, queue) = mpsc::unbounded_channel();
        let applier = Applier { store, notices, metrics: metrics.clone(), failing: false };
        let batcher = Self { jobs, room: Arc::new(Semaphore::new(WAITING_MAX)), metrics };
        (batcher, applier.run(queue))
    }

    /// Stores `commands` and answers them in order, once durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing was done, or the outcome is unknown; either way the
    /// same commands may be sent again.
    pub(crate) async fn submit(&self, commands: Vec<Command>) -> Result<Vec<Answer>, StoreError> {
        let Ok(count) = u32::try_from(commands.len()) else { return Err(StoreError::Unavailable) };
        if count == 0 {
            return Ok(Vec::new());
        }
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(count) else {
            self.metrics.overloaded.inc();
            return Err(StoreError::Unavailable);
        };
        let (reply, answer) = oneshot::channel();
        let job = Job { commands, reply, place: Place::here(), _room: room };
        self.jobs.send(job).map_err(|_| StoreError::Unavailable)?;
        answer.await.unwrap_or(Err(StoreError::Unavailable))
    }
}

/// The one task that stores batches.
struct Applier {
    store: Arc<dyn Store>,
    notices: Notices,
    metrics: Metrics,
    /// Whether the last batch was not stored: the log tells of it once, the metrics each time.
    failing: bool,
}

impl Applier {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Job>) {
        while let Some(first) = queue.recv().await {
            let mut count = first.commands.len();
            let mut jobs = vec![first];
            while count < BATCH
                && let Ok(job) = queue.try_recv()
            {
                count += job.commands.len();
                jobs.push(job);
            }
            let waiting = i64::try_from(queue.len() + jobs.len());
            self.metrics.waiting.set(waiting.unwrap_or(i64::MAX));
            self.apply(jobs).await;
        }
    }

    /// Applies all jobs at once; if the store itself refuses the batch, each job alone, so that
    /// one that cannot be stored does not stand in the way of the others.
    async fn apply(&mut self, jobs: Vec<Job>) {
        let jobs = match self.try_apply(jobs).await {
            Ok(()) => return,
            Err(jobs) => jobs,
        };
        for job in jobs {
            if let Err(alone) = self.try_apply(vec![job]).await {
                debug_assert!(alone.is_empty(), "a job alone is answered");
            }
        }
    }

    /// Applies `jobs` and answers them, or gives them back if the store refused more than one.
    async fn try_apply(&mut self, jobs: Vec<Job>) -> Result<(), Vec<Job>> {
        let batch: Vec<Command> =
            jobs.iter().flat_map(|job| job.commands.iter().copied()).collect();
        #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
        self.metrics.batch_commands.observe(batch.len() as f64);
        let watch = Stopwatch::start();
        let places = jobs.iter().map(|job| &job.place);
        let followed = Span::of_batch(places, || "wallet.batch".to_owned());
        followed.note("waxwing.commands", || batch.len().into());
        let applied = followed.within(self.store.apply(batch)).await;
        self.metrics.batch_seconds.observe(watch.seconds());
        match applied {
            Ok(Applied { answers, parked, moved }) => {
                self.failing = false;
                alarm(&parked, &self.metrics);
                self.notices.tell(&moved);
                let mut answers = answers.into_iter();
                for job in jobs {
                    let own = answers.by_ref().take(job.commands.len()).collect();
                    answer(job, Ok(own), &self.metrics);
                }
                Ok(())
            }
            Err(StoreError::Failed(_)) if jobs.len() > 1 => Err(jobs),
            Err(error) => {
                self.fail(&error);
                for job in jobs {
                    answer(job, Err(error.clone()), &self.metrics);
                }
                Ok(())
            }
        }
    }

    fn fail(&mut self, error: &StoreError) {
        match error {
            StoreError::Failed(_) => self.metrics.refused_batches.inc(),
            StoreError::Unavailable => self.metrics.failed_batches.inc(),
        };
        if !self.failing {
            tracing::error!(%error, "a batch was not stored; said once until one is");
        }
        self.failing = true;
    }
}

fn answer(job: Job, answers: Result<Vec<Answer>, StoreError>, metrics: &Metrics) {
    for answer in answers.iter().flatten() {
        metrics.count(answer);
    }
    // Whoever asked may have gone; what is stored stands all the same.
    let _gone = job.reply.send(answers);
}

/// Each is one that money may depend on: a person must look.
fn alarm(parked: &[Parked], metrics: &Metrics) {
    for parked in parked {
        metrics.parked.inc();
        match parked {
            Parked::Resolve { hold, round, outcome, reason } => tracing::error!(
                round.id = %round, hold.id = %hold, ?outcome, ?reason, "a resolve was parked"
            ),
            Parked::Close { round, locked, resolved } => tracing::error!(
                round.id = %round, ?locked, ?resolved, "a close did not agree; its holds are kept"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
