//! Every server in Rust, started as the bench does: whoever is connected is sent the same text
//! once for each order, and a pace is kept.

#[cfg(test)]
#[path = "servers/ends.rs"]
mod ends;

use ends::{PACKET, SOCKET_IO, TEXT, check};

#[test]
fn plain_sockets_are_sent_the_text() {
    for name in ["writes", "ring", "axum"] {
        check(name, "/", TEXT, |_| {});
    }
    for name in ["hub_plain", "hub_plain_ring"] {
        check(name, "/gateway/game/v1/ws", TEXT, |client| {
            client.say(r#"{"type":"join","id":1,"lobby_id":1}"#);
            assert_eq!(client.text(), r#"{"type":"reply","id":1}"#);
        });
    }
}

#[test]
fn socket_io_is_sent_the_event() {
    for name in ["hub_socket_io", "socketioxide"] {
        check(name, SOCKET_IO, PACKET, |client| {
            assert!(client.text().starts_with('0'));
            client.say("40");
            assert!(client.told().starts_with("40"));
        });
    }
}
