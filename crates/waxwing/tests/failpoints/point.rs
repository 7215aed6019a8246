//! The instants at which a server dies, how players come there, and what the files must hold then.

use std::fmt;

use super::rule::Durable;

/// One instant.
pub(crate) struct Point {
    /// The failpoint's name.
    pub(crate) name: &'static str,
    /// Which time it is reached.
    pub(crate) nth: u64,
    /// How it is met.
    pub(crate) way: Way,
    /// That the files at the death are those of exactly this instant.
    pub(crate) found: fn(&Durable) -> bool,
}

/// What the players of a life do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They bet and cash out, each by his habits.
    Play,
    /// They bet and take a bet back.
    TakeBack,
    /// One bets; the bets of all others are on their way when the round is locked.
    ComeLate,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.nth)
    }
}

const fn at(name: &'static str, found: fn(&Durable) -> bool) -> Point {
    nth(1, name, found)
}

const fn nth(nth: u64, name: &'static str, found: fn(&Durable) -> bool) -> Point {
    Point { name, nth, way: Way::Play, found }
}

const fn taken_back(name: &'static str, found: fn(&Durable) -> bool) -> Point {
    Point { name, nth: 1, way: Way::TakeBack, found }
}

const fn too_late(name: &'static str, found: fn(&Durable) -> bool) -> Point {
    Point { name, nth: 1, way: Way::ComeLate, found }
}

/// From the wish to bet to the round's start: all of these rounds are voided.
pub(crate) const BET: &[Point] = &[
    // The first round of a start is Main's; who bets opens ours.
    nth(2, "round.before_commit", |files| files.held == 0 && files.accepted() == 0),
    nth(2, "round.after_commit", |files| files.held == 0 && files.last().is("open")),
    at("reserve.before_send", |files| files.held == 0 && files.last().bets.is_empty()),
    at("wallet.reserve.before_commit", |files| files.held == 0 && files.last().bets.is_empty()),
    at("wallet.reserve.after_commit", |files| files.held > 0 && files.last().bets.is_empty()),
    at("reserve.after_answer", |files| files.held > 0 && files.last().bets.is_empty()),
    at("bet.before_commit", |files| files.held > 0 && files.last().bets.is_empty()),
    at("bet.after_commit", |files| files.last().is("open") && files.held > 0),
    at("bet.before_handled", |files| files.last().is("open") && files.last().accepted() > 0),
    at("bet.before_told", |files| files.last().is("open") && files.last().accepted() > 0),
    at("bet.after_told", |files| files.last().is("open") && files.last().accepted() > 0),
    nth(3, "bet.after_told", |files| files.last().is("open") && files.last().accepted() > 2),
    at("lock.before_commit", |files| files.last().is("open") && files.last().accepted() > 0),
];

/// From the lock to the crash.
pub(crate) const CLIMB: &[Point] = &[
    at("lock.after_commit", |files| files.last().is("locked") && files.last().reached().is_none()),
    at("start.before_told", |files| files.last().is("locked") && files.last().reached().is_none()),
    at("start.after_told", |files| files.last().is("locked") && files.last().reached().is_none()),
    at("heartbeat.before_commit", |files| {
        files.last().is("locked") && files.last().heartbeat.is_none()
    }),
    at("heartbeat.after_commit", Durable::is_climbing),
    nth(4, "heartbeat.after_commit", Durable::is_climbing),
    at("cash_out.before_commit", |files| files.cashed_out() == 0),
    at("outbox.queued", |files| files.cashed_out() == 0 || files.last().is("crashed")),
    at("cash_out.after_commit", |files| files.cashed_out() > 0),
    at("cash_out.before_told", |files| files.cashed_out() > 0),
    at("cash_out.after_told", |files| files.cashed_out() > 0),
    nth(3, "cash_out.after_told", |files| files.cashed_out() > 2),
    at("crash.before_commit", |files| files.last().is("locked")),
];

