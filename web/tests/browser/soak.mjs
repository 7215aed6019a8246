// What the page holds, and how smooth it is, while it watches for long: `node soak.mjs BASE_URL ROUNDS
// PLAYERS`. The players and their bets are real: they bet in every round of one lobby, and leave at
// targets of their own. They, the server and the browser share the machine, so frames and tasks are
// told here as a clock counts them, and judged in crowd.mjs.
import { strict as assert } from "node:assert";
import { io } from "socket.io-client";
import { median } from "./pace.mjs";
import { asked, base, launch, person, register, run, until } from "./stage.mjs";
import { witness } from "./witness.mjs";

const [rounds, players] = process.argv.slice(3).map(Number);
const tag = Date.now().toString(36);
/** Rounds after which code is compiled and lists are full. */
const WARM = Math.min(10, rounds);
/** What a page may hold more after any number of rounds, in bytes; it holds some millions. */
const GROWTH_MAX = 1_000_000;
/** How many of the players must have bet for a round to count. */
const CROWD = 0.95;
const SOCKETS = Math.ceil(players / 50);
const user = `${base}/gateway/user/v1`;

async function call(method, url, body, token = "") {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  assert(answer.ok, `${url}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

/** Somebody with money for as long as this takes; the token. */
async function player(i) {
  const who = { username: `crowd-${tag}-${i}`, password: "correct horse" };
  await call("POST", `${user}/auth/register`, who);
  const { access_token: token } = await call("POST", `${user}/auth/login`, who);
  await call("PUT", `${user}/balance`, { amount: "1000" }, token);
  return token;
}

/** All of them, some at a time. */
async function crowd() {
  const tokens = [];
  for (let i = 0; i < players; i += 20) {
    const some = Array.from({ length: Math.min(20, players - i) }, (_, k) => player(i + k));
    tokens.push(...(await Promise.all(some)));
  }
  return tokens;
}

/** A table of players at one socket: each bets in every round that opens. */
function table(lobby, tokens) {
  const socket = io(base, { transports: ["websocket"], forceNew: true });
  const refused = [];
  const bet = () => {
    for (const [i, token] of tokens.entries()) {
      const coefficient = (1.01 + (i % 8) / 100).toFixed(2);
      socket.emit("place_bet", { token, lobby_id: lobby, amount: "0.01", coefficient });
    }
  };
  socket.on("connect", () => socket.emit("joinRoom", { lobby_id: String(lobby) }));
  socket.on("round_opened", bet);
  socket.on("error", (why) => refused.push(why));
  return { refused, close: () => socket.disconnect() };
}

/** Has the page note, at each of its frames, the second it falls into, and how many bets it shows. */
const watch = ({ page }) =>
  page.evaluate(() => {
    const read = (where) => document.querySelector(where)?.textContent ?? "";
    const noted = { began: performance.now(), frames: [], tasks: [], rounds: {} };
    globalThis.noted = noted;
    let before = 0;
    const step = () => {
      const second = Math.floor((performance.now() - noted.began) / 1_000);
      noted.frames[second] = (noted.frames[second] ?? 0) + 1;
      const round = Number(read(".where .faint").slice(1));
      const count = Number.parseInt(read('[data-test="bets-count"]'), 10);
      // In the frame in which a round opens the list is still the last one's.
      if (round > 0 && round === before)
        noted.rounds[round] = Math.max(noted.rounds[round] ?? 0, count);
      before = round;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    const long = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) noted.tasks.push(Math.round(duration));
    });
    long.observe({ type: "longtask" });
  });
/** The frames of each whole second, and the long tasks, since the last time. */
const notes = ({ page }) =>
  page.evaluate(() => {
    const { began, frames, tasks } = globalThis.noted;
    const seconds = Math.floor((performance.now() - began) / 1_000);
    Object.assign(globalThis.noted, { began: performance.now(), frames: [], tasks: [] });
    const whole = Array.from({ length: seconds }, (_, i) => frames[i] ?? 0);
    return { frames: whole, tasks };
  });

/** What the page holds after its garbage was thrown away. */
async function held(session) {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
  return { heap_bytes: usedSize, nodes, listeners: jsEventListeners };
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  await register(who, base, `watcher-${tag}`);
  const tokens = await crowd();
  const wish = { name: "A crowd", mode: "continuous", stake_min: "0.01" };
  const { lobby_id: lobby } = await call("POST", `${base}/gateway/game/v1/lobby`, wish, tokens[0]);
  const seen = await witness(lobby);
  const tables = Array.from({ length: SOCKETS }, (_, i) =>
    table(
      lobby,
      tokens.filter((_, k) => k % SOCKETS === i),
    ),
  );
  await who.page.goto(`${base}/#/lobby/${lobby}`);
  const session = await who.context.newCDPSession(who.page);
  await watch(who);

  // A round counts if the page itself shows the crowd in it.
  let shown = [];
  const full = () => shown.filter((bets) => bets >= players * CROWD).length;
  const live = async (count) => {
    const words = () =>
      `${count} rounds: ${full()} of ${shown.length}, at most ${Math.max(0, ...shown)} bets, ${JSON.stringify(tables[0].refused.slice(0, 2))}`;
    const lived = async () => {
      shown = await who.page.evaluate(() => Object.values(globalThis.noted.rounds));
      return full() >= count;
    };
    await until(words, lived, 60_000 + count * 30_000, 500);
  };
  await live(WARM);
  const early = await held(session);
  await notes(who);
  await live(WARM + rounds);
  const { frames, tasks } = await notes(who);
  const late = await held(session);
  await who.shoot("soak");
  const sum = (of) => seen.all().reduce((all, one) => all + one[of].length, 0);
  const smooth = {
    seconds: frames.length,
    frames_median: median(frames),
    seconds_below_55: frames.filter((count) => count < 55).length,
    tasks_over_50_ms_by_clock: tasks.length,
    longest_ms_by_clock: Math.max(0, ...tasks),
  };
  const crowded = { bets: sum("bets"), cash_outs: sum("outs"), rounds_with_all: full() };
  console.log(JSON.stringify({ rounds, players, ...crowded, ...smooth, early, late }));
  assert(late.heap_bytes - early.heap_bytes < GROWTH_MAX, "memory grew");
  assert(late.nodes - early.nodes < 500, "the document grew");
  assert(late.listeners - early.listeners < 100, "listeners are left behind");
  for (const one of tables) one.close();
  seen.close();
  const { balance } = await asked(`watcher-${tag}`, "/gateway/user/v1/balance");
  assert.equal(balance, 1_000, "whoever watches stakes nothing");
  assert.deepEqual(who.faults, []);
  await browser.close();
});
