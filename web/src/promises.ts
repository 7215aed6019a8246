// Keeps what each lobby promised before its rounds, over visits, so that the fairness view can hold
// what is shown afterwards against it.
import {
  hearLock,
  hearPromise,
  type KeptPromises,
  lockKept,
  type PromiseVerdict,
  promiseKept,
  type RoundExport,
} from "@client";
import { onEvent } from "./game";
import { recall, remember } from "./kept";

const KEY = "waxwing.promises";
/** Read again each time: another tab keeps its own in the same place. */
const kept = () => recall<KeptPromises>(KEY, {});
/** In these the seed is not shown yet. */
const SEALED = ["open", "locked", "running"];

onEvent((event) => {
  const opens = event.type === "betting_opened";
  const sealed = event.type === "snapshot" && SEALED.includes(event.phase);
  // Most events are ticks, and cost nothing here.
  if (!opens && !sealed && event.type !== "round_locked") return;
  const book = kept();
  if (event.type === "round_locked") {
    hearLock(book, event.lobby_id, event.round, event.bets_hash);
  } else hearPromise(book, event);
  remember(KEY, book);
});

export function promises(shown: RoundExport): { chain: PromiseVerdict; bets: PromiseVerdict } {
  try {
    const book = kept();
    return { chain: promiseKept(book, shown), bets: lockKept(book, shown) };
  } catch {
    // What another hand wrote there proves nothing.
    return { chain: "unseen", bets: "unseen" };
  }
}
