// The lobby as this page knows it: what was told, where the climb is now, and who bet what.
import {
  Connection,
  type CurveName,
  centi,
  centiAt,
  type PlainEvent,
  type Quality,
  Refused,
  type SeenBet,
  type Snapshot,
  type Status,
  showCenti,
  units,
  watch,
} from "@client";
import { createEffect, createRoot, createSignal, on } from "solid-js";
import { freshToken, get, listen, player, refresh } from "./api";
import { messages } from "./messages";
import { lobby } from "./route";

type Phase = Snapshot["phase"];
export interface Lobby {
  id: number;
  name: string;
  mode: Snapshot["mode"];
  phase: Phase;
  round: number;
  curve: CurveName;
  limits: Snapshot["limits"];
  anchored: boolean;
  edgeBps: number;
  /** When betting closes, on this page's clock; null while the lobby rests. */
  closesAt: number | null;
}
/** Somebody's bet; `out` is where it was cashed out, in hundredths. */
export interface Seen {
  user: number;
  name: string;
  stake: number;
  out: number;
}
export interface Wallet {
  balance: number;
  held: number;
  currency: string;
}

const [state, setState] = createSignal<Lobby | null>(null);
const [wallet, setWallet] = createSignal<Wallet | null>(null);
const [status, setStatus] = createSignal<Status>({ state: "connecting" });
const [quality, setQuality] = createSignal<Quality>("lost");
const [trip, setTrip] = createSignal(0);
const [last, setLast] = createSignal<{ round: number; centi: number }[]>([]);
/** How the last climb ended: hundredths and milliseconds. */
const [end, setEnd] = createSignal<{ centi: number; ms: number | null } | null>(null);
const [stale, setStale] = createSignal(false);
const [bets, setBets] = createSignal<Seen[]>([], { equals: false });
const [said, say] = createSignal("");
/** Whether the lobby that was asked for does not exist. */
const [absent, setAbsent] = createSignal(false);

export { absent, bets, end, last, quality, said, say, stale, state, status, trip, wallet };

/** When the climb began, on this page's clock, as the fastest message tells. */
let startedAt = Number.POSITIVE_INFINITY;
let byUser = new Map<number, Seen[]>();
/** Everybody's bets of the round, the highest stakes first once they were shown. */
let crowd: Seen[] = [];
let unsorted = false;
let showing = false;
let sum = 0;
/** Of all stakes, in units. */
export const stakeSum = (): number => {
  bets();
  return sum;
};

/** Milliseconds since the climb began, as the server would say at this moment. */
export function elapsed(now = performance.now()): number {
  return Math.max(0, now - startedAt + connection.trip / 2);
}
/** The multiplier now, in hundredths; where the climb ended, if it did. */
export function climb(now = performance.now()): number {
  const known = state();
  if (!known) return 100;
  if (known.phase === "running") {
    const most = centi(known.limits.multiplier_max);
    return Math.min(centiAt(known.curve, elapsed(now)), most);
  }
  return end()?.centi ?? 100;
}

const socketUrl = `${location.origin.replace(/^http/, "ws")}/gateway/game/v1/ws`;
export const connection = new Connection({ url: socketUrl, WebSocket, token: freshToken });

/** Told before anything else of this module's reacts: slots live on it. */
type Listener = (event: PlainEvent) => void;
const listeners = new Set<Listener>();
export const onEvent = (heard: Listener): void => {
  listeners.add(heard);
};

/** A message about the climb moves its start only towards the earlier. */
function sample(ms: number, at: number, fresh: boolean): void {
  const began = at - ms;
  startedAt = fresh ? began : Math.min(startedAt, began);
}

