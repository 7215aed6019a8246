"""The AsyncAPI document of a live server, as the fuzz of the sockets uses it."""

import json

import jsonschema_rs
import requests

from fuzz_generate import Pairs


class Fault(AssertionError):
    """Something the server must not do."""


class Document:
    """The AsyncAPI document with a validator for each message."""

    def __init__(self, base):
        self.text = requests.get(base + "/gateway/asyncapi.json", timeout=30).json()
        components = self.text["components"]
        self.schemas, self.messages = components["schemas"], components["messages"]
        self.validators = {
            name: jsonschema_rs.validator_for(message["payload"] | {"components": components})
            for name, message in self.messages.items()
        }
        self.close_codes = {code["code"] for code in self.text["x-close-codes"]}
        self.seen = set()

    def sent(self, channel):
        """The names of what clients send over a channel."""
        prefix = channel + "."
        operations = self.text["operations"]
        names = [name for name in operations if name.startswith(prefix)]
        return [n[len(prefix):] for n in names if operations[n]["action"] == "receive"]

    def check(self, name, value):
        """Fails unless `value` fits the message `name`."""
        if name not in self.validators:
            raise Fault(f"{name} is not in the document: {value}")
        errors = [error.message for error in self.validators[name].iter_errors(value)]
        if errors:
            raise Fault(f"{name}: {errors}: {value}")
        self.seen.add(name)

    def fits(self, name, value):
        return self.validators[name].is_valid(value)


def refuse_constant(text):
    raise ValueError(text)


def read(text):
    """JSON as a strict reader sees it, or None; an object as its pairs."""
    try:
        return json.loads(
            text, object_pairs_hook=Pairs, parse_constant=refuse_constant,
            parse_int=lambda digits: None if digits.startswith("-") else int(digits),
        )
    except (ValueError, RecursionError):
        return None
