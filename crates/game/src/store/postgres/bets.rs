//! Bets: accepted, cancelled, released, cashed out; many of a kind in one statement.

use std::collections::BTreeSet;

use engine::{Bet, BetKey, CashOut, Settlement, StoredBet};
use kernel::{BetId, LobbyId, Multiplier, PlayerId, RoundId};
use platform::postgres::{StoreError, Transaction};
use tokio_postgres::Row;

use super::columns::{self, Result, exactly, execute, get, query, query_opt};
use super::outbox;
use crate::store::queued::Queued;
use crate::store::{BetRecord, Done, WireOutcome, words};

/// A bet to be accepted: where, what, whose name, when.
pub(super) type Accepting<'a> = (LobbyId, &'a Bet, &'a str, i64);
/// A bet to be given back: where, which, as what, when.
pub(super) type GivingBack = (LobbyId, BetKey, &'static str, i64);
/// A cash-out to be stored: where, what, when.
pub(super) type CashingOut = (LobbyId, CashOut, i64);
/// What names a bet.
type Name = (PlayerId, BetId);

/// Bets named by two columns.
struct Names<'a> {
    players: Vec<i64>,
    bets: Vec<&'a [u8]>,
}

impl<'a> Names<'a> {
    fn of(keys: impl IntoIterator<Item = &'a BetKey>) -> Self {
        let (players, bets) =
            keys.into_iter().map(|key| (key.player.as_i64(), &key.bet.as_bytes()[..])).unzip();
        Self { players, bets }
    }
}

/// Which bets `sql` answers with, by their columns player and bet.
fn names(rows: &[Row]) -> Result<BTreeSet<Name>> {
    rows.iter()
        .map(|row| Ok((columns::player(row, "player")?, columns::bet(row, "bet")?)))
        .collect()
}

const fn name(key: &BetKey) -> Name {
    (key.player, key.bet)
}

/// Rows for bets whose round is open; releases of the others.
pub(super) async fn accept(tx: &Transaction<'_>, new: &[Accepting<'_>]) -> Result<Vec<Done>> {
    let keys = Names::of(new.iter().map(|(_, bet, ..)| &bet.key));
    let lobbies: Vec<i64> = new.iter().map(|(lobby, ..)| lobby.as_i64()).collect();
    let rounds: Vec<i64> = new.iter().map(|(_, bet, ..)| i64::from(bet.key.round)).collect();
    let stakes: Vec<i64> = new.iter().map(|(_, bet, ..)| i64::from(bet.stake.steps())).collect();
    let autos = new.iter().map(|(_, bet, ..)| bet.auto_cash_out.map(|at| i64::from(at.centi())));
    let autos: Vec<Option<i64>> = autos.collect();
    let caps: Vec<i64> = new.iter().map(|(_, bet, ..)| i64::from(bet.cap.centi())).collect();
    let balances: Vec<i64> = new.iter().map(|(_, bet, ..)| bet.balance.units()).collect();
    let texts: Vec<&str> = new.iter().map(|(_, _, text, _)| *text).collect();
    let at: Vec<i64> = new.iter().map(|(.., at)| *at).collect();
    let sql = "INSERT INTO bet (player, bet, lobby, round, name, stake_steps, auto_centi,
                                cap_centi, balance_units, state, placed_at)
         SELECT new.player, new.bet, new.lobby, new.round, new.name, new.stake, new.auto, new.cap,
                new.balance, 'accepted', new.at
         FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[], $5::TEXT[],
                     $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[])
             AS new (player, bet, lobby, round, name, stake, auto, cap, balance, at)
         JOIN round ON round.lobby = new.lobby AND round.round = new.round
             AND round.state = 'open'
         ON CONFLICT (bet, player) DO NOTHING RETURNING player, bet";
    let Names { players, bets } = &keys;
    let rows = query(
        tx,
        sql,
        &[players, bets, &lobbies, &rounds, &texts, &stakes, &autos, &caps, &balances, &at],
    )
    .await?;
    let mut stored = names(&rows)?;
    if stored.len() < new.len() {
        // Either these are the same bets applied again, perhaps when they had been played already,
        // or they came too late.
        let select = "SELECT player, bet
             FROM bet JOIN unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[],
                                  $5::BIGINT[]) AS new (player, bet, lobby, round, stake_steps)
                 USING (player, bet, lobby, round, stake_steps)
             WHERE state = 'accepted' OR in_round";
        stored.extend(names(
            &query(tx, select, &[players, bets, &lobbies, &rounds, &stakes]).await?,
        )?);
    }
    let missed = new.iter().filter(|(_, bet, ..)| !stored.contains(&name(&bet.key)));
    let missed: Vec<Queued> =
        missed.map(|(lobby, bet, ..)| Queued::release(*lobby, bet.key)).collect();
    outbox::queue(tx, &missed).await?;
    let done = |key| if stored.contains(&name(key)) { Done::Stored } else { Done::Missed };
    Ok(new.iter().map(|(_, bet, ..)| done(&bet.key)).collect())
}

