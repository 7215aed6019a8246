// A lobby as a socket right beside the server hears it: what is true, for tests of what is shown.
import { strict as assert } from "node:assert";
import { centiAt } from "../../client/dist/index.js";
import { base, until } from "./stage.mjs";

const { WebSocket } = await import("ws");

/** This moment on the clock that the pages of this machine have, too. */
export const instant = () => performance.timeOrigin + performance.now();

/**
 * Follows `lobby` from now on, every round of it, so that nothing is missed however busy the machine
 * is: a climb that ended at once has still been seen.
 */
export async function witness(lobby) {
  const rounds = new Map();
  const at = (number) => {
    const [began, ended] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const fresh = { number, began, ended, end: null, bets: [], outs: [] };
    if (!rounds.has(number)) rounds.set(number, fresh);
    return rounds.get(number);
  };
  let told = null;
  let gone = "";
  const socket = new WebSocket(`${base.replace(/^http/, "ws")}/gateway/game/v1/ws`, "waxwing.v1");
  socket.on("open", () => socket.send(JSON.stringify({ type: "join", id: 1, lobby_id: lobby })));
  socket.on("error", (error) => {
    gone = String(error);
  });
  socket.on("close", (code) => {
    gone ||= `closed by ${code}`;
  });
  socket.on("message", (text) => {
    const event = JSON.parse(String(text));
    if (event.round === undefined) return;
    told = event.round;
    const round = at(event.round);
    const climbs = event.type === "tick" || event.type === "round_started";
    // The fastest message tells best when the climb began.
    if (climbs) round.began = Math.min(round.began, instant() - event.elapsed_ms);
    if (event.type === "bets_accepted") round.bets.push(...event.bets);
    if (event.type === "tick") round.outs.push(...(event.cash_outs ?? []));
    if (["crashed", "voided", "interrupted"].includes(event.type)) {
      round.end ??= event;
      round.ended = Math.min(round.ended, instant());
    }
  });
  const heard = () => assert.equal(gone, "", "the witness listens");
  await until("the witness hears", () => {
    heard();
    return told !== null;
  });
  return {
    round: (number) => {
      heard();
      return at(number);
    },
    /** The newest round. */
    now: () => {
      heard();
      return at(told);
    },
    /** The last round in which `name` has a bet. */
    last: (name) => {
      heard();
      return [...rounds.values()]
        .filter(({ bets }) => bets.some((bet) => bet.name === name))
        .sort((one, two) => one.number - two.number)
        .at(-1);
    },
    close: () => {
      socket.removeAllListeners("close");
      socket.close();
    },
  };
}

/** How long a round has climbed, in milliseconds; negative before it does. */
export const climbed = (round, when = instant()) =>
  Number.isFinite(round.began) ? when - round.began : -1;

/** Where a round's climb is at `when`, in hundredths, or where it ended. */
export const truth = (round, when) => {
  const reached = centiAt("exponential", climbed(round, when));
  const end = round.end?.multiplier ? Math.round(round.end.multiplier * 100) : reached;
  return Math.min(reached, end);
};
