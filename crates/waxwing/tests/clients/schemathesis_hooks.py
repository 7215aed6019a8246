"""What schemathesis needs to know of Waxwing: how to get a token, and what every answer is."""

import os
import uuid

import requests
import schemathesis

BASE = os.environ["WAXWING_BASE"]
# What ends the token it is asked with; each such call gets a player of its own.
ENDS_THE_TOKEN = ("/auth/logout", "/auth/password", "/auth/refresh")


def new_player():
    """Registers somebody and answers their token."""
    account = {"username": f"fuzz-{uuid.uuid4()}", "password": "prodan-1111"}
    auth = f"{BASE}/gateway/user/v1/auth"
    requests.post(f"{auth}/register", json=account, timeout=30).raise_for_status()
    signed_in = requests.post(f"{auth}/login", json=account, timeout=30)
    signed_in.raise_for_status()
    return signed_in.json()["access_token"]


@schemathesis.auth(refresh_interval=600)
class Token:
    """A bearer token in each call that asks for one."""

    def get(self, case, context):
        return new_player()

    def set(self, case, data, context):
        spent = case.operation.path.endswith(ENDS_THE_TOKEN)
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {new_player() if spent else data}"


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
