// The page's formulas are the published ones: the vectors that the Rust crate is tested with.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { SALTS, site, walk } from "../../client/dist/index.js";

const { vectors } = JSON.parse(
  await readFile(new URL("../../../fixtures/fairness_vectors.json", import.meta.url), "utf8"),
);
const known = vectors.filter((one) => one.algorithm in SALTS);

test("every published pair of bustabit and Stake holds", async () => {
  assert(known.length >= 19, `${known.length}`);
  for (const { algorithm, game_hash, salt, expected } of known) {
    const { centi } = await site(algorithm, game_hash, salt);
    assert.equal(centi, Math.round(expected * 100), `${algorithm} ${game_hash}`);
  }
});

test("a walk of two steps is SHA-256 of the raw bytes, twice", async () => {
  // `printf '' | xxd -r -p …` by hand: SHA-256 of 32 zero bytes, and of that.
  const zero = "00".repeat(32);
  const once = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
  assert.equal(await walk(zero, 1), once);
  assert.equal(await walk(zero, 2), await walk(once, 1));
});
