// The statement shows what moved money, without being loaded anew.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { page } from "../headless.mjs";

const PATH = "/gateway/user/v1/transfers";

/** A page, and the transfers that its server has, of which it tells as many as it is asked for. */
async function book(count) {
  const here = await page();
  const all = [];
  const add = (more) => {
    for (let i = 0; i < more; i += 1) all.push({ transfer_id: all.length + 1, amount: 1 });
  };
  add(count);
  here.server.http[PATH] = ({ searchParams: asked }) =>
    all.slice(Number(asked.get("after")), Number(asked.get("after")) + Number(asked.get("limit")));
  const { lines, whole, more, renew } = here.statement.statement();
  /** How many lines are shown, each once and in its order, and whether these are all. */
  const shown = () => {
    const ids = lines().map((line) => line.transfer_id);
    assert.deepEqual(
      ids,
      ids.map((_, i) => i + 1),
    );
    return [ids.length, whole()];
  };
  return { server: here.server, add, shown, more, renew };
}

test("what is new follows what was read", async () => {
  const { shown, more, renew, add } = await book(150);
  await renew();
  assert.deepEqual(shown(), [100, false]);
  await more();
  assert.deepEqual(shown(), [150, true]);
  add(2);
  await renew();
  assert.deepEqual(shown(), [152, true]);
});

test("who has not read to the end is not moved on", async () => {
  const { shown, renew, add } = await book(150);
  await renew();
  add(1);
  await renew();
  assert.deepEqual(shown(), [100, false]);
});

test("what moves money while it is read is read as well, and once", async () => {
  const { server, shown, renew, add } = await book(1);
  const tell = server.http[PATH];
  let asked = 0;
  let answer = () => {};
  server.http[PATH] = async (url) => {
    asked += 1;
    const told = tell(url);
    if (asked === 1) await new Promise((resolve) => (answer = resolve));
    return told;
  };
  const first = renew();
  add(1);
  await Promise.all([renew(), renew()]);
  answer();
  await first;
  assert.deepEqual([shown(), asked], [[2, true], 2]);
});

test("after a call that failed it goes on", async () => {
  const { server, shown, renew } = await book(3);
  const tell = server.http[PATH];
  server.http[PATH] = () => new Response("{}", { status: 503 });
  await assert.rejects(renew());
  server.http[PATH] = tell;
  await renew();
  assert.deepEqual(shown(), [3, true]);
});
