"""What a player of the fuzz has: money put in, bets, and a balance that must follow from both."""

import json
import time
from decimal import Decimal

import requests

PATIENCE_SECONDS = 120


class Player:
    """Registered, signed in, with money of their own."""

    def __init__(self, base, name, money):
        self.base, self.money, self.accepted = base, Decimal(money), set()
        account = {"username": name, "password": "prodan-1111"}
        auth = base + "/gateway/user/v1/auth"
        made = requests.post(f"{auth}/register", json=account, timeout=30)
        assert made.status_code == 201, made.text
        signed_in = requests.post(f"{auth}/login", json=account, timeout=30)
        assert signed_in.status_code == 200, signed_in.text
        self.token = signed_in.json()["access_token"]
        balance = base + "/gateway/user/v1/balance"
        body, headers = {"ammount": money}, self.headers()
        topped_up = requests.put(balance, json=body, headers=headers, timeout=30)
        assert topped_up.status_code == 200, topped_up.text

    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path):
        answer = requests.get(self.base + path, headers=self.headers(), timeout=30)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)

    def bets(self):
        """All bets, newest first."""
        bets, before = [], ""
        while page := self.get(f"/gateway/game/v1/bets?limit=200{before}"):
            bets += page
            before = f"&before={page[-1]['bet_id']}"
        return bets


def owed(player, bets):
    """What can be staked and what is held, by the bets alone."""
    free, held = player.money, Decimal(0)
    for bet in bets:
        free -= bet["stake"]
        if bet["state"] == "accepted":
            held += bet["stake"]
        elif bet["state"] == "cashed_out":
            assert bet["payout"] == bet["stake"] * bet["multiplier"], bet
            free += bet["payout"]
        elif bet["state"] in ("cancelled", "released"):
            free += bet["stake"]
    return free, held


def settled(player):
    """Waits until the balance is what the bets made of it; answers the bets' ids."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        bets = player.bets()
        balance = player.get("/gateway/user/v1/balance")
        free, held = owed(player, bets)
        if (balance["balance"], balance["held"]) == (free, held):
            return {bet["bet_id"] for bet in bets}
        seen = f"{balance} where the bets leave {free} and hold {held}"
        assert time.monotonic() < until, seen
        time.sleep(0.25)