function see(all: SeenBet[]): void {
  for (const bet of all) {
    const seen = {
      user: bet.user_id,
      name: bet.name,
      stake: centi(bet.stake),
      out: bet.cashed_out ? centi(bet.cashed_out) : 0,
    };
    sum += seen.stake * 100;
    crowd.push(seen);
    const theirs = byUser.get(seen.user);
    if (theirs) theirs.push(seen);
    else byUser.set(seen.user, [seen]);
  }
  unsorted = true;
  showSoon();
}
function seeNone(): void {
  byUser = new Map();
  sum = 0;
  crowd = [];
  unsorted = false;
  showSoon();
}

/** However many bets are told between two frames, the list is sorted and shown once. */
function showSoon(): void {
  if (showing) return;
  showing = true;
  const show = () => {
    if (!showing) return;
    showing = false;
    clearTimeout(late);
    if (unsorted) crowd.sort((one, two) => two.stake - one.stake);
    unsorted = false;
    setBets(crowd);
  };
  requestAnimationFrame(show);
  // A hidden tab has no frames.
  const late = setTimeout(show, 1_000);
}

function hear(event: PlainEvent, at: number): void {
  if (event.type === "balance") {
    const { balance, held, currency } = event;
    setWallet({ balance: units(balance), held: units(held), currency });
  } else if (event.lobby_id === lobby()) {
    [toldAt, askedAt] = [at, null];
    follow(event, at);
  }
  for (const listener of listeners) listener(event);
}

function follow(event: Exclude<PlainEvent, { type: "balance" }>, at: number): void {
  const before = state();
  if (event.type === "snapshot") begin(event, at);
  else if (!before) return;
  else if (event.type === "bets_accepted") see(event.bets);
  else if (event.type === "tick") tick(event, at);
  else proceed(event, at, before);
}

type Step = Exclude<
  PlainEvent,
  { type: "balance" } | { type: "snapshot" } | { type: "bets_accepted" } | { type: "tick" }
>;
/** The next step of the round. */
function proceed(event: Step, at: number, before: Lobby): void {
  // What is shown follows from a new picture, never from one that was changed under it.
  const known = { ...before };
  switch (event.type) {
    case "betting_opened":
      if (event.round !== known.round) seeNone();
      known.phase = "open";
      known.round = event.round;
      known.anchored = event.anchored ?? false;
      known.edgeBps = event.commitment.house_edge_bps;
      known.closesAt = event.closes_in_ms == null ? null : at + event.closes_in_ms;
      setEnd(null);
      break;
    case "round_locked":
      known.phase = "locked";
      break;
    case "round_started":
      known.phase = "running";
      known.curve = event.curve;
      sample(event.elapsed_ms, at, true);
      say(messages.announce.started(event.round));
      break;
    case "crashed":
      known.phase = "crashed";
      crash(event.round, centi(event.multiplier), event.elapsed_ms, centi(event.crash_point));
      break;
    case "settled":
      known.phase = "settled";
      break;
    case "voided":
      known.phase = "voided";
      break;
    case "interrupted":
      known.phase = "interrupted";
      if (event.multiplier) setEnd({ centi: centi(event.multiplier), ms: null });
      break;
    default:
      return;
  }
  setState(known);
}

function tick(event: Extract<PlainEvent, { type: "tick" }>, at: number): void {
  if (state()?.phase === "running") sample(event.elapsed_ms, at, false);
  for (const out of event.cash_outs ?? []) {
    const [at, paid] = [centi(out.multiplier), units(out.payout)];
    const theirs = byUser.get(out.user_id)?.filter((bet) => bet.out === 0);
    const bet = theirs?.find((bet) => bet.stake * at === paid) ?? theirs?.[0];
    if (bet) bet.out = at;
  }
  if (event.cash_outs?.length) showSoon();
}

function crash(round: number, multiplier: number, ms: number, crashPoint: number): void {
  setEnd({ centi: multiplier, ms });
  const others = last().filter((one) => one.round !== round);
  setLast([{ round, centi: crashPoint }, ...others].slice(0, 30));
  say(messages.announce.crashed(showCenti(multiplier)));
}

