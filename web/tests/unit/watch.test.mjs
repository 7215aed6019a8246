// An old picture is noticed whether or not its connection lives.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { watch } from "../../client/dist/index.js";

test("a climb that is not heard of for three seconds is asked for, then reconnected", () => {
  assert.equal(watch("running", null, 2_900, null), "fresh");
  assert.equal(watch("running", null, 3_100, null), "ask");
  assert.equal(watch("running", null, 5_000, 1_900), "wait");
  assert.equal(watch("running", null, 7_200, 4_100), "reconnect");
});

test("a lobby that rests, or counts down, is quiet and fresh", () => {
  assert.equal(watch("open", null, 3_600_000, null), "fresh");
  assert.equal(watch("open", 50_000, 30_000, null), "fresh");
  assert.equal(watch("open", -500, 30_000, null), "fresh");
});

test("a phase that should have ended long ago is asked for", () => {
  assert.equal(watch("open", -10_500, 20_000, null), "ask");
  assert.equal(watch("locked", null, 9_000, null), "fresh");
  for (const phase of ["locked", "crashed", "interrupted"]) {
    assert.equal(watch(phase, null, 10_500, null), "ask", phase);
  }
});
