"""Talks to both kinds of sockets as their own document says, and as it does not:

    python3 fuzz_sockets.py BASE_URL SECONDS SEED

Every message gets one answer that fits its schema, every event fits its own, nothing is called
internal, sockets close for a documented reason, and in the end the money is what the accepted
bets made of it.
"""

import json
import random
import re
import sys
import threading
import time
from collections import deque

import requests
import websocket

from fuzz_books import Player, settled
from fuzz_document import Document, Fault, read
from fuzz_generate import Generator, Pairs, dumps, mutated

MESSAGE_BYTES = 4096
ANSWER_SECONDS = 20
# RFC 6455: text that is not UTF-8, a frame too big to be read over.
BAD_UTF8, TOO_BIG = 1007, 1009
# A server that lives on tells of no round that it had to end.
RARE = {"plain.voided", "plain.interrupted"}


class Session:
    """One connection after another, of one player."""

    def __init__(self, document, base, players, seed):
        self.document, self.base, self.players = document, base, players
        self.random = random.Random(seed)
        self.generator = Generator(self.random, document.schemas)
        self.number, self.round, self.bets = 0, 1, deque(maxlen=8)
        self.log, self.socket, self.sessions, self.asked = deque(maxlen=12), None, 0, 0

    def run(self, until):
        while time.monotonic() < until:
            if self.socket is None:
                self.sessions += 1
                self.connect()
            for _ in range(self.random.randint(1, 6)):
                if self.socket is not None:
                    self.asked += 1
                    self.ask()
            self.drain()
        if self.socket is not None:
            self.socket.close()

    def dial(self, path, **options):
        url = "ws" + self.base[4:] + path
        self.socket = websocket.create_connection(
            url, timeout=ANSWER_SECONDS, skip_utf8_validation=True, **options
        )

    def send(self, payload, opcode=websocket.ABNF.OPCODE_TEXT):
        self.log.append(("sent", payload[:200]))
        try:
            self.socket.send_frame(websocket.ABNF.create_frame(payload, opcode))
        except (OSError, websocket.WebSocketException):
            pass  # It was closed meanwhile; reading says why.

    def frames(self):
        """Frames until nothing is awaited, and whatever came with them."""
        until = time.monotonic() + ANSWER_SECONDS
        while self.socket is not None:
            self.socket.settimeout(ANSWER_SECONDS if self.awaited() else 0.01)
            try:
                opcode, frame = self.socket.recv_data_frame(True)
            except websocket.WebSocketTimeoutException:
                if self.awaited():
                    raise Fault(f"no answer to {self.awaited()} in {ANSWER_SECONDS} s") from None
                return
            except (OSError, websocket.WebSocketException):
                self.socket = None
                return self.closed(None)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.socket = None
                return self.closed(int.from_bytes(frame.data[:2], "big"))
            if opcode == websocket.ABNF.OPCODE_TEXT:
                self.log.append(("got", frame.data[:200]))
                yield frame.data.decode()
            if self.awaited() and time.monotonic() > until:
                raise Fault(f"no answer to {self.awaited()} in {ANSWER_SECONDS} s")

    def sense(self, kind, fields):
        """Most of the time what a player would say: an own token, this round, an own bet."""
        random = self.random
        sensible = {
            "token": lambda: random.choice(self.players[:1] * 3 + self.players).token,
            "lobby_id": lambda: 1,
            "round": lambda: self.round,
            "bet_id": lambda: random.choice(self.bets) if self.bets else None,
            "stake": lambda: random.choice([1, 2]),
            "amount": lambda: random.choice([1, "2.50"]),
            "auto_cash_out": lambda: random.choice([None, "1.01", 2]),
            "coefficient": lambda: random.choice([None, "1.01", 2]),
        }
        for name, value in list(fields):
            chance = 0.2 if name == "bet_id" and kind == "place_bet" else 0.8
            if name in sensible and random.random() < chance:
                sensibly = sensible[name]()
                fields.set(name, value if sensibly is None and name == "bet_id" else sensibly)
        return fields

    def accepted(self, bet):
        """A bet that counts: it must be in the history, and may be cancelled or cashed out."""
        self.players[0].accepted.add(bet)
        self.bets.append(bet)


