// The two bets a player may have: what is placed, what rides, and what became of it. A press on the
// button is shown at once and confirmed by the server; no bet is cashed out twice, for it leaves the
// state in which the button does that.
import {
  afterCancel,
  afterCashOut,
  afterPlace,
  afterSnapshot,
  type CashOutReply,
  centi,
  freshBetId,
  holds,
  isMissedRound,
  type OwnBet,
  type PlainEvent,
  payout,
  Refused,
  type Step,
  showCenti,
  showUnits,
  stepOf,
  target,
  typed,
  units,
  wire,
} from "@client";
import { createEffect, createRoot, on } from "solid-js";
import { get, player } from "./api";
import { autoFault, countAuto, stopAuto } from "./auto";
import { climb, connection, elapsed, onEvent, stale, state } from "./game";
import { messages } from "./messages";
import { lobby } from "./route";
import { say } from "./said";
import {
  type Bet,
  BOTH,
  cap,
  type Ended,
  fault,
  faultNow,
  type Index,
  keep,
  setSlots,
  slots,
  told,
} from "./slip";
import { readWallet } from "./wallet";

/** Whether a bet takes the slot, also while it is looked up how it ended. */
export const rides = (bet: Bet | null): bet is Bet => holds(bet?.state);

const underway = (bet: Bet | null) =>
  bet && { lobby: bet.lobby, round: bet.round, stage: bet.state };

/** What the one button of a slot does now. */
export function step(n: Index): Step | null {
  const { bet, queued } = slots[n];
  const known = state();
  const now = known && { lobby: known.id, round: known.round, phase: known.phase };
  return stepOf(underway(bet), queued, faultNow(slots[n]), now);
}

/** The one button of a slot. */
export function press(n: Index): void {
  const next = player() ? step(n) : null;
  if (next === "unqueue") {
    setSlots(n, { queued: false });
    stopAuto(n);
    return;
  }
  // By an old picture nobody bets and nobody leaves.
  if (stale()) return;
  if (slots[n].rests && (next === "queue" || next === "place")) return;
  if (next === "cash_out") void cashOut(n);
  else if (next === "take_back") void takeBack(n);
  else if (next === "queue") setSlots(n, { queued: true, note: "" });
  else if (next === "place") void place(n);
}

/** The bets about which a request waits for its answer. */
const asked = new Set<string>();
/** The bets that were sent at least once without an answer. */
const unsure = new Set<string>();

/** One request about a bet at a time, so that its answer cannot contradict another's. */
async function ask<T>(id: string, request: () => Promise<T>): Promise<T> {
  asked.add(id);
  try {
    return await request();
  } finally {
    asked.delete(id);
  }
}

async function place(n: Index): Promise<void> {
  const [known, slot] = [state(), slots[n]];
  const [stake, auto] = [typed(slot.stake), target(slot.auto) ?? 0];
  if (!known || !stake || rides(slot.bet)) return;
  const id = freshBetId();
  const where = { lobby: known.id, round: known.round };
  const terms = { stake, auto, cap: cap(slot) ?? 0, run: slot.autoBet.on ? slot.autoBet.run : 0 };
  const bet = { id, ...where, ...terms, paid: 0, at: 0 };
  setSlots(n, { queued: false, note: "", bet: { ...bet, state: "placing" } });
  keep();
  await send(n, known.id);
}

/** Sends the slot's bet, which may have been sent before: under one id it is one bet. */
async function send(n: Index, lobby: number): Promise<void> {
  const bet = slots[n].bet;
  if (!bet || asked.has(bet.id)) return;
  const { id, round, stake, auto } = bet;
  const onward = auto ? { auto_cash_out: wire(auto) } : {};
  const fields = { lobby_id: lobby, round, bet_id: id, stake: wire(stake), ...onward };
  const waits = () => slots[n].bet?.id === id && slots[n].bet?.state === "placing";
  try {
    const reply = await ask(id, () => connection.request("place_bet", fields));
    unsure.delete(id);
    if (!waits()) return;
    setSlots(n, { bet: { ...bet, state: "riding", cap: centi(reply.cap) } });
    say(messages.announce.placed(showUnits(stake * 100)));
  } catch (error) {
    // Without an answer the snapshot of the next connection knows.
    if (!(error instanceof Refused)) {
      unsure.add(id);
      return;
    }
    const turn = afterPlace(error.code, unsure.delete(id));
    if (waits() && turn !== "look_up") setSlots(n, { bet: null, note: error.message });
    if (!isMissedRound(error.code)) stopAuto(n, { words: error.message });
    if (waits() && turn === "look_up") void lookUp(n, bet);
  }
}

async function takeBack(n: Index): Promise<void> {
  const bet = slots[n].bet;
  if (!bet || asked.has(bet.id)) return;
  // Whoever takes a bet back does not want it placed again.
  stopAuto(n);
  setSlots(n, { note: "", bet: { ...bet, state: "cancelling" } });
  const fields = { lobby_id: bet.lobby, round: bet.round, bet_id: bet.id };
  const waits = () => slots[n].bet?.id === bet.id && slots[n].bet?.state === "cancelling";
  try {
    await ask(bet.id, () => connection.request("cancel_bet", fields));
    if (waits()) finish(n, "released", 0, 0);
  } catch (error) {
    if (!(error instanceof Refused) || !waits()) return;
    setSlots(n, { note: error.message });
    if (afterCancel(error.code) === "ride") setSlots(n, { bet: { ...bet, state: "riding" } });
    else void lookUp(n, bet);
  }
}

