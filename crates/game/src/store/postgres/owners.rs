//! Nodes, their leases and what they own. The lock on `lobby_owner` fences: shared by whoever
//! changes a lobby's rounds, alone for whoever claims it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Epoch, LobbyId};
use platform::postgres::Transaction;

use super::columns::{self, Result, execute, query, query_opt};
use crate::store::{Batch, Claim, Claimed, NodeId, Owner};

/// How long a lease is, in milliseconds, on the database's clock.
pub const LEASE_MS: u64 = 2_000;

/// Who owns a lobby, its row locked.
struct Locked {
    node: Option<NodeId>,
    epoch: Epoch,
}

pub(super) async fn renew(tx: &Transaction<'_>, node: NodeId) -> Result<()> {
    // The clock is read before the row is waited for: a lease is never longer than it is told.
    let sql = "INSERT INTO node (node, lease_until)
         VALUES ($1, clock_timestamp() + $2::BIGINT * INTERVAL '1 millisecond')
         ON CONFLICT (node) DO UPDATE SET lease_until = excluded.lease_until";
    execute(tx, sql, &[&&node.as_bytes()[..], &columns::signed(LEASE_MS)]).await?;
    Ok(())
}

/// Whoever changes the lobby's rounds has its row shared: the claim waits for them, and what comes
/// after it finds another owner.
pub(super) async fn claim(tx: &Transaction<'_>, claim: Claim) -> Result<Claimed> {
    let Claim { node, lobby, at_least } = claim;
    let select = "SELECT epoch FROM lobby WHERE lobby = $1";
    let Some(row) = query_opt(tx, select, &[&lobby.as_i64()]).await? else {
        return Ok(Claimed::Unknown);
    };
    let taken_over = Epoch(columns::number(&row, "epoch")?);
    let Some(locked) = lock(tx, lobby).await? else { return Ok(Claimed::Unknown) };
    if !lives(tx, node).await? {
        return Ok(Claimed::Lapsed);
    }
    if let Some(owner) = locked.node.filter(|owner| *owner != node)
        && lives(tx, owner).await?
    {
        return Ok(Claimed::Others);
    }
    let epoch = taken_over.max(locked.epoch).next().max(at_least);
    let sql = "UPDATE lobby_owner SET node = $2, epoch = $3 WHERE lobby = $1";
    execute(tx, sql, &[&lobby.as_i64(), &&node.as_bytes()[..], &columns::signed(epoch.0)]).await?;
    Ok(Claimed::Yours(epoch))
}

pub(super) async fn hand_over(tx: &Transaction<'_>, owner: Owner) -> Result<()> {
    let Owner { node, lobby, epoch } = owner;
    let sql = "UPDATE lobby_owner SET node = NULL WHERE lobby = $1 AND node = $2 AND epoch = $3";
    execute(tx, sql, &[&lobby.as_i64(), &&node.as_bytes()[..], &columns::signed(epoch.0)]).await?;
    Ok(())
}

pub(super) async fn leave(tx: &Transaction<'_>, node: NodeId) -> Result<()> {
    let node = &node.as_bytes()[..];
    execute(tx, "UPDATE lobby_owner SET node = NULL WHERE node = $1", &[&node]).await?;
    execute(tx, "DELETE FROM node WHERE node = $1", &[&node]).await?;
    Ok(())
}

/// Nodes that are gone for a day: none of them owns anything that could not be claimed.
pub(super) async fn forget_lapsed(tx: &Transaction<'_>) -> Result<()> {
    let sql = "DELETE FROM node WHERE lease_until < clock_timestamp() - INTERVAL '1 day'";
    execute(tx, sql, &[]).await?;
    Ok(())
}

/// Whether some other node owns the lobby and has its lease; nobody claims it until the end of the
/// transaction.
pub(super) async fn is_others(tx: &Transaction<'_>, node: NodeId, lobby: LobbyId) -> Result<bool> {
    let locked = lock(tx, lobby).await?;
    match locked.and_then(|locked| locked.node).filter(|owner| *owner != node) {
        Some(owner) => lives(tx, owner).await,
        None => Ok(false),
    }
}

/// Locks those lobbies of the batch that the node owns under its epoch; the others.
pub(super) async fn not_owned(tx: &Transaction<'_>, batch: &Batch) -> Result<BTreeSet<LobbyId>> {
    let owned = batch.owned.iter().map(|(lobby, epoch)| (*lobby, *epoch));
    let own = share(tx, batch.node, owned).await?;
    Ok(batch.owned.keys().filter(|lobby| !own.contains_key(lobby)).copied().collect())
}

/// Whether the lobby is `owner`'s, and then stays so until the end of the transaction.
pub(super) async fn owns(tx: &Transaction<'_>, owner: Owner) -> Result<bool> {
    let own = share(tx, owner.node, [(owner.lobby, owner.epoch)]).await?;
    Ok(own.contains_key(&owner.lobby))
}

/// Those of the lobbies that the node owns under that epoch, their rows shared. `EXISTS` would hold
/// up no claim.
pub(super) async fn share(
    tx: &Transaction<'_>,
    node: NodeId,
    lobbies: impl IntoIterator<Item = (LobbyId, Epoch)>,
) -> Result<BTreeMap<LobbyId, Epoch>> {
    let lobbies: BTreeSet<(LobbyId, Epoch)> = lobbies.into_iter().collect();
    let ids: Vec<i64> = lobbies.iter().map(|(lobby, _)| lobby.as_i64()).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let select = "SELECT lobby, node, epoch FROM lobby_owner WHERE lobby = ANY($1)
                  ORDER BY lobby FOR SHARE";
    let mut own = BTreeMap::new();
    for row in &query(tx, select, &[&ids]).await? {
        let under = (columns::lobby(row, "lobby")?, Epoch(columns::number(row, "epoch")?));
        if columns::node_if_any(row, "node")? == Some(node) && lobbies.contains(&under) {
            own.insert(under.0, under.1);
        }
    }
    Ok(own)
}

/// Locks the lobby's row, alone; none if there is no such lobby.
async fn lock(tx: &Transaction<'_>, lobby: LobbyId) -> Result<Option<Locked>> {
    // Nobody ever owned it under epoch 0.
    let sql = "INSERT INTO lobby_owner (lobby, epoch)
               SELECT lobby, 0 FROM lobby WHERE lobby = $1 ON CONFLICT (lobby) DO NOTHING";
    execute(tx, sql, &[&lobby.as_i64()]).await?;
    let select = "SELECT node, epoch FROM lobby_owner WHERE lobby = $1 FOR UPDATE";
    let row = query_opt(tx, select, &[&lobby.as_i64()]).await?;
    let locked = row.map(|row| {
        let epoch = Epoch(columns::number(&row, "epoch")?);
        Ok(Locked { node: columns::node_if_any(&row, "node")?, epoch })
    });
    locked.transpose()
}

/// Whether the node's lease has not run out. Its renewal waits for the end of the transaction.
async fn lives(tx: &Transaction<'_>, node: NodeId) -> Result<bool> {
    let select = "SELECT lease_until > clock_timestamp() AS lives FROM node WHERE node = $1
                  FOR SHARE";
    let row = query_opt(tx, select, &[&&node.as_bytes()[..]]).await?;
    row.map_or(Ok(false), |row| columns::get(&row, "lives"))
}