function begin(event: Extract<PlainEvent, { type: "snapshot" }>, at: number): void {
  const fresh = state()?.round !== event.round || state()?.id !== event.lobby_id;
  setState({
    id: event.lobby_id,
    name: event.name,
    mode: event.mode,
    phase: event.phase,
    round: event.round,
    curve: event.curve,
    limits: event.limits,
    anchored: event.anchored ?? false,
    edgeBps: event.commitment.house_edge_bps,
    closesAt: event.closes_in_ms == null ? null : at + event.closes_in_ms,
  });
  if (event.elapsed_ms != null && event.phase === "running") sample(event.elapsed_ms, at, fresh);
  const ended = event.phase !== "running" && event.multiplier != null;
  setEnd(ended ? { centi: centi(event.multiplier ?? 1), ms: event.elapsed_ms ?? null } : null);
  if (event.last) {
    setLast(event.last.map((one) => ({ round: one.round, centi: centi(one.crash_point) })));
  }
  seeNone();
  see(event.bets);
  setStale(false);
}

/** When the picture was told last, and when a fresh one was asked for since, if it was. */
let toldAt = 0;
let askedAt: number | null = null;
/** What was told a while ago, in the middle of a climb, is not acted on until more is heard. */
function mind(): void {
  const known = state();
  if (!known) return;
  const now = performance.now();
  const closesIn = known.closesAt === null ? null : known.closesAt - now;
  const since = askedAt === null ? null : now - askedAt;
  const next = watch(known.phase, closesIn, now - toldAt, since);
  setStale(next !== "fresh" && known.phase === "running");
  // A connection that is lost comes back by itself.
  if (connection.quality === "lost") return;
  if (next === "ask") void connection.sync();
  if (next === "reconnect") connection.open(lobby());
  if (next === "ask" || next === "reconnect") askedAt = now;
}
setInterval(mind, 250);

let lastLook = performance.now();
function wake(): void {
  if (document.visibilityState !== "visible") return;
  // Frozen or hidden for a while: what is shown is asked for again.
  if (performance.now() - lastLook > 2_000) {
    if (state()?.phase === "running") setStale(true);
    void connection.sync();
  }
  lastLook = performance.now();
}

export function start(): void {
  connection.onEvent = hear;
  connection.onStatus = (now) => {
    setStatus(now);
    setQuality(connection.quality);
    setAbsent(now.state === "open" && now.reason === "unknown_lobby");
  };
  connection.onTrip = (ms, now) => {
    setTrip(Math.round(ms));
    setQuality(now);
  };
  // A token that is refused before its time was revoked, and perhaps the sign-in with it.
  connection.onPlayer = (who) => {
    if (!who && player()) void refresh();
  };
  listen((token) => {
    if (token && player()) void signIn(token).catch(() => {});
    else {
      setWallet(null);
      // A socket has one player for ever: a new one watches.
      connection.open(lobby());
    }
  });
  setInterval(wake, 500);
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", () => connection.hurry());
  connection.open(lobby());
  createRoot(() => {
    createEffect(
      on(
        lobby,
        (id) => {
          setState(null);
          setLast([]);
          setEnd(null);
          setAbsent(false);
          seeNone();
          connection.join(id).catch((error) => {
            setAbsent(error instanceof Refused && error.code === "unknown_lobby");
          });
        },
        { defer: true },
      ),
    );
  });
}

let signedInAs: number | null = null;
async function signIn(token: string): Promise<void> {
  const known = player();
  if (known && signedInAs !== null && signedInAs !== known.id) connection.open(lobby());
  else {
    await connection.authenticate(token).catch(() => {});
    await connection.sync();
  }
  signedInAs = known?.id ?? null;
  await readWallet();
}

export async function readWallet(): Promise<void> {
  const { balance, held, currency } = await get<{
    balance: number;
    held: number;
    currency: string;
  }>("/gateway/user/v1/balance");
  setWallet({ balance: units(balance), held: units(held), currency });
}
