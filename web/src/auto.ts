// Auto bet: a slot bets every round until one of its limits, and only where its player allows it in
// this browser.
import { type Stop, stopOf } from "@client";
import { createSignal } from "solid-js";
import { player } from "./api";
import { recall, remember } from "./kept";
import { messages } from "./messages";
import { say } from "./said";
import { type Bet, BOTH, type Index, setSlots, slots } from "./slip";

const KEY = "waxwing.auto-bet";
/** By player: whoever signs in here next has not allowed it. */
const kept = () => recall<Record<number, unknown>>(KEY, {});
const [book, setBook] = createSignal(kept());

export const isAutoAllowed = (): boolean => {
  const who = player()?.id;
  return who !== undefined && book()[who] === true;
};

export function allowAuto(on: boolean): void {
  const who = player()?.id;
  if (who === undefined) return;
  remember(KEY, { ...kept(), [who]: on });
  reread();
}

function reread(): void {
  setBook(kept());
  if (isAutoAllowed()) return;
  for (const n of BOTH) stopAuto(n);
}
addEventListener("storage", ({ key }) => {
  if (key === KEY) reread();
});

/**
 * Ends it, and says which limit did if one did, or what else. A bet that waits for the next round
 * waits no more.
 */
export function stopAuto(n: Index, why?: Stop | { words: string }): void {
  const { autoBet } = slots[n];
  if (!autoBet.on) return;
  const words =
    typeof why === "string"
      ? inWords(n, why)
      : [messages.autoBet.done, why?.words].filter(Boolean).join(": ");
  setSlots(n, "autoBet", "on", false);
  setSlots(n, { queued: false, note: words });
  say(words);
}

function inWords(n: Index, why: Stop): string {
  const { autoBet } = slots[n];
  return messages.autoBet.why[why](why === "unreadable" ? "" : autoBet[why]);
}

/** Why it cannot be started, in words, or null. */
export function autoFault(n: Index): string | null {
  const why = stopOf({ ...slots[n].autoBet, played: 0, won: 0 });
  return why && inWords(n, why);
}

/** Counts a bet of its own that ended, `gain` units richer. */
export function countAuto(n: Index, bet: Bet, gain: number): void {
  const { on, run, played, won } = slots[n].autoBet;
  if (!on || bet.run !== run) return;
  setSlots(n, "autoBet", { played: played + 1, won: won + gain });
  const why = stopOf(slots[n].autoBet);
  if (why) stopAuto(n, why);
}