class Plain(Session):
    """`waxwing.v1`"""

    def connect(self):
        self.dial("/gateway/game/v1/ws", subprotocols=["waxwing.v1"])
        if self.socket.subprotocol != "waxwing.v1":
            raise Fault(f"the subprotocol is {self.socket.subprotocol}")
        self.pending, self.nameless, self.loose, self.may_close = {}, 0, 0, set()
        token = self.players[0].token
        self.tell("authenticate", Pairs([("type", "authenticate"), ("id", 0), ("token", token)]))
        self.tell("join", Pairs([("type", "join"), ("id", 1), ("lobby_id", 1)]))
        self.number = 2

    def awaited(self):
        return list(self.pending) or ["a nameless one"] * self.nameless

    def ask(self):
        kind = self.random.choice(self.document.sent("plain"))
        fields = self.generator.object(self.document.messages[f"plain.{kind}"]["payload"])
        fields.set("id", self.number)
        self.number += 1
        fields = self.sense(kind, fields)
        way = self.random.random()
        if way < 0.6:
            return self.tell(kind, fields)
        if way > 0.97:
            return self.tell_otherwise()
        return self.tell_broken(mutated(self.random, fields))

    def tell(self, kind, fields):
        """A message that the document allows."""
        text = dumps(fields)
        value = json.loads(text)
        assert self.document.fits(f"plain.{kind}", value), f"our own fault: {text}"
        self.pending[value["id"]] = (kind, True)
        self.document.seen.add(f"plain.{kind}")
        self.send(text.encode())

    def tell_otherwise(self):
        """What is no message at all."""
        if self.random.random() < 0.5:
            self.nameless += 1
            return self.send(b"\x00\x01", websocket.ABNF.OPCODE_BINARY)
        self.may_close.add(TOO_BIG)
        self.loose += 1
        self.send(b"[" * self.random.choice([MESSAGE_BYTES + 1, 70_000, 300_000]))

    def tell_broken(self, payload):
        """A message with something wrong; exactly one refusal, and what it is for if it can."""
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self.may_close.add(BAD_UTF8)
            self.loose += 1
            return self.send(payload)
        fields = read(text)
        names = [name for name, _ in fields] if isinstance(fields, Pairs) else []
        id = dict(fields).get("id") if names.count("id") == 1 else None
        fine = isinstance(id, int) and not isinstance(id, bool) and id < 2**53
        flat = bool(names) and not any(isinstance(value, list) for _, value in fields)
        if len(payload) > MESSAGE_BYTES or not fine or not flat:
            # A message is flat; whether the number of another is found is the server's affair.
            self.loose += 1
        elif id in self.pending:
            return None
        else:
            value = json.loads(text)
            kind = value.get("type")
            allowed = isinstance(kind, str) and kind in self.document.sent("plain")
            allowed = allowed and self.document.fits(f"plain.{kind}", value)
            allowed = allowed and len(set(names)) == len(names)
            self.pending[id] = (kind if allowed else None, False)
        self.send(payload)

    def drain(self):
        for text in self.frames():
            event = json.loads(text)
            if event["type"] in ("reply", "refused"):
                self.answered(event)
                continue
            self.document.check(f"plain.{event['type']}", event)
            self.round = event.get("round", self.round)

    def answered(self, event):
        id, refused = event["id"], event["type"] == "refused"
        if refused:
            self.document.check("plain.refused", event)
            if event["code"] == "internal":
                raise Fault(f"internal: {event}")
        if id is None and self.nameless:
            self.nameless -= 1
        elif id in self.pending:
            kind, valid = self.pending.pop(id)
            if refused and valid and event["code"] in ("malformed", "unknown_type"):
                raise Fault(f"a {kind} the document allows is {event}")
            if not refused and kind is None:
                raise Fault(f"what the document does not allow is {event}")
            if not refused:
                self.document.check(f"plain.{kind}_reply", event)
                if kind == "place_bet":
                    self.accepted(event["bet_id"])
        elif refused and self.loose:
            self.loose -= 1
        else:
            raise Fault(f"nobody asked for {event}")

    def closed(self, code):
        self.log.append(("closed", code))
        if code not in self.document.close_codes | self.may_close:
            raise Fault(f"closed with {code}")


