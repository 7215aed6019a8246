// Plays with the original's test page, served from another origin: `node testpage/run.mjs BASE_URL`.
//
// The page runs in jsdom, which asks a server for leave to read across origins as a browser does.

import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { JSDOM, VirtualConsole } from "jsdom";
import { Player, freshName, pause, payout, run, units } from "../house.mjs";

const [base] = process.argv.slice(2);

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const files = {
  "/": [here("index.html"), "text/html"],
  "/page.js": [here("page.js"), "text/javascript"],
  "/socket.io.js": [
    here("../node_modules/socket.io-client/dist/socket.io.js"),
    "text/javascript",
  ],
};

/** Serves the page from an origin of its own. */
async function serve() {
  const server = createServer(async (request, response) => {
    const file = files[new URL(request.url, "http://page").pathname];
    if (!file) return response.writeHead(404).end();
    const [path, type] = file;
    response.writeHead(200, { "content-type": type }).end(await readFile(path));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

/** The page, and a hand that types and clicks. */
class Page {
  static async open(origin, server, transport) {
    const url = `${origin}/?server=${encodeURIComponent(server)}&transport=${transport}`;
    const problems = [];
    const virtualConsole = new VirtualConsole();
    virtualConsole.on("jsdomError", (error) => problems.push(error.message));
    const options = { resources: "usable", runScripts: "dangerously", virtualConsole };
    const dom = await JSDOM.fromURL(url, options);
    await new Promise((resolve) => dom.window.addEventListener("load", resolve));
    return new Page(dom, problems);
  }

  constructor(dom, problems) {
    Object.assign(this, { dom, problems });
  }

  type(id, text) {
    this.dom.window.document.getElementById(id).value = text;
  }

  click(id) {
    this.dom.window.document.getElementById(id).click();
  }

  /** What the page shows: pairs of a name and data. */
  shown() {
    const items = this.dom.window.document.querySelectorAll("#messages li");
    return [...items].map((item) => JSON.parse(item.textContent));
  }

  /** The data of the first line from `from` on that `matches`. */
  async sees(what, matches, from = 0, seconds = 30) {
    for (let tries = 0; tries < seconds * 50; tries += 1) {
      const found = this.shown().slice(from).find(([name, data]) => matches(name, data));
      if (found) return found[1];
      await pause(20);
    }
    const last = JSON.stringify(this.shown().slice(-5));
    return assert.fail(`no ${what}; shown: ${last}; problems: ${this.problems.join("; ")}`);
  }

  seesNamed(name, from, seconds) {
    return this.sees(name, (shown) => shown === name, from, seconds);
  }
}

/** One bet with the page, cashed out by hand; true if it won. */
async function byHand(page, player, balance) {
  const from = page.shown().length;
  page.type("coefficient", "");
  page.click("bet");
  const placed = await page.seesNamed("bet_placed", from);
  assert.equal(placed.user_id, player.id, "the page's made-up user_id is not believed");
  assert.equal(placed.coefficient, null);
  await player.settles(balance - units(placed.amount), "after a bet");
  const over = (name, data) =>
    name === "crashed" || (name === "coefficient_update" && data.coefficient >= 1.02);
  await page.sees("climb", over, from);
  page.click("withdraw");
  const result = await page.seesNamed("bet_result", from, 200);
  assert.equal(result.bet_id, placed.bet_id);
  const won = result.result === "win" ? payout(placed.amount, result.coefficient) : 0n;
  if (result.result === "win") assert.equal(units(result.payout), won);
  const after = balance - units(placed.amount) + won;
  await player.settles(after, "after a round");
  return { won: result.result === "win", after, from, round: placed.round };
}

async function play(origin, transport) {
  const player = await Player.register(base, freshName("page"));
  await player.topUp(100);
  let balance = await player.balance();
  const lobby = await player.openLobby({ betting_ms: 3000 });
  const page = await Page.open(origin, await player.websocketUrl(lobby), transport);
  page.click("connect");
  const connected = await page.seesNamed("connected");
  assert.deepEqual(connected, { message: "WebSocket connection established" });
  page.type("token", player.token);
  page.type("lobby", String(lobby));
  page.type("amount", "10");
  page.click("join");
  await page.seesNamed(`Joined room: ${lobby}`);

  page.type("token", "a wrong token");
  page.click("bet");
  const refused = await page.seesNamed("error");
  assert.equal(refused.message, "Invalid token");
  page.type("token", player.token);

  for (let rounds = 0; rounds < 4; rounds += 1) {
    const { won, after, from, round } = await byHand(page, player, balance);
    balance = after;
    if (won) {
      assert.deepEqual(page.problems, [], "the page had no trouble");
      page.dom.window.close();
      return;
    }
    const next = (name, data) => name === "round_opened" && data.round > round;
    await page.sees("next round", next, from, 200);
  }
  assert.fail("four rounds and not one cash-out");
}

async function main() {
  const origin = await serve();
  assert.notEqual(origin, new URL(base).origin);
  // Without leave the page could not read an answer: this is what the test is about.
  const url = `${base}/socket.io/?EIO=4&transport=polling`;
  const answer = await fetch(url, { headers: { origin } });
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.equal(answer.headers.get("access-control-allow-credentials"), null);
  await play(origin, "polling");
  await play(origin, "websocket");
}

run(main);
