//! How bets ended, each told once. What was lost on the way is read from the round's own record: a
//! snapshot holds no results, and the next round begins before everybody has asked.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use kernel::{BetId, LobbyId, PlayerId};
use protocol::picture::{BetOutcome, BetResult, Picture, PictureEvent};
use protocol::plain::Head;
use protocol::rounds::{BetState, Phase, RoundBet};
use serde::Deserialize;

use super::{Feed, Inner};

/// Rounds whose results are remembered, and looked for: as many as an owner leaves unclosed, and
/// the one under way.
const ROUNDS: u32 = 4;
/// Bytes of a round's record: room for some 50,000 bets.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// How long a new owner is waited for between two looks, in milliseconds.
const NEW_OWNER_WAITS_MS: [u64; 6] = [25, 50, 100, 200, 400, 800];

/// Whose bet, and which.
type Name = (PlayerId, BetId);

/// What was told of the ends of bets.
#[derive(Default)]
pub(super) struct Results {
    told: BTreeMap<u32, HashSet<Name>>,
    /// Rounds with results that may be lost.
    unsure: BTreeSet<u32>,
}

/// What is read of a round's record.
#[derive(Deserialize)]
struct Record {
    state: Phase,
    bets: Vec<RoundBet>,
}

/// What a look for a round's record found.
enum Found {
    /// How its bets ended.
    Over(Vec<RoundBet>),
    /// It goes on, or nobody answers: look again.
    NotYet,
    /// There is none.
    Nothing,
}

impl Results {
    /// Notes that the end of this bet is told; whether it was not told before.
    pub(super) fn note(&mut self, round: u32, name: Name) -> bool {
        let is_news = self.told.entry(round).or_default().insert(name);
        while self.told.len() > ROUNDS as usize {
            self.told.pop_first();
        }
        is_news
    }

    /// Results of these rounds may be lost: of the first ones, which were under way, and of the
    /// last ones. Where owners change, numbers between them are left out.
    pub(super) fn were_lost(&mut self, from: u32, to: u32) {
        // Nothing was told yet: what was before is history.
        let from = if from == 0 { to } else { from };
        self.unsure.extend(from..=to.min(from.saturating_add(ROUNDS - 1)));
        self.unsure.extend(from.max((to + 1).saturating_sub(ROUNDS))..=to);
    }
}

/// Whether a round may have a record of its end after this event.
pub(super) const fn may_be_over(event: &PictureEvent) -> bool {
    matches!(
        event,
        PictureEvent::Settled(_)
            | PictureEvent::Voided(_)
            | PictureEvent::Interrupted(_)
            | PictureEvent::BettingOpened(_)
    )
}

impl Feed {
    /// Whether the picture says anything that was not told: a result comes once.
    pub(super) fn is_news(&self, picture: &Picture) -> bool {
        let PictureEvent::BetResult(result) = &picture.event else { return true };
        let name = (result.user_id.0, result.bet_id.0);
        self.state.lock().results.note(picture.round, name)
    }
}

impl Inner {
    /// Pictures were lost, and results may be among them: brings the listeners to where the owner
    /// is, and tells how bets of the rounds between ended.
    pub(super) async fn repair_all(&self, feed: &Feed) {
        self.go_on(feed, |_, _| true).await;
    }

    /// Nothing came for a while. Where the owner is further, what was between is lost.
    pub(super) async fn look_after(&self, feed: &Feed) {
        let moved = |before: Head, now: Head| {
            before.round > 0 && (before.epoch, before.seq) != (now.epoch, now.seq)
        };
        self.go_on(feed, moved).await;
    }

    /// A new owner's pictures begin with a snapshot, and its first ones come while the old owner
    /// is still looked for: asks until it is found, as long as that is soon.
    pub(super) async fn hear_new_owner(&self, feed: &Feed, epoch: u64) {
        for wait_ms in NEW_OWNER_WAITS_MS {
            if feed.state.lock().story.told_up_to().epoch >= epoch {
                return;
            }
            self.clock.sleep_until(self.clock.now() + wait_ms).await;
            self.repair_all(feed).await;
        }
    }

    /// Brings the listeners to where the owner is. Whether anything was lost follows from where
    /// they were before, and where they are now.
    async fn go_on(&self, feed: &Feed, any_lost: impl FnOnce(Head, Head) -> bool) {
        let before = feed.state.lock().story.told_up_to();
        self.repair(feed).await;
        {
            let mut state = feed.state.lock();
            let now = state.story.told_up_to();
            if any_lost(before, now) {
                state.results.were_lost(before.round, now.round);
            }
        }
        self.make_up(feed).await;
    }

    /// Tells what was lost of the rounds that are over.
    pub(super) async fn make_up(&self, feed: &Feed) {
        let unsure = feed.state.lock().results.unsure.clone();
        for round in unsure {
            match self.record(feed.lobby, round).await {
                Found::NotYet => continue,
                Found::Nothing => {}
                Found::Over(bets) => self.tell_results(feed, round, &bets),
            }
            feed.state.lock().results.unsure.remove(&round);
        }
    }

    fn tell_results(&self, feed: &Feed, round: u32, bets: &[RoundBet]) {
        for bet in bets {
            let name = (bet.user_id.0, bet.bet_id.0);
            let Some(result) = outcome(bet) else { continue };
            if self.hub.sessions_of(name.0).is_empty() {
                continue;
            }
            let head = {
                let mut state = feed.state.lock();
                if !state.results.note(round, name) {
                    continue;
                }
                state.story.told_up_to()
            };
            self.metrics.results_made_up.inc();
            let picture = picture(head, round, bet, result);
            feed.tell(&self.hub, |story, told| story.tell(&picture, told));
        }
    }

    async fn record(&self, lobby: LobbyId, round: u32) -> Found {
        let request = Request::get(format!("/game/v1/lobby/{lobby}/rounds/{round}"));
        let Ok(request) = request.body(Body::empty()) else { return Found::Nothing };
        let answer = self.game.call(request).await;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Found::Nothing,
            _ => return Found::NotYet,
        }
        let Ok(json) = axum::body::to_bytes(answer.into_body(), RECORD_BYTES_MAX).await else {
            return Found::NotYet;
        };
        match serde_json::from_slice(&json) {
            Ok(Record { state: Phase::Settled | Phase::Voided | Phase::Interrupted, bets }) => {
                Found::Over(bets)
            }
            Ok(_) => Found::NotYet,
            Err(error) => {
                tracing::error!(%error, lobby.id = %lobby, "a round's record cannot be read");
                Found::Nothing
            }
        }
    }
}

/// How the bet ended, as its player is told; none for one that has not, or that was taken back.
const fn outcome(bet: &RoundBet) -> Option<BetOutcome> {
    match bet.state {
        BetState::CashedOut => Some(BetOutcome::Win),
        BetState::Lost => Some(BetOutcome::Lost),
        BetState::Released => Some(BetOutcome::Released),
        BetState::Accepted | BetState::Cancelled => None,
    }
}

fn picture(head: Head, round: u32, bet: &RoundBet, result: BetOutcome) -> Picture {
    let Head { lobby_id, epoch, seq, .. } = head;
    let event = PictureEvent::BetResult(BetResult {
        user_id: bet.user_id,
        result,
        payout: bet.payout,
        coefficient: bet.multiplier,
        bet_id: bet.bet_id,
        stake: bet.stake,
    });
    Picture { to: Some(bet.user_id), lobby_id, epoch, seq, round, event }
}
