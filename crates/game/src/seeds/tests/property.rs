//! No seed is played twice and none is left out, whatever was voided and whenever a process died.

use proptest::prelude::*;

use super::*;
use crate::store::{LockRecord, StoreCommand, StoreError};
use crate::testing::apply;

/// What happens to a round, and where its process dies.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Locked, with the answer heard.
    Played,
    /// Voided before its lock.
    Voided,
    /// The process dies once the round is open.
    DiesOpen,
    /// The process dies when the seed is opened and nothing is stored.
    DiesOpened,
    /// The process dies when the lock is stored and nobody heard of it.
    DiesLocked,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let one = prop_oneof![
        4 => Just(Fate::Played),
        2 => Just(Fate::Voided),
        1 => Just(Fate::DiesOpen),
        1 => Just(Fate::DiesOpened),
        1 => Just(Fate::DiesLocked),
    ];
    proptest::collection::vec(one, 1..24)
}

/// A lobby's process: lives until it is told to die.
struct Player {
    ground: Ground,
    seeds: Option<Arc<Seeds>>,
    number: u32,
    locked: Vec<(u32, u32, [u8; 32])>,
}

impl Player {
    async fn seeds(&mut self) -> Arc<Seeds> {
        if self.seeds.is_none() {
            self.end_unfinished().await;
            self.seeds = Some(load(&self.ground, 5).await);
        }
        self.seeds.clone().unwrap()
    }

    async fn apply(&self, command: StoreCommand) -> Result<(), StoreError> {
        let mut answers = apply(&*self.ground.maker.store, 1, vec![command]).await;
        answers.remove(0).map(|_| ())
    }

    /// What a new owner does with an open round.
    async fn end_unfinished(&self) {
        let left = self.ground.maker.store.inherit(lobby(1)).await.unwrap().unwrap();
        for unfinished in left.unfinished {
            if unfinished.record.seed_index.is_none() {
                self.void(unfinished.record.round.number).await;
            }
        }
    }

    async fn void(&self, number: u32) {
        let reason = engine::Reason::OwnerLost;
        self.apply(StoreCommand::VoidRound { round: round(number), reason, at: 1 }).await.unwrap();
    }

    async fn round(&mut self, fate: Fate) {
        let seeds = self.seeds().await;
        self.number += 1;
        let number = self.number;
        let chain = begun(&seeds).await;
        let epoch = kernel::Epoch(1);
        let open = StoreCommand::OpenRound { round: round(number), epoch, chain, at: 1 };
        self.apply(open).await.unwrap();
        match fate {
            Fate::Voided => return self.void(number).await,
            Fate::DiesOpen => return self.seeds = None,
            _ => {}
        }
        let opened = seeds.open(round(number)).await.unwrap();
        if matches!(fate, Fate::DiesOpened) {
            return self.seeds = None;
        }
        let lock = |seed_index| {
            StoreCommand::Lock(Box::new(LockRecord {
                round: round(number),
                bets: Vec::new(),
                totals: engine::Totals::default(),
                seed_index,
                bets_hash: [0; 32],
                start_at: 2,
                at: 1,
            }))
        };
        // Neither an earlier seed nor a later one can be locked.
        assert!(self.apply(lock(opened.index - 1)).await.is_err());
        assert!(self.apply(lock(opened.index + 1)).await.is_err());
        self.apply(lock(opened.index)).await.unwrap();
        self.apply(lock(opened.index)).await.unwrap();
        self.locked.push((chain, opened.index, *opened.seed.as_bytes()));
        match fate {
            Fate::DiesLocked => self.seeds = None,
            _ => seeds.used(number),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn locked_rounds_play_every_seed_once_and_in_order(fates in fates()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let locked = runtime.block_on(async {
            let ground = ground(Arc::new(SystemClock::new()), None, 2).await;
            let mut player = Player { ground, seeds: None, number: 0, locked: Vec::new() };
            for fate in fates {
                player.round(fate).await;
            }
            player.locked
        });
        for (place, (chain, index, _)) in locked.iter().enumerate() {
            let place = u32::try_from(place).unwrap();
            prop_assert_eq!((*chain, *index), (place / 5 + 1, place % 5 + 1));
        }
        for pair in locked.windows(2) {
            if pair[0].0 == pair[1].0 {
                let below = step(&Seed::from_bytes(pair[1].2));
                prop_assert_eq!(below.as_bytes(), &pair[0].2);
            }
        }
    }
}
