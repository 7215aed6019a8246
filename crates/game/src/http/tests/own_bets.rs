//! A player's own bets, in pages and as a table.

use super::*;

async fn table(process: &Process, who: u64, query: &str) -> (String, Vec<String>) {
    let request = Request::get(format!("/game/v1/bets{query}"))
        .header("authorization", format!("Bearer {}", token(process, who)))
        .header("accept", "text/csv")
        .body(Body::empty())
        .unwrap();
    let answer = crate::router(process.service.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (kind, text.split_terminator("\r\n").map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn own_bets_come_in_pages_and_as_a_table() {
    let mut world = World::new();
    world.config.main.betting_ms = 60_000;
    world.config.players.betting_ms = 60_000;
    world.wallet.top_up(player(1), 100);
    world.wallet.top_up(player(2), 100);
    let process = world.start().await;
    let mut placed = Vec::new();
    // Two bets a round, and each of these lobbies has its own.
    for at in [1, 2, 3] {
        if at > 1 {
            post(&process, 1, json!({})).await;
        }
        for _ in 0..2 {
            let bet = bet_id(u8::try_from(placed.len() + 1).unwrap());
            let bet = BetRequest {
                player: player(1),
                username: "ann".into(),
                at: LobbyRef { lobby: lobby(at), round: None },
                bet,
                stake: Stake::from_whole(1),
                auto_cash_out: Multiplier::from_centi(150),
            };
            process.service.place_bet(bet.clone()).await.unwrap();
            placed.push(bet.bet.to_string());
        }
    }
    placed.reverse();
    let own = async |query: String| {
        let request = Request::get(format!("/game/v1/bets{query}"))
            .header("authorization", format!("Bearer {}", token(&process, 1)))
            .body(Body::empty())
            .unwrap();
        call(&process, request).await
    };
    let (mut before, mut seen) = (String::new(), Vec::new());
    loop {
        let (status, page) = own(format!("?limit=2{before}")).await;
        assert_eq!(status, StatusCode::OK);
        let page = page.as_array().unwrap().clone();
        let Some(last) = page.last() else { break };
        before = format!("&before={}", last["bet_id"].as_str().unwrap());
        seen.extend(page.iter().map(|line| line["bet_id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, placed, "every bet once, the newest first");
    for query in ["?limit=0", "?limit=201", "?limit=-1", "?limit=x", "?before=1", "?after=1"] {
        let (status, body) = own(query.to_owned()).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("malformed")),
            "{query}"
        );
    }

    let (kind, lines) = table(&process, 1, "").await;
    assert!(kind.starts_with("text/csv"), "{kind}");
    let head = "bet_id,lobby_id,round,stake,auto_cash_out,state,multiplier,payout,placed_at";
    assert_eq!((lines[0].as_str(), lines.len()), (head, 7));
    for (line, bet) in lines[1..].iter().zip(&placed) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], bet);
        assert_eq!((cells[3], cells[4], cells[5]), ("1", "1.50", "accepted"));
        assert_eq!((cells[6], cells[7]), ("", ""));
    }
    let (_, lines) = table(&process, 1, &format!("?limit=2&before={}", placed[2])).await;
    let names: Vec<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names, [&placed[3], &placed[4]]);
    let (_, lines) = table(&process, 2, "").await;
    assert_eq!(lines, [head], "nobody else's");
    process.stop().await;
}
