//! The original's bodies, to the letter.

use kernel::PlayerId;
use serde_json::{from_str, to_string};

use super::{
    Credentials, LogoutRequest, PasswordChange, RefreshRequest, ServiceStatus, SignedIn,
    TokenValid, UserCreated,
};
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
        to_string(&SignedIn::bearer("t".into(), 3_600, "r".into())).unwrap(),
        r#"{"access_token":"t","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}"#
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
fn our_own_calls_take_no_unknown_field() {
    assert!(!from_str::<LogoutRequest>("{}").unwrap().everywhere);
    assert!(from_str::<LogoutRequest>(r#"{"everywhere":true}"#).unwrap().everywhere);
    for body in [r#"{"everywhere":1}"#, r#"{"everywhere":null}"#, r#"{"all":true}"#] {
        assert!(from_str::<LogoutRequest>(body).is_err(), "{body}");
    }
    assert!(from_str::<RefreshRequest>(r#"{"refresh_token":"r","user_id":7}"#).is_err());
    let twice = r#"{"old_password":"1111","new_password":"2222","new_password":"3333"}"#;
    assert!(from_str::<PasswordChange>(twice).is_err());
}

#[test]
fn secrets_do_not_show_themselves() {
    let credentials = Credentials { username: "ann".into(), password: "hush".into() };
    let signed_in = SignedIn::bearer("token".into(), 1, "refreshing".into());
    let refresh = RefreshRequest { refresh_token: "refreshing".into() };
    let change = PasswordChange { old_password: "hush".into(), new_password: "hush".into() };
    let shown = format!("{credentials:?} {signed_in:?} {refresh:?} {change:?}");
    for secret in ["hush", "token", "refreshing"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
