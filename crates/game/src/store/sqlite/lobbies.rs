//! Lobbies and their chains.

use engine::Mode;
use kernel::{CurveKind, Epoch, LobbyId, PlayerId};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, params};

use super::super::{ChainRecord, Inheritance, LobbyRecord, NewLobby, SealedSeed, Visibility};
use super::{columns, rounds};

pub(super) fn create(
    tx: &Transaction<'_>,
    new: &NewLobby,
    limit: u32,
) -> Result<Option<LobbyRecord>> {
    if let Some(owner) = new.owner {
        let owned: u32 = tx
            .prepare_cached("SELECT count(*) FROM lobby WHERE owner = ?1")?
            .query_row([owner.as_i64()], |row| row.get(0))?;
        if owned >= limit {
            return Ok(None);
        }
    }
    tx.prepare_cached(
        "INSERT INTO lobby (owner, name, visibility, mode, curve, betting_ms, stake_min_steps,
                            stake_max_steps, multiplier_max_centi, payout_max_units,
                            bets_per_player, house_edge_bps, funding_units, chain_length,
                            created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        new.owner.map(PlayerId::as_i64),
        new.name,
        visibility_text(new.visibility),
        mode_text(new.mode),
        curve_text(new.curve),
        columns::signed(new.betting_ms),
        new.stake_min.steps(),
        new.stake_max.steps(),
        new.multiplier_max.centi(),
        new.payout_max.units(),
        new.bets_per_player,
        new.house_edge_bps,
        new.funding.units(),
        new.chain_length,
        new.created_at,
    ])?;
    let sql = "SELECT * FROM lobby WHERE lobby = ?1";
    tx.prepare_cached(sql)?.query_row([tx.last_insert_rowid()], record).optional()
}

pub(super) fn one(connection: &Connection, lobby: LobbyId) -> Result<Option<LobbyRecord>> {
    connection
        .prepare_cached("SELECT * FROM lobby WHERE lobby = ?1")?
        .query_row([lobby.as_i64()], record)
        .optional()
}

pub(super) fn public(connection: &Connection, limit: u32) -> Result<Vec<LobbyRecord>> {
    let sql = "SELECT * FROM lobby WHERE visibility = 'public' ORDER BY lobby DESC LIMIT ?1";
    connection.prepare_cached(sql)?.query_map([limit], record)?.collect()
}

/// Configured lobbies, and those with something unfinished.
pub(super) fn to_own(connection: &Connection) -> Result<Vec<LobbyId>> {
    let mut statement = connection.prepare_cached(
        "SELECT lobby FROM lobby WHERE owner IS NULL
         UNION SELECT lobby FROM round WHERE state IN ('open', 'locked', 'crashed')
         UNION SELECT lobby FROM outbox WHERE acknowledged_at IS NULL",
    )?;
    let lobbies = statement.query_map([], |row| columns::lobby(row, "lobby"))?;
    lobbies.collect()
}

pub(super) fn inherit(connection: &Connection, lobby: LobbyId) -> Result<Option<Inheritance>> {
    let Some(record) = one(connection, lobby)? else { return Ok(None) };
    let mut statement =
        connection.prepare_cached("SELECT * FROM chain WHERE lobby = ?1 ORDER BY chain")?;
    let chains = statement.query_map([lobby.as_i64()], chain_record)?.collect::<Result<_>>()?;
    Ok(Some(Inheritance {
        lobby: record,
        unfinished: rounds::unfinished(connection, lobby)?,
        unclosed: rounds::unclosed(connection, lobby)?,
        last_round: rounds::last(connection, lobby)?,
        chains,
    }))
}

pub(super) fn take_over(tx: &Transaction<'_>, lobby: LobbyId, epoch: Epoch) -> Result<()> {
    tx.prepare_cached("UPDATE lobby SET epoch = max(epoch, ?2) WHERE lobby = ?1")?
        .execute(params![lobby.as_i64(), columns::signed(epoch.0)])?;
    Ok(())
}