async function cashOut(n: Index): Promise<void> {
  const bet = slots[n].bet;
  if (!bet || asked.has(bet.id)) return;
  const pressed = { centi: Math.min(climb(), bet.cap || climb()), ms: Math.round(elapsed()) };
  const about = { at: pressed.centi, paid: payout(bet.stake, pressed.centi) };
  setSlots(n, { note: "", bet: { ...bet, ...about, state: "cashing" } });
  const fields = { lobby_id: bet.lobby, round: bet.round, bet_id: bet.id };
  const waits = () => slots[n].bet?.id === bet.id && slots[n].bet?.state === "cashing";
  try {
    take(await ask(bet.id, () => connection.request("cash_out", fields)));
  } catch (error) {
    // Without an answer nobody knows: the snapshot of the next connection does.
    if (!(error instanceof Refused) || !waits()) return;
    const known = state();
    const climbs = known?.phase === "running" && known.round === bet.round;
    const turn = afterCashOut(error.code, climbs && known.id === bet.lobby);
    if (turn === "ride") setSlots(n, { note: error.message, bet: { ...bet, state: "riding" } });
    else if (turn === "lose") finish(n, "lost", 0, 0);
    else await lookUp(n, bet);
    tellTooLate(n, bet.id, pressed);
  }
}

/** Both instants of a race, if it was lost. */
function tellTooLate(n: Index, id: string, pressed: { centi: number; ms: number }): void {
  const { ended } = slots[n];
  if (ended?.id !== id || ended.outcome !== "lost") return;
  setSlots(n, { ended: { ...ended, pressed } });
  say(told(slots[n])?.words ?? "");
}

function take(reply: CashOutReply): void {
  for (const paid of reply.cashed_out) {
    const n = BOTH.find((n) => slots[n].bet?.id === paid.bet_id);
    if (n !== undefined) finish(n, "won", units(paid.payout), centi(paid.multiplier));
  }
}

/** How long a press after a bet's end is taken for one that was meant for it, in milliseconds. */
const REST_MS = 500;
const resting: [Timer?, Timer?] = [];
type Timer = ReturnType<typeof setTimeout>;

/** A bet's end, told once however many ways it is heard of. */
function finish(n: Index, outcome: "won" | "lost" | "released", paid: number, at: number): void {
  const bet = slots[n].bet;
  if (!bet || !rides(bet)) return;
  unsure.delete(bet.id);
  setSlots(n, { bet: { ...bet, state: outcome, paid, at }, rests: true });
  clearTimeout(resting[n]);
  resting[n] = setTimeout(() => setSlots(n, { rests: false }), REST_MS);
  const [stake, payout, multiplier] = [showUnits(bet.stake * 100), showUnits(paid), showCenti(at)];
  const ending = (words: typeof messages.bet | typeof messages.announce) =>
    outcome === "won" ? words.won(payout, multiplier) : words[outcome](stake);
  tell(n, bet, outcome, ending(messages.bet));
  say(ending(messages.announce));
  // A round that was called off was not played.
  if (outcome !== "released") countAuto(n, bet, paid - bet.stake * 100);
}

function tell(n: Index, bet: Bet, outcome: Ended["outcome"], words: string): void {
  const { id, lobby, round } = bet;
  setSlots(n, { ended: { id, lobby, round, outcome, words } });
}

/** Turns auto bet on or off. It bets in this round if it can, and counts from here. */
export function setAuto(n: Index, on: boolean): void {
  if (!on) {
    setSlots(n, { queued: false });
    setSlots(n, "autoBet", "on", false);
    return;
  }
  const why = autoFault(n) ?? (rides(slots[n].bet) ? null : fault(slots[n]));
  if (why !== null) {
    setSlots(n, { note: why });
    return;
  }
  setSlots(n, { note: "" });
  setSlots(n, "autoBet", ({ run }) => ({ on, run: run + 1, played: 0, won: 0 }));
  const next = step(n);
  if (next === "place" || next === "queue") press(n);
}

/** Bets are taken: what was queued is placed, and what auto bet wants. */
function nextRound(round: number): void {
  for (const n of BOTH) {
    const { bet } = slots[n];
    // Its end was not heard.
    if (bet?.state === "riding" && bet.round !== round) void lookUp(n, bet);
    if (!rides(slots[n].bet)) renew(n, round);
  }
}

/** The same for a slot whose bet is over. */
function renew(n: Index, round: number): void {
  const { bet, queued, autoBet } = slots[n];
  if (bet && bet.round !== round) setSlots(n, { bet: null });
  if (!queued && !autoBet.on) return;
  const why = fault(slots[n]);
  if (why === null) void place(n);
  else {
    setSlots(n, { queued: false, note: why });
    stopAuto(n, { words: why });
  }
}

