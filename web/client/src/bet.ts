// The rules of one bet as a player's program sees it, without a clock, a socket or a screen: what may
// be staked, what a button does now, and what a refusal or a snapshot makes of a bet under way.
import { centi, typed, units } from "./money.js";
import type { Limits, OwnBet, Phase, RefusedReply } from "./types.js";

/** `unknown`: it is being looked up how the bet ended. */
export type BetStage =
  | "placing"
  | "riding"
  | "cancelling"
  | "cashing"
  | "unknown"
  | "won"
  | "lost"
  | "released";

/** Whether a bet still takes its place: another must not be placed there. */
export const holds = (stage: BetStage | undefined): boolean =>
  stage !== undefined && !["won", "lost", "released"].includes(stage);

/** The least target of an automatic cash-out, in hundredths. */
export const LEAST_TARGET = 101;

/** The highest stake that can be placed, in hundredths: by the lobby and by the balance in units. */
export function highestStake(limits: Limits, balance: number | null): number {
  // Not even the lowest target may be paid on more.
  const byPayout = Math.floor(units(limits.payout_max) / LEAST_TARGET);
  const most = Math.min(centi(limits.stake_max), byPayout);
  return balance === null ? most : Math.min(most, Math.floor(balance / 100));
}

/** The stake nearest to `wish` that can be placed; the lobby's least where the balance is below. */
export function stakeWithin(wish: number, limits: Limits, balance: number | null): number {
  return Math.max(centi(limits.stake_min), Math.min(wish, highestStake(limits, balance)));
}

/** Where a bet is paid at the latest, in hundredths; `auto` is 0 without a target. */
export function capOf(stake: number, auto: number, limits: Limits): number {
  const byPayout = Math.floor(units(limits.payout_max) / stake);
  const target = auto === 0 ? Number.POSITIVE_INFINITY : auto;
  return Math.min(target, byPayout, centi(limits.multiplier_max));
}

export type Fault = "stake" | "target" | "below" | "above" | "funds";

/** Hundredths of a target as typed: 0 for none, null where it cannot be read or is too low. */
export function target(text: string): number | null {
  const read = text.trim() === "" ? 0 : typed(text);
  return read === null || (read !== 0 && read < LEAST_TARGET) ? null : read;
}

/** Why what was typed cannot be placed, or null. Limits and balance count once they are known. */
export function faultOf(
  stakeText: string,
  autoText: string,
  limits: Limits | null,
  balance: number | null,
): Fault | null {
  const stake = typed(stakeText);
  if (!stake) return "stake";
  if (target(autoText) === null) return "target";
  if (limits && stake < centi(limits.stake_min)) return "below";
  if (limits && stake > highestStake(limits, null)) return "above";
  return balance !== null && stake * 100 > balance ? "funds" : null;
}

export interface AutoBet {
  /** As typed; empty is no limit. */
  rounds: string;
  loss: string;
  profit: string;
  played: number;
  /** What was won less what was lost, in units. */
  won: number;
}

/** Whether auto bet goes on after what it has played. */
export function goesOn({ rounds, loss, profit, played, won }: AutoBet): boolean {
  const limit = (text: string) => (text.trim() === "" ? 0 : (typed(text) ?? Number.NaN) * 100);
  const [least, most] = [limit(loss), limit(profit)];
  // A limit that cannot be read is no leave to go on for ever.
  if (Number.isNaN(least) || Number.isNaN(most)) return false;
  if (rounds.trim() !== "" && !(played < Number(rounds))) return false;
  if (least > 0 && -won >= least) return false;
  return !(most > 0 && won >= most);
}

export interface Underway {
  lobby: number;
  round: number;
  stage: BetStage;
}
export type Step = "cash_out" | "take_back" | "unqueue" | "place" | "queue";

/** What a press does now, or null. A bet of another lobby or round is not acted on. */
export function stepOf(
  bet: Underway | null,
  queued: boolean,
  fault: Fault | null,
  now: { lobby: number; round: number; phase: Phase } | null,
): Step | null {
  if (!now) return null;
  if (bet && holds(bet.stage)) {
    const here = bet.lobby === now.lobby && bet.round === now.round;
    if (!here || bet.stage !== "riding") return null;
    if (now.phase === "running") return "cash_out";
    return now.phase === "open" ? "take_back" : null;
  }
  if (queued) return "unqueue";
  if (fault !== null) return null;
  return now.phase === "open" ? "place" : "queue";
}

type Code = RefusedReply["code"];
/** `look_up`: only the server's book knows how the bet stands. */
export type Turn = "drop" | "keep" | "ride" | "lose" | "look_up";

/** What a refused `place_bet` means; `again` if it was sent before and no answer came. */
export const afterPlace = (code: Code, again: boolean): Turn =>
  // The first sending may have been taken, and an id in use is in use by it.
  again || code === "bet_id_reused" ? "look_up" : "drop";

/** Whether auto bet may go on: the round was missed, nothing else is wrong. */
export const isMissedRound = (code: Code): boolean =>
  code === "wrong_round" || code === "betting_closed";

export const afterCancel = (code: Code): Turn =>
  code === "no_open_bet" || code === "wrong_round" ? "look_up" : "ride";

/** What a refused `cash_out` means; `climbs` while the bet's own round still does. */
export function afterCashOut(code: Code, climbs: boolean): Turn {
  if (code === "too_late") return "lose";
  const gone = ["already_cashed_out", "wrong_round", "no_open_bet"].includes(code);
  return climbs && !gone ? "ride" : "look_up";
}

/**
 * What a snapshot of (lobby, round) makes of a bet: `own` is its line there, `asked` is whether a
 * request about it waits for its answer, which is newer than the snapshot.
 */
export function afterSnapshot(
  bet: Underway,
  own: OwnBet | undefined,
  now: { lobby: number; round: number },
  asked: boolean,
): Turn | "send" | "end" {
  if (!holds(bet.stage)) return "keep";
  if (own && own.state !== "accepted") return "end";
  if (asked) return "keep";
  if (own) return "ride";
  const here = bet.lobby === now.lobby && bet.round === now.round;
  return here && bet.stage === "placing" ? "send" : "look_up";
}
