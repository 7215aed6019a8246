//! Who only watches, one at every lobby, and writes down what everybody was shown.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use checker::Hex;
use checker::log::{Entry, RoundEvent, Shown};
use serde_json::{Value, json};

use super::asking::{decimal, decimal_if_any, number};
use super::wire::Wire;
use super::world::World;
use crate::harness::numbers::text;
use crate::journal::NOBODY;
use crate::load::socket_io::Gone;

/// Watches `lobby` until the end of the world.
pub(crate) async fn watch(world: Arc<World>, lobby: u64) {
    while !world.has_ended() {
        if let Ok(mut wire) = Wire::connect(world.base()).await {
            let _gone = stay(&world, &mut wire, lobby).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn stay(world: &World, wire: &mut Wire, lobby: u64) -> Result<(), Gone> {
    wire.ask("join", json!({ "lobby_id": lobby })).await?;
    while !world.has_ended() {
        let Some(event) = wire.event(Duration::from_secs(10)).await? else { return Err(Gone) };
        world.journal.counts.pictures.fetch_add(1, Ordering::Relaxed);
        if let Some(shown) = shown(&event) {
            let (lobby, round) = (number(&event["lobby_id"]), number(&event["round"]));
            let entry = Entry::Round(Shown { lobby, round, event: shown });
            world.journal.told(NOBODY, entry);
        }
    }
    Ok(())
}

/// What an event says of its round.
fn shown(event: &Value) -> Option<RoundEvent> {
    let hash = |value: &Value| Hex::parse(text(value)).expect("32 bytes");
    Some(match text(&event["type"]) {
        "betting_opened" => RoundEvent::Opened {
            chain: number(&event["commitment"]["chain"]),
            terminal: hash(&event["commitment"]["terminal"]),
            seed_index: number(&event["seed_index"]),
        },
        "round_locked" => RoundEvent::Locked {
            count: number(&event["count"]),
            sum: decimal(&event["sum"]),
            bets_hash: hash(&event["bets_hash"]),
        },
        "round_started" => RoundEvent::Started,
        "tick" => RoundEvent::Climbed { multiplier: decimal(&event["multiplier"]) },
        "crashed" => RoundEvent::Crashed {
            crash_point: decimal(&event["crash_point"]),
            multiplier: Some(decimal(&event["multiplier"])),
        },
        "settled" => RoundEvent::Settled {
            seed: hash(&event["seed"]),
            public_seed: text(&event["public_seed"]).to_owned(),
            payout_sum: decimal(&event["totals"]["payout_sum"]),
        },
        "voided" => RoundEvent::Voided,
        "interrupted" => RoundEvent::Interrupted {
            multiplier: decimal_if_any(&event["multiplier"]),
            seed: (!event["seed"].is_null()).then(|| hash(&event["seed"])),
        },
        _ => return None,
    })
}
