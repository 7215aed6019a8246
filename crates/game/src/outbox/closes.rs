//! Ends of rounds at the wallet.

use std::collections::BTreeSet;

use contracts::Close;
use futures_util::future::join_all;
use kernel::{Amount, SeedIndex};
use platform::failpoint;

use super::{Answers, Sender};
use crate::store::{AnsweredRow, OutboxBody, OutboxRow};

/// Closes under way at once: as many as come together share the wallet's commit.
const AT_ONCE: usize = 64;

impl Sender {
    /// The first close of each lobby whose earlier rows were all answered in this flush or before.
    pub(super) async fn close(&self, rows: &[OutboxRow], answers: &mut Answers) {
        for some in due(rows, answers).chunks(AT_ONCE) {
            let asked = some.iter().map(|(_, close)| async {
                failpoint::reach("close.before_send");
                self.wallet.close(*close).await
            });
            for ((row, close), answer) in some.iter().zip(join_all(asked).await) {
                match answer {
                    Ok(closed) => {
                        failpoint::reach("close.after_answer");
                        answers.rows.push(AnsweredRow::of(row));
                        answers.closed.push((close.round, closed));
                    }
                    Err(error) => {
                        self.failed(&error, std::iter::once(close.round.lobby), answers);
                    }
                }
            }
        }
    }
}

/// Which may go out: at most one a lobby.
fn due<'a>(rows: &'a [OutboxRow], answers: &Answers) -> Vec<(&'a OutboxRow, Close)> {
    let mut seen = BTreeSet::new();
    let due = rows.iter().filter_map(|row| {
        let OutboxBody::Close { count, stake_sum_units, seed_index } = row.body else {
            return None;
        };
        let lobby = row.round.lobby;
        if answers.stuck.contains(&lobby) || !seen.insert(lobby) {
            return None;
        }
        let close = Close {
            round: row.round,
            epoch: row.epoch,
            count,
            stake_sum: Amount::from_units(stake_sum_units),
            seed_index: SeedIndex(seed_index),
        };
        Some((row, close))
    });
    due.collect()
}
