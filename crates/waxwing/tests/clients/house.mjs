// What the clients share: HTTP as the original's clients spoke it, exact money, and patience.

import { strict as assert } from "node:assert";

/** Units of 0.0001 in one whole. */
const SCALE = 10_000n;

/** The exact value of a decimal text or a JSON number, in units of 0.0001. */
export function units(value) {
  const match = /^(-?)(\d+)(?:\.(\d{1,4}))?$/.exec(String(value));
  assert(match, `${value} is not an amount of at most four decimals`);
  const [, sign, whole, fraction = ""] = match;
  const magnitude = BigInt(whole) * SCALE + BigInt(fraction.padEnd(4, "0"));
  return sign ? -magnitude : magnitude;
}

/** stake × multiplier, exactly. */
export function payout(stake, coefficient) {
  return (units(stake) * units(coefficient)) / SCALE;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A player over HTTP: registered, signed in. */
export class Player {
  static async register(base, name) {
    const player = new Player(base, name);
    const credentials = { username: name, password: "johnDoe" };
    const made = await player.call("POST", "/gateway/user/v1/auth/register", credentials);
    assert.equal(made.status, 201, made.text);
    assert.equal(made.body.message, "User created");
    const again = await player.call("POST", "/gateway/user/v1/auth/register", credentials);
    assert.equal(again.status, 409, again.text);
    assert.equal(again.body.error, "User already exists");
    const wrong = { username: name, password: "not it" };
    const refused = await player.call("POST", "/gateway/user/v1/auth/login", wrong);
    assert.equal(refused.status, 401, refused.text);
    assert.equal(refused.body.error, "Invalid credentials");
    const login = await player.call("POST", "/gateway/user/v1/auth/login", credentials);
    assert.equal(login.status, 200, login.text);
    player.token = login.body.access_token;
    for (const method of ["GET", "POST"]) {
      const valid = await player.call(method, "/gateway/user/v1/auth/validate");
      assert.equal(valid.status, 200, valid.text);
      assert.equal(valid.body.status, "valid");
      assert.equal(valid.body.username, name);
      player.id = valid.body.user_id;
    }
    return player;
  }

  constructor(base, name) {
    Object.assign(this, { base, name });
  }

  /** Calls the gateway; the body's text is kept, so that numbers can be read exactly. */
  async call(method, path, body) {
    const headers = { "content-type": "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    const request = { method, headers, body: body && JSON.stringify(body) };
    const answer = await fetch(this.base + path, request);
    const text = await answer.text();
    return { status: answer.status, text, body: text ? JSON.parse(text) : undefined };
  }

  /** What can be staked now, in units of 0.0001, read from the text of the answer. */
  async balance() {
    const answer = await this.call("GET", "/gateway/user/v1/balance");
    assert.equal(answer.status, 200, answer.text);
    return units(/"balance":\s*(-?[\d.]+)/.exec(answer.text)[1]);
  }

  async topUp(ammount) {
    const answer = await this.call("PUT", "/gateway/user/v1/balance", { ammount });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.message, "Balance updated");
  }

  /** Waits until the balance is exactly `expected`: payouts follow their announcement. */
  async settles(expected, when) {
    let seen;
    for (let tries = 0; tries < 100; tries += 1) {
      seen = await this.balance();
      if (seen === expected) return;
      await pause(100);
    }
    assert.fail(`${when}: the balance is ${seen} units, not ${expected}`);
  }

  /** Opens a lobby and returns its number. */
  async openLobby(body) {
    const answer = await this.call("POST", "/gateway/game/v1/lobby", body);
    assert.equal(answer.status, 200, answer.text);
    assert(Number.isSafeInteger(answer.body.lobby_id) && answer.body.lobby_id > 0, answer.text);
    return answer.body.lobby_id;
  }

  /** Where the lobby's socket lives: an origin without a path. */
  async websocketUrl(lobby) {
    const answer = await this.call("GET", `/gateway/game/v1/lobby/${lobby}`);
    assert.equal(answer.status, 200, answer.text);
    const url = answer.body.websocket_url;
    assert.equal(new URL(url).origin, url, "websocket_url is an origin without a path");
    return url;
  }
}

let serial = 0;

/** A name nobody has. */
export function freshName(prefix) {
  serial += 1;
  return `${prefix}-${process.pid}-${Date.now()}-${serial}`;
}

/** Runs `main`, and says what was wrong. */
export function run(main) {
  const limit = setTimeout(() => fail(new Error("took longer than 220 seconds")), 220_000);
  limit.unref();
  main().then(
    () => process.exit(0),
    (error) => fail(error),
  );
}

function fail(error) {
  console.error(error.stack ?? error);
  process.exit(1);
}
