//! Opening a lobby: joined or made, and answered the same when the call comes again.

use kernel::LobbyId;
use platform::http::idempotency::Found;
use platform::postgres::{Transaction, idempotency};

use super::columns::Result;
use super::lobbies;
use crate::store::{KeyedOpening, Opened, Opening};

/// All in one transaction: a lobby without its answer, or an answer without its lobby, would let
/// a repetition make another one.
pub(super) async fn open(tx: &Transaction<'_>, opening: &Opening) -> Result<Opened> {
    let now = opening.new.created_at;
    if let Some(KeyedOpening { player, call, .. }) = &opening.call {
        match idempotency::find(tx, *player, call, now).await? {
            Found::Nothing => {}
            Found::Answer(answer) => return Ok(Opened::Kept(answer)),
            Found::Mismatch => return Ok(Opened::Mismatch),
        }
    }
    let outcome = join_or_make(tx, opening).await?;
    let lobby = match &outcome {
        Opened::Joined(lobby) => *lobby,
        Opened::Made(record) => record.lobby,
        _ => return Ok(outcome),
    };
    if let Some(keyed) = &opening.call {
        idempotency::keep(tx, keyed.player, &keyed.call, &keyed.answer(lobby), now).await?;
    }
    Ok(outcome)
}

async fn join_or_make(tx: &Transaction<'_>, opening: &Opening) -> Result<Opened> {
    if let Some(lobby) = opening.join
        && is_open(tx, lobby).await?
    {
        return Ok(Opened::Joined(lobby));
    }
    lobbies::alone(tx).await?;
    // Whoever had the turn before may have made it.
    if let Some(lobby) = opening.join
        && is_open(tx, lobby).await?
    {
        return Ok(Opened::Joined(lobby));
    }
    let (limits, new) = (opening.limits, &opening.new);
    if let Some(owner) = new.owner {
        let (all, continuous) = lobbies::owned(tx, owner).await?;
        if all >= limits.all {
            return Ok(Opened::TooMany);
        }
        if new.mode == engine::Mode::Continuous && continuous >= limits.continuous {
            return Ok(Opened::TooManyContinuous);
        }
    }
    let made = lobbies::create(tx, new, limits.all).await?;
    Ok(made.map_or(Opened::TooMany, |record| Opened::Made(Box::new(record))))
}

async fn is_open(tx: &Transaction<'_>, lobby: LobbyId) -> Result<bool> {
    Ok(lobbies::one(tx, lobby).await?.is_some_and(|record| !record.closed))
}
