// Plays waxwing.v1 with a browser's own WebSocket: `node browser.mjs BASE_URL`.
//
// Chromium opens a document of the server's, so that the page has its origin, and is told over its
// DevTools pipe what to run there.

import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Player, freshName, payout, run, units } from "./house.mjs";

const [base] = process.argv.slice(2);

/** Chromium without a window, spoken to in JSON messages that end with a NUL. */
class Browser {
  static async launch() {
    const profile = await mkdtemp(join(tmpdir(), "waxwing-browser-"));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    const own = ["--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
    const child = spawn("chromium", [...flags, ...own, "about:blank"], { stdio });
    return new Browser(child, profile);
  }

  constructor(child, profile) {
    Object.assign(this, { child, profile, next: 1, waiting: new Map(), rest: "" });
    this.ended = new Promise((resolve) => child.once("exit", resolve));
    child.once("error", (error) => assert.fail(`chromium: ${error.message}: run \`make deps\``));
    child.stdio[4].setEncoding("utf8").on("data", (chunk) => this.hear(chunk));
  }

  hear(chunk) {
    const messages = (this.rest + chunk).split("\0");
    this.rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
    }
  }

  async call(method, params = {}, sessionId = undefined) {
    const id = this.next++;
    const answered = new Promise((resolve) => this.waiting.set(id, resolve));
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { error, result } = await answered;
    assert(!error, `${method}: ${error?.message}`);
    return result;
  }

  /** A page on `url`: what runs `source`, an async function's, with `argument` there. */
  async open(url) {
    const { targetId } = await this.call("Target.createTarget", { url });
    const params = { targetId, flatten: true };
    const { sessionId } = await this.call("Target.attachToTarget", params);
    const evaluate = async (expression) => {
      const how = { expression, awaitPromise: true, returnByValue: true };
      const { exceptionDetails, result } = await this.call("Runtime.evaluate", how, sessionId);
      assert(!exceptionDetails, JSON.stringify(exceptionDetails?.exception ?? exceptionDetails));
      return result.value;
    };
    while (!(await evaluate(`document.readyState === "complete" && location.href !== "about:blank"`))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return (source, argument) => evaluate(`(${source})(${JSON.stringify(argument)})`);
  }

  async close() {
    this.child.kill();
    await this.ended;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Runs in the page: plays rounds until a target and a hand have both won in one. */
async function play({ token, lobby }) {
  const url = `${location.origin.replace(/^http/, "ws")}/gateway/game/v1/ws`;
  const socket = new WebSocket(url, "waxwing.v1");
  const waiting = new Map();
  const heard = [];
  let wake = () => {};
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === "reply" || frame.type === "refused") waiting.get(frame.id)(frame);
    else heard.push(frame);
    wake();
  };
  const gone = new Promise((_, reject) => {
    socket.onclose = ({ code, reason }) => reject(new Error(`closed ${code} ${reason}`));
  });
  await Promise.race([gone, new Promise((resolve) => (socket.onopen = resolve))]);
  let id = 0;
  const ask = (type, fields) => {
    id += 1;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ type, id, ...fields }));
    return Promise.race([gone, answered]);
  };
  const next = async () => {
    while (heard.length === 0) {
      await Promise.race([gone, new Promise((resolve) => (wake = resolve))]);
    }
    return heard.shift();
  };
  const until = async (type) => {
    for (;;) {
      const event = await next();
      if (event.type === type) return event;
    }
  };

  const known = await ask("authenticate", { token });
  await ask("join", { lobby_id: lobby });
  const snapshot = await until("snapshot");
  const rounds = [];
  // The page is not in a secure context, where browsers make UUIDs themselves.
  const uuid = () => {
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  for (let round = snapshot.round; ; round += 1) {
    const [auto, byHand] = [uuid(), uuid()];
    const at = { lobby_id: lobby, round };
    const first = { ...at, bet_id: auto, stake: "10", auto_cash_out: 1.01 };
    const placed = [
      await ask("place_bet", first),
      await ask("place_bet", { ...at, bet_id: byHand, stake: 2.5 }),
    ];
    const story = [];
    const results = {};
    let cashedOut = null;
    for (let event = await next(); event.type !== "betting_opened" || event.round === round; ) {
      story.push(event.type);
      if (event.type === "bet_result") results[event.bet_id] = event;
      if (event.type === "tick" && cashedOut === null) {
        cashedOut = await ask("cash_out", { ...at, bet_id: byHand });
      }
      event = await next();
    }
    rounds.push({ placed, story, cashedOut, auto: results[auto], byHand: results[byHand] });
    if (results[auto].result === "win" && results[byHand].result === "win") break;
  }
  return { protocol: socket.protocol, known, phase: snapshot.phase, rounds };
}

/** Runs in a page of another origin: how its socket ends. */
async function intrude({ url }) {
  const socket = new WebSocket(url, "waxwing.v1");
  return new Promise((resolve) => {
    socket.onopen = () => resolve("open");
    socket.onclose = ({ code }) => resolve(code);
  });
}

run(async () => {
  const ann = await Player.register(base, freshName("browser"));
  await ann.topUp("100");
  const lobby = await ann.openLobby({});
  const browser = await Browser.launch();
  try {
    const page = await browser.open(`${base}/gateway/status`);
    const { protocol, known, phase, rounds } = await page(String(play), { token: ann.token, lobby });
    assert.equal(protocol, "waxwing.v1");
    assert.equal(known.user_id, ann.id);
    assert.equal(phase, "open");
    let money = units("100");
    for (const { placed, story, cashedOut, auto, byHand } of rounds) {
      for (const answer of placed) assert.equal(answer.type, "reply", JSON.stringify(answer));
      assert(story.indexOf("round_started") < story.indexOf("crashed"), story.join(" "));
      for (const [result, stake] of [[auto, "10"], [byHand, "2.5"]]) {
        money -= units(stake);
        if (result.result !== "win") continue;
        assert.equal(units(result.payout), payout(stake, result.coefficient));
        money += units(result.payout);
      }
      if (byHand.result === "win") assert.equal(cashedOut.cashed_out[0].payout, byHand.payout);
    }
    await ann.settles(money, "after the last round");

    const foreign = await browser.open("data:text/html,<title>elsewhere</title>");
    const url = `${base.replace(/^http/, "ws")}/gateway/game/v1/ws`;
    assert.equal(await foreign(String(intrude), { url }), 1006, "a foreign page gets no socket");
  } finally {
    await browser.close();
  }
});
