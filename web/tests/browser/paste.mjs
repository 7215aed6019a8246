// Rounds that bustabit and Stake published are pasted into the page: `node paste.mjs BASE_URL`.
import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { base, launch, person, run, until } from "./stage.mjs";

const file = new URL("../../../fixtures/fairness_vectors.json", import.meta.url);
const { vectors } = JSON.parse(await readFile(file, "utf8"));
/** What the page says of a multiplier. */
const words = (expected) =>
  expected === 0 ? /0\.00×, nobody/ : new RegExp(` ${expected.toFixed(2)}×$`);

/** The crash point of a round of ours by the formula in docs/fairness.md. */
function ours(seed, salt, bps) {
  const code = createHmac("sha256", salt).update(Buffer.from(seed, "hex")).digest("hex");
  const [r, space] = [BigInt(`0x${code}`) >> 204n, 1n << 52n];
  const centi = Number(((10_000n - bps) * space) / (100n * (space - r)));
  return Math.max(100, centi) / 100;
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  await who.page.goto(`${base}/#/fairness`);
  const site = who.page.locator('select[name="site"]');
  const sites = await site.locator("option").evaluateAll((all) => all.map((one) => one.value));
  const known = vectors.filter((one) => sites.includes(one.algorithm) && one.expected < 1_000);
  const whose = new Set(known.map((one) => one.algorithm));
  assert(whose.has("stake_crash") && [...whose].some((name) => /^bustabit/.test(name)));
  for (const { algorithm, game_hash, salt, expected } of known) {
    await site.selectOption(algorithm);
    await who.page.fill('input[name="hash"]', game_hash);
    await who.page.fill('input[name="salt"]', salt);
    await who.test("compute").click();
    await until(
      `${algorithm} ${game_hash} is ${expected}`,
      async () => words(expected).test((await who.test("computed").textContent()) ?? ""),
      10_000,
    );
  }
  // One digit changed is another round, or none.
  const [first] = known;
  const other = first.game_hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
  await site.selectOption(first.algorithm);
  await who.page.fill('input[name="hash"]', other);
  await who.test("compute").click();
  await until("another result", async () => {
    const said = (await who.test("computed").textContent()) ?? "";
    return said !== "" && !words(first.expected).test(said);
  });
  // Of ours the edge is typed as people say it, a comma in it or a sign behind it.
  await site.selectOption("waxwing");
  const [seed, salt] = ["5e".repeat(32), "some public seed"];
  await who.page.fill('input[name="hash"]', seed);
  await who.page.fill('input[name="salt"]', salt);
  for (const [edge, bps] of [
    ["1", 100n],
    ["2,5 %", 250n],
    ["0.25", 25n],
  ]) {
    await who.page.fill('input[name="edge"]', edge);
    await who.test("compute").click();
    const told = words(ours(seed, salt, bps));
    await until(`an edge of ${edge}`, async () =>
      told.test((await who.test("computed").textContent()) ?? ""),
    );
  }
  await who.page.fill('input[name="edge"]', "100");
  await who.test("compute").click();
  await until("it says what an edge is", async () =>
    /0 to 99\.99 percent/.test((await who.test("computed").textContent()) ?? ""),
  );
  await who.page.fill('input[name="hash"]', "12");
  await who.test("compute").click();
  await until("it says what a hash is", async () =>
    /64 hexadecimal/.test((await who.test("computed").textContent()) ?? ""),
  );
  console.log(JSON.stringify({ rounds: known.length, sites: [...whose] }));
  assert.deepEqual(who.faults, []);
  await browser.close();
});
