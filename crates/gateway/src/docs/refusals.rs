//! Refusals in the OpenAPI document: every one is a problem, and some every call can meet.
//! Also what is true of all calls: the request id, and that an empty body stands for `{}`.

use http::StatusCode;
use protocol::problem::CONTENT_TYPE;
use utoipa::PartialSchema as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, OpenApi, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema,
};

/// What a role writes where it does not say otherwise.
const JSON: &str = "application/json";

/// Gives each refusal its content type, and each call the refusals that the door, the limits and
/// the wallet make for all.
pub(super) fn complete(document: &mut OpenApi) {
    let optional = optional_bodies(document);
    for path in document.paths.paths.values_mut() {
        for operation in operations(path) {
            complete_one(operation);
            name_apart(operation);
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                say_whether_required(body, &optional);
            }
        }
    }
}

/// Roles name calls alike; with the role before it a name is unique.
fn name_apart(operation: &mut Operation) {
    let role = operation.tags.as_ref().and_then(|tags| tags.first());
    if let (Some(role), Some(name)) = (role, &mut operation.operation_id) {
        *name = format!("{role}_{name}");
    }
}

/// An empty body stands for `{}`.
fn say_whether_required(body: &mut RequestBody, optional: &[String]) {
    let is_optional = body.content.values().any(|content| {
        let RefOr::T(content) = content else { return false };
        matches!(&content.schema, Some(RefOr::Ref(name)) if optional.contains(&name.ref_location))
    });
    body.required = Some(if is_optional { Required::False } else { Required::True });
}

/// Where the schemas stand of which every field may be absent: then the whole body may.
fn optional_bodies(document: &OpenApi) -> Vec<String> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    let optional = schemas.filter(|(_, schema)| {
        matches!(schema, RefOr::T(Schema::Object(object)) if object.required.is_empty())
    });
    optional.map(|(name, _)| Ref::from_schema_name(name).ref_location).collect()
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, .. } = path;
    [get, put, post, delete, options, head, patch].into_iter().flatten()
}

fn complete_one(operation: &mut Operation) {
    let takes_a_body = operation.request_body.is_some();
    let responses = &mut operation.responses.responses;
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            name_problem(response);
        }
    }
    let takes_parameters = operation.parameters.as_ref().is_some_and(|list| !list.is_empty());
    let common = [
        ("400", "malformed", takes_a_body || takes_parameters),
        ("413", "too_large", takes_a_body),
        ("429", "rate_limited", true),
        ("503", "wallet_unavailable, not_owner, draining, or too busy; try again", true),
    ];
    for (status, codes, applies) in common {
        if applies {
            let refusal = || RefOr::T(refusal(codes, ["429", "503"].contains(&status)));
            responses.entry(status.to_owned()).or_insert_with(refusal);
        }
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            if response.description.is_empty() {
                response.description = in_words(status);
            }
            response.headers.entry("X-Request-Id".to_owned()).or_insert_with(request_id);
        }
    }
}

/// What a status is called; every answer has to be described.
fn in_words(status: &str) -> String {
    let status: Option<StatusCode> = status.parse().ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("An answer").to_owned()
}

fn request_id() -> RefOr<Header> {
    let header = HeaderBuilder::new().schema(Some(String::schema()));
    RefOr::T(header.description(Some("Names the request in the server's log")).build())
}

/// A problem goes out as `application/problem+json`, whatever the role's macro made of it.
fn name_problem(response: &mut Response) {
    let is_problem = response.content.get(JSON).is_some_and(|content| {
        let RefOr::T(content) = content else { return false };
        matches!(&content.schema, Some(RefOr::Ref(schema)) if is_problem(schema))
    });
    if is_problem && let Some(content) = response.content.shift_remove(JSON) {
        response.content.insert(CONTENT_TYPE.to_owned(), content);
    }
}

fn is_problem(schema: &Ref) -> bool {
    schema.ref_location == problem().ref_location
}

fn problem() -> Ref {
    Ref::from_schema_name("ProblemBody")
}

fn refusal(codes: &str, may_be_tried_again: bool) -> Response {
    let content = ContentBuilder::new().schema(Some(problem())).build();
    let refusal = ResponseBuilder::new().description(codes).content(CONTENT_TYPE, content);
    if !may_be_tried_again {
        return refusal.build();
    }
    let seconds: RefOr<Schema> = u32::schema();
    let header = HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("Seconds after which the same call may be sent again"))
        .build();
    refusal.header("Retry-After", header).build()
}
