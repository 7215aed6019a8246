//! The original's bodies, to the letter.

use kernel::PlayerId;
use serde_json::{from_str, to_string};

use super::{Credentials, ServiceStatus, SignedIn, TokenValid, UserCreated};
use crate::wire::WirePlayerId;

#[test]
fn bodies_are_the_originals() {
    assert_eq!(to_string(&UserCreated::new()).unwrap(), r#"{"message":"User created"}"#);
    let status = to_string(&ServiceStatus::auth()).unwrap();
    assert_eq!(status, r#"{"status":"Auth Service Running"}"#);
    let status = to_string(&ServiceStatus::game()).unwrap();
    assert_eq!(status, r#"{"status":"Game Service Running"}"#);
    let player = WirePlayerId(PlayerId::new(7).unwrap());
    assert_eq!(
        to_string(&TokenValid::new(player, "ann".into())).unwrap(),
        r#"{"status":"valid","user_id":7,"username":"ann"}"#
    );
    assert_eq!(
        to_string(&SignedIn::bearer("t".into(), 3_600)).unwrap(),
        r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#
    );
}

#[test]
fn unknown_fields_are_ignored_and_missing_ones_are_not() {
    let read = from_str::<Credentials>;
    let given = read(r#"{"username":"prodan","password":"1111","admin":true}"#).unwrap();
    assert_eq!((given.username.as_str(), given.password.as_str()), ("prodan", "1111"));
    for body in [r#"{"username":"a"}"#, r#"{"password":"1111"}"#, r#"{"username":1,"password":2}"#]
    {
        assert!(read(body).is_err(), "{body}");
    }
}

#[test]
fn secrets_do_not_show_themselves() {
    let credentials = Credentials { username: "ann".into(), password: "hush".into() };
    let shown = format!("{credentials:?} {:?}", SignedIn::bearer("token".into(), 1));
    assert!(!shown.contains("hush") && !shown.contains("token"), "{shown}");
}