/// From the crash to the wallet's last word: all of these rounds are settled as played.
pub(crate) const SETTLEMENT: &[Point] = &[
    at("crash.after_commit", |files| files.last().is("crashed")),
    at("crash.before_told", |files| files.last().is("crashed")),
    // Where the machine stood still, the round ends without a crash.
    at("settle.before_commit", |files| !files.last().is_over() && !files.last().is("open")),
    at("settle.after_commit", |files| files.last().is_over()),
    at("settle.before_told", |files| files.last().is("settled")),
    at("resolve.before_send", |files| files.decided == 0 && files.unsent > 0),
    at("wallet.resolve.before_commit", |files| files.decided == 0 && files.unsent > 0),
    at("wallet.resolve.after_commit", |files| files.decided > 0 && files.unsent > 0),
    at("resolve.after_answer", |files| files.decided > 0 && files.unsent > 0),
    at("outbox.before_acknowledged", |files| files.decided > 0 && files.unsent > 0),
    at("outbox.after_acknowledged", |files| files.decided > 0),
    at("close.before_send", |files| files.closed_round < files.last().number && files.unsent > 0),
    at("wallet.close.before_commit", |files| {
        files.closed_round < files.last().number && files.unsent > 0
    }),
    // A crowd may have bet in the next round by then.
    at("wallet.close.after_commit", |files| files.has_closed() && files.unsent > 0),
    at("close.after_answer", |files| files.has_closed() && files.unsent > 0),
];

/// From the wish to take a bet back to the wallet's word; and the climb without those bets.
pub(crate) const TAKE_BACK: &[Point] = &[
    taken_back("cancel.before_commit", |files| {
        files.last().is("open") && files.last().accepted() > 0 && files.cancelled() == 0
    }),
    taken_back("cancel.after_commit", |files| files.cancelled() > 0 && files.decided == 0),
    taken_back("release.before_send", |files| files.cancelled() > 0 && files.unsent > 0),
    taken_back("wallet.release.before_commit", |files| files.unsent > 0 && files.decided == 0),
    taken_back("wallet.release.after_commit", |files| files.unsent > 0 && files.decided > 0),
    taken_back("heartbeat.after_commit", |files| {
        files.is_climbing() && files.cancelled() > 0 && files.last().accepted() > 0
    }),
];

/// A stake that was on its way to its hold when the round was locked.
pub(crate) const COME_LATE: &[Point] = &[
    too_late("release.before_commit", |files| {
        files.last().is("open") && files.last().accepted() == 1
    }),
    too_late("release.after_commit", |files| files.unsent > 0 && files.last().accepted() == 1),
    too_late("wallet.release.after_commit", |files| files.unsent > 0 && files.decided > 0),
];

/// In a start that finds a round whose bets are still taken: it is voided.
pub(crate) const VOIDING: &[Point] = &[
    at("void.before_commit", |files| files.last().is("open")),
    nth(2, "void.after_commit", |files| files.last().is("voided") && files.unsent > 0),
];

/// In a start that finds a round in mid-climb: its own deaths change nothing of what it owes.
pub(crate) const AT_START: &[Point] = &[
    at("fence.before_send", |files| files.last().is("locked")),
    at("wallet.fence.before_commit", |files| files.last().is("locked")),
    nth(2, "wallet.fence.after_commit", |_| true),
    nth(2, "fence.after_answer", |_| true),
    nth(2, "takeover.before_commit", |_| true),
    nth(2, "takeover.after_commit", |_| true),
    at("settle.before_commit", |files| files.last().is("locked")),
    at("settle.after_commit", |files| files.last().is_over()),
    at("resolve.before_send", |files| files.last().is_over()),
    at("wallet.close.after_commit", |files| files.last().is_over()),
    nth(2, "close.after_answer", |files| files.last().is_over()),
];

/// Those that a round with a thousand bets meets in every run.
pub(crate) const CROWDED: &[Point] = &[
    // On a busy machine a few come too late for the lock.
    at("lock.before_commit", |files| files.last().is("open") && files.last().accepted() > 900),
    nth(2, "heartbeat.after_commit", Durable::is_climbing),
    at("settle.before_commit", |files| !files.last().is_over() && !files.last().is("open")),
    at("wallet.resolve.after_commit", |files| files.decided > 0 && files.unsent > 0),
];
