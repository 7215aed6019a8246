"""Messages made from JSON schemas: valid ones, and valid ones with something broken.

Values are written by hand, so that a number keeps its text and a field may be there twice.
"""

import re
import uuid
from decimal import Decimal

TEXTS = [
    "", "0", "1", "10", "2.00", "1.5", "10.50", "0.01", "1.01", "1000", "waxwing",
    "\u00e9\u4e16\U0001f54a", "a" * 80, "'; DROP TABLE bets; --", "{}", "\x7f",
]
# What stands where a number or a name should.
NASTY = [
    "null", "true", "[]", "{}", '""', '" "', "-1", "0", "-0", "0.0", "1.0", "1e3", "1E400",
    "-1e-400", "0.001", "0.00001", "1.005", "9007199254740991", "9007199254740992",
    "18446744073709551616", "99999999999", "100000000000", "-99999999999.9999", '"NaN"',
    '"Infinity"', '"-Infinity"', '"1e3"', '"+1"', '" 1"', '"1 "', '"01"', '"0x10"', '"1,5"',
    '"\\u0000"', '"\\ud83d\\udd4a"', '[1]', '{"$gt":0}', '"' + "x" * 3000 + '"',
]
# What is not JSON.
BROKEN = ["NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "'a'", '"\\x"', "nul", "", "\x00"]


class Raw(str):
    """JSON text that is written as it is."""


def dumps(value):
    """JSON of a value; an object is a dict or a list of pairs, in which names may repeat."""
    if isinstance(value, Raw):
        return str(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, str):
        escapes = {'"': '\\"', "\\": "\\\\"}
        letters = (escapes.get(c, c if c >= " " else f"\\u{ord(c):04x}") for c in value)
        return '"' + "".join(letters) + '"'
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{dumps(name)}:{dumps(item)}" for name, item in value) + "}"
    return "[" + ",".join(dumps(item) for item in value) + "]"


class Pairs(list):
    """An object's fields in order."""

    def set(self, name, value):
        self[:] = [pair for pair in self if pair[0] != name] + [(name, value)]


class Generator:
    """Valid values of a document's schemas."""

    def __init__(self, random, schemas):
        self.random, self.schemas = random, schemas

    def value(self, schema):
        """A value that the schema allows."""
        random = self.random
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rsplit("/", 1)[1]])
        if "enum" in schema:
            return random.choice(schema["enum"])
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.value(random.choice(schema[choice]))
        kind = schema.get("type", "object")
        kind = random.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, kind)(schema)

    def object(self, schema):
        required = schema.get("required", [])
        fields = Pairs()
        for name, field in schema.get("properties", {}).items():
            if name in required or self.random.random() < 0.6:
                fields.append((name, self.value(field)))
        return fields

    def array(self, schema):
        return [self.value(schema["items"]) for _ in range(self.random.randrange(3))]

    def null(self, _):
        return None

    def boolean(self, _):
        return self.random.random() < 0.5

    def integer(self, schema):
        low = schema.get("minimum", 0)
        high = schema.get("maximum", 2**31 - 1)
        few = [low, high, low + 1, high - 1, self.random.randint(low, high), 1, 2, 17]
        return self.random.choice([number for number in few if low <= number <= high])

    def number(self, schema):
        step = Decimal(str(schema.get("multipleOf", "0.01")))
        low = int(Decimal(str(schema.get("minimum", 0))) / step)
        high = int(Decimal(str(schema.get("maximum", 1000))) / step)
        few = [low, high, 1, 100, 150, 1000, 12345, self.random.randint(low, high)]
        steps = self.random.choice([count for count in few if low <= count <= high])
        return Decimal(steps) * step

    def string(self, schema):
        if schema.get("format") == "uuid":
            return str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        texts = [text for text in TEXTS if self.fits(text, schema)]
        assert texts, f"no text for {schema}"
        return self.random.choice(texts)

    def fits(self, text, schema):
        pattern = schema.get("pattern")
        low, high = schema.get("minLength", 0), schema.get("maxLength", 4000)
        return low <= len(text) <= high and (pattern is None or re.search(pattern, text))


def mutated(random, message):
    """The text of a message with one thing broken, as bytes that need not be UTF-8."""
    fields = Pairs(message)
    at = random.randrange(len(fields)) if fields else 0
    name = fields[at][0] if fields else "type"
    way = random.choice([0] * 12 + [4, 5, 5, 6, 6, 6, 7, 8, 9, 10, 11])
    if way == 0:
        fields.set(name, Raw(random.choice(NASTY)))
    elif way == 4:
        fields.set(name, Raw(random.choice(BROKEN)))
    elif way == 5:
        fields[:] = [pair for pair in fields if pair[0] != name]
    elif way == 6:
        fields.append((name, random.choice([fields[at][1] if fields else 1, 1, "1", None])))
    elif way == 7:
        fields.append((random.choice(["user_id", "Id", "payout", "coefficient", ""]), 1))
    elif way == 8:
        depth = random.choice([10, 127, 129, 1000])
        fields.set(name, Raw("[" * depth + "]" * depth))
    elif way == 9:
        return dumps(fields).encode()[: random.randrange(1 + len(dumps(fields)))]
    elif way == 10:
        text = dumps(fields).encode()
        cut = random.randrange(len(text))
        bad = random.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
        return text[:cut] + bad + text[cut:]
    else:
        return random.choice([b"", b"null", b"[]", b'"ping"', b"7", b"{}", b"{" * 2000])
    return dumps(fields).encode("utf-8", "surrogatepass")
