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
  goesOn,
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
import { climb, connection, elapsed, end, onEvent, readWallet, say, stale, state } from "./game";
import { messages } from "./messages";
import { lobby } from "./route";
import { type Bet, BOTH, cap, fault, faultNow, type Index, keep, setSlots, slots } from "./slip";

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
  if (next === "cash_out" && !stale()) void cashOut(n);
  else if (next === "take_back") void takeBack(n);
  else if (next === "unqueue") {
    setSlots(n, { queued: false });
    stopAuto(n);
  } else if (next === "queue") setSlots(n, { queued: true, note: "" });
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
  const bet = { id, ...where, stake, auto, cap: cap(slot) ?? 0, paid: 0, at: 0 };
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
    if (!isMissedRound(error.code)) stopAuto(n);
    if (!waits()) return;
    if (turn === "look_up") void lookUp(n, bet);
    else setSlots(n, { bet: null, note: error.message });
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
    if (waits()) setSlots(n, { bet: null, note: messages.bet.released });
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
    if (slots[n].bet?.id === bet.id && slots[n].bet?.state === "lost") tellTooLate(n, pressed);
  }
}

/** Both instants of a race that was lost. */
function tellTooLate(n: Index, pressed: { centi: number; ms: number }): void {
  const instant = (centi: number, ms: number | null | undefined) =>
    `${showCenti(centi)}${ms == null ? "" : ` (${(ms / 1_000).toFixed(2)} s)`}`;
  const crash = end();
  const note = messages.bet.tooLate(
    instant(pressed.centi, pressed.ms),
    instant(crash?.centi ?? pressed.centi, crash?.ms),
  );
  setSlots(n, { note });
  say(note);
}

function take(reply: CashOutReply): void {
  for (const paid of reply.cashed_out) {
    const n = BOTH.find((n) => slots[n].bet?.id === paid.bet_id);
    if (n !== undefined) finish(n, "won", units(paid.payout), centi(paid.multiplier));
  }
}

/** A bet's end, told once however many ways it is heard of. */
function finish(n: Index, outcome: "won" | "lost" | "released", paid: number, at: number): void {
  const bet = slots[n].bet;
  if (!bet || !rides(bet)) return;
  unsure.delete(bet.id);
  setSlots(n, "bet", { ...bet, state: outcome, paid, at });
  const auto = slots[n].autoBet;
  const gain = outcome === "released" ? 0 : paid - bet.stake * 100;
  if (auto.on) setSlots(n, "autoBet", { played: auto.played + 1, won: auto.won + gain });
  const words = messages.announce;
  if (outcome === "won") say(words.won(showUnits(paid), showCenti(at)));
  if (outcome === "lost") say(words.lost);
}

export function stopAuto(n: Index): void {
  if (slots[n].autoBet.on) {
    setSlots(n, "autoBet", "on", false);
    setSlots(n, { note: messages.autoBet.done });
  }
}

/** Bets are taken: what was queued is placed, and what auto bet wants. */
function nextRound(round: number): void {
  for (const n of BOTH) {
    const { bet } = slots[n];
    // Its end was not heard.
    if (bet?.state === "riding" && bet.round !== round) void lookUp(n, bet);
    if (rides(slots[n].bet)) continue;
    if (bet && bet.round !== round) setSlots(n, { bet: null });
    if (slots[n].autoBet.on && !goesOn(slots[n].autoBet)) stopAuto(n);
    if (!slots[n].queued && !slots[n].autoBet.on) continue;
    const why = fault(slots[n]);
    if (why === null) void place(n);
    else {
      stopAuto(n);
      setSlots(n, { queued: false, note: why });
    }
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
    else if (turn === "ride" && own) setSlots(n, { bet: riding(own, round, lobby) });
    else if (turn === "end" && own && own.state !== "accepted") {
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
  return { id: own.bet_id, lobby, round, ...terms, state: "riding", paid: 0, at: 0 };
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
    const lines = await get<Line[]>("/gateway/game/v1/bets?limit=20").catch(() => null);
    if (!waits()) return;
    const line = lines?.find((line) => line.bet_id === bet.id);
    const now = state();
    if (line?.state === "accepted" && now?.id === bet.lobby && now.round === bet.round) {
      setSlots(n, { bet: { ...bet, state: "riding" } });
      return;
    }
    if (lines !== null && line?.state !== "accepted") {
      if (!line) setSlots(n, { bet: null, note: messages.bet.notTaken });
      else if (line.state === "cashed_out") {
        finish(n, "won", units(line.payout ?? 0), centi(line.multiplier ?? 0));
      } else finish(n, line.state === "lost" ? "lost" : "released", 0, 0);
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
      for (const n of BOTH) setSlots(n, { bet: null, note: "" });
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
