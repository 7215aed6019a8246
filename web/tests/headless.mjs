// The page's state without a browser: its own modules, built as the page is, with a server and a
// browser of the test's around them.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const web = new URL("..", import.meta.url);
const here = (path) => fileURLToPath(new URL(path, web));
const ENTRY = ["api", "game", "said", "slip", "slots", "statement", "wallet"]
  .map((name) => `export * as ${name} from ${JSON.stringify(here(`src/${name}.ts`))};`)
  .join("\n");

async function bundle() {
  const { output } = await build({
    configFile: false,
    logLevel: "silent",
    root: here("."),
    resolve: { alias: { "@client": here("client/src/index.ts") } },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? "\0entry" : null),
        load: (id) => (id === "\0entry" ? ENTRY : null),
      },
    ],
    build: {
      write: false,
      minify: false,
      target: "es2022",
      modulePreload: false,
      rollupOptions: { input: "entry", preserveEntrySignatures: "strict" },
    },
  });
  return output[0].code;
}

/** What a page has of a browser, as far as its state looks at it. */
function surround(server) {
  const kept = new Map();
  const every = globalThis.setInterval;
  Object.assign(globalThis, {
    location: { origin: "http://here", hash: "" },
    document: { visibilityState: "visible", addEventListener: () => {} },
    addEventListener: () => {},
    localStorage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, String(value)),
      removeItem: (key) => kept.delete(key),
    },
    requestAnimationFrame: (draw) => setTimeout(draw, 0).unref(),
    // What the page does for ever must not keep the test alive.
    setInterval: (...how) => every(...how).unref(),
    WebSocket: server.WebSocket,
    fetch: async (path, { method = "GET", headers, signal }) => {
      const over = new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      over.catch(() => {});
      const url = new URL(path, "http://here");
      server.called.push({ path: url.pathname, method, auth: headers.get("authorization") });
      const known = server.http[url.pathname];
      const body = typeof known === "function" ? await Promise.race([known(url), over]) : known;
      if (body instanceof Response) return body;
      return new Response(JSON.stringify(body ?? {}), { status: body ? 200 : 404 });
    },
  });
}

/** A server that answers every request of the page's, and says what the test has it say. */
function serving() {
  const server = {
    sockets: [],
    /** By path without its query: what is answered, or what makes an answer of the address. */
    http: {
      "/gateway/user/v1/auth/cookie/login": { access_token: "token", expires_in: 900 },
      "/gateway/user/v1/auth/validate": { status: "ok", user_id: 7, username: "ann" },
      "/gateway/user/v1/balance": { balance: 1_000, held: 0, currency: "PLAY" },
      "/gateway/game/v1/bets": [],
    },
    /** By type of request: what a reply says; a null is no reply. */
    replies: {
      authenticate: {},
      join: {},
      sync: {},
      ping: { unix_ms: 0 },
      place_bet: { cap: 1_000 },
    },
    /** What was asked over HTTP, and with which token, the newest last. */
    called: [],
    /** The same over sockets. */
    asked: [],
    say: (event) => server.sockets.at(-1).onmessage?.({ data: JSON.stringify(event) }),
    cut: () => server.sockets.at(-1).onclose?.({ code: 4_000, reason: "restart" }),
  };
  server.WebSocket = class {
    readyState = 0;
    constructor() {
      server.sockets.push(this);
      queueMicrotask(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.onopen?.();
      });
    }
    send(text) {
      const request = JSON.parse(text);
      server.asked.push(request);
      const reply = server.replies[request.type];
      if (!reply) return;
      const frame = { type: "reply", id: request.id, ...reply };
      queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(frame) }));
    }
    close() {
      this.readyState = 3;
    }
  };
  return server;
}

let built;
let loads = 0;

/** A fresh page with somebody signed in, and its server. */
export async function page() {
  built ??= await bundle();
  const server = serving();
  surround(server);
  loads += 1;
  const text = Buffer.from(`${built}\n// ${loads}`).toString("base64");
  const modules = await import(`data:text/javascript;base64,${text}`);
  modules.game.start();
  await modules.api.logIn("ann", "correct horse");
  return { server, ...modules };
}

/** Waits until it `holds`. */
export async function until(what, holds) {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 2_000) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

let seq = 0;
const head = (round) => {
  seq += 1;
  return { lobby_id: 1, epoch: 1, seq, round };
};
const commitment = {
  lobby_id: 1,
  chain: 1,
  terminal: "aa",
  length: 1_000,
  house_edge_bps: 100,
  formula: 1,
  public_key: "k",
  signature: "s",
};

/** What a server says of lobby 1, in the words of `waxwing.v1`. */
export const say = {
  snapshot: (round, phase, more = {}) => ({
    type: "snapshot",
    ...head(round),
    name: "Main",
    mode: "continuous",
    phase,
    curve: "exponential",
    limits: {
      stake_min: 1,
      stake_max: 500,
      payout_max: 10_000,
      multiplier_max: 1_000,
      bets_per_player: 2,
    },
    commitment,
    seed_index: round,
    bets: [],
    mine: [],
    ...more,
  }),
  opened: (round) => ({
    type: "betting_opened",
    ...head(round),
    closes_in_ms: 6_000,
    commitment,
    seed_index: round,
  }),
  started: (round) => ({
    type: "round_started",
    ...head(round),
    elapsed_ms: 0,
    curve: "exponential",
  }),
  tick: (round, elapsed_ms) => ({ type: "tick", ...head(round), elapsed_ms }),
  crashed: (round, multiplier, elapsed_ms) => ({
    type: "crashed",
    ...head(round),
    multiplier,
    crash_point: multiplier,
    elapsed_ms,
  }),
  result: (round, bet_id, result, more = {}) => ({
    type: "bet_result",
    ...head(round),
    user_id: 7,
    bet_id,
    stake: 10,
    result,
    ...more,
  }),
};
