// How a bet ended is told, however late the news comes, and nothing is pressed by an old picture.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { page, say, until } from "../headless.mjs";

/** A page whose first slot has a bet in round 7, which climbs. */
async function riding() {
  const here = await page();
  const { server, slots, slip } = here;
  await until("the lobby is joined", () => server.asked.some(({ type }) => type === "ping"));
  server.say(say.snapshot(7, "open", { closes_in_ms: 6_000 }));
  slots.press(0);
  await until("the bet is in", () => slip.slots[0].bet?.state === "riding");
  server.say(say.started(7));
  const line = (state, more) => ({ ...{ bet_id: slip.slots[0].bet.id, state }, ...more });
  const words = () => slip.told(slip.slots[0])?.words ?? "";
  return { ...here, line, words };
}

/** The same, and its button was pressed, which the server will refuse as too late. */
async function leaving() {
  const here = await riding();
  const { server, slots, slip } = here;
  server.replies.cash_out = null;
  await until("there is something to cash out", () => {
    slots.press(0);
    return slip.slots[0].bet.state === "cashing";
  });
  const { id } = server.asked.find(({ type }) => type === "cash_out");
  const refusal = { type: "refused", id, code: "too_late", detail: "The climb had ended" };
  return { ...here, refuse: () => server.say(refusal) };
}

/** The connection is lost in the climb, and back when the next round takes bets. */
async function away({ server, slip }, book) {
  const before = server.sockets.length;
  const pings = () => server.asked.filter(({ type }) => type === "ping").length;
  const pinged = pings();
  server.cut();
  await until("it is connected again", () => server.sockets.length > before && pings() > pinged);
  server.http["/gateway/game/v1/bets"] = book;
  server.say(say.snapshot(8, "open", { closes_in_ms: 6_000 }));
  await until("the end is known", () => !["riding", "unknown"].includes(slip.slots[0].bet?.state));
}

for (const [state, more, told] of [
  ["lost", {}, "Lost 10.00 · round 1/7"],
  ["cashed_out", { payout: 15, multiplier: 1.5 }, "Paid 15.00 at 1.50× · round 1/7"],
  ["released", {}, "The stake of 10.00 went back · round 1/7"],
]) {
  test(`a bet that is ${state} is told of after the next round opened, and the one after`, async () => {
    const here = await riding();
    await away(here, [here.line(state, more)]);
    assert.equal(here.words(), told);
    here.server.say(say.opened(9));
    assert.equal(here.words(), told);
    assert.equal(here.slip.slots[0].bet, null);
  });
}

test("a bet that reached no round is told of as well", async () => {
  const here = await riding();
  await away(here, []);
  here.server.say(say.opened(9));
  assert.match(here.words(), /Nothing was staked\. · round 1\/7$/);
});

test("news that comes with the next round's opening outlives a bet that is placed at once", async () => {
  const { server, slip, line, slots, words } = await riding();
  server.say(say.crashed(7, 1.2, 3_000));
  server.say(say.result(7, line("lost").bet_id, "lost"));
  assert.equal(words(), "Lost 10.00");
  // A press that comes with the end was meant for the bet that has ended.
  slots.press(0);
  assert.equal(slip.slots[0].queued, false);
  await until("a press is a new bet's again", () => {
    slots.press(0);
    return slip.slots[0].queued;
  });
  server.say(say.opened(8));
  await until("the next bet is in", () => slip.slots[0].bet?.state === "riding");
  assert.equal(words(), "Lost 10.00 · round 1/7");
  server.say(say.started(8));
  server.say(say.crashed(8, 1.3, 4_000));
  server.say(say.result(8, slip.slots[0].bet.id, "win", { payout: 12, coefficient: 1.2 }));
  assert.equal(words(), "Paid 12.00 at 1.20×");
});

test("a press that lost its race says so in the next round, too", async () => {
  const { server, refuse, words } = await leaving();
  server.say(say.crashed(7, 1.2, 3_000));
  refuse();
  await until("it is told", () => words() !== "");
  assert.match(words(), /^Too late: you pressed at .*ended at 1\.20× \(3\.00 s\)$/);
  server.say(say.opened(8));
  assert.match(words(), /^Too late: .* · round 1\/7$/);
});

