// The two slips: what is typed on them, why it cannot be placed, and the bet each of them holds.
import {
  type AutoBet,
  type BetStage,
  capOf,
  centi,
  type Fault,
  faultOf,
  highestStake,
  showCenti,
  showUnits,
  target,
  typed,
} from "@client";
import { createStore } from "solid-js/store";
import { end, last, state } from "./game";
import { recall, remember } from "./kept";
import { messages } from "./messages";
import { wallet } from "./wallet";

export interface Bet {
  id: string;
  lobby: number;
  round: number;
  stake: number;
  auto: number;
  cap: number;
  state: BetStage;
  /** What it was paid, or is about to be, in units. */
  paid: number;
  /** At what, in hundredths. */
  at: number;
  /** Which run of auto bet placed it, whose limits count its own bets only; 0 for none. */
  run: number;
}
/** How a bet ended, in words. */
export interface Ended {
  id: string;
  lobby: number;
  round: number;
  outcome: "won" | "lost" | "released" | "missed";
  words: string;
  /** The instant of a cash-out that came too late: hundredths and milliseconds. */
  pressed?: { centi: number; ms: number };
}
export interface Slot {
  stake: string;
  auto: string;
  queued: boolean;
  bet: Bet | null;
  /** How the last bet ended. It stays until the next one has ended, for the news may come late. */
  ended: Ended | null;
  /** What the last press came to, where it needs saying. */
  note: string;
  /** Just after a bet has ended: a press may still mean the bet, and is no new one. */
  rests: boolean;
  /** `run` counts how often it was turned on. */
  autoBet: AutoBet & { on: boolean; run: number };
}

const kept = recall<{ stake?: unknown; auto?: unknown }[]>("waxwing.slots", []);
const fresh = (n: number): Slot => ({
  stake: String(kept[n]?.stake ?? "10"),
  auto: String(kept[n]?.auto ?? ""),
  queued: false,
  bet: null,
  ended: null,
  note: "",
  rests: false,
  autoBet: { on: false, run: 0, rounds: "", loss: "", profit: "", played: 0, won: 0 },
});
const [slots, setSlots] = createStore<[Slot, Slot]>([fresh(0), fresh(1)]);

export { setSlots, slots };

export const BOTH = [0, 1] as const;
export type Index = (typeof BOTH)[number];

export function keep(): void {
  remember(
    "waxwing.slots",
    slots.map(({ stake, auto }) => ({ stake, auto })),
  );
}

/** What is wrong with a slip at this moment. */
export const faultNow = (slot: Slot): Fault | null =>
  faultOf(slot.stake, slot.auto, state()?.limits ?? null, wallet()?.balance ?? null);

/** Whether nothing but money is missing. */
export const isShort = (slot: Slot): boolean => faultNow(slot) === "funds";

/** Why this slot cannot bet now, or null. */
export function fault(slot: Slot): string | null {
  const limits = state()?.limits ?? null;
  const why = faultNow(slot);
  const words = messages.bet;
  const amount = (stake: number) => showUnits(stake * 100);
  if (why === "below" && limits) return words.below(amount(centi(limits.stake_min)));
  if (why === "above" && limits) return words.above(amount(highestStake(limits, null)));
  return why && { ...words.faults, below: "", above: "" }[why];
}

/** Where a bet as typed is paid at the latest, in hundredths: its target, or the lobby's bounds. */
export function cap(slot: Slot): number | null {
  const limits = state()?.limits;
  const [stake, auto] = [typed(slot.stake), target(slot.auto)];
  return limits && stake && auto !== null ? capOf(stake, auto, limits) : null;
}

/** Both instants of a race that was lost, as far as they are known here. */
function race({ lobby, round, pressed }: Ended, isPast: boolean): string | null {
  if (!pressed) return null;
  const instant = (centi: number, ms: number | null | undefined) =>
    `${showCenti(centi)}${ms == null ? "" : ` (${(ms / 1_000).toFixed(2)} s)`}`;
  const mine = instant(pressed.centi, pressed.ms);
  const crash = state()?.id === lobby ? last().find((one) => one.round === round) : undefined;
  if (!crash) return messages.bet.pressedLate(mine);
  return messages.bet.tooLate(mine, instant(crash.centi, isPast ? null : end()?.ms));
}

export interface Told {
  words: string;
  tone: string;
  round: number;
  /** Whether another round is shown by now. */
  isPast: boolean;
}
/** What there is to tell of a slot's last bet, or null. */
export function told(slot: Slot): Told | null {
  const [known, ended] = [state(), slot.ended];
  if (!ended) return null;
  const isPast = known?.id !== ended.lobby || known.round !== ended.round;
  // While its climb is drawn a loss is not told before its end; whoever was away has no end to see.
  const climbs = !isPast && known?.phase === "running" && end() === null;
  if (ended.outcome === "lost" && climbs) return null;
  const plain = race(ended, isPast) ?? ended.words;
  const words = isPast ? messages.bet.ofRound(plain, ended.lobby, ended.round) : plain;
  const tone = ended.outcome === "won" || ended.outcome === "lost" ? ended.outcome : "";
  return { words, tone, round: ended.round, isPast };
}
