//! Processes: what tasks belong to, and what is killed, paused and woken.

use std::sync::Arc;

use parking_lot::Mutex;
use platform::clock::BoxFuture;
use platform::tasks::{Lost, Spawner, Task};
use tokio::sync::oneshot;

use super::{Executor, Wakeup};

/// One process from its start to its end; the next start is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProcessId(u32);

/// Every process there ever was, by number.
#[derive(Default)]
pub(super) struct Processes(Vec<Process>);

#[derive(Default)]
struct Process {
    dead: bool,
    paused: bool,
    /// Tasks that were woken while it was paused.
    parked: Vec<Arc<Wakeup>>,
}

/// Starts the tasks of one process.
pub(crate) struct ProcessSpawner {
    executor: Executor,
    process: ProcessId,
}

impl Processes {
    fn start(&mut self) -> ProcessId {
        self.0.push(Process::default());
        ProcessId(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    fn of(&mut self, process: ProcessId) -> &mut Process {
        &mut self.0[process.0 as usize]
    }

    pub(super) fn is_alive(&self, process: ProcessId) -> bool {
        !self.0[process.0 as usize].dead
    }

    /// Keeps the wake-up of a paused process for later.
    pub(super) fn park_if_paused(&mut self, wakeup: &Arc<Wakeup>) -> bool {
        let process = self.of(wakeup.process);
        if process.paused {
            process.parked.push(Arc::clone(wakeup));
        }
        process.paused
    }
}

impl Executor {
    /// A new process without tasks.
    pub(crate) fn start_process(&self) -> ProcessId {
        self.0.processes.lock().start()
    }

    /// Ends a process as `kill -9` does: none of its tasks gets another step.
    pub(crate) fn kill(&self, process: ProcessId) {
        let parked = {
            let mut processes = self.0.processes.lock();
            let killed = processes.of(process);
            (killed.dead, killed.paused) = (true, false);
            std::mem::take(&mut killed.parked)
        };
        drop(parked);
        // Dropping one may start or wake others, which stay where they are: the process is dead.
        let killed = self.0.tasks.lock().take_all(process);
        drop(killed);
    }

    /// The end of the world: `last` dies, and nothing is due any more.
    pub(crate) fn clear(&self, last: ProcessId) {
        self.kill(last);
        self.0.timers.clear();
        let ready = std::mem::take(&mut *self.0.ready.lock());
        drop(ready);
    }

    /// Stops a process where it stands; its clock goes on.
    pub(crate) fn pause(&self, process: ProcessId) {
        let mut processes = self.0.processes.lock();
        let paused = processes.of(process);
        paused.paused = !paused.dead;
    }

    /// Lets a paused process go on.
    pub(crate) fn resume(&self, process: ProcessId) {
        let parked = {
            let mut processes = self.0.processes.lock();
            let resumed = processes.of(process);
            resumed.paused = false;
            std::mem::take(&mut resumed.parked)
        };
        self.0.ready.lock().extend(parked);
    }

    pub(crate) fn spawner(&self, process: ProcessId) -> Arc<ProcessSpawner> {
        Arc::new(ProcessSpawner { executor: self.clone(), process })
    }
}

impl Spawner for ProcessSpawner {
    fn spawn(&self, work: BoxFuture<'static, ()>) -> Task {
        let (note, ended) = oneshot::channel();
        let noted = Box::pin(async move {
            work.await;
            let _nobody_waits = note.send(());
        });
        let task = self.executor.spawn(self.process, noted);
        let executor = self.executor.clone();
        let ended = async move { ended.await.map_err(|_| Lost::Aborted) };
        let abort = move || {
            if let Some(task) = task {
                executor.abort(task);
            }
        };
        Task::new(Box::pin(ended), Box::new(abort))
    }

    /// Long work takes no time here.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        let work = Mutex::new(Some(work));
        self.spawn(Box::pin(async move {
            let work = work.lock().take();
            if let Some(work) = work {
                work();
            }
        }))
    }
}
