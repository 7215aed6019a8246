//! TLS at the public door: both versions of HTTP, both kinds of sockets, certificates that change
//! beside the server, and strangers who do not speak it.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use platform::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use test_servers::Authority;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::dashboards::OF_TLS;
use crate::harness::numbers::{amount, text, whole};
use crate::harness::process::{Finished, finish, repository};
use crate::harness::settings::{BRISK, SHORT};
use crate::harness::time::{eventually, now, within};
use crate::harness::{Place, Server};
use crate::plain::client::{Plain, bet_id};

/// A server with TLS, and who signed its certificate.
struct Secured {
    authority: Authority,
    server: Server,
    place: Place,
}

impl Secured {
    async fn start(more: &[(&str, &str)]) -> Self {
        let authority = Authority::new().unwrap();
        let (certificate, key) = (authority.certificate(), authority.key());
        let place = Place::new().and(more).and(&[
            ("WAXWING_GATEWAY__TLS__CERTIFICATE", certificate.to_str().unwrap()),
            ("WAXWING_GATEWAY__TLS__KEY", key.to_str().unwrap()),
        ]);
        let server = place.start().await;
        Self { authority, server, place }
    }

    fn address(&self) -> &str {
        self.server.base.strip_prefix("https://").expect("the server says that it speaks TLS")
    }