test("a press that lost its race never names another round's end", async () => {
  const { server, refuse, words } = await leaving();
  // The news of the crash itself is lost, and the refusal comes after the next round's opening.
  server.say(say.opened(8));
  refuse();
  await until("it is told", () => words() !== "");
  assert.match(words(), /^Too late: you pressed at [^,]*· round 1\/7$/);
  server.say(say.started(8));
  server.say(say.crashed(8, 9.9, 9_000));
  assert.doesNotMatch(words(), /9\.90/);
});

test("auto bet counts the bets of its own run, and goes on after an end that was heard late", async () => {
  const here = await riding();
  const { server, slots, slip, line } = here;
  const auto = () => slip.slots[0].autoBet;
  // The bet by hand that rides is not its own.
  slots.setAuto(0, true);
  assert.equal(auto().on, true);
  server.say(say.crashed(7, 1.2, 3_000));
  server.say(say.result(7, line("lost").bet_id, "lost"));
  assert.deepEqual([auto().played, auto().won], [0, 0]);
  server.say(say.opened(8));
  await until("its first bet is in", () => slip.slots[0].bet?.state === "riding");
  server.say(say.started(8));
  // Turned off and on in mid-climb, it counts anew.
  slots.setAuto(0, false);
  slots.setAuto(0, true);
  server.say(say.crashed(8, 1.2, 3_000));
  server.say(say.result(8, slip.slots[0].bet.id, "lost"));
  assert.equal(auto().played, 0);
  server.say(say.opened(9));
  await until("the next bet is in", () => slip.slots[0].bet?.round === 9);
  await until("it rides", () => slip.slots[0].bet?.state === "riding");
  server.say(say.started(9));
  const lost = slip.slots[0].bet.id;
  server.cut();
  server.http["/gateway/game/v1/bets"] = [{ bet_id: lost, state: "lost" }];
  await until("it is open", () => here.game.status().state === "open");
  server.say(say.snapshot(10, "open", { closes_in_ms: 6_000 }));
  // No other opening comes in a lobby that waits for a bet.
  await until("it bets in the round that is open", () => slip.slots[0].bet?.round === 10);
  assert.deepEqual([auto().on, auto().played, auto().won], [true, 1, -100_000]);
});

test("a loss is not told before its climb is seen to end", async () => {
  const { server, slip, words } = await riding();
  server.say(say.result(7, slip.slots[0].bet.id, "lost"));
  assert.equal(words(), "");
  server.say(say.crashed(7, 1.2, 3_000));
  assert.equal(words(), "Lost 10.00");
});

test("from the loss of the connection until the next snapshot nothing is pressed", async () => {
  const { server, slots, slip, game } = await riding();
  const requests = () => server.asked.filter(({ type }) => type === "cash_out").length;
  assert.equal(game.stale(), false);
  const before = server.sockets.length;
  server.cut();
  assert.equal(game.stale(), true);
  const joins = () => server.asked.filter(({ type }) => type === "join").length;
  const joined = joins();
  await until("it is in the lobby again", () => joins() > joined);
  await until("it is open", () => game.status().state === "open");
  assert.equal(server.sockets.length, before + 1);
  // The climb goes on, as far as the old picture and a tick know, and longer than anybody looks.
  server.say(say.tick(7, 1_000));
  for (let wait = 0; wait < 3; wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, 260));
    slots.press(0);
    assert.equal(game.stale(), true);
    assert.equal(slip.slots[0].bet.state, "riding");
  }
  assert.equal(requests(), 0);
  const own = { bet_id: slip.slots[0].bet.id, stake: 10, cap: 1_000, state: "accepted" };
  server.say(say.snapshot(7, "running", { elapsed_ms: 2_000, mine: [own] }));
  assert.equal(game.stale(), false);
  slots.press(0);
  assert.equal(slip.slots[0].bet.state, "cashing");
  assert.equal(requests(), 1);
});

test("a picture that does not come after a gap is asked for", async () => {
  const { server, game } = await riding();
  server.cut();
  await until("it is open", () => game.status().state === "open");
  const syncs = () => server.asked.filter(({ type }) => type === "sync").length;
  const before = syncs();
  await until("it is asked for", () => syncs() > before);
  assert.equal(game.stale(), true);
});
