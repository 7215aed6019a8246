//! Cancellations and top-ups as they were acknowledged, and what the databases must say of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kernel::Amount;

use crate::harness::databases::Books;

/// What was acknowledged over all lives of the server.
#[derive(Default)]
pub(crate) struct Notes {
    cancelled: Mutex<Vec<(u64, String)>>,
    top_ups: Mutex<Vec<TopUp>>,
}

/// Money put in, or on its way.
#[derive(Clone, Debug)]
pub(crate) struct TopUp {
    player: u64,
    /// Steps of 0.01, which no other top-up of this player has.
    steps: u32,
    is_acknowledged: bool,
}

impl Notes {
    /// A cancellation was acknowledged.
    pub(crate) fn cancelled(&self, player: u64, bet_id: &str) {
        self.cancelled.lock().unwrap().push((player, bet_id.to_owned()));
    }

    /// What `player` sends next: what was never answered, or something new.
    pub(crate) fn next_top_up(&self, player: u64) -> TopUp {
        let mut all = self.top_ups.lock().unwrap();
        let mine = all.iter().filter(|top_up| top_up.player == player);
        if let Some(open) = mine.clone().find(|top_up| !top_up.is_acknowledged) {
            return open.clone();
        }
        let steps = 100 + u32::try_from(mine.count()).unwrap();
        let next = TopUp { player, steps, is_acknowledged: false };
        all.push(next.clone());
        next
    }

    /// The top-up was acknowledged.
    pub(crate) fn topped_up(&self, sent: &TopUp) {
        let mut all = self.top_ups.lock().unwrap();
        let is_it = |noted: &&mut TopUp| (noted.player, noted.steps) == (sent.player, sent.steps);
        all.iter_mut().find(is_it).expect("it was noted").is_acknowledged = true;
    }

    /// How many cancellations and top-ups were acknowledged.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let top_ups = self.top_ups.lock().unwrap();
        let acknowledged = top_ups.iter().filter(|top_up| top_up.is_acknowledged).count();
        (self.cancelled.lock().unwrap().len(), acknowledged)
    }

    /// Each acknowledged cancellation is stored, each acknowledged top-up was made once, and none
    /// was made twice.
    pub(crate) fn assert_remembered(&self, books: &Books) {
        let state = |bet: &crate::harness::databases::Bet| {
            ((bet.player, bet.id.clone()), bet.state.clone())
        };
        let states: BTreeMap<_, _> = books.bets.iter().map(state).collect();
        for key in &*self.cancelled.lock().unwrap() {
            let state = states.get(key).map(String::as_str);
            assert_eq!(state, Some("cancelled"), "{key:?} was cancelled");
        }
        let mut made: BTreeMap<u64, Vec<Amount>> = BTreeMap::new();
        for top_up in &*self.top_ups.lock().unwrap() {
            let player = top_up.player;
            let made = made.entry(player).or_insert_with(|| books.top_ups(player));
            let times = made.iter().filter(|amount| **amount == top_up.amount()).count();
            let least = usize::from(top_up.is_acknowledged);
            assert!((least..=1).contains(&times), "{top_up:?} was made {times} times");
        }
    }
}

impl TopUp {
    /// How much.
    fn amount(&self) -> Amount {
        Amount::from_units(i64::from(self.steps) * 100)
    }

    /// How much, as the wire has it.
    pub(crate) fn text(&self) -> String {
        format!("{}.{:02}", self.steps / 100, self.steps % 100)
    }

    /// The key under which it is sent, and sent again.
    pub(crate) fn key(&self) -> String {
        format!("top-up-{}", self.steps)
    }
}
