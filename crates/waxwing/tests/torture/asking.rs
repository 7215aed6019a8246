//! Asking with an end to patience, every question and its answer in the journal.

use std::future::Future;
use std::time::Duration;

use checker::decimal::Decimal;
use checker::log::{Answer, BetSent, BetTaken, CashOutSent, End, Entry, Paid, Told};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::numbers::{digits, text, whole};
use crate::harness::time::now;
use crate::harness::{Player, Random};
use crate::journal::Journal;
use crate::load::socket_io::{Gone, Socket};

/// How long anybody waits for an answer: less than a long stop lasts.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// `future`, if it comes in time.
///
/// # Errors
/// [`Gone`]: it may or may not have happened.
pub(crate) async fn patient<T>(future: impl Future<Output = T>) -> Result<T, Gone> {
    timeout(PATIENCE, future).await.map_err(|_| Gone)
}

/// A connection to `lobby`, if there is one to be had.
pub(crate) async fn sit(base: &str, lobby: u64) -> Result<Socket, Gone> {
    let socket = patient(Box::pin(Socket::connect(base))).await??;
    let joined = json!({ "lobby_id": lobby.to_string() });
    let answer = patient(socket.ask("joinRoom", &joined)).await?.map_err(|_| Gone)?;
    // Whoever comes too early is told so, and comes again.
    if answer == json!(format!("Joined room: {lobby}")) { Ok(socket) } else { Err(Gone) }
}

/// A bet that somebody makes up.
pub(crate) fn invent(random: &mut Random, lobby: u64, most_cents: u64) -> BetSent {
    let cents = random.between(1, most_cents);
    let target = (random.between(0, 2) > 0).then(|| random.between(101, 130));
    let named = random.between(0, 1) == 0;
    BetSent {
        lobby: i64::try_from(lobby).unwrap(),
        round: None,
        bet: named.then(|| checker::Hex::parse(&random.bet_id()).unwrap()),
        stake: hundredths(cents),
        target: target.map(hundredths),
    }
}

/// So many hundredths.
pub(crate) fn hundredths(count: u64) -> Decimal {
    Decimal::from_units(i64::try_from(count * 100).unwrap())
}

/// A decimal as the wire has it.
pub(crate) fn decimal(value: &Value) -> Decimal {
    let digits = digits(value);
    Decimal::parse(&digits).unwrap_or_else(|| panic!("{digits} is not a decimal"))
}

/// A decimal, where there is one.
pub(crate) fn decimal_if_any(value: &Value) -> Option<Decimal> {
    (!value.is_null()).then(|| decimal(value))
}

/// A number that the log keeps signed.
pub(crate) fn number(value: &Value) -> i64 {
    i64::try_from(whole(value)).unwrap()
}

/// Why it was refused.
pub(crate) fn code(answer: &Value) -> String {
    text(&answer["code"]).to_owned()
}

/// Asks for a bet over Socket.IO.
///
/// # Errors
/// [`Gone`]: nobody knows.
pub(crate) async fn bet(
    journal: &Journal,
    socket: &Socket,
    player: &Player,
    sent: BetSent,
) -> Result<Option<BetTaken>, Gone> {
    let asked = now();
    let data = bet_data(player, &sent);
    let answer =
        patient(socket.ask("place_bet", &data)).await.and_then(|got| got.map_err(|_| Gone));
    let (answer, got) = match &answer {
        Err(Gone) => (Answer::Nothing, Err(Gone)),
        Ok(answer) if answer["error"].is_null() => {
            let taken = taken(player, answer);
            (Answer::Taken(taken.clone()), Ok(Some(taken)))
        }
        Ok(answer) => (Answer::Refused(code(answer)), Ok(None)),
    };
    journal.answered(player.id, asked, Entry::Bet { sent, answer });
    got
}

/// Asks for a bet and hears no answer.
pub(crate) fn send_only(journal: &Journal, socket: &Socket, player: &Player, sent: BetSent) {
    drop(socket.ask("place_bet", &bet_data(player, &sent)));
    journal.told(player.id, Entry::Bet { sent, answer: Answer::Nothing });
}

fn bet_data(player: &Player, sent: &BetSent) -> Value {
    let mut data = json!({
        "token": player.token,
        "lobby_id": sent.lobby.to_string(),
        "amount": sent.stake.to_string(),
    });
    if let Some(target) = sent.target {
        data["coefficient"] = json!(target.to_string());
    }
    if let Some(bet) = sent.bet {
        data["bet_id"] = json!(bet.to_string());
    }
    data
}

fn taken(player: &Player, answer: &Value) -> BetTaken {
    assert_eq!(whole(&answer["user_id"]), player.id, "somebody else's bet: {answer}");
    BetTaken {
        bet: checker::Hex::parse(text(&answer["bet_id"])).unwrap(),
        lobby: number(&answer["lobby_id"]),
        round: number(&answer["round"]),
        stake: decimal(&answer["amount"]),
        target: decimal_if_any(&answer["coefficient"]),
        cap: None,
        balance: None,
    }
}

/// Clicks over Socket.IO.
///
/// # Errors
/// [`Gone`]: nobody knows.
pub(crate) async fn cash_out(
    journal: &Journal,
    socket: &Socket,
    player: &Player,
    sent: CashOutSent,
) -> Result<(), Gone> {
    let mut data = json!({ "token": player.token, "lobby_id": sent.lobby });
    if let Some(bet) = sent.bet {
        data["bet_id"] = json!(bet.to_string());
    }
    let asked = now();
    let answer = patient(socket.ask("withdraw", &data)).await.and_then(|got| got.map_err(|_| Gone));
    let (answer, got) = match &answer {
        Err(Gone) => (Answer::Nothing, Err(Gone)),
        Ok(answer) if answer["error"].is_null() => (Answer::Taken(paid(player, answer)), Ok(())),
        Ok(answer) => (Answer::Refused(code(answer)), Ok(())),
    };
    journal.answered(player.id, asked, Entry::CashOut { sent, answer });
    got
}

/// The bet that the acknowledgement of a click names; a click that came too late names its loss.
fn paid(player: &Player, answer: &Value) -> Vec<Paid> {
    if answer["result"] != "win" {
        return Vec::new();
    }
    assert_eq!(whole(&answer["user_id"]), player.id, "somebody else's cash-out: {answer}");
    vec![Paid {
        bet: checker::Hex::parse(text(&answer["bet_id"])).unwrap(),
        multiplier: decimal(&answer["coefficient"]),
        payout: decimal(&answer["payout"]),
    }]
}

/// Writes down a `bet_result`, in the words both kinds of sockets share.
pub(crate) fn result(journal: &Journal, data: &Value) {
    let end = match text(&data["result"]) {
        "win" => {
            End::Won { multiplier: decimal(&data["coefficient"]), payout: decimal(&data["payout"]) }
        }
        "lost" => End::Lost,
        "released" => End::Released,
        other => panic!("an unknown result {other}"),
    };
    let told = Told {
        lobby: number(&data["lobby_id"]),
        round: number(&data["round"]),
        bet: checker::Hex::parse(text(&data["bet_id"])).unwrap(),
        end,
    };
    journal.told(whole(&data["user_id"]), Entry::Result(told));
}