/** What a snapshot says of our bets is so. */
function agree(mine: OwnBet[], round: number, lobby: number): void {
  for (const n of BOTH) {
    const bet = slots[n].bet;
    if (!bet) continue;
    const own = mine.find((own) => own.bet_id === bet.id);
    const waits = asked.has(bet.id);
    const about = { lobby: bet.lobby, round: bet.round, stage: bet.state };
    const turn = afterSnapshot(about, own, { lobby, round }, waits);
    if (turn === "send") void send(n, lobby);
    else if (turn === "look_up") void lookUp(n, bet);
    else if (turn === "ride" && own) {
      setSlots(n, { bet: { ...riding(own, round, lobby), run: bet.run } });
    } else if (turn === "end" && own && own.state !== "accepted") {
      const paid = own.payout == null ? 0 : units(own.payout);
      const outcomes = { cashed_out: "won", lost: "lost" } as const;
      const outcome = own.state === "cashed_out" || own.state === "lost" ? own.state : null;
      finish(n, outcome ? outcomes[outcome] : "released", paid, Math.round(paid / bet.stake));
    }
  }
  // Those of another tab, or of before the page was loaded.
  for (const own of mine) {
    if (own.state !== "accepted" || BOTH.some((n) => slots[n].bet?.id === own.bet_id)) continue;
    const n = BOTH.find((n) => !rides(slots[n].bet));
    if (n !== undefined) setSlots(n, { bet: riding(own, round, lobby) });
  }
}

function riding(own: OwnBet, round: number, lobby: number): Bet {
  const auto = own.auto_cash_out ? centi(own.auto_cash_out) : 0;
  const terms = { stake: centi(own.stake), auto, cap: centi(own.cap) };
  const state = "riding" as const;
  return { id: own.bet_id, lobby, round, ...terms, state, paid: 0, at: 0, run: 0 };
}

/** How long until what is not known yet is asked for again. */
const AGAIN_MS = 2_000;

/** A bet whose round ended while nobody listened, or goes on where nobody listens. */
async function lookUp(n: Index, bet: Bet): Promise<void> {
  if (slots[n].bet?.id !== bet.id || slots[n].bet?.state === "unknown") return;
  setSlots(n, { bet: { ...bet, state: "unknown" } });
  type Line = { bet_id: string; state: string; payout?: number | null; multiplier?: number | null };
  const waits = () => slots[n].bet?.id === bet.id && slots[n].bet?.state === "unknown";
  while (waits()) {
    const lines = await get<Line[]>("/gateway/game/v1/bets?limit=200").catch(() => null);
    if (!waits()) return;
    const line = lines?.find((line) => line.bet_id === bet.id);
    const now = state();
    if (line?.state === "accepted" && now?.id === bet.lobby && now.round === bet.round) {
      setSlots(n, { bet: { ...bet, state: "riding" } });
      return;
    }
    if (lines !== null && line?.state !== "accepted") {
      if (!line) {
        setSlots(n, { bet: null });
        tell(n, bet, "missed", messages.bet.notTaken);
        say(messages.bet.notTaken);
      } else if (line.state === "cashed_out") {
        finish(n, "won", units(line.payout ?? 0), centi(line.multiplier ?? 0));
      } else finish(n, line.state === "lost" ? "lost" : "released", 0, 0);
      // A round may have opened meanwhile, and in a lobby that waits for a bet no other will.
      if (now?.phase === "open" && !stale()) renew(n, now.round);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** What waits for another round does not follow into another lobby, and not past signing out. */
export function unqueue(): void {
  for (const n of BOTH) {
    setSlots(n, { queued: false });
    stopAuto(n);
  }
}
createRoot(() => {
  createEffect(on(lobby, unqueue, { defer: true }));
  const who = () => player()?.id;
  createEffect(
    on(who, (_, before) => {
      if (before === undefined) return;
      unqueue();
      // They are another's; who signs in again is told of them by the next snapshot.
      for (const n of BOTH) setSlots(n, { bet: null, ended: null, note: "" });
    }),
  );
});

onEvent((event: PlainEvent) => {
  if (event.type === "betting_opened" && event.lobby_id === state()?.id) nextRound(event.round);
  if (event.type === "snapshot" && event.mine && player()) {
    agree(event.mine, event.round, event.lobby_id);
    // The opening itself may have been missed.
    if (event.phase === "open" && event.lobby_id === state()?.id) nextRound(event.round);
    void readWallet().catch(() => {});
  }
  if (event.type !== "bet_result") return;
  const n = BOTH.find((n) => slots[n].bet?.id === event.bet_id);
  const bet = n === undefined ? null : slots[n].bet;
  if (n === undefined || !bet) return;
  // A press that lost the race is answered itself, with both instants.
  if (event.result === "lost" && bet.state === "cashing" && asked.has(bet.id)) return;
  const outcome = { win: "won", lost: "lost", released: "released" } as const;
  const [paid, at] = [event.payout ?? 0, event.coefficient ?? 0];
  finish(n, outcome[event.result], units(paid), centi(at));
});
