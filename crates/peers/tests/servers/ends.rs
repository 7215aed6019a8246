//! A server as the bench starts it, and its clients' ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) const TEXT: &str =
    r#"{"type":"tick","round":17,"elapsed_ms":10000,"multiplier":"1.82"}"#;
pub(crate) const PACKET: &str =
    r#"42["round_opened",{"lobby_id":1,"round":17,"closes_in_ms":10000}]"#;
pub(crate) const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";

/// A running server.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_peers"))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("ready ").unwrap().to_owned();
        Self { child, address }
    }

    fn say(&mut self, order: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{order}").unwrap();
    }

    /// Lets the input end; whether it ended well.
    fn ends(mut self) -> bool {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().success()
    }
}

/// One client's end.
pub(crate) struct Client(TcpStream);

impl Client {
    fn open(address: &str, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: waxwing.v1\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
        Self(stream)
    }

    /// Sends a short text under a mask of zeros.
    pub(crate) fn say(&mut self, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// The next text, which is short.
    pub(crate) fn text(&mut self) -> String {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let mut text = if head[1] == 126 {
            let mut length = [0; 2];
            self.0.read_exact(&mut length).unwrap();
            vec![0; u16::from_be_bytes(length).into()]
        } else {
            vec![0; head[1].into()]
        };
        self.0.read_exact(&mut text).unwrap();
        assert_eq!(head[0], 0x81);
        String::from_utf8(text).unwrap()
    }

    /// The next text that everyone is sent, or that says how the socket came in: neither
    /// Engine.IO's ping, which may come as the first, nor our greeting.
    pub(crate) fn told(&mut self) -> String {
        loop {
            let text = self.text();
            if text != "2" && !text.starts_with(r#"42["connected""#) {
                return text;
            }
        }
    }
}

/// Two clients that were let in by `enter` are sent `wanted` for each order, and by a pace.
pub(crate) fn check(name: &str, path: &str, wanted: &str, enter: impl Fn(&mut Client)) {
    let mut server = Server::start(name);
    let mut clients = [(); 2].map(|()| Client::open(&server.address, path));
    for client in &mut clients {
        enter(client);
    }
    // Neither is asked whether the server has put it among all others.
    std::thread::sleep(Duration::from_millis(500));
    for order in ["once", "once", "50"] {
        server.say(order);
        for client in &mut clients {
            assert_eq!(client.told(), wanted, "{name}, {order}");
        }
    }
    for client in &mut clients {
        for _ in 0..5 {
            assert_eq!(client.told(), wanted, "{name}, by its pace");
        }
    }
    server.say("0");
    assert!(server.ends(), "{name}");
}
