//! Which origin each role names to players.

use super::*;

/// What gateway and game name, with these as their own.
fn named(gateway: Option<&str>, game: Option<&str>) -> (String, String) {
    let mut config = Config::default();
    config.gateway.public_url = gateway.map(ToOwned::to_owned);
    config.game.public_url = game.map(ToOwned::to_owned);
    let bound = SocketAddr::from(([127, 0, 0, 1], 8_080));
    let game = game_config(&config, bound).public_url.unwrap();
    (config.gateway.origin(bound), game)
}

#[test]
fn each_role_keeps_the_origin_that_it_was_given() {
    let (door, play) = ("https://door.example", "https://play.example");
    let both = |gateway: &str, game: &str| (gateway.to_owned(), game.to_owned());
    let bound = "http://127.0.0.1:8080";
    assert_eq!(named(Some(door), Some(play)), both(door, play));
    assert_eq!(named(None, Some(play)), both(bound, play));
    assert_eq!(named(Some(door), None), both(door, door));
    assert_eq!(named(None, None), both(bound, bound));
}
