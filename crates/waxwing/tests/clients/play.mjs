// The original's flow with the official client: `node play.mjs BASE_URL websocket|polling`.

import { strict as assert } from "node:assert";
import { io } from "socket.io-client";
import { Player, freshName, pause, payout, run, units } from "./house.mjs";

const [base, transport] = process.argv.slice(2);
/** No climb goes beyond, and one that reaches it pays everybody: `e2e_clients.rs`. */
const HIGHEST = 5;

/** A socket that keeps what it heard, in order. */
class Ear {
  constructor(url) {
    this.heard = [];
    this.waiting = [];
    this.socket = io(url, {
      transports: [transport],
      upgrade: false,
      forceNew: true,
      reconnection: false,
    });
    this.socket.onAny((name, data) => this.hear(name, data));
  }

  hear(name, data) {
    this.heard.push({ name, data });
    for (const check of [...this.waiting]) check();
  }

  /** The first event from number `from` on that `matches`. */
  wait(what, matches, { from = 0, seconds = 30 } = {}) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const index = this.heard.findIndex((event, at) => at >= from && matches(event));
        if (index < 0) return;
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== check);
        resolve({ ...this.heard[index], index });
      };
      const tooLate = () => {
        const last = JSON.stringify(this.heard.slice(-5));
        reject(new Error(`no ${what} within ${seconds} s; the last events were ${last}`));
      };
      const timer = setTimeout(tooLate, seconds * 1000);
      this.waiting.push(check);
      check();
    });
  }

  named(name, options) {
    return this.wait(name, (event) => event.name === name, options);
  }

  /** Sends with an acknowledgement callback and returns what it got. */
  ask(name, data) {
    return this.socket.timeout(10_000).emitWithAck(name, data);
  }

  async connected() {
    const { data, index } = await this.named("connected");
    assert.deepEqual(data, { message: "WebSocket connection established" });
    assert.equal(index, 0, "connected is the first event");
    assert.equal(this.socket.io.engine.transport.name, transport);
  }

  async join(lobby, asText) {
    const from = this.heard.length;
    const answer = await this.ask("joinRoom", { lobby_id: asText ? String(lobby) : lobby });
    assert.equal(answer, `Joined room: ${lobby}`, "the acknowledgement of joinRoom");
    const named = await this.named(`Joined room: ${lobby}`, { from });
    assert.equal(named.data, undefined, "Joined room carries no data");
    const joined = await this.named("joined", { from });
    assert.equal(joined.data.lobby_id, lobby);
    assert(joined.index > named.index, "joined follows Joined room");
  }

  /** Sends what must be refused; `code` may be a list. */
  async refused(name, data, message, code) {
    const from = this.heard.length;
    const answer = await this.ask(name, data);
    const told = await this.named("error", { from });
    const what = `${name} ${JSON.stringify(data)}`;
    assert([code].flat().includes(told.data.code), `${what}: ${JSON.stringify(told.data)}`);
    if (message) assert.equal(told.data.message, message, what);
    assert.deepEqual(answer, { error: told.data.message, code: told.data.code }, what);
  }
}

/** One player at one table, with the balance that must be there. */
class Table {
  constructor(player, ear, lobby, balance) {
    Object.assign(this, { player, ear, lobby, balance });
    this.seen = { hand: 0, auto: 0, lost: 0 };
  }

  /** Places a bet and checks what it was told; returns the bet. */
  async bet(amount, coefficient) {
    const from = this.ear.heard.length;
    const request = { token: this.player.token, user_id: 4711, lobby_id: this.lobby, amount };
    if (coefficient !== undefined) request.coefficient = coefficient;
    const answer = await this.ear.ask("place_bet", request);
    if (answer.code === "betting_closed") {
      // The last round is still being settled.
      await pause(200);
      return this.bet(amount, coefficient);
    }
    const { data } = await this.ear.named("bet_placed", { from });
    assert.deepEqual(answer, data, "the acknowledgement is the bet placed");
    assert.equal(data.user_id, this.player.id, "a foreign user_id is not believed");
    assert.equal(units(data.amount), units(amount));
    assert.equal(data.coefficient, coefficient === undefined ? null : Number(coefficient));
    assert.equal(data.lobby_id, this.lobby);
    assert(Number.isSafeInteger(data.round) && data.round > 0);
    assert.match(data.bet_id, /^[0-9a-f-]{36}$/);
    this.balance -= units(amount);
    await this.player.settles(this.balance, "after a bet");
    return { ...data, from };
  }

