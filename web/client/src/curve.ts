// The climb: which multiplier stands at which millisecond, from integer steps alone. The same table
// as the server's (`crates/kernel/src/curve.rs`); `fixtures/curve.json` holds the proof.

import type { CurveName } from "./types.js";

const ONE = 1n << 64n;
/** floor((e^0.00006 − 1) · 2^64): what the curve grows by in a millisecond, in Q0.64. */
const STEP_FRACTION = 1_106_837_849_225_998n;
const LINEAR_STEP_MS = 50;
const LIMIT = { exponential: 1_000_000, linear: 10_000 };

/** Hundredths for each millisecond, filled as far as was asked for; 154,000 entries at most. */
let table = new Uint32Array(1 << 14);
let filled = 0;
let growth = ONE;

function fill(ms: number): void {
  while (filled <= ms && (filled === 0 || (table[filled - 1] ?? 0) < LIMIT.exponential)) {
    if (filled === table.length) {
      const longer = new Uint32Array(table.length * 2);
      longer.set(table);
      table = longer;
    }
    table[filled] = Math.min(Number((growth * 100n) >> 64n), LIMIT.exponential);
    filled += 1;
    growth += (growth * STEP_FRACTION) >> 64n;
  }
}

/** The multiplier in hundredths, `elapsedMs` after the climb began. */
export function centiAt(curve: CurveName, elapsedMs: number): number {
  const ms = Math.max(0, Math.floor(elapsedMs));
  if (curve === "linear") {
    return Math.min(100 + Math.floor(ms / LINEAR_STEP_MS), LIMIT.linear);
  }
  fill(ms);
  return table[Math.min(ms, filled - 1)] ?? 100;
}

/** The first millisecond of the climb at which `centi` hundredths are reached. */
export function firstMs(curve: CurveName, centi: number): number {
  const limit = LIMIT[curve];
  if (centi > limit) return firstMs(curve, limit) + 1;
  if (curve === "linear") return (centi - 100) * LINEAR_STEP_MS;
  while (filled === 0 || (table[filled - 1] ?? 0) < centi) fill(filled + 4_096);
  let [low, high] = [0, filled - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((table[middle] ?? 0) >= centi) high = middle;
    else low = middle + 1;
  }
  return low;
}