    /// TLS on `stream`, to a server whose certificate is good.
    async fn secure(&self, stream: TcpStream) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.authority.root()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        within("a TLS handshake", connecting).await.unwrap()
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        self.secure(TcpStream::connect(self.address()).await.unwrap()).await
    }

    /// The certificate that somebody who connects now is shown.
    async fn shown(&self) -> Vec<u8> {
        let stream = self.connect().await;
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    /// Calls with curl; the status, the version of HTTP, and the body.
    async fn curl(&self, version: &str, path: &str, arguments: &[&str]) -> (u64, String, Value) {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--noproxy", "*", version, "--cacert"]);
        command.arg(self.authority.root()).args(["--header", "Content-Type: application/json"]);
        command.args(["--write-out", "\n%{http_code} %{http_version}"]).args(arguments);
        command.arg(format!("{}{path}", self.server.base));
        let Finished { status, stdout, stderr } = finish(command, Duration::from_secs(30)).await;
        assert!(status.success(), "{path}: {status} {stdout} {stderr}");
        let (body, said) = stdout.rsplit_once('\n').unwrap();
        let (code, version) = said.split_once(' ').unwrap();
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        (code.parse().unwrap(), version.to_owned(), body)
    }

    /// Ann with 100, and her lobby.
    async fn ann_and_a_lobby(&self) -> (String, u64) {
        let sign_in = r#"{"username":"ann","password":"secret-of-ann"}"#;
        let auth = "/gateway/user/v1/auth/";
        let signed_up = self.curl("--http2", &format!("{auth}register"), &["-d", sign_in]).await;
        assert_eq!((signed_up.0, &*signed_up.1), (201, "2"), "{}", signed_up.2);
        let signed_in = self.curl("--http1.1", &format!("{auth}login"), &["-d", sign_in]).await;
        assert_eq!((signed_in.0, &*signed_in.1), (200, "1.1"), "{}", signed_in.2);
        let token = text(&signed_in.2["access_token"]).to_owned();
        let bearer = format!("Authorization: Bearer {token}");
        let put = ["-X", "PUT", "-d", r#"{"ammount":100}"#, "-H", &bearer];
        let topped_up = self.curl("--http2", "/gateway/user/v1/balance", &put).await;
        assert_eq!(topped_up.0, 200, "{}", topped_up.2);
        let post = ["-d", "{}", "-H", &bearer];
        let made = self.curl("--http2", "/gateway/game/v1/lobby", &post).await;
        assert_eq!(made.0, 200, "{}", made.2);
        // A game process on its own knows no gateway's address unless it is told one.
        if !self.place.is_apart() {
            assert_eq!(text(&made.2["websocket_url"]), self.server.base, "players are told https");
        }
        (token, whole(&made.2["lobby_id"]))
    }

    async fn metric(&self, line: &str) -> Option<u64> {
        let shown = self.server.ops_caller().get("/metrics").await.text;
        let value = shown.lines().find_map(|shown| shown.strip_prefix(line))?;
        value.trim().parse().ok()
    }

    /// The official client plays, HTTP calls and sockets.
    async fn plays(&self, transport: &str) {
        let clients = repository().join("crates/waxwing/tests/clients");
        let mut command = Command::new("node");
        command.current_dir(&clients).args(["play.mjs", &self.server.base, transport]);
        command.env("NODE_EXTRA_CA_CERTS", self.authority.root());
        let Finished { status, stdout, stderr } = finish(command, Duration::from_mins(4)).await;
        assert!(status.success(), "{status}\n{stdout}\n{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_plays_over_tls_by_websocket_and_by_polling() {
    let secured = Secured::start(SHORT).await;
    tokio::join!(secured.plays("websocket"), secured.plays("polling"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cash_out_is_paid_over_waxwing_v1_and_tls() {
    let secured = Secured::start(BRISK).await;
    let (token, lobby) = secured.ann_and_a_lobby().await;
    let mut socket = Plain::over(Box::new(secured.connect().await), secured.address()).await;
    socket.ask("authenticate", json!({ "token": token })).await;
    let mut round = whole(&socket.join(lobby).await["round"]);
    for number in 1.. {
        let bet = json!({
            "lobby_id": lobby, "round": round, "bet_id": bet_id(number), "stake": "1",
        });
        socket.ask("place_bet", bet).await;
        // A climb that ends at once pays nobody.
        let mut paid = None;
        loop {
            let event = socket.next().await;
            match text(&event["type"]) {
                "tick" if paid.is_none() => {
                    let at = json!({ "lobby_id": lobby, "round": round });
                    let answer = socket.answer("cash_out", at).await;
                    paid = (answer["type"] == "reply").then_some(answer);
                }
                "betting_opened" if whole(&event["round"]) > round => {
                    round = whole(&event["round"]);
                    break;
                }
                _ => {}
            }
        }
        if let Some(answer) = paid {
            assert!(amount(&answer["cashed_out"][0]["payout"]).units() > 10_000, "{answer}");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_replaced_beside_open_sockets_and_a_broken_one_changes_nothing() {
    let secured = Secured::start(&[]).await;
    let mut old = Plain::over(Box::new(secured.connect().await), secured.address()).await;
    old.join(1).await;
    let first = secured.shown().await;
    let ends = secured.metric(OF_TLS).await.expect("when the certificate ends");
    let left = i64::try_from(ends).unwrap() - SystemClock::new().unix_ms() / 1_000;
    assert!((86_400..=172_800).contains(&left), "it is made for two days: {left}");
    secured.authority.issue().unwrap();
    let patience = Duration::from_secs(30);
    let second = eventually("another certificate", patience, || async {
        let shown = secured.shown().await;
        (shown != first).then_some(shown)
    })
    .await;
    old.ask("ping", json!({})).await;

    std::fs::write(secured.authority.key(), "broken").unwrap();
    eventually("a refusal", patience, || async {
        let line = r#"waxwing_tls_certificates_total{verdict="refused"}"#;
        (secured.metric(line).await == Some(1)).then_some(())
    })
    .await;
    assert!(secured.server.log().contains("the certificate served stays"));
    assert_eq!(secured.shown().await, second);
    old.ask("ping", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_no_tls_or_never_finishes_is_let_go() {
    let secured = Secured::start(&[]).await;
    let mut plain = TcpStream::connect(secured.address()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    // Closed in order or not: both end it.
    within("the end", plain.read_to_end(&mut said)).await.ok();
    assert!(!said.starts_with(b"HTTP"), "{said:?}");

    let began_at = now();
    let mut slow = TcpStream::connect(secured.address()).await.unwrap();
    slow.write_all(&[0x16, 3, 1, 1, 0, 1]).await.unwrap();
    within("the end", slow.read_to_end(&mut Vec::new())).await.ok();
    let held = began_at.elapsed();
    assert!((9..20).contains(&held.as_secs()), "{held:?}");
    for reason in ["broken", "late"] {
        let line = format!(r#"waxwing_tls_handshakes_failed_total{{reason="{reason}"}}"#);
        assert_eq!(secured.metric(&line).await, Some(1), "{reason}");
    }
    assert_eq!(secured.curl("--http2", "/gateway/status", &[]).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_takes_nothing_over_tls_is_closed_as_slow() {
    let secured = Secured::start(&[("WAXWING_GATEWAY__SOCKETS__BACKLOG_BYTES_MAX", "65536")]).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(secured.address().parse().unwrap()).await.unwrap();
    let mut socket = Plain::over(Box::new(secured.secure(stream).await), secured.address()).await;
    socket.join(1).await;
    let slow = r#"waxwing_realtime_closed_total{reason="slow"}"#;
    let asked_at = now();
    while secured.metric(slow).await.unwrap_or(0) == 0 {
        assert!(asked_at.elapsed() < Duration::from_mins(1), "it is never slow");
        for _ in 0..100 {
            socket.shout("sync").await;
        }
    }
    assert_eq!(socket.closed().await, (4002, "slow".to_owned()));
    assert_eq!(secured.metric("waxwing_realtime_bytes_queued").await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_refuses_a_key_that_does_not_fit_by_its_field() {
    let (one, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let (certificate, key) = (one.certificate(), other.key());
    let place = Place::unraised().and(&[
        ("WAXWING_GATEWAY__TLS__CERTIFICATE", certificate.to_str().unwrap()),
        ("WAXWING_GATEWAY__TLS__KEY", key.to_str().unwrap()),
    ]);
    let Finished { status, stderr, .. } = finish(place.command(), Duration::from_mins(1)).await;
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("gateway.tls.key: does not fit the certificate"), "{stderr}");
}