  async result(bet) {
    const isResult = ({ name, data }) => name === "bet_result" && data.bet_id === bet.bet_id;
    const { data } = await this.ear.wait("bet_result", isResult, { from: bet.from, seconds: 200 });
    assert.equal(data.user_id, this.player.id);
    assert.equal(data.round, bet.round);
    assert.equal(data.lobby_id, this.lobby);
    return data;
  }

  /** Checks a win to the unit and adds it to what must be there. */
  won(bet, result) {
    assert.equal(result.result, "win", JSON.stringify(result));
    assert(result.coefficient >= 1.01, JSON.stringify(result));
    const due = payout(bet.amount, result.coefficient);
    assert.equal(units(result.payout), due, `payout of ${JSON.stringify(result)}`);
    this.balance += due;
  }

  /** A bet cashed out by hand and one that rides to the end, in one round. */
  async handAndRide() {
    const hand = await this.bet("10.50");
    const ride = await this.bet(5);
    assert.equal(hand.round, ride.round);
    await this.ear.refused(
      "withdraw",
      { token: this.player.token, lobby_id: this.lobby },
      "No active bet found to withdraw",
      ["no_open_bet", "too_early"],
    );
    const climbs = await this.climbs(hand, 1.03);
    if (climbs) {
      const inProgress = "Cannot place a bet. The game is already in progress.";
      const late = { token: this.player.token, lobby_id: this.lobby, amount: 1 };
      await this.ear.refused("place_bet", late, inProgress, ["betting_closed"]);
      await this.withdraw(hand);
    }
    await this.ear.named("crashed", { from: hand.from, seconds: 200 });
    if (!climbs) {
      assert.equal((await this.result(hand)).result, "lost");
      this.seen.lost += 1;
    }
    const end = await this.result(ride);
    if (end.result === "win") {
      assert.equal(end.coefficient, HIGHEST, JSON.stringify(end));
      this.won(ride, end);
    } else this.seen.lost += 1;
    this.checkClimb(hand);
    await this.player.settles(this.balance, "after a round with a loss");
  }

  /** A bet with a target, given as the test page gives it: a text. */
  async auto() {
    const bet = await this.bet(7, "1.05");
    const result = await this.result(bet);
    if (result.result === "lost") {
      this.seen.lost += 1;
    } else {
      assert.equal(result.coefficient, 1.05, "an auto cash-out pays exactly its target");
      this.won(bet, result);
      this.seen.auto += 1;
    }
    await this.player.settles(this.balance, "after an auto cash-out");
    await this.ear.named("crashed", { from: bet.from, seconds: 200 });
  }

  /** Waits for the climb to reach `coefficient`; false if it crashed before. */
  async climbs(bet, coefficient) {
    const reached = ({ name, data }) =>
      name === "crashed" || (name === "coefficient_update" && data.coefficient >= coefficient);
    const { name } = await this.ear.wait("climb", reached, { from: bet.from, seconds: 60 });
    return name === "coefficient_update";
  }

  async withdraw(bet) {
    const from = this.ear.heard.length;
    const request = { token: this.player.token, lobby_id: this.lobby, bet_id: bet.bet_id };
    const answer = await this.ear.ask("withdraw", request);
    if (answer.error) {
      assert(["too_late", "no_open_bet"].includes(answer.code), JSON.stringify(answer));
      const result = await this.result(bet);
      if (result.result === "win") {
        assert.equal(result.coefficient, HIGHEST, JSON.stringify(result));
        this.won(bet, result);
      } else this.seen.lost += 1;
      return;
    }
    const requested = await this.ear.named("withdraw_requested", { from });
    const expected = { user_id: this.player.id, message: "Withdraw requested" };
    assert.deepEqual(requested.data, expected);
    const result = await this.result(bet);
    if (result.result === "lost") {
      this.seen.lost += 1;
      return;
    }
    this.won(bet, result);
    this.seen.hand += 1;
    await this.player.settles(this.balance, "after a cash-out by hand");
  }

