//! The body on the wire.

use super::*;

#[test]
fn a_body_carries_the_six_fields() {
    let body = Problem::new(Code::UserExists, "User already exists").body();
    expect_test::expect![[r#"{"type":"urn:waxwing:problem:user_exists","title":"User already exists","status":409,"detail":"User already exists","code":"user_exists","error":"User already exists"}"#]]
        .assert_eq(&serde_json::to_string(&body).unwrap());
}

#[test]
fn a_finer_status_keeps_the_code() {
    let problem = Problem::new(Code::NotFound, "GET only");
    let body = problem.body_as(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    assert_eq!((body.status, body.code), (405, Code::NotFound));
}
