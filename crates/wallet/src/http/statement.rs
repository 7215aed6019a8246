//! A player's statement: lines of JSON in pages, or the whole of it as a table.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::try_unfold;
use kernel::{Amount, PlayerId, RoundId};
use ledger::Kind;
use platform::http::{AcceptsCsv, ApiError, AuthenticatedPlayer, Csv, CsvLines, Json, Query};
use protocol::wallet::{RoundName, TransferKind, TransferLine, TransfersQuery};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId};
use protocol::{Code, ProblemBody};

use super::store_problem;
use crate::service::Service;
use crate::store::{Line, StoreError};

/// Lines of a page unless asked otherwise, and at most.
const LINES: u32 = 50;
const LINES_MAX: u32 = 500;
const COLUMNS: [&str; 8] =
    ["transfer_id", "at", "kind", "amount", "balance", "lobby_id", "round", "bet_id"];

/// Your statement, oldest first; go on after the last `transfer_id` you have.
///
/// Whoever accepts `text/csv` gets a table, of all lines unless `limit` is given.
#[utoipa::path(
    get,
    path = "/user/v1/transfers",
    tag = "wallet",
    security(("token" = [])),
    params(TransfersQuery),
    responses(
        (status = OK, content(
            (Vec<TransferLine> = "application/json"),
            (String = "text/csv"),
        )),
        (status = BAD_REQUEST, description = "malformed", body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
    )
)]
pub(crate) async fn transfers(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    AcceptsCsv(csv): AcceptsCsv,
    Query(query): Query<TransfersQuery>,
) -> Result<Response, ApiError> {
    if query.limit.is_some_and(|limit| !(1..=LINES_MAX).contains(&limit)) {
        let detail = format!("`limit` is 1 to {LINES_MAX}");
        return Err(ApiError::new(Code::Malformed, detail));
    }
    if i64::try_from(query.after).is_err() {
        return Err(ApiError::new(Code::Malformed, "`after` is not a `transfer_id`"));
    }
    if csv {
        return table(service, player, query).await;
    }
    let lines = service.statement(player, query.after, query.limit.unwrap_or(LINES)).await;
    let lines = lines.map_err(|error| store_problem(&error))?;
    let lines: Vec<TransferLine> = lines.iter().filter_map(told).collect();
    Ok(Json(lines).into_response())
}

/// The statement as a table: `limit` lines, or all of them page by page.
async fn table(
    service: Service,
    player: PlayerId,
    query: TransfersQuery,
) -> Result<Response, ApiError> {
    let limit = query.limit.unwrap_or(LINES_MAX);
    let page = service.statement(player, query.after, limit).await;
    let page = page.map_err(|error| store_problem(&error))?;
    let mut csv = Csv::new("transfers.csv", &COLUMNS);
    for line in page.iter().filter_map(told) {
        csv.line(&cells(&line));
    }
    let more = query.limit.is_none().then(|| last_of(&page)).flatten();
    let rest = try_unfold((service, more), move |(service, more)| async move {
        let Some(after) = more else { return Ok(None) };
        let page = service.statement(player, after, LINES_MAX).await?;
        let mut lines = CsvLines::default();
        for line in page.iter().filter_map(told) {
            lines.line(&cells(&line));
        }
        let more = last_of(&page);
        Ok::<_, StoreError>(Some((lines, (service, more))))
    });
    Ok(csv.followed_by(rest))
}

/// Where to go on after a full page.
fn last_of(page: &[Line]) -> Option<u64> {
    page.get(LINES_MAX as usize - 1).map(|line| line.seq)
}

/// A line in the order of [`COLUMNS`]. Lobby and round stand apart: `4/17` would be read as a day.
fn cells(line: &TransferLine) -> [String; COLUMNS.len()] {
    let round = line.round.map(|name| (name.lobby_id.0.to_string(), name.round.to_string()));
    let (lobby_id, round) = round.unwrap_or_default();
    [
        line.transfer_id.to_string(),
        line.at.to_string(),
        line.kind.as_str().to_owned(),
        line.amount.0.to_string(),
        line.balance.0.to_string(),
        lobby_id,
        round,
        line.bet_id.map(|bet| bet.0.to_string()).unwrap_or_default(),
    ]
}

/// A transfer as its player sees it; none for those that moved another account only.
fn told(line: &Line) -> Option<TransferLine> {
    let transfer = &line.transfer;
    let (kind, sign) = match transfer.kind {
        Kind::TopUp => (TransferKind::TopUp, 1),
        Kind::TakeOut => (TransferKind::TakeOut, -1),
        Kind::Stake => (TransferKind::Stake, -1),
        Kind::Payout => (TransferKind::Payout, 1),
        Kind::Release => (TransferKind::Release, 1),
        Kind::Funding | Kind::Collect => return None,
    };
    let round = transfer.lobby.zip(transfer.round);
    let round = round.map(|(lobby, number)| RoundId::new(lobby, number));
    Some(TransferLine {
        transfer_id: line.seq,
        at: line.at_ms,
        kind,
        amount: WireAmount(Amount::from_units(sign * transfer.amount.units())),
        balance: WireAmount(transfer.balance?),
        round: round.map(|id| RoundName { lobby_id: WireLobbyId(id.lobby), round: id.number }),
        bet_id: round.map(|_| WireBetId(kernel::BetId::from_bytes(transfer.reference))),
    })
}
