// The page's climb is the server's: the same table as `fixtures/curve.json`.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { centiAt, firstMs } from "../../client/dist/index.js";

const fixture = JSON.parse(
  await readFile(new URL("../../../fixtures/curve.json", import.meta.url), "utf8"),
);

for (const curve of ["exponential", "linear"]) {
  const { steps, checksum, first_ms } = fixture[curve];

  test(`${curve}: each first millisecond of the fixture is ours`, () => {
    for (const [centi, ms] of first_ms) {
      assert.equal(firstMs(curve, centi), ms, `${centi}`);
      // Far up, one millisecond passes several hundredths.
      assert(centiAt(curve, ms) >= centi);
      if (ms > 0) assert(centiAt(curve, ms - 1) < centi);
    }
  });

  test(`${curve}: all first milliseconds together have the fixture's checksum`, () => {
    let sum = 0n;
    for (let step = 0; step < steps; step += 1) {
      sum = (sum * 31n + BigInt(firstMs(curve, 100 + step))) % 4_294_967_291n;
    }
    assert.equal(Number(sum), checksum);
  });
}
