//! The most bets that go through the sockets: everybody bets at once, and again as soon as the
//! first bet is acknowledged.

use std::time::Duration;

use anyhow::Context as _;

use super::call::open_lobbies;
use super::seats::{self, Acknowledged, Rows};
use super::socket::Socket;
use super::venue::{Used, Venue};
use super::{Crowd, bet_text};

/// Bursts that are measured, after one that is not.
const BURSTS: u32 = 5;
/// Twenty lobbies of 250.
const ROWS: Rows = Rows { lobbies: 20, seats: 250 };
/// Two bets of every player.
const BETS: u32 = 2 * ROWS.players();
/// How often it is looked whether all is done, and how often at most.
const LOOK: Duration = Duration::from_millis(1);
const LOOKS: u32 = 30_000;
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "9000"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "120"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "10000"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

/// What was measured.
pub(crate) struct Figures {
    /// Bets acknowledged a second, from the first that is sent to the last answer; the median.
    pub(crate) per_second: f64,
    /// Bets of all bursts that were not acknowledged.
    pub(crate) not_acknowledged: u32,
    /// Processor of the server for each bet, in microseconds.
    pub(crate) server_us: f64,
    /// The same of the crowd.
    pub(crate) crowd_us: f64,
}

/// Starts a server, seats the crowd, and lets it bet.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let venue = Venue::open(SETTINGS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(&venue))
}

async fn play(venue: &Venue) -> anyhow::Result<Figures> {
    let tokens = venue.players(ROWS.players()).await?;
    let lobbies =
        open_lobbies(venue.address(), &tokens, ROWS, "on_first_bet", Duration::ZERO).await?;
    let crowd = Crowd::of(&lobbies, ROWS.seats, BETS * (BURSTS + 1));
    let sockets = seats::take(venue.address(), &tokens, &lobbies, &crowd, bet_again).await?;
    let (mut rates, mut used) = (Vec::new(), Vec::new());
    for burst in 0..=BURSTS {
        until(|| crowd.windows.all_wait()).await.context("every lobby opens")?;
        let (before, begin_s) = (venue.used_s()?, crowd.watch.seconds());
        let answered = crowd.answers.answered() + BETS;
        crowd.answers.begin(burst * BETS, begin_s, u32::MAX);
        bet_once(&crowd, &sockets, burst)?;
        until(|| crowd.answers.answered() >= answered).await.context("every bet is answered")?;
        let seconds = crowd.watch.seconds() - begin_s;
        // The first one finds cold caches and an empty file.
        if burst > 0 {
            rates.push(f64::from(BETS) / seconds);
            used.push(Used::between(before, venue.used_s()?, f64::from(BETS)));
        }
    }
    rates.sort_by(f64::total_cmp);
    let outcomes = crowd.answers.outcomes(BETS..crowd.answers.count());
    let mean_us =
        |of: fn(&Used) -> f64| used.iter().map(of).sum::<f64>() * 1_000_000.0 / f64::from(BURSTS);
    Ok(Figures {
        per_second: rates[rates.len() / 2],
        not_acknowledged: BURSTS * BETS - outcomes.acknowledged,
        server_us: mean_us(|used| used.server),
        crowd_us: mean_us(|used| used.crowd),
    })
}

/// Everybody's first bet.
fn bet_once(crowd: &Crowd, sockets: &[Socket], burst: u32) -> anyhow::Result<()> {
    for (number, (seat, socket)) in (burst * BETS..).zip(sockets.iter().enumerate()) {
        let (lobby_id, round) = crowd.windows.round(seat / ROWS.seats as usize);
        socket.send(&bet_text(number, lobby_id, round)).context("a frame fits")?;
    }
    Ok(())
}

/// The second bet of whoever reads that the first stands. A socket that cannot send is one whose
/// answer is missed.
fn bet_again(read: &Acknowledged<'_>) {
    let Acknowledged { crowd, socket, lobby, number } = *read;
    if number < crowd.answers.count() && number % BETS < ROWS.players() {
        let (lobby_id, round) = crowd.windows.round(lobby);
        let _missed = socket.send(&bet_text(number + ROWS.players(), lobby_id, round));
    }
}

/// Waits until it is so.
pub(super) async fn until(is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    for _ in 0..LOOKS {
        if is_so() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    anyhow::bail!("waited too long")
}
