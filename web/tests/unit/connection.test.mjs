// A connection that is closed in the middle of its greeting leaves nothing behind.
import { strict as assert } from "node:assert";
import { mock, test } from "node:test";
import { Connection } from "../../client/dist/index.js";

/** A socket of this process, whose server answers each request with what `answers` says of it. */
function wire(answers) {
  const sockets = [];
  class Fake {
    readyState = 0;
    sent = [];
    constructor() {
      sockets.push(this);
      queueMicrotask(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.onopen?.();
      });
    }
    send(text) {
      const asked = JSON.parse(text);
      this.sent.push(asked.type);
      const answer = { type: "reply", id: asked.id, ...answers[asked.type] };
      queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(answer) }));
    }
    close() {
      this.readyState = 3;
    }
  }
  return { sockets, WebSocket: Fake };
}
const settle = async () => {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
};

/** Opens a connection under timers of the test's, `set` by it beforehand. */
async function greeted(answers, lobby, set) {
  const { sockets, WebSocket } = wire({ ping: { unix_ms: 0 }, ...answers });
  const token = async () => "token";
  const connection = new Connection({ url: "ws://here", WebSocket, token, now: () => 0 });
  const heard = [];
  connection.onStatus = ({ state, reason }) => heard.push(reason ? `${state}: ${reason}` : state);
  set(connection);
  connection.open(lobby);
  await settle();
  return { connection, sockets, heard };
}

test("a connection that stays open is pinged", async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { connection, sockets, heard } = await greeted({}, 7, () => {});
  assert.deepEqual(heard, ["connecting", "open"]);
  assert.deepEqual(sockets[0].sent, ["authenticate", "join", "ping"]);
  mock.timers.tick(2_500);
  await settle();
  assert.deepEqual(sockets[0].sent, ["authenticate", "join", "ping", "ping"]);
  connection.close();
  mock.timers.reset();
});

/** The intervals that were set and not cleared, from now on. */
function running() {
  const live = new Set();
  const { setInterval: set, clearInterval: clear } = globalThis;
  mock.method(globalThis, "setInterval", (...how) => {
    const timer = set(...how);
    live.add(timer);
    return timer;
  });
  mock.method(globalThis, "clearInterval", (timer) => {
    live.delete(timer);
    clear(timer);
  });
  return live;
}

for (const step of ["the token", "signing in", "being open"]) {
  test(`closed at ${step}, it leaves no timer and sends nothing any more`, async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    const live = running();
    let closed = false;
    const { sockets, heard } = await greeted({}, null, (connection) => {
      const close = () => {
        closed = true;
        connection.close();
      };
      if (step === "the token") connection.options.token = async () => close() ?? "token";
      if (step === "signing in") connection.onPlayer = close;
      const { onStatus } = connection;
      connection.onStatus = (now) => {
        onStatus(now);
        if (step === "being open" && now.state === "open") close();
      };
    });
    assert(closed);
    assert.equal(heard.at(-1), "ended");
    assert.equal(live.size, 0);
    assert.deepEqual(sockets[0].sent, step === "the token" ? [] : ["authenticate"]);
    mock.timers.tick(60_000);
    await settle();
    assert.equal(sockets.length, 1, "it does not come back");
    mock.restoreAll();
    mock.timers.reset();
  });
}

const refusals = [
  {
    words: "a lobby that does not exist leaves an open connection that says so",
    refused: { code: "unknown_lobby", detail: "no such lobby" },
    said: "open: unknown_lobby",
    connections: 1,
  },
  {
    words: "a server that cannot be joined yet is asked again later",
    refused: { code: "draining", detail: "shutting down" },
    said: "waiting: shutting down",
    connections: 2,
  },
];
for (const { words, refused, said, connections } of refusals) {
  test(words, async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    const join = { type: "refused", ...refused };
    const { connection, sockets, heard } = await greeted({ join }, 7, () => {});
    assert.deepEqual(heard, ["connecting", said]);
    assert.equal(sockets.length, 1);
    mock.timers.tick(8_000);
    await settle();
    assert.equal(sockets.length, connections);
    connection.close();
    mock.timers.reset();
  });
}
