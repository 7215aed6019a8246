//! The wires between machines: what is sent arrives later, never, twice, out of order, or after
//! its caller gave up.
//!
//! A call that has no answer in time is unknown to its caller; whatever was on its way may still
//! arrive.

mod machine;
pub(crate) mod play;
pub(crate) mod wallet;
mod weather;

use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use platform::clock::BoxFuture;
use tokio::sync::oneshot;

use crate::dice::{Dice, SharedDice};
use crate::executor::Executor;

pub(crate) use machine::{Machine, Peer};
use weather::Fate;
pub(crate) use weather::{Link, Storm, Weather};

/// How long an ordinary message is on its way at most, in milliseconds.
const LATENCY_MS: u64 = 2;

/// Longer than any caller waits, in milliseconds.
const SILENCE_MS: u64 = 60_000;

/// All wires. Clones are the same.
#[derive(Clone)]
pub(crate) struct Network {
    executor: Executor,
    dice: Arc<SharedDice>,
    weather: Arc<Mutex<Weather>>,
}

/// Where a call comes from and how long its caller waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) patience_ms: u64,
}

/// The answer on its way back. Dropped unsaid, the caller learns that the connection broke.
struct Reply<T: Send + 'static> {
    network: Network,
    /// From the machine that was called to the caller.
    link: Link,
    to: Waiting<T>,
}

/// Whoever waits for the first answer.
type Waiting<T> = Arc<Mutex<Option<oneshot::Sender<Option<T>>>>>;

impl Network {
    pub(crate) fn new(executor: Executor, dice: Dice) -> Self {
        let dice = Arc::new(SharedDice::new(dice));
        Self { executor, dice, weather: Arc::default() }
    }

    /// Changes what may happen to messages.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut self.weather.lock());
    }

    /// Calls `serve` on the machine; `None` if its outcome is unknown.
    pub(crate) async fn call<S, T>(
        &self,
        caller: Caller,
        machine: &Arc<Machine<S>>,
        serve: impl Fn(S) -> BoxFuture<'static, T> + Send + Sync + 'static,
    ) -> Option<T>
    where
        S: Clone + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let waiting: Waiting<T> = Arc::new(Mutex::new(Some(answer)));
        let link = Link { from: caller.peer, to: machine.peer };
        let serve = Arc::new(serve);
        let Fate { arrivals_ms, broken } = self.fate(link);
        // Lost on its way: nobody tells the caller, who waits.
        let _silence = arrivals_ms.is_empty().then(|| Arc::clone(&waiting));
        for delay_ms in arrivals_ms {
            let (network, machine) = (self.clone(), Arc::clone(machine));
            let (serve, waiting) = (Arc::clone(&serve), Arc::clone(&waiting));
            self.executor.call_in(delay_ms, move || {
                let link = link.back();
                let reply = Reply { network: network.clone(), link, to: waiting };
                network.arrive(&machine, &*serve, reply);
            });
        }
        drop(waiting);
        if broken {
            self.executor.sleep_until(self.executor.now_ms() + LATENCY_MS).await;
            return None;
        }
        let until_ms = self.executor.now_ms() + caller.patience_ms;
        let gives_up = pin!(self.executor.sleep_until(until_ms));
        let answered = pin!(answered);
        tokio::select! {
            biased;
            answer = answered => answer.ok().flatten(),
            () = gives_up => None,
        }
    }

    /// Sends something that nobody answers; it may be lost.
    pub(crate) fn send(&self, link: Link, deliver: impl Fn() + Send + Sync + 'static) {
        let deliver = Arc::new(deliver);
        for delay_ms in self.fate(link).arrivals_ms {
            let deliver = Arc::clone(&deliver);
            self.executor.call_in(delay_ms, move || deliver());
        }
    }

    /// The call has come to the machine: a task there serves it, if a process is there.
    fn arrive<S, T, F>(&self, machine: &Machine<S>, serve: &F, reply: Reply<T>)
    where
        S: Clone + Send + 'static,
        T: Send + 'static,
        F: Fn(S) -> BoxFuture<'static, T> + Send + Sync + 'static,
    {
        // Nobody listens, or nothing is left to serve with: the connection is refused.
        let Some((process, service)) = machine.serving() else { return };
        let work = serve(service);
        self.executor.spawn(process, Box::pin(async move { reply.answer(work.await) }));
    }

    fn fate(&self, link: Link) -> Fate {
        let now_ms = self.executor.now_ms();
        self.dice.throw(|dice| self.weather.lock().fate(link, now_ms, dice))
    }
}

impl<T: Send + 'static> Reply<T> {
    fn answer(self, answer: T) {
        let Fate { arrivals_ms, broken } = self.network.fate(self.link);
        // What comes twice is the same answer, so one is enough.
        let Some(delay_ms) = arrivals_ms.into_iter().min() else {
            if !broken {
                // Lost: the caller waits until its patience ends.
                let silence = self.to;
                self.network.executor.call_in(SILENCE_MS, move || drop(silence));
            }
            return;
        };
        let to = Arc::clone(&self.to);
        self.network.executor.call_in(delay_ms, move || {
            let waiting = to.lock().take();
            if let Some(waiting) = waiting {
                let _gave_up = waiting.send(Some(answer));
            }
        });
    }
}
