//! How long until a bet is acknowledged while so many a second come in.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::answers::Outcomes;
use super::call::open_lobbies;
use super::seats::{self, Rows};
use super::socket::Socket;
use super::venue::{Used, Venue};
use super::{Crowd, bet_text};

/// Bets a second and for how long, unless the caller says otherwise.
pub(crate) const RATE: u32 = 2_000;
pub(crate) const SECONDS: u32 = 30;
/// How long bets come in before they are counted, in seconds.
const WARM_UP_S: u32 = 5;
/// How long the last answers are waited for.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// Two bets a round for each player, so rounds must be short: nine of ten crash at once, none
/// climbs beyond 1.20x, betting is open for two seconds of about two and a half.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "9000"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "120"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "2000"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

/// How long most of these rounds take. The lobbies open one after another within it: if all
/// opened at once, all would settle at once, forever, and bets would be timed in that moment only.
const ROUND: Duration = Duration::from_millis(2_450);

/// What was measured.
pub(crate) struct Figures {
    pub(crate) outcomes: Outcomes,
    pub(crate) used: Used,
}

/// Enough players for `rate`, with twenty sockets a lobby; a picture of every bet goes to all of
/// them.
const fn rows(rate: u32) -> Rows {
    Rows { lobbies: rate.div_ceil(1_000) * 100, seats: 20 }
}

/// Starts a server, seats the crowd, and lets it bet.
pub(crate) fn measure(rate: u32, seconds: u32) -> anyhow::Result<Figures> {
    let venue = Venue::open(SETTINGS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(&venue, rate, seconds))
}

async fn play(venue: &Venue, rate: u32, seconds: u32) -> anyhow::Result<Figures> {
    let (address, rows) = (venue.address(), rows(rate));
    let tokens = venue.players(rows.players()).await?;
    let lobbies = open_lobbies(address, &tokens, rows, "continuous", ROUND).await?;
    let crowd = Crowd::of(&lobbies, rows.seats, rate * (WARM_UP_S + seconds));
    let sockets = seats::take(address, &tokens, &lobbies, &crowd, |_| {}).await?;
    // Every lobby opens its next window meanwhile.
    tokio::time::sleep(Duration::from_secs(4)).await;
    crowd.answers.begin(0, crowd.watch.seconds(), rate);
    let betting = Arc::clone(&crowd);
    let bets = tokio::task::spawn_blocking(move || bet(&betting, &sockets, rows.seats));
    tokio::time::sleep(Duration::from_secs(WARM_UP_S.into())).await;
    let (before, begin_s) = (venue.used_s()?, crowd.watch.seconds());
    bets.await??;
    let (after, end_s) = (venue.used_s()?, crowd.watch.seconds());
    tokio::time::sleep(LAST_ANSWERS).await;
    let counted = rate * WARM_UP_S..crowd.answers.count();
    let used = Used::between(before, after, end_s - begin_s);
    Ok(Figures { outcomes: crowd.answers.outcomes(counted), used })
}

/// Sends every bet when it is due, or as soon as this thread gets there.
fn bet(crowd: &Crowd, sockets: &[Socket], seats: u32) -> anyhow::Result<()> {
    for number in 0..crowd.answers.count() {
        let early_s = crowd.answers.due_s(number) - crowd.watch.seconds();
        if early_s > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(early_s));
        }
        let Some(slot) = crowd.windows.next(crowd.watch.seconds()) else {
            crowd.answers.not_sent(number);
            continue;
        };
        crowd.answers.sent(number, crowd.watch.seconds());
        let text = bet_text(number, slot.lobby_id, slot.round);
        let socket = &sockets[slot.lobby * seats as usize + slot.seat];
        socket.send(&text).context("a frame fits into an idle socket")?;
    }
    Ok(())
}
