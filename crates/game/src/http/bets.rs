//! A player's own bets: lines of JSON in pages, or all of them as a table.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::try_unfold;
use kernel::{BetId, PlayerId};
use platform::http::{AcceptsCsv, ApiError, AuthenticatedPlayer, Csv, CsvLines, Json, Query};
use protocol::history::{BetLine, Page};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WireStake};
use protocol::{Code, ProblemBody};

use super::history::{paid_at, shown_state};
use super::store_problem;
use crate::service::Service;
use crate::store::{BetRecord, StoreError};

/// Lines that a table reads at once.
const LINES: u32 = 500;
const COLUMNS: [&str; 9] = [
    "bet_id",
    "lobby_id",
    "round",
    "stake",
    "auto_cash_out",
    "state",
    "multiplier",
    "payout",
    "placed_at",
];

/// Your bets, newest first.
///
/// Whoever accepts `text/csv` gets a table, of all bets unless `limit` is given.
#[utoipa::path(
    get, path = "/game/v1/bets", tag = "game", security(("token" = [])),
    params(
        ("before" = Option<WireBetId>, Query, description = "Only bets older than this one"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
         description = "At most so many lines; 50 if absent"),
    ),
    responses(
        (status = OK, content(
            (Vec<BetLine> = "application/json"),
            (String = "text/csv"),
        )),
        (status = BAD_REQUEST, description = "malformed", body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
    )
)]
pub(crate) async fn bets(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    AcceptsCsv(csv): AcceptsCsv,
    Query(page): Query<Page>,
) -> Result<Response, ApiError> {
    let lines = page.lines()?;
    let before = page.before.as_deref().map(str::parse::<BetId>).transpose();
    let before = before.map_err(|_| ApiError::new(Code::Malformed, "before is a bet's id"))?;
    if csv {
        return table(service, player, before, page.limit).await;
    }
    let bets = service.inner.store.bets_of(player, before, lines).await;
    let bets = bets.map_err(|error| store_problem(&error))?;
    let bets: Vec<BetLine> = bets.iter().map(bet_line).collect();
    Ok(Json(bets).into_response())
}

/// The bets as a table: `limit` lines, or all of them page by page.
async fn table(
    service: Service,
    player: PlayerId,
    before: Option<BetId>,
    limit: Option<u32>,
) -> Result<Response, ApiError> {
    let page = service.inner.store.bets_of(player, before, limit.unwrap_or(LINES)).await;
    let page = page.map_err(|error| store_problem(&error))?;
    let mut csv = Csv::new("bets.csv", &COLUMNS);
    for bet in &page {
        csv.line(&cells(bet));
    }
    let more = limit.is_none().then(|| last_of(&page)).flatten();
    let rest = try_unfold((service, more), move |(service, more)| async move {
        let Some(before) = more else { return Ok(None) };
        let page = service.inner.store.bets_of(player, Some(before), LINES).await?;
        let mut lines = CsvLines::default();
        for bet in &page {
            lines.line(&cells(bet));
        }
        let more = last_of(&page);
        Ok::<_, StoreError>(Some((lines, (service, more))))
    });
    Ok(csv.followed_by(rest))
}

/// Where to go on after a full page.
fn last_of(page: &[BetRecord]) -> Option<BetId> {
    page.get(LINES as usize - 1).map(|bet| bet.bet)
}

/// A bet in the order of [`COLUMNS`].
fn cells(bet: &BetRecord) -> [String; COLUMNS.len()] {
    let multiplier = |multiplier: Option<WireMultiplier>| {
        multiplier.map(|multiplier| multiplier.0.to_string()).unwrap_or_default()
    };
    [
        bet.bet.to_string(),
        bet.round.lobby.to_string(),
        bet.round.number.to_string(),
        bet.stake.to_string(),
        multiplier(bet.auto_cash_out.map(WireMultiplier)),
        shown_state(bet.state).as_str().to_owned(),
        multiplier(paid_at(bet.state)),
        bet.payout.map(|payout| payout.to_string()).unwrap_or_default(),
        bet.placed_at.to_string(),
    ]
}

fn bet_line(bet: &BetRecord) -> BetLine {
    BetLine {
        bet_id: WireBetId(bet.bet),
        lobby_id: WireLobbyId(bet.round.lobby),
        round: bet.round.number,
        stake: WireStake(bet.stake),
        auto_cash_out: bet.auto_cash_out.map(WireMultiplier),
        state: shown_state(bet.state),
        multiplier: paid_at(bet.state),
        payout: bet.payout.map(WireAmount),
        placed_at: bet.placed_at,
    }
}
