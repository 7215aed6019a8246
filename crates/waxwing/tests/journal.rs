//! What clients were told, written down as the checker reads it: one line for each thing asked,
//! answered or not, and for each thing told.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use checker::log::{Answer, Entry, Line};

use crate::harness::time::now;

/// Who watches and asks for nothing.
pub(crate) const NOBODY: u64 = 0;

/// How many of each have been written.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) bets_sent: AtomicU64,
    pub(crate) bets_taken: AtomicU64,
    pub(crate) bets_unanswered: AtomicU64,
    pub(crate) bets_refused: AtomicU64,
    pub(crate) cash_outs: AtomicU64,
    pub(crate) cancels: AtomicU64,
    pub(crate) top_ups: AtomicU64,
    pub(crate) results: AtomicU64,
    pub(crate) shown: AtomicU64,
    /// Whatever a watcher was sent, snapshots too, which stand in no log.
    pub(crate) pictures: AtomicU64,
}

/// A log that many clients write to.
pub(crate) struct Journal {
    began: Instant,
    lines: Mutex<Option<Sender<Line>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    pub(crate) counts: Counts,
}

impl Journal {
    /// Writes to `path`, on a thread of its own.
    pub(crate) fn to(path: &Path) -> Self {
        let file = File::create(path).unwrap();
        let (sender, lines) = channel();
        let writer = std::thread::spawn(move || write(file, &lines));
        Self {
            began: now(),
            lines: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            counts: Counts::default(),
        }
    }

    /// Writes what was answered to what `who` asked at `asked`.
    pub(crate) fn answered(&self, who: u64, asked: Instant, saw: Entry) {
        self.count(&saw);
        let ms = |at: Instant| {
            let elapsed = at.saturating_duration_since(self.began);
            u64::try_from(elapsed.as_millis()).unwrap()
        };
        let who = i64::try_from(who).unwrap();
        let line = Line { who, asked_ms: ms(asked), at_ms: ms(now()), saw };
        if let Some(lines) = &*self.lines.lock().unwrap() {
            lines.send(line).unwrap();
        }
    }

    /// Writes what `who` was told without asking.
    pub(crate) fn told(&self, who: u64, saw: Entry) {
        self.answered(who, now(), saw);
    }

    /// Ends the log; what is written later is lost.
    pub(crate) fn close(&self) {
        drop(self.lines.lock().unwrap().take());
        if let Some(writer) = self.writer.lock().unwrap().take() {
            writer.join().unwrap();
        }
    }

    fn count(&self, saw: &Entry) {
        let counts = &self.counts;
        let more = |count: &AtomicU64| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        match saw {
            Entry::Bet { answer, .. } => {
                more(&counts.bets_sent);
                match answer {
                    Answer::Taken(_) => more(&counts.bets_taken),
                    Answer::Refused(_) => more(&counts.bets_refused),
                    Answer::Nothing => more(&counts.bets_unanswered),
                }
            }
            Entry::CashOut { answer: Answer::Taken(_), .. } => more(&counts.cash_outs),
            Entry::Cancel { answer: Answer::Taken(_), .. } => more(&counts.cancels),
            Entry::TopUp { answer: Answer::Taken(()), .. } => more(&counts.top_ups),
            Entry::Result(_) => more(&counts.results),
            Entry::Round(_) | Entry::Balance { .. } => more(&counts.shown),
            Entry::CashOut { .. } | Entry::Cancel { .. } | Entry::TopUp { .. } => {}
        }
    }
}

fn write(file: File, lines: &Receiver<Line>) {
    let mut out = BufWriter::new(file);
    for line in lines {
        serde_json::to_writer(&mut out, &line).unwrap();
        out.write_all(b"\n").unwrap();
    }
    out.flush().unwrap();
}