/// Accepted bets go back to their players, those that are `released` refused after all; their
/// releases are queued.
pub(super) async fn give_back(tx: &Transaction<'_>, back: &[GivingBack]) -> Result<()> {
    if back.is_empty() {
        return Ok(());
    }
    let Names { players, bets } = Names::of(back.iter().map(|(_, key, ..)| key));
    let states: Vec<&str> = back.iter().map(|(_, _, state, _)| *state).collect();
    let at: Vec<i64> = back.iter().map(|(.., at)| *at).collect();
    let sql = "UPDATE bet SET state = back.state, ended_at = back.at,
                      refused = (back.state = 'released')
         FROM unnest($1::BIGINT[], $2::BYTEA[], $3::TEXT[], $4::BIGINT[])
             AS back (player, bet, state, at)
         WHERE bet.player = back.player AND bet.bet = back.bet AND bet.state = 'accepted'
           AND NOT in_round";
    execute(tx, sql, &[&players, &bets, &states, &at]).await?;
    let releases = back.iter().map(|(lobby, key, ..)| Queued::release(*lobby, *key));
    outbox::queue(tx, &releases.collect::<Vec<_>>()).await
}

/// Marks exactly these bets as in the round; every other one of the round is given back.
pub(super) async fn mark(
    tx: &Transaction<'_>,
    round: RoundId,
    marked: &[BetKey],
    at: i64,
) -> Result<()> {
    let Names { players, bets } = Names::of(marked);
    let (lobby, number) = (round.lobby.as_i64(), i64::from(round.number));
    let sql = "UPDATE bet SET in_round = TRUE
         FROM unnest($1::BIGINT[], $2::BYTEA[]) AS marked (player, bet)
         WHERE bet.player = marked.player AND bet.bet = marked.bet AND bet.lobby = $3
           AND bet.round = $4 AND bet.state = 'accepted'";
    // The engine saw them all stored: if one is not here, nothing may be built on this.
    let found = execute(tx, sql, &[&players, &bets, &lobby, &number]).await?;
    exactly(marked.len(), found, "bets to be marked")?;
    let select = "SELECT player, bet FROM bet
         WHERE lobby = $1 AND round = $2 AND state = 'accepted' AND NOT in_round
         ORDER BY player, bet";
    let others = names(&query(tx, select, &[&lobby, &number]).await?)?;
    let key = |(player, bet)| BetKey { player, bet, round: round.number };
    let others = others.into_iter().map(|name| (round.lobby, key(name), "released", at));
    give_back(tx, &others.collect::<Vec<_>>()).await
}

