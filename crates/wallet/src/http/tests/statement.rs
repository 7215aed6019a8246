//! The statement: pages that neither repeat nor skip, and tables for spreadsheets.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use contracts::Wallet;
use kernel::BetId;
use serde_json::json;

use super::BALANCE;
use crate::service::tests::{Place, fence, player, reserve};

const TRANSFERS: &str = "/user/v1/transfers";

/// Player 1 tops up, stakes, and takes a little out.
async fn place_with_history() -> Place {
    let place = Place::play().await;
    fence(&place.service).await;
    place.call(Method::PUT, BALANCE, r#"{"ammount": 100}"#).await;
    let hold = reserve(player(1), BetId::from_bytes([9; 16]), 30);
    place.service.reserve(&[hold]).await.unwrap();
    place.call(Method::PUT, BALANCE, r#"{"ammount": -0.5}"#).await;
    place
}

impl Place {
    /// Status, content type and text of the statement as a table.
    async fn table(&self, query: &str) -> (StatusCode, String, String) {
        let token = format!("Bearer {}", self.token(1));
        let request = Request::get(format!("{TRANSFERS}{query}"));
        let request = request.header("authorization", token).header("accept", "text/csv");
        let answer = self.send(request.body(Body::empty()).unwrap()).await;
        let kind = answer.headers["content-type"].to_str().unwrap().to_owned();
        (answer.status, kind, String::from_utf8(answer.body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn the_statement_tells_every_line_once_in_pages() {
    let place = place_with_history().await;
    place.call(Method::PUT, BALANCE, r#"{"ammount": 0}"#).await;
    let fields: Vec<&str> =
        vec!["transfer_id", "at", "kind", "amount", "balance", "round", "bet_id"];
    let (status, all) = place.call(Method::GET, TRANSFERS, "").await;
    assert_eq!(status, StatusCode::OK);
    let told: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {} {}", line["kind"], line["amount"], line["balance"]))
        .collect();
    assert_eq!(told, ["\"top_up\" 100 100", "\"stake\" -30 70", "\"take_out\" -0.5 69.5"]);
    assert_eq!(all[1]["round"], json!({ "lobby_id": 1, "round": 1 }));
    assert_eq!(all[1]["bet_id"], "09090909-0909-0909-0909-090909090909");
    assert_eq!(all[1].as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    assert_eq!(all[0].as_object().unwrap().keys().collect::<Vec<_>>(), fields[..5]);
    assert!(all[0].get("round").is_none() && all[0].get("bet_id").is_none());
    let after = &all[0]["transfer_id"];
    let page = format!("/user/v1/transfers?after={after}&limit=1");
    let (_, page) = place.call(Method::GET, &page, "").await;
    assert_eq!(page, json!([all[1]]));
    for query in [
        "limit=0",
        "limit=501",
        "after=-1",
        "limit=x",
        "before=3",
        "limit=-1",
        "limit=1e2",
        "limit=4294967296",
        "after=9223372036854775808",
        "after=1&after=2",
        "after=&limit=1",
    ] {
        let path = format!("/user/v1/transfers?{query}");
        let (status, problem) = place.call(Method::GET, &path, "").await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("malformed")), "{query}");
    }
}

#[tokio::test]
async fn a_table_tells_the_same_lines() {
    let place = place_with_history().await;
    let (_, all) = place.call(Method::GET, TRANSFERS, "").await;
    let (id, at) = (|line: usize| all[line]["transfer_id"].clone(), &all[0]["at"]);
    let (status, kind, text) = place.table("").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(kind, "text/csv; charset=utf-8; header=present");
    let lines: Vec<&str> = text.split("\r\n").collect();
    let bet = "09090909-0909-0909-0909-090909090909";
    assert_eq!(
        lines,
        [
            "transfer_id,at,kind,amount,balance,lobby_id,round,bet_id",
            &format!("{},{at},top_up,100,100,,,", id(0)),
            &format!("{},{at},stake,-30,70,1,1,{bet}", id(1)),
            &format!("{},{at},take_out,-0.5,69.5,,,", id(2)),
            "",
        ]
    );
    let (_, _, page) = place.table(&format!("?after={}&limit=1", id(0))).await;
    assert_eq!(page.lines().collect::<Vec<_>>(), [lines[0], lines[2]]);
    let (_, _, none) = place.table(&format!("?after={}", id(2))).await;
    assert_eq!(none.lines().collect::<Vec<_>>(), [lines[0]]);
    for query in ["?limit=501", "?limit=0", "?after=x", "?before=3"] {
        let (status, kind, _) = place.table(query).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(kind, "application/problem+json", "{query}");
    }
}

#[tokio::test]
async fn a_long_table_is_told_whole() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 10_000).await;
    let holds: Vec<_> = (0..1_300_u16)
        .map(|number| {
            let mut bytes = [0; 16];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            reserve(player(1), BetId::from_bytes(bytes), 1)
        })
        .collect();
    place.service.reserve(&holds).await.unwrap();
    let (_, _, text) = place.table("").await;
    let ids: Vec<u64> =
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(ids.len(), 1_301);
    assert!(ids.is_sorted_by(|one, next| one < next));
    assert_eq!(place.table("?limit=500").await.2.lines().count(), 501);
    assert!(text.ends_with("8700,1,1,05130000-0000-0000-0000-000000000000\r\n"), "{text:.200}");
}
