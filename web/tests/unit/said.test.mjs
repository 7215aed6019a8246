// What is read out: every text of a moment, and a text that comes twice, twice.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { page, say, until } from "../headless.mjs";

const words = (said) => said().map((one) => one.words);

test("two texts of one moment are both said, and one that comes twice, twice", async () => {
  const { said } = await page();
  for (const one of ["Crashed at 1.20×.", "Your bet of 10.00 is lost.", "", "Again", "Again"]) {
    said.say(one);
  }
  const [, , first, second] = said.said();
  assert.deepEqual(words(said.said), [
    "Crashed at 1.20×.",
    "Your bet of 10.00 is lost.",
    "Again",
    "Again",
  ]);
  assert.notEqual(first, second);
});

test("an item stays the same one as long as it is there, and not for ever", async () => {
  const { said } = await page();
  said.say("first");
  const [first] = said.said();
  for (let n = 0; n < 5; n += 1) said.say(`${n}`);
  assert.equal(said.said()[0], first);
  for (let n = 0; n < 50; n += 1) said.say(`${n}`);
  assert(!said.said().includes(first) && said.said().length < 20);
  assert.equal(said.said().at(-1).words, "49");
});

test("the end of a climb and what it did to a bet are both said", async () => {
  const { server, slots, slip, said } = await page();
  await until("the lobby is joined", () => server.asked.some(({ type }) => type === "ping"));
  server.say(say.snapshot(7, "open", { closes_in_ms: 6_000 }));
  slots.press(0);
  await until("the bet is in", () => slip.slots[0].bet?.state === "riding");
  server.say(say.started(7));
  server.say(say.crashed(7, 1.2, 3_000));
  server.say(say.result(7, slip.slots[0].bet.id, "lost"));
  assert.deepEqual(words(said.said).slice(-4), [
    "Bet of 10.00 placed.",
    "Round 7 climbs.",
    "Crashed at 1.20×.",
    "Your bet of 10.00 is lost.",
  ]);
});
