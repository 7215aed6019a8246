//! Lobbies, and what a new owner inherits with one.

use kernel::{Epoch, LobbyId, PlayerId};
use platform::postgres::Transaction;
use tokio_postgres::Row;

use super::columns::{self, Result, execute, get, query, query_one, query_opt};
use super::{chains, owners, rounds};
use crate::store::{Inheritance, LobbyRecord, NewLobby, NodeId, words};

/// Whoever makes a lobby makes it alone until the end of the transaction.
pub(super) async fn alone(tx: &Transaction<'_>) -> Result<()> {
    query_one(tx, "SELECT last FROM lobby_counter WHERE id = 1 FOR UPDATE", &[]).await?;
    Ok(())
}

/// Makes a lobby unless its owner has `limit`. Call [`alone`] before.
pub(super) async fn create(
    tx: &Transaction<'_>,
    new: &NewLobby,
    limit: u32,
) -> Result<Option<LobbyRecord>> {
    if let Some(owner) = new.owner
        && owned(tx, owner).await?.0 >= limit
    {
        return Ok(None);
    }
    let next = "UPDATE lobby_counter SET last = last + 1 WHERE id = 1 RETURNING last";
    let number: i64 = get(&query_one(tx, next, &[]).await?, "last")?;
    let sql = "INSERT INTO lobby (lobby, owner, name, visibility, mode, curve, betting_ms,
                            stake_min_steps, stake_max_steps, multiplier_max_centi,
                            payout_max_units, bets_per_player, house_edge_bps, funding_units,
                            chain_length, created_at, visited_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
         RETURNING *";
    let row = query_one(
        tx,
        sql,
        &[
            &number,
            &new.owner.map(PlayerId::as_i64),
            &new.name,
            &words::visibility(new.visibility),
            &words::mode(new.mode),
            &words::curve(new.curve),
            &columns::signed(new.betting_ms),
            &i64::from(new.stake_min.steps()),
            &i64::from(new.stake_max.steps()),
            &i64::from(new.multiplier_max.centi()),
            &new.payout_max.units(),
            &i64::from(new.bets_per_player),
            &i64::from(new.house_edge_bps),
            &new.funding.units(),
            &i64::from(new.chain_length),
            &new.created_at,
        ],
    )
    .await?;
    record(&row).map(Some)
}

/// How many lobbies of the player are not closed, and how many of those are continuous.
pub(super) async fn owned(tx: &Transaction<'_>, owner: PlayerId) -> Result<(u32, u32)> {
    let select = "SELECT count(*) AS all_of_them,
                         count(*) FILTER (WHERE mode = 'continuous') AS continuous
                  FROM lobby WHERE owner = $1 AND closed_at IS NULL";
    let row = query_one(tx, select, &[&owner.as_i64()]).await?;
    Ok((columns::number(&row, "all_of_them")?, columns::number(&row, "continuous")?))
}

pub(super) async fn one(tx: &Transaction<'_>, lobby: LobbyId) -> Result<Option<LobbyRecord>> {
    let select = "SELECT * FROM lobby WHERE lobby = $1";
    query_opt(tx, select, &[&lobby.as_i64()]).await?.as_ref().map(record).transpose()
}

pub(super) async fn public(tx: &Transaction<'_>, limit: u32) -> Result<Vec<LobbyRecord>> {
    let select = "SELECT * FROM lobby WHERE visibility = 'public' AND closed_at IS NULL
                  ORDER BY lobby DESC LIMIT $1";
    query(tx, select, &[&i64::from(limit)]).await?.iter().map(record).collect()
}

pub(super) async fn visit(tx: &Transaction<'_>, visits: &[(LobbyId, i64)]) -> Result<()> {
    let (lobbies, at): (Vec<i64>, Vec<i64>) =
        visits.iter().map(|(lobby, at)| (lobby.as_i64(), *at)).unzip();
    // Several nodes note visits: all of them in one order.
    let lock = "SELECT lobby FROM lobby WHERE lobby = ANY($1) ORDER BY lobby FOR NO KEY UPDATE";
    query(tx, lock, &[&lobbies]).await?;
    let sql = "UPDATE lobby SET visited_at = greatest(visited_at, at)
               FROM (SELECT lobby, max(at) AS at FROM unnest($1::BIGINT[], $2::BIGINT[])
                         AS visit (lobby, at) GROUP BY lobby) AS visit
               WHERE lobby.lobby = visit.lobby";
    execute(tx, sql, &[&lobbies, &at]).await?;
    Ok(())
}

pub(super) async fn unvisited(
    tx: &Transaction<'_>,
    before: i64,
    limit: u32,
) -> Result<Vec<LobbyId>> {
    let select = "SELECT lobby FROM lobby
         WHERE owner IS NOT NULL AND closed_at IS NULL AND visited_at < $1
         ORDER BY visited_at LIMIT $2";
    let rows = query(tx, select, &[&before, &i64::from(limit)]).await?;
    rows.iter().map(|row| columns::lobby(row, "lobby")).collect()
}

