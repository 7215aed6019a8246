// What a server promised, as whoever watched it heard it: the terms of each chain and each round's
// place in it, told before the seed was. A server that later shows other terms contradicts this
// record, whatever it signs; without one it could show everybody a chain of its own making afterwards.
import type { CommitmentView, RoundExport } from "./types.js";

interface Chain {
  terms: string;
  /** The round that took bets when the terms were heard first. */
  since: number;
  /** Whether other terms were heard of the same chain. */
  contradicted: boolean;
}
interface Round {
  chain: number;
  index: number;
  /** Over the accepted bets, told at the lock. */
  betsHash: string | null;
}
interface Lobby {
  chains: Record<number, Chain>;
  rounds: Record<number, Round>;
}
/** Plain data, fit for JSON: what was heard of each lobby. */
export type KeptPromises = Record<number, Lobby>;

/** `unseen`: nothing was heard here before the seed could have been shown. */
export type PromiseVerdict = "kept" | "broken" | "unseen";

const LOBBIES = 16;
const ROUNDS = 300;
const CHAINS = 32;

/** Everything a commitment binds, in one line. */
export const terms = (one: CommitmentView): string =>
  [
    one.lobby_id,
    one.chain,
    one.terminal,
    one.length,
    one.house_edge_bps,
    one.formula,
    one.beacon_round ?? "-",
    one.public_key,
  ].join(" ");

/** Forgets the lowest numbers beyond `most`. */
function trim(numbered: Record<number, unknown>, most: number): void {
  const numbers = Object.keys(numbered).map(Number);
  const over = numbers.sort((one, two) => one - two).slice(0, -most);
  for (const number of over) delete numbered[number];
}

function lobbyOf(kept: KeptPromises, id: number): Lobby {
  const known = kept[id];
  if (known) return known;
  // The lobby that was heard of is kept, however low its number.
  const others = Object.keys(kept).map(Number);
  for (const one of others.slice(0, Math.max(0, others.length - LOBBIES + 1))) delete kept[one];
  const lobby = { chains: {}, rounds: {} };
  kept[id] = lobby;
  return lobby;
}

function hearChain(lobby: Lobby, promise: CommitmentView, round: number): void {
  const heard = terms(promise);
  const known = lobby.chains[promise.chain];
  if (known) known.contradicted ||= known.terms !== heard;
  else lobby.chains[promise.chain] = { terms: heard, since: round, contradicted: false };
  trim(lobby.chains, CHAINS);
}

/** What is told of a round whose seed is not shown yet. What was heard first is what counts. */
export function hearPromise(
  kept: KeptPromises,
  told: {
    lobby_id: number;
    round: number;
    commitment: CommitmentView;
    seed_index: number;
    next_commitment?: CommitmentView | null;
  },
): void {
  const lobby = lobbyOf(kept, told.lobby_id);
  hearChain(lobby, told.commitment, told.round);
  if (told.next_commitment) hearChain(lobby, told.next_commitment, told.round);
  const { chain } = told.commitment;
  const known = lobby.rounds[told.round];
  if (!known) lobby.rounds[told.round] = { chain, index: told.seed_index, betsHash: null };
  else if (known.chain !== chain || known.index !== told.seed_index) {
    // A round that changes its seed while it takes bets breaks its word at once.
    const first = lobby.chains[known.chain];
    if (first) first.contradicted = true;
  }
  trim(lobby.rounds, ROUNDS);
}

/** The bets that were accepted, told before the climb. */
export function hearLock(kept: KeptPromises, lobby: number, round: number, hash: string): void {
  const known = kept[lobby]?.rounds[round];
  if (known) known.betsHash ??= hash;
}

/** Whether a round as shown is of the chain, and at the place, that was promised. */
export function promiseKept(kept: KeptPromises, shown: RoundExport): PromiseVerdict {
  const lobby = kept[shown.lobby_id];
  const chain = lobby?.chains[shown.commitment.chain];
  const round = lobby?.rounds[shown.round];
  if (round && round.chain !== shown.commitment.chain) return "broken";
  if (round && shown.seed_index != null && round.index !== shown.seed_index) return "broken";
  if (chain && (chain.contradicted || chain.terms !== terms(shown.commitment))) return "broken";
  // Terms heard in a later round were not heard before this one.
  return chain && chain.since <= shown.round ? "kept" : "unseen";
}

/** Whether the bets as shown are those that were told at the lock. */
export function lockKept(kept: KeptPromises, shown: RoundExport): PromiseVerdict {
  const told = kept[shown.lobby_id]?.rounds[shown.round]?.betsHash;
  if (!told) return "unseen";
  return told === shown.bets_hash ? "kept" : "broken";
}