  /** The round's updates are numbers that climb from 1.00 and end with the crash. */
  checkClimb(bet) {
    const events = this.ear.heard.slice(bet.from);
    const crash = events.findIndex(({ name }) => name === "crashed");
    const isUpdate = ({ name }) => name === "coefficient_update";
    const numbers = events.slice(0, crash).filter(isUpdate).map(({ data }) => data.coefficient);
    if (numbers.length > 0) assert.equal(numbers[0], 1, "the climb begins at 1.00");
    numbers.forEach((number, at) => {
      assert.equal(typeof number, "number");
      assert(at === 0 || number >= numbers[at - 1], `${number} after ${numbers[at - 1]}`);
    });
    const last = numbers.at(-1) ?? 1;
    const crashed = events[crash].data;
    assert.equal(crashed.round, bet.round);
    assert(crashed.coefficient >= last, `${last} shown, crash at ${crashed.coefficient}`);
  }
}

async function refusals(player, ear, lobby) {
  const { token } = player;
  const before = await player.balance();
  const bet = { token, lobby_id: lobby, amount: 1 };
  await ear.refused("joinRoom", { lobby_id: "999999999" }, "Lobby does not exist", "unknown_lobby");
  const nowhere = { ...bet, lobby_id: 999_999_999 };
  await ear.refused("place_bet", nowhere, "Lobby does not exist", "unknown_lobby");
  const stranger = { ...bet, token: "nobody's" };
  await ear.refused("place_bet", stranger, "Invalid token", "unauthenticated");
  const none = "No active bet found to withdraw";
  await ear.refused("withdraw", { token, lobby_id: lobby }, none, "no_open_bet");
  for (const amount of [-5, 0, "-5", "NaN", NaN, Infinity, "1e3", {}, null, "ten"]) {
    await ear.refused("place_bet", { ...bet, amount }, undefined, "invalid_amount");
  }
  await ear.refused("place_bet", { ...bet, amount: 1.005 }, undefined, "too_precise");
  const tooMuch = ["invalid_amount", "above_max", "insufficient_funds", "exposure_full"];
  for (const amount of [99_999_999_999, 1e15, "900000"]) {
    await ear.refused("place_bet", { ...bet, amount }, undefined, tooMuch);
  }
  await ear.refused("place_bet", { ...bet, coefficient: 0.5 }, undefined, "invalid_target");
  await ear.refused("dance", {}, undefined, "unknown_type");
  assert.equal(await player.balance(), before, "what was refused cost nothing");
}

async function main() {
  const player = await Player.register(base, freshName("ann"));
  const before = await player.balance();
  await player.topUp(1000);
  const balance = before + units(1000);
  assert.equal(await player.balance(), balance, "the top-up arrived");

  const resting = await player.openLobby({});
  const lobby = await player.openLobby({ betting_ms: 3000 });
  assert.notEqual(resting, lobby);
  const unknown = await player.call("GET", "/gateway/game/v1/lobby/999999999");
  assert.equal(unknown.status, 404, unknown.text);

  const watcher = new Ear(await player.websocketUrl(resting));
  await watcher.connected();
  await watcher.join(resting, true);
  const quiet = watcher.heard.length;

  const ear = new Ear(await player.websocketUrl(lobby));
  await ear.connected();
  await ear.join(lobby, false);
  await refusals(player, ear, lobby);

  const table = new Table(player, ear, lobby, balance);
  for (let rounds = 0; rounds < 6; rounds += 1) {
    if (table.seen.hand === 0 || table.seen.lost === 0) await table.handAndRide();
    else if (table.seen.auto === 0) await table.auto();
    else break;
  }
  const { hand, auto, lost } = table.seen;
  assert(hand > 0 && auto > 0 && lost > 0, `not everything was seen: ${JSON.stringify(table.seen)}`);

  const leaked = watcher.heard.slice(quiet).filter(({ name }) => name !== "round_opened");
  assert.deepEqual(leaked, [], "another lobby heard something");
  ear.socket.disconnect();
  watcher.socket.disconnect();
}

run(main);
