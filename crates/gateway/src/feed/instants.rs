//! Instants of a round on their way: each hop measures them again when it sends, so that no wall
//! clock is in them and no wait makes them wrong.

use kernel::Timestamp;
use platform::clock::Clock;
use protocol::picture::{Picture, PictureEvent, Snapshot};
use protocol::rounds::Phase;

/// Something whose instants were measured at its arrival.
pub(super) struct Arrived<T> {
    thing: T,
    at: Timestamp,
}

impl<T> Arrived<T> {
    pub(super) fn now(thing: T, clock: &dyn Clock) -> Self {
        Self { thing, at: clock.now() }
    }

    pub(super) const fn thing(&self) -> &T {
        &self.thing
    }
}

impl Arrived<Snapshot> {
    /// The snapshot as it is to be sent now.
    pub(super) fn measured(&self, clock: &dyn Clock) -> Snapshot {
        let mut snapshot = self.thing.clone();
        let waited_ms = clock.now().ms_since(self.at);
        if let Some(closes_in_ms) = &mut snapshot.closes_in_ms {
            *closes_in_ms = closes_in_ms.saturating_sub(waited_ms);
        }
        if let Some(elapsed_ms) = &mut snapshot.elapsed_ms
            && snapshot.phase == Phase::Running
        {
            *elapsed_ms += waited_ms;
        }
        snapshot
    }
}

impl Arrived<Picture> {
    /// The picture as it is to be sent now. A tick keeps its instant, which is that of its
    /// multiplier.
    pub(super) fn measure(&mut self, clock: &dyn Clock) -> &Picture {
        let now = clock.now();
        let waited_ms = now.ms_since(self.at);
        self.at = now;
        match &mut self.thing.event {
            PictureEvent::BettingOpened(opened) => {
                let left = |closes_in_ms: u64| closes_in_ms.saturating_sub(waited_ms);
                opened.closes_in_ms = opened.closes_in_ms.map(left);
            }
            PictureEvent::RoundStarted(started) => started.elapsed_ms += waited_ms,
            _ => {}
        }
        &self.thing
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use platform::clock::ManualClock;
    use protocol::lobby::CurveName;
    use protocol::picture::RoundStarted;

    use super::*;
    use crate::testing::{lobby, snapshot};

    #[test]
    fn a_wait_is_taken_off_what_is_left_and_added_to_what_has_passed() {
        let clock = Arc::new(ManualClock::new());
        let mut open = snapshot(Phase::Open);
        open.closes_in_ms = Some(1_000);
        let mut running = snapshot(Phase::Running);
        running.elapsed_ms = Some(5_000);
        let mut over = snapshot(Phase::Crashed);
        over.elapsed_ms = Some(5_000);
        let seen = [open, running, over].map(|snapshot| Arrived::now(snapshot, &*clock));
        clock.advance(300);
        let measured = seen.each_ref().map(|seen| seen.measured(&*clock));
        assert_eq!(measured[0].closes_in_ms, Some(700));
        assert_eq!(measured[1].elapsed_ms, Some(5_300));
        assert_eq!(measured[2].elapsed_ms, Some(5_000));
        clock.advance(2_000);
        assert_eq!(seen[0].measured(&*clock).closes_in_ms, Some(0));
    }

    #[test]
    fn a_picture_is_measured_from_its_arrival_however_often_it_is_asked() {
        let clock = ManualClock::new();
        let event = PictureEvent::RoundStarted(RoundStarted {
            elapsed_ms: 10,
            curve: CurveName::Exponential,
        });
        let lobby_id = protocol::wire::WireLobbyId(lobby(4));
        let picture = Picture { to: None, lobby_id, epoch: 1, seq: 1, round: 3, event };
        let mut arrived = Arrived::now(picture, &clock);
        for expected in [30, 50] {
            clock.advance(20);
            let PictureEvent::RoundStarted(started) = &arrived.measure(&clock).event else {
                panic!("it stays what it is")
            };
            assert_eq!(started.elapsed_ms, expected);
        }
    }
}
