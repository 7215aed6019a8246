// The two bets a player may have: what is typed, what rides, and what became of it. A press on the
// button is shown at once and confirmed by the server; no bet is cashed out twice, for it leaves the
// state in which the button does that.
import {
  type CashOutReply,
  centi,
  freshBetId,
  type OwnBet,
  type PlainEvent,
  payout,
  Refused,
  showCenti,
  showUnits,
  typed,
  units,
  wire,
} from "@client";
import { createStore } from "solid-js/store";
import { get, player } from "./api";
import { climb, connection, elapsed, end, onEvent, readWallet, say, state, wallet } from "./game";
import { messages } from "./messages";

export interface Bet {
  id: string;
  lobby: number;
  round: number;
  stake: number;
  auto: number;
  cap: number;
  state: "placing" | "riding" | "cashing" | "won" | "lost" | "released" | "unknown";
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
  autoBet: {
    on: boolean;
    rounds: string;
    loss: string;
    profit: string;
    played: number;
    won: number;
  };
}

const kept = JSON.parse(localStorage.getItem("waxwing.slots") ?? "[]");
const fresh = (n: number): Slot => ({
  stake: typeof kept[n]?.stake === "string" ? kept[n].stake : "10",
  auto: typeof kept[n]?.auto === "string" ? kept[n].auto : "",
  queued: false,
  bet: null,
  note: "",
  autoBet: { on: false, rounds: "", loss: "", profit: "", played: 0, won: 0 },
});
const [slots, setSlots] = createStore<[Slot, Slot]>([fresh(0), fresh(1)]);

export { setSlots, slots };

const BOTH = [0, 1] as const;
export type Index = (typeof BOTH)[number];

export function keep(): void {
  const plain = slots.map(({ stake, auto }) => ({ stake, auto }));
  localStorage.setItem("waxwing.slots", JSON.stringify(plain));
}

/** Why this slot cannot bet now, or null. */
export function fault(slot: Slot): string | null {
  const [stake, auto] = [typed(slot.stake), slot.auto.trim() === "" ? 0 : typed(slot.auto)];
  const limits = state()?.limits;
  if (stake === null || stake === 0) return messages.bet.badStake;
  if (auto === null || (auto !== 0 && auto < 101)) return messages.bet.badAuto;
  if (limits && stake < centi(limits.stake_min)) return messages.bet.below;
  if (limits && stake > centi(limits.stake_max)) return messages.bet.above;
  // Not even the lowest target may be paid on so much.
  const most = cap(slot);
  if (most !== null && most < 101) return messages.bet.above;
  const money = wallet();
  if (money && stake * 100 > money.balance) return messages.bet.funds;
  return null;
}

/** Where a bet as typed is paid at the latest, in hundredths: its target, or the lobby's bounds. */
export function cap(slot: Slot): number | null {
  const limits = state()?.limits;
  const stake = typed(slot.stake);
  if (!limits || !stake) return null;
  const auto = typed(slot.auto) ?? Number.POSITIVE_INFINITY;
  const byPayout = Math.floor(units(limits.payout_max) / stake);
  return Math.min(auto, byPayout, centi(limits.multiplier_max));
}

/** Whether a bet takes the slot in the round now played. */
export const rides = (bet: Bet | null): bet is Bet =>
  bet !== null && ["placing", "riding", "cashing"].includes(bet.state);

/** The one button of a slot. */
export function press(n: Index): void {
  const { bet, queued } = slots[n];
  const phase = state()?.phase;
  if (bet?.state === "riding" && phase === "running") void cashOut(n);
  else if (bet?.state === "riding" && phase === "open") void takeBack(n);
  else if (queued) setSlots(n, { queued: false });
  else if (!rides(bet) && fault(slots[n]) === null) {
    if (phase === "open") void place(n);
    else setSlots(n, { queued: true, note: "" });
  }
}

async function place(n: Index): Promise<void> {
  const [known, slot] = [state(), slots[n]];
  const [stake, auto] = [typed(slot.stake), typed(slot.auto) ?? 0];
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
  if (!bet) return;
  const { id, round, stake, auto } = bet;
  const target = auto ? { auto_cash_out: wire(auto) } : {};
  const fields = { lobby_id: lobby, round, bet_id: id, stake: wire(stake), ...target };
  try {
    const reply = await connection.request("place_bet", fields);
    if (slots[n].bet?.id !== id || slots[n].bet?.state !== "placing") return;
    setSlots(n, { bet: { ...bet, state: "riding", cap: centi(reply.cap) } });
    say(messages.announce.placed(showUnits(stake * 100)));
  } catch (error) {
    // Without an answer the snapshot of the next connection knows.
    if (!(error instanceof Refused) || slots[n].bet?.id !== id) return;
    setSlots(n, { bet: null, note: error.message });
    if (error.code !== "wrong_round" && error.code !== "betting_closed") stopAuto(n);
  }
}

async function takeBack(n: Index): Promise<void> {
  const [known, bet] = [state(), slots[n].bet];
  if (!known || !bet) return;
  const fields = { lobby_id: known.id, round: bet.round, bet_id: bet.id };
  try {
    await connection.request("cancel_bet", fields);
    if (slots[n].bet?.id === bet.id) setSlots(n, { bet: null, note: messages.bet.released });
  } catch (error) {
    if (error instanceof Refused) setSlots(n, { note: error.message });
  }
}