/// Cash-outs and their resolves; one that is not what is stored is refused alone.
pub(super) async fn cash_out(
    tx: &Transaction<'_>,
    cash_outs: &[CashingOut],
) -> Result<Vec<Result<Done>>> {
    let Names { players, bets } = Names::of(cash_outs.iter().map(|(_, cash_out, _)| &cash_out.key));
    let centis = cash_outs.iter().map(|(_, cash_out, _)| i64::from(cash_out.multiplier.centi()));
    let centis: Vec<i64> = centis.collect();
    let payouts = cash_outs.iter().map(|(_, cash_out, _)| cash_out.payout.units());
    let payouts: Vec<i64> = payouts.collect();
    let stamped = cash_outs.iter().map(|(_, cash_out, _)| columns::signed(cash_out.stamped_ms));
    let stamped: Vec<i64> = stamped.collect();
    let at: Vec<i64> = cash_outs.iter().map(|(.., at)| *at).collect();
    let sql = "UPDATE bet SET state = 'cashed_out', multiplier_centi = new.centi,
                      payout_units = new.units, stamped_ms = new.stamped, ended_at = new.at
         FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[],
                     $6::BIGINT[]) AS new (player, bet, centi, units, stamped, at)
         WHERE bet.player = new.player AND bet.bet = new.bet AND bet.state = 'accepted'
           AND in_round
         RETURNING bet.player, bet.bet";
    let rows = query(tx, sql, &[&players, &bets, &centis, &payouts, &stamped, &at]).await?;
    let mut stands = names(&rows)?;
    let ended = cash_outs.iter().filter(|(_, cash_out, _)| stands.contains(&name(&cash_out.key)));
    let resolves: Vec<Queued> =
        ended.map(|(lobby, cash_out, _)| resolve(*lobby, cash_out)).collect();
    outbox::queue(tx, &resolves).await?;
    if stands.len() < cash_outs.len() {
        // Either they were applied before, or the bets have other ends and these are not true.
        let select = "SELECT player, bet
             FROM bet JOIN unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[])
                 AS new (player, bet, multiplier_centi) USING (player, bet, multiplier_centi)
             WHERE state = 'cashed_out'";
        stands.extend(names(&query(tx, select, &[&players, &bets, &centis]).await?)?);
    }
    let refused = || StoreError::Failed("the bet has another end".to_owned());
    let answer = |key| if stands.contains(&name(key)) { Ok(Done::Stored) } else { Err(refused()) };
    Ok(cash_outs.iter().map(|(_, cash_out, _)| answer(&cash_out.key)).collect())
}

fn resolve(lobby: LobbyId, cash_out: &CashOut) -> Queued {
    let CashOut { key, multiplier, payout, .. } = *cash_out;
    let outcome = engine::Outcome::CashedOut { multiplier, payout };
    let bet = WireOutcome::new(key.player, key.bet, outcome);
    Queued::cash_out(RoundId::new(lobby, key.round), bet)
}

