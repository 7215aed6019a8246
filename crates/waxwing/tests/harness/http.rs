//! Calls over HTTP, answers as they came: status, headers, text, and JSON whose numbers keep it.

use kernel::Amount;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::numbers::{amount, text, whole};
use super::time::{PATIENCE, within};

/// Calls one origin.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    base: String,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Somebody who has registered and logged in.
#[derive(Clone)]
pub(crate) struct Player {
    pub(crate) id: u64,
    pub(crate) token: String,
}

impl Caller {
    /// Calls `base`, an origin.
    pub(crate) fn new(base: &str) -> Self {
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { client, base: base.to_owned() }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = within(path, request.send()).await;
        let response = response.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    /// `GET path`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// A call with a JSON body, as `player` if one is given.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        player: Option<&Player>,
        body: Option<Value>,
    ) -> Answer {
        let bearer = player.map(|player| format!("Bearer {}", player.token));
        let mut headers = Vec::new();
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.map(|body| body.to_string())).await
    }

    /// Registers and logs in.
    pub(crate) async fn player(&self, username: &str) -> Player {
        let account = json!({ "username": username, "password": "prodan-1111" });
        let register = "/gateway/user/v1/auth/register";
        let registered = self.call(Method::POST, register, None, Some(account.clone())).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
        let login = "/gateway/user/v1/auth/login";
        let logged_in = self.call(Method::POST, login, None, Some(account)).await;
        assert_eq!(logged_in.status, 200, "{}", logged_in.text);
        let token = text(&logged_in.json()["access_token"]).to_owned();
        let mut player = Player { id: 0, token };
        let validate = "/gateway/user/v1/auth/validate";
        let validated = self.call(Method::GET, validate, Some(&player), None).await;
        assert_eq!(validated.status, 200, "{}", validated.text);
        player.id = whole(&validated.json()["user_id"]);
        player
    }

    /// Registers, logs in and tops up by `money`, a decimal text.
    pub(crate) async fn rich_player(&self, username: &str, money: &str) -> Player {
        let player = self.player(username).await;
        let body = Some(json!({ "ammount": money }));
        let path = "/gateway/user/v1/balance";
        let topped_up = self.call(Method::PUT, path, Some(&player), body).await;
        assert_eq!(topped_up.status, 200, "{}", topped_up.text);
        player
    }

    /// What `player` can stake now.
    pub(crate) async fn balance(&self, player: &Player) -> Amount {
        let path = "/gateway/user/v1/balance";
        let answer = self.call(Method::GET, path, Some(player), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        amount(&answer.json()["balance"])
    }

    /// Makes a lobby as `body` asks for it.
    pub(crate) async fn lobby(&self, player: &Player, body: Value) -> u64 {
        let path = "/gateway/game/v1/lobby";
        let answer = self.call(Method::POST, path, Some(player), Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        whole(&answer.json()["lobby_id"])
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.text);
        parsed.unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, self.text))
    }

    /// The value of a header, empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a refusal: its status, its code, a sentence in `error`, and problem JSON.
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(text(&body["code"]), code, "{body}");
        assert!(!text(&body["error"]).is_empty(), "{body}");
        assert_eq!(whole(&body["status"]), u64::from(status), "{body}");
        assert!(!text(&body["type"]).is_empty() && !text(&body["title"]).is_empty(), "{body}");
    }
}
