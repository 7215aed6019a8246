//! What holds between game and wallet: whatever one has told the other, both know.

use super::{Invariant, Look};

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "bets_hold_their_stakes",
        says: "every bet of the game is a hold of the wallet, of the same round and stake",
        look: Look::Rows(
            "SELECT 'round ' || bet.lobby || '/' || bet.round || ' player:' || bet.player
                    || ' bet ' || lower(hex(bet.bet)),
                    iif(hold.bet IS NULL, 'has no hold', 'is held for round ' || hold.lobby || '/'
                        || hold.round || ' with ' || hold.stake_steps || ' steps, staked '
                        || bet.stake_steps)
             FROM game.bet AS bet LEFT JOIN later.ledger_hold AS hold
               ON hold.bet = bet.bet AND hold.player = bet.player
             WHERE hold.bet IS NULL OR (hold.lobby, hold.round, hold.stake_steps)
                <> (bet.lobby, bet.round, bet.stake_steps)",
        ),
    },
    Invariant {
        name: "holds_end_as_their_bets",
        says: "the wallet has decided a hold exactly as the game has decided its bet",
        look: Look::Rows(
            "SELECT 'round ' || hold.lobby || '/' || hold.round || ' player:' || hold.player
                    || ' bet ' || lower(hex(hold.bet)),
                    'is ' || hold.state || coalesce(' with ' || hold.payout_units || ' units', '')
                    || ' at the wallet, ' || coalesce(bet.state, 'unknown')
                    || coalesce(' with ' || bet.payout_units || ' units', '') || ' in the game'
             FROM book.ledger_hold AS hold LEFT JOIN game.bet AS bet
               ON bet.player = hold.player AND bet.bet = hold.bet
             WHERE (hold.state = 'won' AND (bet.state IS NOT 'cashed_out'
                                            OR bet.payout_units IS NOT hold.payout_units))
                OR (hold.state = 'lost' AND bet.state IS NOT 'lost')
                OR (hold.state = 'released' AND bet.state IN ('cashed_out', 'lost'))",
        ),
    },
    Invariant {
        name: "answered_rounds_are_paid",
        says: "a round whose close was answered has no reserved hold, unless they disagreed",
        look: Look::Rows(
            "SELECT 'round ' || hold.lobby || '/' || hold.round || ' player:' || hold.player
                    || ' bet ' || lower(hex(hold.bet)), 'is still reserved'
             FROM later.ledger_hold AS hold JOIN game.round AS round USING (lobby, round)
             WHERE hold.state = 'reserved' AND round.close_agreed = 1",
        ),
    },
    Invariant {
        name: "fences_never_fall",
        says: "no epoch, closed round or seed is ahead of the wallet's fence",
        look: Look::Rows(
            "SELECT 'lobby ' || lobby.lobby,
                    'is played under epoch ' || lobby.epoch || ', fenced at '
                    || coalesce(fence.epoch, 0)
             FROM game.lobby AS lobby LEFT JOIN later.ledger_fence AS fence USING (lobby)
             WHERE lobby.epoch > coalesce(fence.epoch, 0)
             UNION ALL
             SELECT 'lobby ' || lobby, 'closed round ' || answered || ', fenced at '
                    || coalesce(fence.closed_round, 0)
             FROM (SELECT lobby, max(round) AS answered FROM game.round
                   WHERE close_agreed IS NOT NULL GROUP BY lobby)
             LEFT JOIN later.ledger_fence AS fence USING (lobby)
             WHERE answered > coalesce(fence.closed_round, 0)
             UNION ALL
             SELECT 'lobby ' || earlier.lobby, 'its fence fell'
             FROM book.ledger_fence AS earlier LEFT JOIN later.ledger_fence AS fence USING (lobby)
             WHERE fence.lobby IS NULL OR fence.epoch < earlier.epoch
                OR fence.closed_round < earlier.closed_round
                OR fence.seed_index < earlier.seed_index",
        ),
    },
    Invariant {
        name: "closes_agreed",
        says: "wallet and game agreed about every closed round",
        look: Look::Rows(
            "SELECT 'round ' || lobby || '/' || round,
                    'its close did not agree; its holds and exposure are kept'
             FROM game.round WHERE close_agreed = 0",
        ),
    },
    Invariant {
        name: "the_outbox_is_answered",
        says: "no call to the wallet waits for longer than the limit",
        look: Look::Overdue(
            // A row knows no time of its own; what it tells of cannot be older than its round.
            "WITH waiting AS (
                SELECT outbox.id, outbox.lobby, outbox.round, part,
                       ?1 - coalesce(round.ended_at, round.locked_at, round.opened_at) AS age_ms
                FROM game.outbox AS outbox LEFT JOIN game.round AS round USING (lobby, round)
                WHERE acknowledged_at IS NULL)
             SELECT 'round ' || lobby || '/' || round || ' row ' || id,
                    part || ' waits for ' || (age_ms / 1000) || ' s'
             FROM waiting WHERE age_ms > ?2",
        ),
    },
];