pub(super) fn add_chain(
    tx: &Transaction<'_>,
    chain: &ChainRecord,
    checkpoints: &[SealedSeed],
) -> Result<()> {
    let added = tx
        .prepare_cached(
            "INSERT INTO chain (lobby, chain, length, seeds_before, house_edge_bps, terminal,
                                public_key, signature, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (lobby, chain) DO NOTHING",
        )?
        .execute(params![
            chain.lobby.as_i64(),
            chain.chain,
            chain.length,
            chain.seeds_before,
            chain.house_edge_bps,
            chain.terminal,
            chain.public_key,
            chain.signature,
            chain.created_at,
        ])?;
    if added == 0 {
        return Ok(());
    }
    let mut add = tx.prepare_cached(
        "INSERT INTO checkpoint (lobby, chain, seed_index, nonce, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for checkpoint in checkpoints {
        let SealedSeed { index, nonce, sealed } = checkpoint;
        add.execute(params![chain.lobby.as_i64(), chain.chain, index, nonce, sealed])?;
    }
    Ok(())
}

pub(super) fn set_public_seed(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
    public_seed: &str,
) -> Result<String> {
    tx.prepare_cached(
        "UPDATE chain SET public_seed = coalesce(public_seed, ?3) WHERE lobby = ?1 AND chain = ?2
         RETURNING public_seed",
    )?
    .query_row(params![lobby.as_i64(), chain, public_seed], |row| row.get(0))
}

pub(super) fn checkpoint(
    connection: &Connection,
    lobby: LobbyId,
    chain: u32,
    index: u32,
) -> Result<Option<SealedSeed>> {
    connection
        .prepare_cached(
            "SELECT seed_index, nonce, sealed FROM checkpoint
             WHERE lobby = ?1 AND chain = ?2 AND seed_index >= ?3 ORDER BY seed_index LIMIT 1",
        )?
        .query_row(params![lobby.as_i64(), chain, index], |row| {
            Ok(SealedSeed { index: row.get(0)?, nonce: row.get(1)?, sealed: row.get(2)? })
        })
        .optional()
}

pub(super) fn chain(
    connection: &Connection,
    lobby: LobbyId,
    chain: u32,
) -> Result<Option<ChainRecord>> {
    connection
        .prepare_cached("SELECT * FROM chain WHERE lobby = ?1 AND chain = ?2")?
        .query_row(params![lobby.as_i64(), chain], chain_record)
        .optional()
}

fn chain_record(row: &Row<'_>) -> Result<ChainRecord> {
    Ok(ChainRecord {
        lobby: columns::lobby(row, "lobby")?,
        chain: row.get("chain")?,
        length: row.get("length")?,
        seeds_before: row.get("seeds_before")?,
        house_edge_bps: row.get("house_edge_bps")?,
        terminal: row.get("terminal")?,
        public_key: row.get("public_key")?,
        signature: row.get("signature")?,
        public_seed: row.get("public_seed")?,
        used: row.get("used")?,
        created_at: row.get("created_at")?,
    })
}

fn record(row: &Row<'_>) -> Result<LobbyRecord> {
    let owner: Option<i64> = row.get("owner")?;
    let text = |column: &str| row.get::<_, String>(column);
    let rules = NewLobby {
        owner: owner.map(|_| columns::player(row, "owner")).transpose()?,
        name: row.get("name")?,
        visibility: match text("visibility")?.as_str() {
            "public" => Visibility::Public,
            _ => Visibility::Private,
        },
        mode: match text("mode")?.as_str() {
            "continuous" => Mode::Continuous,
            _ => Mode::OnFirstBet,
        },
        curve: match text("curve")?.as_str() {
            "linear" => CurveKind::Linear,
            _ => CurveKind::Exponential,
        },
        betting_ms: columns::unsigned(row, "betting_ms")?,
        stake_min: columns::stake(row, "stake_min_steps")?,
        stake_max: columns::stake(row, "stake_max_steps")?,
        multiplier_max: columns::multiplier(row, "multiplier_max_centi")?,
        payout_max: columns::amount(row, "payout_max_units")?,
        bets_per_player: row.get("bets_per_player")?,
        house_edge_bps: row.get("house_edge_bps")?,
        funding: columns::amount(row, "funding_units")?,
        chain_length: row.get("chain_length")?,
        created_at: row.get("created_at")?,
    };
    Ok(LobbyRecord {
        lobby: columns::lobby(row, "lobby")?,
        rules,
        epoch: Epoch(columns::unsigned(row, "epoch")?),
        kept_exposure: columns::amount(row, "kept_exposure_units")?,
    })
}

const fn visibility_text(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

const fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Continuous => "continuous",
        Mode::OnFirstBet => "on_first_bet",
    }
}

const fn curve_text(curve: CurveKind) -> &'static str {
    match curve {
        CurveKind::Exponential => "exponential",
        CurveKind::Linear => "linear",
    }
}
