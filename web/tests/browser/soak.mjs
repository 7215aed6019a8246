// What the page holds while it watches for long: `node soak.mjs BASE_URL ROUNDS PLAYERS`. The players
// and their bets are real: they bet in every round of one lobby, and leave at targets of their own.
import { strict as assert } from "node:assert";
import { io } from "socket.io-client";
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
const SOCKETS = Math.ceil(players / 100);
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

  // A round counts if the page itself shows the crowd in it.
  let [full, last] = [0, 0];
  const most = () => Math.max(0, ...seen.all().map(({ bets }) => bets.length));
  const lived = (count) => async () => {
    const shown = Number.parseInt((await who.test("bets-count").textContent()) ?? "", 10);
    const { number } = seen.now();
    if (number > last && shown >= players * CROWD) [full, last] = [full + 1, number];
    return full >= count;
  };
  const words = (count) => () =>
    `${count} rounds: ${full} of ${last}, at most ${most()} bets, ${JSON.stringify(tables[0].refused.slice(0, 2))}`;
  const patience = (count) => 60_000 + count * 30_000;
  await until(words(WARM), lived(WARM), patience(WARM));
  const early = await held(session);
  await until(words(WARM + rounds), lived(WARM + rounds), patience(rounds));
  const late = await held(session);
  await who.shoot("soak");
  const bets = seen.all().reduce((sum, one) => sum + one.bets.length, 0);
  const outs = seen.all().reduce((sum, one) => sum + one.outs.length, 0);
  console.log(JSON.stringify({ rounds, players, bets, cash_outs: outs, early, late }));
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
