// Who is signed in: an answer that belongs to an earlier sign-in changes nothing.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { page, until } from "../headless.mjs";

const [AUTH, BALANCE] = ["/gateway/user/v1/auth", "/gateway/user/v1/balance"];
const refused = (code = "unauthenticated") =>
  new Response(JSON.stringify({ code, detail: "Not signed in" }), { status: 401 });

/** A page with ann signed in, who can leave, and whose wallet was read. */
async function ann() {
  const here = await page();
  const { server, api, wallet } = here;
  server.http[`${AUTH}/cookie/logout`] = {};
  await until("the wallet is read", () => wallet.wallet() !== null);
  /** From here on what is asked at `path` waits, each for an answer of its own. */
  const hold = (path) => {
    const waiting = [];
    server.http[path] = () => new Promise((resolve) => waiting.push(resolve));
    return waiting;
  };
  const times = (path) => server.called.filter((one) => one.path === path).length;
  const logInAs = async (user_id, username, access_token) => {
    server.http[`${AUTH}/cookie/login`] = { access_token, expires_in: 900 };
    server.http[`${AUTH}/validate`] = { status: "ok", user_id, username };
    await api.logIn(username, "correct horse");
  };
  return { ...here, hold, times, logInAs };
}

test("a refresh that is refused after one left oneself does not say one was signed out", async () => {
  const { api, hold } = await ann();
  const waiting = hold(`${AUTH}/cookie/refresh`);
  const late = api.refresh();
  await api.logOut(false);
  waiting[0](refused());
  assert.equal(await late, null);
  assert.deepEqual([api.player(), api.signedOut()], [null, false]);
});

test("nor does one that is refused while one leaves", async () => {
  const { server, api, hold } = await ann();
  const waiting = hold(`${AUTH}/cookie/logout`);
  server.http[`${AUTH}/cookie/refresh`] = () => refused();
  const left = api.logOut(true);
  await until("it is asked", () => waiting.length === 1);
  await api.refresh();
  assert.deepEqual([api.player(), api.signedOut()], [null, false]);
  waiting[0](new Response("{}"));
  await left;
  assert.equal(api.signedOut(), false);
});

test("one that is refused while nobody leaves does, until somebody signs in", async () => {
  const { server, api, logInAs } = await ann();
  server.http[`${AUTH}/cookie/refresh`] = () => refused();
  await api.refresh();
  assert.deepEqual([api.player(), api.signedOut()], [null, true]);
  await logInAs(8, "bob", "bob's");
  assert.deepEqual([api.player().name, api.signedOut()], ["bob", false]);
});

test("a call that is refused after one left asks for no other token", async () => {
  const { api, hold, times } = await ann();
  const waiting = hold(BALANCE);
  const late = api.get(BALANCE);
  await until("it is asked", () => waiting.length > 0);
  await api.logOut(false);
  waiting[0](refused("token_expired"));
  await assert.rejects(late, { message: "Not signed in" });
  assert.deepEqual([times(`${AUTH}/cookie/refresh`), api.signedOut()], [0, false]);
});

for (const [what, answer] of [
  ["refused", () => refused()],
  ["granted", () => new Response(JSON.stringify({ access_token: "ann's", expires_in: 900 }))],
]) {
  test(`a refresh that is ${what} after another signed in is not theirs`, async () => {
    const { server, api, hold, logInAs } = await ann();
    const waiting = hold(`${AUTH}/cookie/refresh`);
    const late = api.refresh();
    await api.logOut(false);
    await logInAs(8, "bob", "bob's");
    waiting[0](answer());
    await late;
    assert.deepEqual([api.player().name, api.signedOut()], ["bob", false]);
    server.http["/gateway/who"] = {};
    await api.get("/gateway/who");
    assert.equal(server.called.at(-1).auth, "Bearer bob's");
    // And theirs is asked for when it is due.
    const next = api.refresh();
    await until("it is asked", () => waiting.length === 2);
    waiting[1](new Response(JSON.stringify({ access_token: "bob's next", expires_in: 900 })));
    assert.equal(await next, "bob's next");
  });
}

