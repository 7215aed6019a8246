// What the browser tests share: Chromium, people in it, and a wire that can be slow or cut.
import { strict as assert } from "node:assert";
import { mkdir } from "node:fs/promises";
import { createServer as createHttp, request } from "node:http";
import { createServer, connect as dial } from "node:net";
import { chromium } from "playwright-core";
import { WebSocketServer } from "ws";

export const [base] = process.argv.slice(2);
const shots = new URL("../../shots/", import.meta.url).pathname;

export async function launch() {
  await mkdir(shots, { recursive: true });
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** A browser of one's own, in which no error may happen and nothing foreign be asked for. */
export async function person(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/401|Failed to load/.test(message.text())) {
      faults.push(message.text());
    }
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["blob:", "data:"].includes(url.protocol) && url.hostname !== "127.0.0.1") {
      faults.push(`asked ${url.origin}`);
    }
  });
  const test = (name) => page.locator(`[data-test="${name}"]`);
  return {
    context,
    page,
    faults,
    test,
    shoot: (name, how) => page.screenshot({ path: `${shots}${name}.png`, ...how }),
  };
}

export async function register({ page, test }, origin, name, amount = "1000") {
  await page.goto(`${origin}/#/account`);
  await page.fill('input[name="username"]', name);
  await page.fill('input[name="password"]', "correct horse");
  await page.click('form button:has-text("Create account")');
  await test("balance").waitFor();
  await page.goto(`${origin}/#/account`);
  await page.fill('input[name="amount"]', amount);
  await page.click('button:has-text("Top up play money")');
  await page.waitForFunction((least) => {
    const shown = document.querySelector('[data-test="balance"] strong')?.textContent ?? "";
    return Number(shown.replace(/[^\d.]/g, "")) >= least;
  }, Number(amount));
}

/** A lobby of one's own, by way of the page; its number. */
export async function openLobby({ page, test }, origin, { name = "", betting = "3" } = {}) {
  await page.goto(`${origin}/#/lobbies`);
  if (name) await page.fill('form input[name="name"]', name);
  await page.fill('form input[name="betting"]', betting);
  await test("create").click();
  await page.waitForURL(/#\/lobby\/\d+$/);
  return Number(page.url().split("/").at(-1));
}

const tokens = new Map();

/** What the server answers `username` at `path`, asked past the page. */
export async function asked(username, path) {
  if (!tokens.has(username)) {
    const body = JSON.stringify({ username, password: "correct horse" });
    const login = await fetch(`${base}/gateway/user/v1/auth/login`, { method: "POST", body });
    tokens.set(username, (await login.json()).access_token);
  }
  const headers = { authorization: `Bearer ${tokens.get(username)}` };
  const answer = await fetch(base + path, { headers });
  assert(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

export const money = async ({ test }) =>
  Number((await test("balance").locator("strong").textContent()).replace(/[^\d.]/g, ""));

/** Waits until it `holds`; `what` says so in words, or is asked for them at the end. */
export async function until(what, holds, patience = 60_000) {
  const end = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() >= end) {
      assert.fail(`waited in vain until ${typeof what === "function" ? what() : what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** A wire to the server: each direction `delay` ± `jitter` ms late, in order, or cut. */
export async function wire(target, { delay = 0, jitter = 0 } = {}) {
  const { hostname, port } = new URL(target);
  const pairs = new Set();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = dial(Number(port), hostname);
    const pair = [near, far];
    pairs.add(pair);
    const carry = (from, to) => {
      let free = 0;
      from.on("data", (chunk) => {
        const due = Date.now() + delay + (Math.random() * 2 - 1) * jitter;
        free = Math.max(free, due);
        setTimeout(() => to.writable && to.write(chunk), Math.max(0, free - Date.now()));
      });
      from.on("error", () => {});
      from.on("close", () => setTimeout(() => to.destroy(), delay + jitter));
    };
    carry(near, far);
    carry(far, near);
    return undefined;
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    cut: () => {
      isCut = true;
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      pairs.clear();
    },
    mend: () => {
      isCut = false;
    },
    close: () => {
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
}

/** The server, but for its plain sockets, which `play` answers instead. */
export async function front(target, play) {
  const { hostname, port } = new URL(target);
  const sockets = new WebSocketServer({ noServer: true });
  const server = createHttp((asked, answer) => {
    const { method, headers, url: path } = asked;
    const far = request({ hostname, port, path, method, headers }, (told) => {
      answer.writeHead(told.statusCode, told.headers);
      told.pipe(answer);
    });
    far.on("error", () => answer.destroy());
    asked.pipe(far);
  });
  server.on("upgrade", (asked, socket, head) => sockets.handleUpgrade(asked, socket, head, play));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Runs a test to its end, by its own exit. */
export function run(test) {
  test().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
