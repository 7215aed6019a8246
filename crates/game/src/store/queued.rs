//! Calls to the wallet as they are queued, whichever database queues them.

use engine::BetKey;
use kernel::{LobbyId, RoundId};

use super::{OutboxBody, WireOutcome};
use crate::outbound::HOLDS_MAX;

/// When the first round ended that is owed an answer. A partial index names the few rounds that are
/// not closed, another one the rows that wait; the round of each is looked up by its key, which a
/// join would leave to a planner that may know nothing of the tables yet.
pub(super) const OLDEST_UNSETTLED: &str = "
    SELECT min(ended_at) AS ended_at FROM (
        SELECT ended_at FROM round WHERE close_agreed IS NULL
        UNION ALL
        SELECT (SELECT ended_at FROM round
                WHERE round.lobby = outbox.lobby AND round.round = outbox.round)
        FROM outbox WHERE acknowledged_at IS NULL
    ) AS owed";

/// A row of the outbox that is to be.
pub(super) struct Queued {
    pub(super) round: RoundId,
    /// What makes the row unique in its round: what it is and for whom.
    pub(super) part: String,
    pub(super) body: OutboxBody,
}

impl Queued {
    /// The return of a stake.
    pub(super) fn release(lobby: LobbyId, key: BetKey) -> Self {
        let part = format!("release {} {}", key.player, key.bet);
        let body = OutboxBody::Release { player: key.player.get(), bet: key.bet.to_string() };
        Self { round: RoundId::new(lobby, key.round), part, body }
    }

    /// One cash-out's resolve.
    pub(super) fn cash_out(round: RoundId, bet: WireOutcome) -> Self {
        let part = format!("cash-out {} {}", bet.player, bet.bet);
        Self { round, part, body: OutboxBody::Resolve { bets: vec![bet] } }
    }

    /// A close alone.
    pub(super) fn close(round: RoundId, close: OutboxBody) -> Self {
        Self { round, part: "close".to_owned(), body: close }
    }

    /// The rest of a round's resolves, in chunks, and then its close.
    pub(super) fn end(round: RoundId, bets: &[WireOutcome], close: OutboxBody) -> Vec<Self> {
        let chunks = bets.chunks(HOLDS_MAX).enumerate().map(|(number, chunk)| {
            let body = OutboxBody::Resolve { bets: chunk.to_vec() };
            Self { round, part: format!("end {number}"), body }
        });
        chunks.chain([Self::close(round, close)]).collect()
    }
}