class SocketIo(Session):
    """The original's protocol, packet by packet over a websocket."""

    def connect(self):
        self.dial("/socket.io/?EIO=4&transport=websocket")
        self.pending, self.loose, self.reason = {}, 0, None
        handshake = self.random.choice(["40", f'40{{"token":"{self.players[0].token}"}}'])
        self.send(handshake.encode())
        while not (packet := self.socket.recv()).startswith("40"):
            if packet == "2":
                self.send(b"3")
        self.number = 0
        self.tell("joinRoom", Pairs([("lobby_id", "1")]))

    def awaited(self):
        return list(self.pending)

    def ask(self):
        kind = self.random.choice(self.document.sent("socket_io"))
        fields = self.generator.object(self.document.messages[f"socket_io.{kind}"]["payload"])
        fields = self.sense(kind, fields)
        way = self.random.random()
        if way < 0.7:
            return self.tell(kind, fields)
        if way > 0.97:
            return self.tell_otherwise()
        payload = mutated(self.random, fields)
        if self.readable(payload):
            return self.packet(kind, payload, False)
        self.loose += 1
        return self.send(f'42["{kind}",'.encode() + payload + b"]")

    def readable(self, payload):
        """Whether everybody agrees that it is JSON, and not too deep or too long."""
        try:
            fine = read(payload.decode()) is not None
        except UnicodeDecodeError:
            return False
        return fine and len(payload) < MESSAGE_BYTES - 100 and b"[[" not in payload

    def tell(self, kind, fields):
        text = dumps(fields)
        assert self.document.fits(f"socket_io.{kind}", json.loads(text)), f"our fault: {text}"
        self.document.seen.add(f"socket_io.{kind}")
        self.packet(kind, text.encode(), True)

    def packet(self, kind, payload, valid):
        self.number += 1
        self.pending[self.number] = (kind, valid)
        self.send(f'42{self.number}["{kind}",'.encode() + payload + b"]")

    def tell_otherwise(self):
        self.loose += 1
        junk = [
            b"", b"4", b"42", b"42[]", b'42["joinRoom"]', b'42["no such event",{}]', b"9", b"2x",
            b'42["withdraw",1,2,3]', b'421["place_bet"', b"43999[]", b'42/other,["joinRoom",{}]',
            b"451-[]", b'42["' + b"x" * 5000 + b'"]', b'42[null,{}]', b'42[{"a":1}]',
        ]
        self.send(self.random.choice(junk))

    def drain(self):
        for packet in self.frames():
            head = re.match(r"(\d\d?)(\d*)", packet)
            if packet == "2":
                self.send(b"3")
            elif packet.startswith("42"):
                self.told(json.loads(packet[2:]))
            elif packet.startswith("43"):
                self.acknowledged(int(head[2]), json.loads(packet[2 + len(head[2]):]))

    def told(self, event):
        name, data = event[0], event[1] if len(event) > 1 else None
        if re.fullmatch(r"Joined room: [1-9]\d*", name):
            name = "joined_room"
        self.document.check(f"socket_io.{name}", data)
        if name == "error":
            self.reason = data["code"]
            if data["code"] == "internal":
                raise Fault(f"internal: {data}")
        elif data:
            self.round = data.get("round", self.round)

    def acknowledged(self, number, data):
        if number not in self.pending or len(data) != 1:
            raise Fault(f"nobody asked for the acknowledgement {number} {data}")
        kind, valid = self.pending.pop(number)
        [data] = data
        if isinstance(data, str):
            if kind != "joinRoom" or not data.startswith("Joined room: "):
                raise Fault(f"{kind} is acknowledged with {data}")
        elif "error" in data:
            self.document.check("socket_io.error", {"message": data["error"], "code": data["code"]})
            if data["code"] == "internal" or valid and data["code"] in ("malformed", "unknown_type"):
                raise Fault(f"{kind} is acknowledged with {data}")
        else:
            answers = {"place_bet": "bet_placed", "withdraw": "withdraw_requested"}
            self.document.check(f"socket_io.{answers[kind]}", data)
            if kind == "place_bet":
                self.accepted(data["bet_id"])

    def closed(self, code):
        self.log.append(("closed", code))
        words = {code["word"] for code in self.document.text["x-close-codes"]}
        if not self.loose and self.reason not in words:
            raise Fault(f"closed with {code} after {self.reason}")


def main():
    base, seconds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(f"seed {seed}", flush=True)
    document, faults = Document(base), []
    players = [Player(base, f"fuzz-{number}", "100000") for number in range(4)]
    kinds = [Plain, SocketIo, Plain, SocketIo]
    sessions = [
        kind(document, base, players[i:] + players[:i], seed * 4 + i)
        for i, kind in enumerate(kinds)
    ]
    until = time.monotonic() + seconds

    def run(session):
        try:
            session.run(until)
        except BaseException as fault:
            faults.append((session, fault))

    threads = [threading.Thread(target=run, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for session, fault in faults:
        print(f"{type(session).__name__}: {type(fault).__name__}: {fault}")
        print("\n".join(f"  {what} {data}" for what, data in session.log))
    assert not faults, "faults"
    assert requests.get(base + "/gateway/status", timeout=30).status_code == 200
    accepted = set().union(*(player.accepted for player in players))
    found = set().union(*(settled(player) for player in players))
    assert accepted <= found, f"accepted and forgotten: {accepted - found}"
    asked = sum(session.asked for session in sessions)
    print(f"{asked} messages, {sum(s.sessions for s in sessions)} sockets, {len(found)} bets")
    print(f"seen: {len(document.seen)} of {len(document.messages)} kinds of messages")
    missing = set(document.messages) - document.seen - RARE
    assert not missing, f"never seen: {missing}"


if __name__ == "__main__":
    main()
