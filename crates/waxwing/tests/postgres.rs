//! `waxwing up` on PostgreSQL: whole rounds, deaths that break no promise, and what `check` and
//! `migrate` say of shared databases. `make e2e STORE=postgres` runs more of the suite on it.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use kernel::Amount;
use serde_json::{Value, json};

use crate::check::{broken, report};
use crate::harness::databases::Books;
use crate::harness::numbers::text;
use crate::harness::process::{Finished, finish, waxwing};
use crate::harness::settings::BRISK;
use crate::harness::time::{eventually, within};
use crate::harness::{Place, Random};
use crate::kill::{gather, life, promises, settle};
use crate::load::book::{Book, Outcome};
use crate::load::socket_io::Socket;

const DEATHS: u32 = 4;

/// A tool of ours, told by the environment where the databases of `place` are.
async fn tool(place: &Place, arguments: &[&str]) -> Finished {
    let mut command = waxwing();
    command.args(arguments).envs(place.settings());
    finish(command, Duration::from_mins(1)).await
}

async fn check(place: &Place) -> (Option<i32>, Value) {
    let finished = tool(place, &["check", "--json"]).await;
    (finished.status.code(), report(&finished))
}

fn errors(finished: &Finished) -> String {
    format!("{}\n{}", finished.stdout, finished.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_played_on_shared_databases_and_judged_sound() {
    let place = Place::on_postgres(BRISK);
    let empty = tool(&place, &["check"]).await;
    assert_eq!(empty.status.code(), Some(2), "{}", errors(&empty));
    let migrated = tool(&place, &["migrate"]).await;
    assert!(migrated.status.success(), "{}", errors(&migrated));

    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "100").await;
    let lobby = caller.lobby(&ann, json!({})).await;
    let (book, mut socket) = (Book::default(), Socket::join(&server.base, lobby).await.unwrap());
    let bet = json!({
        "token": ann.token,
        "lobby_id": lobby,
        "amount": "10.00",
        "coefficient": "1.01",
    });
    let placed = eventually("the new lobby to take bets", Duration::from_secs(20), || async {
        book.placed(ann.id, &socket.call("place_bet", bet.clone()).await.unwrap())
    })
    .await;
    let told = book.told(ann.id, &socket.until("bet_result").await.unwrap()).expect("a result");
    assert_eq!(told.bet_id, placed.bet_id);
    let (code, said) = check(&place).await;
    assert_eq!((code, &said["live"]), (Some(0), &Value::Bool(true)), "{:?} {said}", broken(&said));
    let restored = tool(&place, &["migrate", "--after-restore"]).await;
    assert!(errors(&restored).contains("stop it first"), "{}", errors(&restored));

    let status = server.terminate(Duration::from_mins(1)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    assert!(!place.data().join("user.db").exists() && !place.data().join("game.db").exists());
    let books = Books::read(&place.data());
    books.assert_sound();
    assert_eq!((books.bets.len(), books.holds.len()), (1, 1));
    let (code, said) = check(&place).await;
    assert_eq!((code, &said["live"]), (Some(0), &Value::Bool(false)), "{:?} {said}", broken(&said));
    let restored = tool(&place, &["migrate", "--after-restore"]).await;
    assert!(restored.stdout.contains("2 seed chains are given up"), "{}", errors(&restored));

    // What is known is known after a start, and every lobby takes bets, from new chains.
    let server = place.start().await;
    let caller = server.caller();
    let back = match told.outcome {
        Outcome::Won { payout, .. } => payout,
        Outcome::Lost => Amount::ZERO,
        Outcome::Released => placed.stake.amount(),
    };
    assert_eq!(caller.balance(&ann).await, Amount::from_whole(90) + back);
    let path = format!("/gateway/game/v1/lobby/{lobby}/rounds/{}", placed.round);
    let round = caller.get(&path).await.json();
    // A machine that stalls interrupts a climb, and says so.
    assert!(["settled", "interrupted"].contains(&text(&round["state"])), "{round}");
    let chains = caller.get(&format!("/gateway/game/v1/lobby/{lobby}/chains")).await.json();
    assert!(chains.to_string().contains("\"restored\""), "{chains}");
}

/// What is damaged in a shared database is found, as in a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_database_that_lost_money_is_called_broken() {
    let place = Place::on_postgres(BRISK);
    let server = place.start().await;
    server.caller().rich_player("ann", "100").await;
    server.kill();
    place.execute_as_user("UPDATE ledger_account SET balance_units = 1 WHERE kind = 'player'");
    let (code, said) = check(&place).await;
    assert_eq!(code, Some(1), "{said}");
    let names = broken(&said);
    for name in ["balances_sum_to_zero", "transfers_give_the_balances"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deaths_on_shared_databases_break_no_promise() {
    let mut random = Random::announced();
    let place = Place::on_postgres(BRISK);
    let mut server = place.start().await;
    let crowd = gather(&server).await;
    let mut fences = BTreeMap::new();
    let promised = || !crowd.book.all_placed().is_empty() && !crowd.book.all_told().is_empty();
    let mut deaths = 0;
    // Lives in which nothing was promised break no promise: then there are more of them.
    while deaths < DEATHS || (deaths < 6 * DEATHS && !promised()) {
        deaths += 1;
        let probed = crowd.probe(&server).await;
        println!("every lobby took bets {probed:?} after it was asked");
        let mut playing = crowd.play(&server, &mut random);
        tokio::time::sleep(life(&mut random)).await;
        server.kill();
        while let Some(ended) = within("players to notice", playing.join_next()).await {
            ended.expect("no player saw anything wrong");
        }
        let books = Books::read(&place.data());
        books.assert_sound();
        promises::assert_remembered(&books, &crowd.book);
        promises::assert_fences_rise(&mut fences, &books);
        server = place.start().await;
    }
    crowd.probe(&server).await;
    let books = settle(&place, server).await;
    promises::assert_kept(&books, &crowd.book);
    assert!(promised(), "nothing was promised in {deaths} lives");
    let (code, said) = check(&place).await;
    assert_eq!(code, Some(0), "{:?} {said}", broken(&said));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_without_the_other_is_refused_by_name() {
    let of_one = async |arguments: &[&str]| {
        let mut command: Command = waxwing();
        command.args(arguments).env("WAXWING_POSTGRES__USER", "postgresql://hush@127.0.0.1/users");
        finish(command, Duration::from_secs(20)).await
    };
    let place = tempfile::tempdir().unwrap();
    let refused = of_one(&["up", "--data", place.path().to_str().unwrap()]).await;
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("postgres.game: must be set"), "{}", refused.stderr);
    assert!(!errors(&refused).contains("hush"), "{}", errors(&refused));
    // It is all that one of many processes is told.
    let shown = of_one(&["config"]).await;
    assert!(shown.status.success(), "{}", shown.stderr);
    assert!(!shown.stdout.contains("hush"), "{}", shown.stdout);
}
