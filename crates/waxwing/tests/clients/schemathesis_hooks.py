"""What schemathesis needs to know of Waxwing: how to get a token, and what every answer is."""

import json
import os
import uuid

import jsonschema_rs
import requests
import schemathesis

BASE = os.environ["WAXWING_BASE"]
# What ends the token it is asked with; each such call gets a player of its own.
ENDS_THE_TOKEN = ("/auth/logout", "/auth/password")


PASSWORD = "prodan-1111"
COOKIE = "__Host-waxwing-refresh"
AUTH = f"{BASE}/gateway/user/v1/auth"


def new_player():
    """Registers somebody; answers their name and what signing in gave."""
    account = {"username": f"fuzz-{uuid.uuid4()}", "password": PASSWORD}
    requests.post(f"{AUTH}/register", json=account, timeout=30).raise_for_status()
    signed_in = requests.post(f"{AUTH}/login", json=account, timeout=30)
    signed_in.raise_for_status()
    return account["username"], signed_in.json()


@schemathesis.auth(refresh_interval=600)
class Token:
    """A bearer token in each call that asks for one."""

    def get(self, case, context):
        return new_player()[1]["access_token"]

    def set(self, case, data, context):
        spent = case.operation.path.endswith(ENDS_THE_TOKEN)
        token = new_player()[1]["access_token"] if spent else data
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nobody guesses a password or a refresh token: one valid body in three gets a true one."""
    mode = case.meta.generation.mode if case.meta else None
    if mode is None or not mode.is_positive or case.method != "POST":
        return
    truths = {
        "/auth/login": lambda: {"username": new_player()[0], "password": PASSWORD},
        "/auth/refresh": lambda: {"refresh_token": new_player()[1]["refresh_token"]},
        "/auth/password": lambda: {"old_password": PASSWORD, "new_password": "prodan-2222"},
    }
    truths["/auth/cookie/login"] = truths["/auth/login"]
    call = case.operation.path.partition("/v1")[2]
    before_call.seen += 1
    if before_call.seen % 3 != 0:
        return
    if call == "/auth/cookie/refresh":
        case.cookies = {COOKIE: new_player()[1]["refresh_token"]}
    elif call in truths:
        case.body = truths[call]()


before_call.seen = 0


@schemathesis.check
def every_answer_is_named(context, response, case):
    """The request id is in every answer."""
    assert response.headers.get("x-request-id"), "no X-Request-Id"


@schemathesis.check
def every_refusal_is_a_problem(context, response, case):
    """RFC 9457, and the sentence where the original's clients look for it."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    kind = response.headers.get("content-type", [""])[0]
    assert kind == "application/problem+json", f"{response.status_code} is {kind}"
    problem = response.json()
    assert problem["status"] == response.status_code, problem
    assert problem["type"] == f"urn:waxwing:problem:{problem['code']}", problem
    assert problem["error"] == problem["detail"] != "", problem


@schemathesis.check
def every_line_fits(context, response, case):
    """JSON Lines: each line of as many as there are, none too, is of the schema."""
    kind = response.headers.get("content-type", [""])[0]
    if response.status_code != 200 or kind != "application/x-ndjson":
        return
    document = case.operation.schema.raw_schema
    described = document["paths"][case.operation.path]["get"]["responses"]["200"]
    schema = described["content"][kind]["schema"] | {"components": document["components"]}
    validator = jsonschema_rs.validator_for(schema)
    for line in response.content.splitlines():
        assert validator.is_valid(json.loads(line)), line