/// Ends all of these bets that are in their round and open. Answers with those that were.
pub(super) async fn end_all(
    tx: &Transaction<'_>,
    settlements: &[Settlement],
    at: i64,
) -> Result<Vec<WireOutcome>> {
    let Names { players, bets } = Names::of(settlements.iter().map(|end| &end.key));
    let (mut states, mut centis, mut payouts) = (Vec::new(), Vec::new(), Vec::new());
    for Settlement { outcome, .. } in settlements {
        let (state, centi, payout) = words::outcome(*outcome);
        states.push(state);
        centis.push(centi.map(i64::from));
        payouts.push(payout);
    }
    let sql = "UPDATE bet SET state = ending.state, multiplier_centi = ending.centi,
                      payout_units = ending.units,
                      stamped_ms = CASE WHEN ending.centi IS NOT NULL THEN 0 END, ended_at = $6
         FROM unnest($1::BIGINT[], $2::BYTEA[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[])
             AS ending (player, bet, state, centi, units)
         WHERE bet.player = ending.player AND bet.bet = ending.bet AND bet.state = 'accepted'
           AND in_round
         RETURNING bet.player, bet.bet";
    let rows = query(tx, sql, &[&players, &bets, &states, &centis, &payouts, &at]).await?;
    let ended = names(&rows)?;
    let ended = settlements.iter().filter(|end| ended.contains(&name(&end.key)));
    Ok(ended.map(|end| WireOutcome::new(end.key.player, end.key.bet, end.outcome)).collect())
}

/// Every accepted bet of a round without lock goes back; the round's close releases the holds.
pub(super) async fn release_all(tx: &Transaction<'_>, round: RoundId, at: i64) -> Result<()> {
    let sql = "UPDATE bet SET state = 'released', ended_at = $3
         WHERE lobby = $1 AND round = $2 AND state = 'accepted'";
    execute(tx, sql, &[&round.lobby.as_i64(), &i64::from(round.number), &at]).await?;
    Ok(())
}

pub(super) async fn of_round(tx: &Transaction<'_>, round: RoundId) -> Result<Vec<BetRecord>> {
    let select =
        "SELECT * FROM bet WHERE lobby = $1 AND round = $2 ORDER BY placed_at, player, bet";
    let rows = query(tx, select, &[&round.lobby.as_i64(), &i64::from(round.number)]).await?;
    rows.iter().map(record).collect()
}

/// The bets that a round's lock marked, in the order of their placing.
pub(super) async fn marked(tx: &Transaction<'_>, round: RoundId) -> Result<Vec<StoredBet>> {
    let select = "SELECT player, bet, stake_steps, cap_centi,
                CASE state WHEN 'cashed_out' THEN multiplier_centi END AS cashed_out_centi
         FROM bet WHERE lobby = $1 AND round = $2 AND in_round
         ORDER BY placed_at, player, bet";
    let rows = query(tx, select, &[&round.lobby.as_i64(), &i64::from(round.number)]).await?;
    let bets = rows.iter().map(|row| {
        let (player, bet) = (columns::player(row, "player")?, columns::bet(row, "bet")?);
        Ok(StoredBet {
            key: BetKey { player, bet, round: round.number },
            stake: columns::stake(row, "stake_steps")?,
            cap: columns::multiplier(row, "cap_centi")?,
            cashed_out: columns::multiplier_if_any(row, "cashed_out_centi")?,
        })
    });
    bets.collect()
}

pub(super) async fn one(
    tx: &Transaction<'_>,
    player: PlayerId,
    bet: BetId,
) -> Result<Option<BetRecord>> {
    let select = "SELECT * FROM bet WHERE player = $1 AND bet = $2";
    let row = query_opt(tx, select, &[&player.as_i64(), &&bet.as_bytes()[..]]).await?;
    row.as_ref().map(record).transpose()
}

pub(super) async fn was_refused(
    tx: &Transaction<'_>,
    player: PlayerId,
    bet: BetId,
) -> Result<bool> {
    let select = "SELECT refused FROM bet WHERE player = $1 AND bet = $2";
    let row = query_opt(tx, select, &[&player.as_i64(), &&bet.as_bytes()[..]]).await?;
    row.as_ref().map_or(Ok(false), |row| get(row, "refused"))
}

pub(super) async fn of_player(
    tx: &Transaction<'_>,
    player: PlayerId,
    before: Option<BetId>,
    limit: u32,
) -> Result<Vec<BetRecord>> {
    let select = "SELECT * FROM bet
         WHERE player = $1 AND ($2::BYTEA IS NULL OR (placed_at, bet) <
             (SELECT placed_at, bet FROM bet WHERE player = $1 AND bet = $2))
         ORDER BY placed_at DESC, bet DESC LIMIT $3";
    let before = before.as_ref().map(|bet| &bet.as_bytes()[..]);
    let rows = query(tx, select, &[&player.as_i64(), &before, &i64::from(limit)]).await?;
    rows.iter().map(record).collect()
}

fn record(row: &Row) -> Result<BetRecord> {
    let payout: Option<i64> = get(row, "payout_units")?;
    let multiplier: Option<Multiplier> = columns::multiplier_if_any(row, "multiplier_centi")?;
    let cashed_out = multiplier.zip(columns::number_if_any(row, "stamped_ms")?);
    Ok(BetRecord {
        player: columns::player(row, "player")?,
        name: get(row, "name")?,
        bet: columns::bet(row, "bet")?,
        round: RoundId::new(columns::lobby(row, "lobby")?, columns::number(row, "round")?),
        stake: columns::stake(row, "stake_steps")?,
        auto_cash_out: columns::multiplier_if_any(row, "auto_centi")?,
        cap: columns::multiplier(row, "cap_centi")?,
        balance: columns::amount(row, "balance_units")?,
        state: words::bet_state_of(get(row, "state")?, cashed_out),
        in_round: get(row, "in_round")?,
        payout: payout.map(kernel::Amount::from_units),
        placed_at: get(row, "placed_at")?,
    })
}
