// The two slips: what is typed on them, why it cannot be placed, and the bet each of them holds.
import {
  type AutoBet,
  type BetStage,
  capOf,
  centi,
  type Fault,
  faultOf,
  highestStake,
  showUnits,
  target,
  typed,
} from "@client";
import { createStore } from "solid-js/store";
import { state, wallet } from "./game";
import { recall, remember } from "./kept";
import { messages } from "./messages";

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
}
export interface Slot {
  stake: string;
  auto: string;
  queued: boolean;
  bet: Bet | null;
  /** What the last press came to, where it needs saying. */
  note: string;
  autoBet: AutoBet & { on: boolean };
}

const kept = recall<{ stake?: unknown; auto?: unknown }[]>("waxwing.slots", []);
const fresh = (n: number): Slot => ({
  stake: String(kept[n]?.stake ?? "10"),
  auto: String(kept[n]?.auto ?? ""),
  queued: false,
  bet: null,
  note: "",
  autoBet: { on: false, rounds: "", loss: "", profit: "", played: 0, won: 0 },
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
