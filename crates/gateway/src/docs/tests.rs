//! What the roles leave out of their documents is in the merged one.

use protocol::ProblemBody;
use serde_json::Value;
use utoipa::OpenApi;

/// A role that says what it refuses and no more.
#[derive(OpenApi)]
#[openapi(paths(show, change))]
struct Role;

#[utoipa::path(
    get,
    path = "/user/v1/thing",
    tag = "thing",
    security(("token" = [])),
    responses(
        (status = 200, description = "It", body = String),
        (status = 404, description = "not_found", body = ProblemBody),
        (status = 429, description = "its own words", body = ProblemBody),
    )
)]
#[expect(dead_code, reason = "only its description is used")]
fn show() {}

#[utoipa::path(
    post,
    path = "/user/v1/thing",
    tag = "thing",
    request_body = String,
    responses((status = 200, description = "It", body = String))
)]
#[expect(dead_code, reason = "only its description is used")]
fn change() {}

fn document() -> Value {
    serde_json::to_value(super::merge(Role::openapi())).unwrap()
}

#[test]
fn every_refusal_has_the_content_type_it_goes_out_with() {
    let document = document();
    let responses = &document["paths"]["/gateway/user/v1/thing"]["get"]["responses"];
    for status in ["404", "429", "503"] {
        let content = responses[status]["content"].as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"], "{status}");
        let schema = &content["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/ProblemBody", "{status}");
    }
    assert!(responses["200"]["content"]["text/plain"].is_object(), "{responses}");
    let body = &document["components"]["schemas"]["ProblemBody"]["properties"];
    assert!(body["code"].is_object() && body["error"].is_object(), "{body}");
}

#[test]
fn every_call_says_what_the_door_and_the_limits_refuse() {
    let document = document();
    let thing = &document["paths"]["/gateway/user/v1/thing"];
    let (show, change) = (&thing["get"]["responses"], &thing["post"]["responses"]);
    assert_eq!(show["429"]["description"], "its own words");
    assert!(show["413"].is_null(), "it takes no body");
    assert!(change["413"]["content"]["application/problem+json"].is_object());
    assert!(change["413"]["headers"]["Retry-After"].is_null(), "it would be refused again");
    assert!(show["200"]["headers"]["X-Request-Id"].is_object(), "{show}");
    for status in ["429", "503"] {
        assert!(change[status]["headers"]["Retry-After"]["schema"].is_object(), "{status}");
    }
    let own = &document["paths"]["/gateway/status"]["get"]["responses"];
    assert!(own["429"].is_object());
    assert!(own["500"]["content"]["application/json"].is_object(), "that is no problem body");
}

#[test]
fn the_token_is_a_bearer_token() {
    let document = document();
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&"http".into(), &"bearer".into()));
    assert!(document["paths"]["/gateway/user/v1/thing"]["get"]["security"][0]["token"].is_array());
}

#[test]
fn the_calls_of_our_own_page_say_what_they_refuse_and_which_cookie_they_read() {
    let document = document();
    let scheme = &document["components"]["securitySchemes"]["cookie"];
    assert_eq!(scheme["name"], "__Host-waxwing-refresh");
    for call in ["login", "refresh", "logout"] {
        let path = format!("/gateway/user/v1/auth/cookie/{call}");
        let call = &document["paths"][&path]["post"];
        assert!(call["responses"]["403"]["content"]["application/problem+json"].is_object());
        assert!(call["responses"]["200"].is_object(), "{path}");
    }
    let refresh = &document["paths"]["/gateway/user/v1/auth/cookie/refresh"]["post"];
    assert!(refresh["requestBody"].is_null() && refresh["security"][0]["cookie"].is_array());
    let kept = &document["components"]["schemas"]["KeptSignIn"]["properties"];
    assert!(kept["refresh_token"].is_null() && kept["access_token"].is_object(), "{kept}");
}

#[test]
fn calls_of_two_roles_are_never_named_alike() {
    let document = document();
    let (own, role) = (&document["paths"]["/gateway/status"], &document["paths"]);
    assert_eq!(own["get"]["operationId"], "gateway_status");
    assert_eq!(role["/gateway/user/v1/thing"]["get"]["operationId"], "thing_show");
}
