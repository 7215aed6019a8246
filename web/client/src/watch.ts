// When the picture of a lobby is too old to act on, though its connection may live.
import type { Phase } from "./types.js";

/** A climb ticks many times a second; so long after the last frame nobody should act on it. */
const CLIMB_MS = 3_000;
/** Every other phase that ends by itself does so, or is told again, within this. */
const REST_MS = 10_000;
/** How long a fresh picture that was asked for may take. */
const ANSWER_MS = 4_000;

export type Watch = "fresh" | "ask" | "wait" | "reconnect";

/**
 * What to do about the picture. All in milliseconds: `quiet` since its last frame, `closesIn` until
 * bets close (null while the lobby rests, which is quiet for as long as it likes), `asked` since a
 * fresh picture was asked for after that frame, null if it was not.
 */
export function watch(
  phase: Phase,
  closesIn: number | null,
  quiet: number,
  asked: number | null,
): Watch {
  if (phase === "open" && (closesIn === null || closesIn > -REST_MS)) return "fresh";
  if (quiet <= (phase === "running" ? CLIMB_MS : REST_MS)) return "fresh";
  if (asked === null) return "ask";
  return asked > ANSWER_MS ? "reconnect" : "wait";
}