test("what one asked for is not asked for again with the token of another", async () => {
  const { server, api, hold, times, logInAs } = await ann();
  server.http["/gateway/mine"] = () => refused("token_expired");
  const waiting = hold(`${AUTH}/cookie/refresh`);
  const mine = api.submit("POST", "/gateway/mine", {});
  await until("a new token is asked for", () => waiting.length === 1);
  await api.logOut(false);
  await logInAs(8, "bob", "bob's");
  waiting[0](refused());
  await assert.rejects(mine);
  assert.equal(times("/gateway/mine"), 1);
});

test("nor is a call that still ran, under its key", async () => {
  const { server, api, times, logInAs } = await ann();
  server.http[BALANCE] = () => new Response('{"code":"idempotency_running"}', { status: 409 });
  const before = times(BALANCE);
  const refusal = assert.rejects(api.submit("POST", BALANCE, {}), { code: "idempotency_running" });
  await until("it was asked", () => times(BALANCE) > before);
  await api.logOut(false);
  await logInAs(8, "bob", "bob's");
  await refusal;
  const sent = server.called.filter(({ path, method }) => path === BALANCE && method === "POST");
  assert.equal(sent.length, 1);
});

test("the balance of whoever left is not shown", async () => {
  const { api, wallet, hold } = await ann();
  const waiting = hold(BALANCE);
  const late = wallet.readWallet();
  await until("it is asked", () => waiting.length === 1);
  await api.logOut(false);
  assert.equal(wallet.wallet(), null);
  waiting[0](new Response(JSON.stringify({ balance: 5, held: 0, currency: "PLAY" })));
  await late;
  assert.equal(wallet.wallet(), null);
});

test("a call that is never answered ends, so that it keeps no other from being made", async (t) => {
  const { api, hold } = await ann();
  const waiting = hold(`${AUTH}/cookie/refresh`);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let is = "waited for";
  const late = api.refresh().then((token) => {
    is = "over";
    return token;
  });
  // A server that takes its time, 30 seconds at most, is not given up.
  t.mock.timers.tick(30_000);
  await Promise.resolve();
  assert.equal(is, "waited for");
  t.mock.timers.tick(10_000);
  assert.equal(await late, "token");
  t.mock.timers.reset();
  const next = api.refresh();
  await until("it is asked anew", () => waiting.length === 2);
  waiting[1](new Response(JSON.stringify({ access_token: "next", expires_in: 900 })));
  assert.equal(await next, "next");
});

/** An answer that stops half way. */
const half = () =>
  new Response(new ReadableStream({ start: (body) => body.error(new TypeError("network")) }));

test("an answer that stops half way is told in the page's own words", async () => {
  const { server, api } = await ann();
  server.http["/gateway/who"] = half;
  await assert.rejects(api.get("/gateway/who"), { message: /^The server did not answer/ });
});

test("money is asked for once more under its key where an answer stopped or is on its way", async (t) => {
  const { server, api, times } = await ann();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const running = () => new Response('{"code":"idempotency_running"}', { status: 409 });
  const answers = [half, ...Array(20).fill(running), half, () => ({ balance: 5 })];
  const before = times(BALANCE);
  server.http[BALANCE] = () => answers.shift()();
  let told = null;
  const asked = api.submit("POST", BALANCE, {}).then((answer) => {
    told = answer;
  });
  while (told === null) {
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(1_000);
  }
  await asked;
  assert.deepEqual([told, times(BALANCE) - before], [{ balance: 5 }, 23]);
  // For ever it is not.
  for (const [answer, sent, why] of [
    [running, 41, { code: "idempotency_running" }],
    [half, 3, { message: /^The server did not answer/ }],
  ]) {
    server.http[BALANCE] = answer;
    const [from, refused] = [times(BALANCE), assert.rejects(api.submit("POST", BALANCE, {}), why)];
    let over = false;
    refused.finally(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(1_000);
    }
    await refused;
    assert.equal(times(BALANCE) - from, sent);
  }
});
