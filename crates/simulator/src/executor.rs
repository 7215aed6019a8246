//! One thread that polls the tasks of every simulated process, in seeded random order, and jumps
//! to the next instant at which anything is due when nobody has work left.
//!
//! A task belongs to a process: killing the process drops its tasks, pausing it leaves them
//! unpolled while its clock goes on.

mod process;
mod timers;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use platform::clock::BoxFuture;

use crate::dice::Dice;
use crate::logs::note_time;
use crate::trace::Trace;

pub(crate) use process::ProcessId;
use process::Processes;
pub(crate) use timers::Sleep;
use timers::{Due, Timers};

/// What runs the world. Clones are the same.
#[derive(Clone)]
pub(crate) struct Executor(Arc<Inner>);

struct Inner {
    /// Tasks that were woken and not yet polled.
    ready: Ready,
    tasks: Mutex<Tasks>,
    processes: Mutex<Processes>,
    timers: Timers,
    order: Mutex<Dice>,
    trace: Trace,
}

type Ready = Arc<Mutex<Vec<Arc<Wakeup>>>>;

/// Every task by place; places are used again under another generation.
#[derive(Default)]
struct Tasks {
    places: Vec<Place>,
    free: Vec<u32>,
}

struct Place {
    generation: u32,
    process: ProcessId,
    task: Option<Running>,
}

/// A task while it is not being polled.
struct Running {
    work: BoxFuture<'static, ()>,
    wakeup: Arc<Wakeup>,
}

/// Puts its task back into the queue, once.
struct Wakeup {
    place: u32,
    generation: u32,
    process: ProcessId,
    queued: AtomicBool,
    ready: Ready,
}

/// Names a task while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId {
    place: u32,
    generation: u32,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().push(Arc::clone(&self));
        }
    }
}

impl Executor {
    pub(crate) fn new(order: Dice, trace: Trace) -> Self {
        Self(Arc::new(Inner {
            ready: Ready::default(),
            tasks: Mutex::default(),
            processes: Mutex::default(),
            timers: Timers::default(),
            order: Mutex::new(order),
            trace,
        }))
    }

    /// Milliseconds since the world began.
    pub(crate) fn now_ms(&self) -> u64 {
        self.0.timers.now_ms()
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// Starts `work` as a task of `process`; nothing starts in one that is dead.
    pub(crate) fn spawn(&self, process: ProcessId, work: BoxFuture<'static, ()>) -> Option<TaskId> {
        if !self.0.processes.lock().is_alive(process) {
            // Dropped outside of the lock, as its end may wake others.
            return None;
        }
        let mut tasks = self.0.tasks.lock();
        let place = tasks.free.pop().unwrap_or_else(|| {
            tasks.places.push(Place { generation: 0, process, task: None });
            u32::try_from(tasks.places.len() - 1).unwrap_or(u32::MAX)
        });
        let slot = &mut tasks.places[place as usize];
        let generation = slot.generation;
        let wakeup = Arc::new(Wakeup {
            place,
            generation,
            process,
            queued: AtomicBool::new(true),
            ready: Arc::clone(&self.0.ready),
        });
        slot.process = process;
        slot.task = Some(Running { work, wakeup: Arc::clone(&wakeup) });
        drop(tasks);
        self.0.ready.lock().push(wakeup);
        Some(TaskId { place, generation })
    }

    /// Drops a task where it waits.
    pub(crate) fn abort(&self, task: TaskId) {
        let ended = self.0.tasks.lock().take(task);
        drop(ended);
    }

    /// Ends at `at_ms`, counted from the beginning of the world.
    pub(crate) fn sleep_until(&self, at_ms: u64) -> Sleep {
        self.0.timers.sleep_until(at_ms)
    }

    /// Does `work` in `delay_ms`.
    pub(crate) fn call_in(&self, delay_ms: u64, work: impl FnOnce() + Send + 'static) {
        self.0.timers.call_at(self.now_ms() + delay_ms, Box::new(work));
    }

    /// Polls one task, or moves on to the next instant; whether there was anything to do before
    /// `until_ms`.
    pub(crate) fn step(&self, until_ms: u64) -> bool {
        if let Some(wakeup) = self.next_ready() {
            self.poll(&wakeup);
            return true;
        }
        let Some(due) = self.0.timers.next(until_ms) else { return false };
        note_time(self.now_ms());
        self.0.trace.note(&[1, self.now_ms()]);
        match due {
            Due::Wake(waker) => waker.wake(),
            Due::Call(work) => work(),
        }
        true
    }

    fn next_ready(&self) -> Option<Arc<Wakeup>> {
        let mut ready = self.0.ready.lock();
        if ready.is_empty() {
            return None;
        }
        let place = self.0.order.lock().place(ready.len());
        Some(ready.swap_remove(place))
    }

    fn poll(&self, wakeup: &Arc<Wakeup>) {
        if self.0.processes.lock().park_if_paused(wakeup) {
            return;
        }
        let id = TaskId { place: wakeup.place, generation: wakeup.generation };
        let Some(mut running) = self.0.tasks.lock().lend(id) else { return };
        self.0.trace.step(&[2, id.place.into(), id.generation.into(), self.now_ms()]);
        // Woken from here on, it is polled again.
        wakeup.queued.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(wakeup));
        match Pin::new(&mut running.work).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(()) => {
                let ended = self.0.tasks.lock().take(id);
                drop((ended, running));
            }
            Poll::Pending => {
                let homeless = self.0.tasks.lock().give_back(id, running);
                drop(homeless);
            }
        }
    }
}

impl Tasks {
    /// The place of a task that lives.
    fn place(&mut self, id: TaskId) -> Option<&mut Place> {
        let place = self.places.get_mut(id.place as usize)?;
        (place.generation == id.generation).then_some(place)
    }

    /// Takes a task out to be polled; its place stays its own.
    fn lend(&mut self, id: TaskId) -> Option<Running> {
        self.place(id)?.task.take()
    }

    /// Puts a polled task back; one whose place is gone comes back to the caller.
    fn give_back(&mut self, id: TaskId, running: Running) -> Option<Running> {
        match self.place(id) {
            Some(place) => place.task.replace(running),
            None => Some(running),
        }
    }

    /// Frees a task's place.
    fn take(&mut self, id: TaskId) -> Option<Running> {
        let place = self.place(id)?;
        place.generation += 1;
        let task = place.task.take();
        self.free.push(id.place);
        task
    }

    /// Frees the places of every task of `process`.
    fn take_all(&mut self, process: ProcessId) -> Vec<Running> {
        let mut taken = Vec::new();
        for index in 0..self.places.len() {
            let place = &self.places[index];
            let held = place.task.as_ref().is_some_and(|task| {
                task.wakeup.process == process && task.wakeup.generation == place.generation
            });
            if held {
                let id = TaskId {
                    place: u32::try_from(index).unwrap_or(u32::MAX),
                    generation: place.generation,
                };
                taken.extend(self.take(id));
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests;
