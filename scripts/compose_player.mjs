// What a player does to the stack of docker-compose.yml, for scripts/compose.sh:
//   node compose_player.mjs round BASE   plays rounds until one was won, and counts the money;
//   node compose_player.mjs death BASE   bets, says "climbing ROUND" in mid-climb, waits for the end
//                                        whatever happens to the servers, and counts the money.
import { createRequire } from "node:module";
import { Connection, freshBetId } from "../web/client/dist/index.js";

const { WebSocket } = createRequire(new URL("../web/package.json", import.meta.url))("ws");
const [what, base] = process.argv.slice(2);
const LOBBY = 1;
const MONEY = 1_000;
const STAKE = 10;
// A round is stopped in mid-climb when its multiplier is about this.
const CLIMBING = 1.1;
const PATIENCE_MS = 180_000;

const fail = (text) => {
  console.error(text);
  process.exit(1);
};
setTimeout(() => fail(`nothing ended within ${PATIENCE_MS} ms`), PATIENCE_MS).unref();
process.on("unhandledRejection", (error) => fail(String(error?.stack ?? error)));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One call; what cannot be reached or is overloaded for a moment is asked again. */
async function call(method, path, body, token = "") {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const init = { method, headers, body: body && JSON.stringify(body) };
      const answer = await fetch(`${base}/gateway/${path}`, init);
      if (answer.ok) return await answer.json();
      if (answer.status < 500 || attempt === 20) fail(`${path}: ${answer.status} ${await answer.text()}`);
    } catch (error) {
      if (attempt === 20) throw error;
    }
    await pause(500);
  }
}

/** A new player with money. */
async function register() {
  const account = { username: `player-${Date.now()}`, password: "correct horse" };
  await call("POST", "user/v1/auth/register", account);
  const { access_token: token } = await call("POST", "user/v1/auth/login", account);
  await call("PUT", "user/v1/balance", { amount: String(MONEY) }, token);
  return token;
}

/** Bets once in the next round that takes bets; `watch` sees every event. The bet's result. */
function play(token, target, watch = () => {}) {
  const url = `${base.replace(/^http/, "ws")}/gateway/game/v1/ws`;
  const connection = new Connection({ url, WebSocket, token: async () => token });
  const bet = { lobby_id: LOBBY, bet_id: freshBetId(), stake: String(STAKE) };
  if (target) bet.auto_cash_out = target;
  let asked = 0;
  let placed = null;
  return new Promise((resolve) => {
    const place = (round) => {
      // The id makes a second asking the same bet.
      if (placed !== null || asked >= round) return;
      asked = round;
      connection.request("place_bet", { ...bet, round }).then(
        () => { placed = round; },
        (error) => { console.log(`round ${round}: ${error.message}`); },
      );
    };
    connection.onEvent = (event) => {
      const { type, round, phase } = event;
      if (type === "betting_opened" || (type === "snapshot" && phase === "open")) place(round);
      if (placed === round) watch(event);
      const mine = type === "snapshot" ? event.mine?.find((own) => own.bet_id === bet.bet_id) : null;
      // A round that ended while nobody could be told: its record says how.
      const missed = placed !== null && round > placed;
      const ended = missed || (mine && !["accepted", "cancelled"].includes(mine.state));
      if (ended || (type === "bet_result" && event.bet_id === bet.bet_id)) {
        connection.close();
        resolve(placed ?? round);
      }
    };
    connection.open(LOBBY);
  });
}

/** Waits until the record of `round` says how it and its only bet ended. */
async function record(round) {
  for (;;) {
    const told = await call("GET", `game/v1/lobby/${LOBBY}/rounds/${round}`);
    if (["settled", "interrupted", "voided"].includes(told.state)) return told;
    await pause(200);
  }
}

/** What the bet must have paid, by the rules of docs/reliability.md, in hundredths. */
function due(told, bet) {
  const cents = (number) => Math.round(number * 100);
  if (bet.state === "released") return cents(STAKE);
  if (bet.state === "lost") return 0;
  const at = bet.auto_cash_out ?? bet.multiplier;
  if (cents(at) > cents(told.crash_point)) fail(`paid above the crash point: ${JSON.stringify(told)}`);
  return (cents(STAKE) * cents(at)) / 100;
}

const token = await register();
let money = MONEY * 100;

async function count(round) {
  const told = await record(round);
  const bet = told.bets.find((one) => Math.round(one.stake * 100) === STAKE * 100);
  if (!bet || told.count !== 1) fail(`the round's record has not the one bet: ${JSON.stringify(told)}`);
  money += due(told, bet) - STAKE * 100;
  for (let attempt = 0; ; attempt += 1) {
    const { balance, held } = await call("GET", "user/v1/balance", undefined, token);
    if (Math.round(balance * 100) === money && !held) break;
    if (attempt === 60) fail(`${balance} and ${held} held, where ${money / 100} is due`);
    await pause(500);
  }
  console.log(`round ${round}: ${told.state}, the bet ${bet.state}, ${money / 100} left, as is due`);
  return { told, bet };
}

if (what === "round") {
  for (;;) {
    const { bet } = await count(await play(token, "1.20"));
    if (bet.state === "cashed_out") break;
  }
} else if (what === "death") {
  for (;;) {
    let said = false;
    const round = await play(token, null, (event) => {
      if (said || event.type !== "tick" || event.multiplier < CLIMBING) return;
      said = true;
      console.log(`climbing ${event.round}`);
    });
    const { told } = await count(round);
    // Whoever kills may come late: then another round is played.
    if (told.state === "interrupted") break;
    console.log("again");
  }
} else fail(`${what} is neither round nor death`);
// What still pings is not waited for.
process.exit(0);
