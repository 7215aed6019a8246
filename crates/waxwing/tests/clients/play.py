"""The original's flow with python-socketio: `python3 play.py BASE_URL websocket|polling`."""

import os
import re
import sys
import threading
import time
from decimal import Decimal

import requests
import socketio

LIMIT_SECONDS = 220
PATIENCE_SECONDS = 30
ROUND_SECONDS = 200
# No climb goes beyond: `e2e_clients.rs`.
HIGHEST = 5


def units(value):
    """The exact value of a decimal text or a JSON number, in units of 0.0001."""
    scaled = Decimal(str(value)) * 10_000
    assert scaled == scaled.to_integral_value(), f"{value} has more than four decimals"
    return int(scaled)


class Player:
    """A player over HTTP: registered, signed in."""

    def __init__(self, base, name):
        self.base, self.name, self.token = base, name, None
        credentials = {"username": name, "password": "user123"}
        made = self.call("POST", "/gateway/user/v1/auth/register", credentials)
        assert made.status_code == 201, made.text
        assert made.json() == {"message": "User created"}, made.text
        login = self.call("POST", "/gateway/user/v1/auth/login", credentials)
        assert login.status_code == 200, login.text
        self.token = login.json()["access_token"]
        valid = self.call("POST", "/gateway/user/v1/auth/validate")
        assert valid.status_code == 200, valid.text
        assert valid.json()["status"] == "valid", valid.text
        self.id = valid.json()["user_id"]

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(method, self.base + path, json=body, headers=headers, timeout=30)

    def balance(self):
        """What can be staked now, read from the text of the answer."""
        answer = self.call("GET", "/gateway/user/v1/balance")
        assert answer.status_code == 200, answer.text
        return units(re.search(r'"balance":\s*(-?[\d.]+)', answer.text)[1])

    def settles(self, expected, when):
        """Waits until the balance is exactly `expected`: payouts follow their announcement."""
        for _ in range(100):
            seen = self.balance()
            if seen == expected:
                return
            time.sleep(0.1)
        raise AssertionError(f"{when}: the balance is {seen} units, not {expected}")

    def open_lobby(self, body):
        answer = self.call("POST", "/gateway/game/v1/lobby", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["lobby_id"]

    def websocket_url(self, lobby):
        answer = self.call("GET", f"/gateway/game/v1/lobby/{lobby}")
        assert answer.status_code == 200, answer.text
        url = answer.json()["websocket_url"]
        assert re.fullmatch(r"https?://[^/]+", url), f"{url} is not an origin without a path"
        return url


class Ear:
    """A socket that keeps what it heard, in order."""

    def __init__(self, url, transport):
        self.heard, self.news = [], threading.Condition()
        self.socket = socketio.Client(reconnection=False)
        self.socket.on("*", self.hear)
        self.socket.connect(url, transports=[transport])
        assert self.socket.transport() == transport, self.socket.transport()
        at, data = self.named("connected", 0)
        assert at == 0, "connected is the first event"
        assert data == {"message": "WebSocket connection established"}, data

    def hear(self, name, *data):
        with self.news:
            self.heard.append((name, data[0] if data else None))
            self.news.notify_all()

    def wait(self, what, matches, start, seconds=PATIENCE_SECONDS):
        """The place and the data of the first event from `start` on that `matches`."""
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                for at in range(start, len(self.heard)):
                    if matches(*self.heard[at]):
                        return at, self.heard[at][1]
                rest = deadline - time.monotonic()
                assert rest > 0, f"no {what} in {seconds} s, the last were {self.heard[-5:]}"
                self.news.wait(rest)

    def named(self, name, start, seconds=PATIENCE_SECONDS):
        return self.wait(name, lambda heard, _: heard == name, start, seconds)

    def ask(self, name, data):
        """Sends with an acknowledgement callback; where the story went on, and the answer."""
        start = len(self.heard)
        return start, self.socket.call(name, data, timeout=10)

    def join(self, lobby):
        start, answer = self.ask("joinRoom", {"lobby_id": str(lobby)})
        assert answer == f"Joined room: {lobby}", answer
        named, data = self.named(f"Joined room: {lobby}", start)
        assert data is None, data
        joined, data = self.named("joined", start)
        assert joined > named and data["lobby_id"] == lobby, data

    def refused(self, name, data, code, message=None):
        start, answer = self.ask(name, data)
        _, told = self.named("error", start)
        assert told["code"] == code, (name, data, told)
        assert message in (None, told["message"]), (name, data, told)
        assert answer == {"error": told["message"], "code": code}, (name, data, answer)


class Table:
    """One player at one table, with the balance that must be there."""

    def __init__(self, player, ear, lobby, balance):
        self.player, self.ear, self.lobby, self.balance = player, ear, lobby, balance
        self.seen = {"hand": 0, "auto": 0, "lost": 0}

    def bet(self, amount, coefficient=None):
        request = {"token": self.player.token, "lobby_id": str(self.lobby), "amount": amount}
        if coefficient is not None:
            request["coefficient"] = coefficient
        while True:
            start, answer = self.ear.ask("place_bet", request)
            if answer.get("code") != "betting_closed":
                break
            time.sleep(0.2)  # The last round is still being settled.
        _, placed = self.ear.named("bet_placed", start)
        assert answer == placed, (answer, placed)
        assert placed["user_id"] == self.player.id, placed
        assert units(placed["amount"]) == units(amount), placed
        assert placed["lobby_id"] == self.lobby, placed
        self.balance -= units(amount)
        self.player.settles(self.balance, "after a bet")
        return placed, start

    def result(self, bet, start):
        def matches(name, data):
            return name == "bet_result" and data["bet_id"] == bet["bet_id"]

        _, result = self.ear.wait("bet_result", matches, start, ROUND_SECONDS)
        assert result["user_id"] == self.player.id and result["round"] == bet["round"], result
        if result["result"] == "lost":
            self.seen["lost"] += 1
            return result
        assert result["result"] == "win", result
        due = units(bet["amount"]) * units(result["coefficient"]) // 10_000
        assert units(result["payout"]) == due, f"{result}: {due} units were due"
        self.balance += due
        return result

    def by_hand(self):
        """The original's own way: one bet without a target, and `withdraw` without a bet id."""
        bet, start = self.bet("12.34")
        assert bet["coefficient"] is None, bet

        def reached(name, data):
            return name == "crashed" or (
                name == "coefficient_update" and data["coefficient"] >= 1.02
            )

        at, _ = self.ear.wait("climb", reached, start, 60)
        if self.ear.heard[at][0] == "coefficient_update":
            request = {"token": self.player.token, "lobby_id": self.lobby}
            asked, answer = self.ear.ask("withdraw", request)
            if "error" not in answer:
                _, requested = self.ear.named("withdraw_requested", asked)
                told = {"user_id": self.player.id, "message": "Withdraw requested"}
                assert requested == told, requested
        result = self.result(bet, start)
        self.seen["hand"] += result["result"] == "win"
        self.player.settles(self.balance, "after a cash-out by hand")
        crash, crashed = self.ear.named("crashed", start, ROUND_SECONDS)
        self.check_climb(start, crash, crashed["coefficient"])

    def auto_and_ride(self):
        """A bet with a target, and one that rides to the end."""
        auto, start = self.bet("7", "1.05")
        assert auto["coefficient"] == 1.05, auto
        ride, _ = self.bet(3)
        result = self.result(auto, start)
        if result["result"] == "win":
            assert result["coefficient"] == 1.05, result
            self.seen["auto"] += 1
        end = self.result(ride, start)
        # A climb that reaches the lobby's highest multiplier pays who rides as well.
        assert end["result"] == "lost" or end["coefficient"] == HIGHEST, end
        self.player.settles(self.balance, "after a round with a loss")

    def check_climb(self, start, crash, crash_point):
        events = self.ear.heard[start:crash]
        numbers = [data["coefficient"] for name, data in events if name == "coefficient_update"]
        assert all(isinstance(number, (int, float)) for number in numbers), numbers
        assert not numbers or numbers[0] == 1, f"the climb begins at {numbers[0]}"
        assert numbers == sorted(numbers), numbers
        assert not numbers or crash_point >= numbers[-1], (numbers[-1], crash_point)


def refusals(player, ear, lobby):
    before = player.balance()
    bet = {"token": player.token, "lobby_id": lobby, "amount": 1}
    gone = "Lobby does not exist"
    ear.refused("joinRoom", {"lobby_id": 999_999_999}, "unknown_lobby", gone)
    ear.refused("place_bet", bet | {"token": "x"}, "unauthenticated", "Invalid token")
    none = "No active bet found to withdraw"
    ear.refused("withdraw", {"token": player.token, "lobby_id": lobby}, "no_open_bet", none)
    for amount in [-5, "-5", "NaN", 0, None, "", 10**30, [1]]:
        ear.refused("place_bet", bet | {"amount": amount}, "invalid_amount")
    ear.refused("place_bet", bet | {"amount": "1.001"}, "too_precise")
    ear.refused("place_bet", bet | {"coefficient": "NaN"}, "invalid_target")
    assert player.balance() == before, "what was refused cost nothing"


def main():
    base, transport = sys.argv[1:3]
    name = f"bob-{os.getpid()}-{time.time_ns()}"
    player = Player(base, name)
    before = player.balance()
    answer = player.call("PUT", "/gateway/user/v1/balance", {"ammount": 1000})
    assert answer.json() == {"message": "Balance updated"}, answer.text
    balance = before + units(1000)
    assert player.balance() == balance, "the top-up arrived"

    resting, lobby = player.open_lobby({}), player.open_lobby({"betting_ms": 3000})
    watcher = Ear(player.websocket_url(resting), transport)
    watcher.join(resting)
    quiet = len(watcher.heard)
    ear = Ear(player.websocket_url(lobby), transport)
    ear.join(lobby)
    refusals(player, ear, lobby)

    table = Table(player, ear, lobby, balance)
    for _ in range(6):
        if table.seen["hand"] == 0:
            table.by_hand()
        elif table.seen["auto"] == 0 or table.seen["lost"] == 0:
            table.auto_and_ride()
        else:
            break
    assert all(table.seen.values()), f"not everything was seen: {table.seen}"
    leaked = [event for event in watcher.heard[quiet:] if event[0] != "round_opened"]
    assert not leaked, f"another lobby heard {leaked}"
    ear.socket.disconnect()
    watcher.socket.disconnect()


if __name__ == "__main__":
    def give_up():
        print(f"took longer than {LIMIT_SECONDS} seconds", file=sys.stderr, flush=True)
        os._exit(1)

    alarm = threading.Timer(LIMIT_SECONDS, give_up)
    alarm.daemon = True
    alarm.start()
    main()
