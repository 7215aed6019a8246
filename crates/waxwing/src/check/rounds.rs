//! What holds in the game's records alone.

use super::{Invariant, Look, locks, seeds};

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "bets_end_once",
        says: "a bet has one terminal record, and has it when its round is over",
        look: Look::Rows(
            "SELECT 'round ' || bet.lobby || '/' || bet.round || ' player:' || bet.player
                    || ' bet ' || lower(hex(bet.bet)),
                    'is ' || bet.state || ' in a round that is ' || round.state
             FROM game.bet AS bet JOIN game.round AS round USING (lobby, round)
             WHERE (bet.state = 'accepted' AND round.state IN ('settled', 'voided', 'interrupted'))
                OR (bet.state = 'lost' AND round.state <> 'settled')
                OR (bet.state IN ('lost', 'cashed_out') AND NOT bet.in_round)
                OR (bet.state = 'cashed_out' AND round.state IN ('open', 'voided'))
                OR (bet.state = 'cancelled' AND bet.in_round)",
        ),
    },
    Invariant {
        name: "payouts_are_exact",
        says: "a payout is stake × multiplier, not above target, cap, climb or crash point",
        look: Look::Rows(
            "SELECT 'round ' || bet.lobby || '/' || bet.round || ' player:' || bet.player
                    || ' bet ' || lower(hex(bet.bet)),
                    'staked ' || bet.stake_steps || ' steps, is paid '
                    || coalesce(bet.payout_units, 0) || ' units at '
                    || coalesce(bet.multiplier_centi, 0) || ' hundredths, crash point '
                    || coalesce(round.crash_point_centi, 'unknown')
             FROM game.bet AS bet JOIN game.round AS round USING (lobby, round)
             WHERE (bet.payout_units IS NOT NULL) <> (bet.state = 'cashed_out')
                OR bet.payout_units <> bet.stake_steps * bet.multiplier_centi
                OR (bet.state = 'cashed_out'
                    AND (bet.multiplier_centi < iif(round.state = 'interrupted', 100, 101)
                      OR bet.multiplier_centi > bet.auto_centi
                      OR bet.multiplier_centi > bet.cap_centi
                      OR bet.multiplier_centi > round.multiplier_centi
                      OR bet.multiplier_centi > round.crash_point_centi))",
        ),
    },
    Invariant {
        name: "lock_records_agree",
        says: "count, sums and hash of a round are those of its accepted set",
        look: Look::Walk(locks::walk),
    },
    Invariant {
        name: "crash_points_follow_from_the_seeds",
        says: "the stored crash point is the one that the revealed seed gives",
        look: Look::Walk(seeds::crash_points),
    },
    Invariant {
        name: "seeds_follow_from_each_other",
        says: "every revealed seed hashes to the one before, the first to the commitment",
        look: Look::Walk(seeds::links),
    },
    Invariant {
        name: "rounds_only_go_forward",
        says: "epochs and seed indexes never fall from round to round",
        look: Look::Rows(
            "WITH line AS (
                SELECT lobby, round, epoch, chain, seed_index,
                       lag(epoch) OVER whole AS epoch_before,
                       lag(chain) OVER whole AS chain_before,
                       max(seed_index) OVER earlier AS highest
                FROM game.round
                WINDOW whole AS (PARTITION BY lobby ORDER BY round),
                       earlier AS (PARTITION BY lobby, chain ORDER BY round
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
             SELECT 'round ' || lobby || '/' || round,
                    'epoch ' || epoch || ', chain ' || chain || ', seed ' || coalesce(seed_index, 0)
                    || ' after ' || coalesce(epoch_before, 0) || ', ' || coalesce(chain_before, 0)
                    || ', ' || coalesce(highest, 0)
             FROM line WHERE epoch < epoch_before OR chain < chain_before OR seed_index <= highest
             UNION ALL
             SELECT 'chain ' || chain.lobby || '/' || chain.chain,
                    'says that ' || used || ' seeds are used, a round has seed ' || played
             FROM game.chain AS chain JOIN (
                SELECT lobby, chain, max(seed_index) AS played FROM game.round
                GROUP BY lobby, chain) AS last USING (lobby, chain)
             WHERE played > used
             UNION ALL
             SELECT 'lobby ' || lobby.lobby, 'has epoch ' || lobby.epoch || ', a round ' || played
             FROM game.lobby AS lobby JOIN (
                SELECT lobby, max(epoch) AS played FROM game.round GROUP BY lobby) AS last
               USING (lobby)
             WHERE played > lobby.epoch",
        ),
    },
];
