// A server that shows another chain afterwards is found out by who was told of the first.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import * as client from "../../client/dist/index.js";

const commitment = (chain, terminal, more = {}) => ({
  lobby_id: 4,
  chain,
  terminal,
  length: 1_000,
  house_edge_bps: 100,
  formula: 1,
  beacon_round: null,
  public_key: "k",
  signature: "s",
  ...more,
});
const told = (round, promise, index, next = null) => ({
  lobby_id: 4,
  round,
  commitment: promise,
  seed_index: index,
  next_commitment: next,
});
const shown = (round, promise, index, hash = null) => ({
  lobby_id: 4,
  round,
  commitment: promise,
  seed_index: index,
  bets_hash: hash,
});
const first = commitment(1, "aa");

test("a round as promised is kept, and one nobody watched is unseen", () => {
  const kept = {};
  assert.equal(client.promiseKept(kept, shown(17, first, 3)), "unseen");
  client.hearPromise(kept, told(17, first, 3));
  assert.equal(client.promiseKept(kept, shown(17, first, 3)), "kept");
  // Told in round 17, the chain was promised before 18, and after 16.
  assert.equal(client.promiseKept(kept, shown(18, first, 4)), "kept");
  assert.equal(client.promiseKept(kept, shown(16, first, 2)), "unseen");
  assert.equal(client.promiseKept(kept, { ...shown(17, first, 3), lobby_id: 5 }), "unseen");
});

test("another chain, another place in it, or other terms are broken promises", () => {
  const kept = {};
  client.hearPromise(kept, told(17, first, 3));
  const broken = (promise, index) =>
    assert.equal(client.promiseKept(kept, shown(17, promise, index)), "broken");
  broken(commitment(1, "bb"), 3);
  broken(commitment(2, "bb"), 3);
  broken(first, 4);
  broken(commitment(1, "aa", { house_edge_bps: 200 }), 3);
  broken(commitment(1, "aa", { public_key: "another" }), 3);
  broken(commitment(1, "aa", { length: 999 }), 3);
  broken(commitment(1, "aa", { beacon_round: 12 }), 3);
  // Rounds of the chain that were not watched are held to its terms as well.
  assert.equal(client.promiseKept(kept, shown(16, commitment(1, "bb"), 2)), "broken");
});

test("a server that says one thing and then another is not believed again", () => {
  const kept = {};
  client.hearPromise(kept, told(17, first, 3));
  client.hearPromise(kept, told(17, commitment(1, "bb"), 3));
  assert.equal(client.promiseKept(kept, shown(17, first, 3)), "broken");
  assert.equal(client.promiseKept(kept, shown(17, commitment(1, "bb"), 3)), "broken");

  const moved = {};
  client.hearPromise(moved, told(17, first, 3));
  client.hearPromise(moved, told(17, first, 4));
  assert.equal(client.promiseKept(moved, shown(17, first, 3)), "broken");
});

test("the next chain is promised before its first round", () => {
  const kept = {};
  client.hearPromise(kept, told(17, first, 1_000, commitment(2, "cc")));
  assert.equal(client.promiseKept(kept, shown(18, commitment(2, "cc"), 1)), "kept");
  assert.equal(client.promiseKept(kept, shown(18, commitment(2, "dd"), 1)), "broken");
});

test("the bets are held to what was told at the lock", () => {
  const kept = {};
  client.hearLock(kept, 4, 17, "h");
  assert.equal(client.lockKept(kept, shown(17, first, 3, "h")), "unseen");
  client.hearPromise(kept, told(17, first, 3));
  client.hearLock(kept, 4, 17, "h");
  client.hearLock(kept, 4, 17, "later");
  assert.equal(client.lockKept(kept, shown(17, first, 3, "h")), "kept");
  assert.equal(client.lockKept(kept, shown(17, first, 3, "later")), "broken");
  assert.equal(client.lockKept(kept, shown(17, first, 3)), "broken");
});

test("the record stays small, survives JSON, and forgets the oldest first", () => {
  let kept = {};
  for (let round = 1; round <= 400; round += 1) {
    client.hearPromise(kept, told(round, commitment(Math.ceil(round / 10), "aa"), round));
  }
  kept = JSON.parse(JSON.stringify(kept));
  assert.equal(Object.keys(kept[4].rounds).length, 300);
  assert.equal(Object.keys(kept[4].chains).length, 32);
  assert.equal(client.promiseKept(kept, shown(400, commitment(40, "aa"), 400)), "kept");
  assert.equal(client.promiseKept(kept, shown(1, commitment(1, "aa"), 1)), "unseen");
  for (let lobby = 5; lobby <= 40; lobby += 1) {
    client.hearPromise(kept, { ...told(1, first, 1), lobby_id: lobby });
  }
  assert.equal(Object.keys(kept).length, 16);
  assert(kept[40]);
});