/// Never a configured one, none that still has something to end, and none of another node's.
pub(super) async fn close(
    tx: &Transaction<'_>,
    node: NodeId,
    lobby: LobbyId,
    (before, at): (i64, i64),
) -> Result<bool> {
    if owners::is_others(tx, node, lobby).await? {
        return Ok(false);
    }
    let sql = "UPDATE lobby SET closed_at = $3
         WHERE lobby = $1 AND owner IS NOT NULL AND closed_at IS NULL AND visited_at < $2
           AND NOT EXISTS (SELECT 1 FROM round WHERE round.lobby = $1
                           AND state IN ('open', 'locked', 'crashed'))
           AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.lobby = $1
                           AND acknowledged_at IS NULL)";
    Ok(execute(tx, sql, &[&lobby.as_i64(), &before, &at]).await? == 1)
}

/// Configured lobbies, those with something unfinished, and those whose chains were given up after
/// a restore (the wallet may hold stakes there that nothing here knows of), if nobody with a lease
/// owns them.
pub(super) async fn to_own(tx: &Transaction<'_>, limit: u32) -> Result<Vec<LobbyId>> {
    let select = "SELECT lobby FROM (
             SELECT lobby FROM lobby WHERE owner IS NULL
             UNION SELECT lobby FROM round WHERE state IN ('open', 'locked', 'crashed')
             UNION SELECT lobby FROM outbox WHERE acknowledged_at IS NULL
             UNION SELECT lobby FROM chain AS given JOIN lobby USING (lobby)
                   WHERE abandoned = 'restored' AND closed_at IS NULL AND NOT EXISTS (
                       SELECT 1 FROM chain AS newer
                       WHERE newer.lobby = given.lobby AND newer.chain > given.chain)) AS wanted
         WHERE NOT EXISTS (SELECT 1 FROM lobby_owner JOIN node USING (node)
                           WHERE lobby_owner.lobby = wanted.lobby
                             AND lease_until > clock_timestamp())
         ORDER BY lobby LIMIT $1";
    let rows = query(tx, select, &[&i64::from(limit)]).await?;
    rows.iter().map(|row| columns::lobby(row, "lobby")).collect()
}

/// Call in a transaction that sees one committed state.
pub(super) async fn inherit(tx: &Transaction<'_>, lobby: LobbyId) -> Result<Option<Inheritance>> {
    let Some(record) = one(tx, lobby).await? else { return Ok(None) };
    let select = "SELECT epoch, CASE WHEN lease_until > clock_timestamp() THEN node END AS node
                  FROM lobby_owner LEFT JOIN node USING (node) WHERE lobby = $1";
    let owner = query_opt(tx, select, &[&lobby.as_i64()]).await?;
    let (owner, claimed) = match owner {
        Some(row) => (columns::node_if_any(&row, "node")?, Epoch(columns::number(&row, "epoch")?)),
        None => (None, Epoch::default()),
    };
    Ok(Some(Inheritance {
        lobby: record,
        unfinished: rounds::unfinished(tx, lobby).await?,
        unclosed: rounds::unclosed(tx, lobby).await?,
        owner,
        claimed,
        last_round: rounds::last(tx, lobby).await?,
        chains: chains::of_lobby(tx, lobby).await?,
    }))
}

pub(super) async fn take_over(tx: &Transaction<'_>, lobby: LobbyId, epoch: Epoch) -> Result<()> {
    let sql = "UPDATE lobby SET epoch = greatest(epoch, $2) WHERE lobby = $1";
    execute(tx, sql, &[&lobby.as_i64(), &columns::signed(epoch.0)]).await?;
    Ok(())
}

fn record(row: &Row) -> Result<LobbyRecord> {
    let owner: Option<i64> = get(row, "owner")?;
    let rules = NewLobby {
        owner: owner.map(|_| columns::player(row, "owner")).transpose()?,
        name: get(row, "name")?,
        visibility: words::visibility_of(get(row, "visibility")?),
        mode: words::mode_of(get(row, "mode")?),
        curve: words::curve_of(get(row, "curve")?),
        betting_ms: columns::number(row, "betting_ms")?,
        stake_min: columns::stake(row, "stake_min_steps")?,
        stake_max: columns::stake(row, "stake_max_steps")?,
        multiplier_max: columns::multiplier(row, "multiplier_max_centi")?,
        payout_max: columns::amount(row, "payout_max_units")?,
        bets_per_player: columns::number(row, "bets_per_player")?,
        house_edge_bps: columns::number(row, "house_edge_bps")?,
        funding: columns::amount(row, "funding_units")?,
        chain_length: columns::number(row, "chain_length")?,
        created_at: get(row, "created_at")?,
    };
    Ok(LobbyRecord {
        lobby: columns::lobby(row, "lobby")?,
        rules,
        epoch: Epoch(columns::number(row, "epoch")?),
        kept_exposure: columns::amount(row, "kept_exposure_units")?,
        closed: get::<Option<i64>>(row, "closed_at")?.is_some(),
    })
}
