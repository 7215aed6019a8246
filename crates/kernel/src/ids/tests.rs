//! Which numbers and texts are ids, and how they are shown.

use super::{BetId, IdError, LobbyId, PlayerId, RoundId};

#[test]
fn ids_are_positive_and_fit_a_browser() {
    assert_eq!(PlayerId::new(0), Err(IdError));
    assert_eq!(PlayerId::new(1 << 53), Err(IdError));
    assert_eq!(PlayerId::new((1 << 53) - 1).map(PlayerId::get), Ok((1 << 53) - 1));
}

#[test]
fn ids_are_read_from_digits_alone() {
    assert_eq!("4".parse::<LobbyId>(), LobbyId::new(4));
    for text in ["", "+4", "-4", "4.0", " 4", "four", "99999999999999999999"] {
        assert_eq!(text.parse::<LobbyId>(), Err(IdError), "{text:?}");
    }
}

#[test]
fn a_round_is_shown_behind_its_lobby() {
    assert_eq!(RoundId::new(LobbyId::new(4).unwrap(), 17).to_string(), "4/17");
}

#[test]
fn a_bet_id_is_a_hyphenated_uuid() {
    let text = "0190d0c6-7a1e-7f2a-9c53-1f2e3d4c5b6a";
    assert_eq!(text.parse::<BetId>().unwrap().to_string(), text);
    for text in
        ["", "7", "0190d0c67a1e7f2a9c531f2e3d4c5b6a", "{0190d0c6-7a1e-7f2a-9c53-1f2e3d4c5b6"]
    {
        assert_eq!(text.parse::<BetId>(), Err(IdError), "{text:?}");
    }
}
