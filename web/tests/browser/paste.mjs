// Rounds that bustabit and Stake published are pasted into the page: `node paste.mjs BASE_URL`.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { base, launch, person, run, until } from "./stage.mjs";

const file = new URL("../../../fixtures/fairness_vectors.json", import.meta.url);
const { vectors } = JSON.parse(await readFile(file, "utf8"));
/** What the page says of a multiplier. */
const words = (expected) =>
  expected === 0 ? /0\.00×, nobody/ : new RegExp(` ${expected.toFixed(2)}×$`);

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
  await who.page.fill('input[name="hash"]', "12");
  await who.test("compute").click();
  await until("it says what a hash is", async () =>
    /64 hexadecimal/.test((await who.test("computed").textContent()) ?? ""),
  );
  console.log(JSON.stringify({ rounds: known.length, sites: [...whose] }));
  assert.deepEqual(who.faults, []);
  await browser.close();
});