async function cashOut(n: Index): Promise<void> {
  const [known, bet] = [state(), slots[n].bet];
  if (!known || !bet) return;
  const pressed = { centi: Math.min(climb(), bet.cap || climb()), ms: Math.round(elapsed()) };
  const about = { at: pressed.centi, paid: payout(bet.stake, pressed.centi) };
  setSlots(n, { note: "", bet: { ...bet, ...about, state: "cashing" } });
  const fields = { lobby_id: known.id, round: bet.round, bet_id: bet.id };
  const mine = () => slots[n].bet?.id === bet.id;
  try {
    take(await connection.request("cash_out", fields));
  } catch (error) {
    if (!mine()) return;
    // Without an answer nobody knows: the snapshot of the next connection does.
    if (!(error instanceof Refused) || error.code === "already_cashed_out") return;
    if (error.code === "too_late") finish(n, "lost", 0, 0);
    else if (error.code === "wrong_round") await lookUp(n, bet);
    else {
      setSlots(n, { note: error.message });
      const climbs = state()?.phase === "running" && state()?.round === bet.round;
      if (climbs && error.code !== "no_open_bet") setSlots(n, { bet: { ...bet, state: "riding" } });
      else void lookUp(n, bet);
    }
    if (!mine() || slots[n].bet?.state !== "lost") return;
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
  if (!bet || ["won", "lost", "released"].includes(bet.state)) return;
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

/** Whether auto bet goes on after what it has played. */
function goesOn({ autoBet }: Slot): boolean {
  const least = (text: string) => (typed(text) ?? 0) * 100;
  const { rounds, loss, profit, played, won } = autoBet;
  // A limit that cannot be read is no leave to go on for ever.
  if ([loss, profit].some((text) => text.trim() !== "" && typed(text) === null)) return false;
  if (rounds.trim() !== "" && !(played < Number(rounds))) return false;
  if (least(loss) > 0 && -won >= least(loss)) return false;
  return !(least(profit) > 0 && won >= least(profit));
}

function nextRound(): void {
  for (const n of BOTH) {
    const slot = slots[n];
    if (slot.bet && !rides(slot.bet)) setSlots(n, { bet: null });
    if (rides(slots[n].bet)) continue;
    if (slot.autoBet.on && !goesOn(slot)) stopAuto(n);
    const wanted = slot.queued || slots[n].autoBet.on;
    if (wanted && fault(slot) === null) void place(n);
    else if (wanted) {
      setSlots(n, { queued: false, note: fault(slot) ?? "" });
      stopAuto(n);
    }
  }
}

/** What a snapshot says of our bets is so. */
function agree(mine: OwnBet[], round: number, lobby: number): void {
  for (const n of BOTH) {
    const bet = slots[n].bet;
    if (!bet) continue;
    const found = mine.find((own) => own.bet_id === bet.id);
    if (found) continue;
    const here = bet.lobby === lobby && bet.round === round;
    if (here && bet.state === "placing") void send(n, lobby);
    else if (rides(bet)) void lookUp(n, bet);
  }
  for (const own of mine) {
    const held = BOTH.find((n) => slots[n].bet?.id === own.bet_id);
    const n = held ?? BOTH.find((n) => !rides(slots[n].bet));
    if (n === undefined || own.state === "cancelled") continue;
    const stake = centi(own.stake);
    if (own.state !== "accepted") {
      if (held === undefined) continue;
      const paid = own.payout == null ? 0 : units(own.payout);
      const outcome = { cashed_out: "won", lost: "lost", released: "released" } as const;
      finish(n, outcome[own.state], paid, Math.round(paid / stake));
      continue;
    }
    const auto = own.auto_cash_out ? centi(own.auto_cash_out) : 0;
    const bet = { id: own.bet_id, lobby, round, stake, auto, cap: centi(own.cap), paid: 0, at: 0 };
    setSlots(n, { bet: { ...bet, state: "riding" } });
  }
}

/** How long until what is not known yet is asked for again. */
const AGAIN_MS = 2_000;

/** A bet whose round ended while nobody listened, or goes on where nobody listens. */
async function lookUp(n: Index, bet: Bet): Promise<void> {
  setSlots(n, { bet: { ...bet, state: "unknown" } });
  type Line = { bet_id: string; state: string; payout?: number | null; multiplier?: number | null };
  const lines = await get<Line[]>("/gateway/game/v1/bets?limit=20").catch(() => null);
  const line = lines?.find((line) => line.bet_id === bet.id);
  const waits = () => slots[n].bet?.id === bet.id && slots[n].bet?.state === "unknown";
  if (!waits()) return;
  if (lines === null || line?.state === "accepted") {
    setTimeout(() => waits() && void lookUp(n, bet), AGAIN_MS);
  } else if (!line) setSlots(n, { bet: null });
  else if (line.state === "cashed_out") {
    finish(n, "won", units(line.payout ?? 0), centi(line.multiplier ?? 0));
  } else finish(n, line.state === "lost" ? "lost" : "released", 0, 0);
}

onEvent((event: PlainEvent) => {
  if (event.type === "betting_opened") {
    const isNew = BOTH.some((n) => slots[n].bet && slots[n].bet?.round !== event.round);
    if (isNew || BOTH.some((n) => slots[n].queued || slots[n].autoBet.on)) nextRound();
  }
  if (event.type === "snapshot" && event.mine && player()) {
    agree(event.mine, event.round, event.lobby_id);
    void readWallet();
  }
  if (event.type !== "bet_result") return;
  const n = BOTH.find((n) => slots[n].bet?.id === event.bet_id);
  const bet = n === undefined ? null : slots[n].bet;
  if (n === undefined || !bet) return;
  // A press that lost the race is answered itself, with both instants.
  if (event.result === "lost" && bet.state === "cashing") return;
  const outcome = { win: "won", lost: "lost", released: "released" } as const;
  const [paid, at] = [event.payout ?? 0, event.coefficient ?? 0];
  finish(n, outcome[event.result], units(paid), centi(at));
});
