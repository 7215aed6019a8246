// HTTP: who we are, and calls with our token. The access token lives in memory alone; the refresh
// token in a cookie that no script reads.
import type { Code, SignedIn, TokenValid } from "@client";
import { createSignal } from "solid-js";
import { messages } from "./messages";

export interface Player {
  id: number;
  name: string;
}
const [player, setPlayer] = createSignal<Player | null>(null);
/** False until it is known whether somebody is signed in here. */
const [settled, setSettled] = createSignal(false);
/** Whether a sign-in ended that nobody ended here. */
const [signedOut, setSignedOut] = createSignal(false);

export { player, settled, signedOut };

/** What went wrong with a call, in words for the player. */
export const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : messages.errors.offline;

/** A call that was refused, in words for the player. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: Code | "offline",
    detail: string,
  ) {
    super(detail);
  }
}

const AUTH = "/gateway/user/v1/auth";
/** Says that a cookie may be there, so that a first visit asks for nothing. */
const MARK = "waxwing.signed-in";
let token: string | null = null;
let goodUntil = 0;
/** Counts the sign-ins of this page: what is answered to an earlier one changes nothing. */
let signIn = 0;
/** Whether this one is being ended here. */
let leaving = false;
let refreshing: Promise<string | null> | null = null;
let onToken: (token: string | null) => void = () => {};
/** Called with each new token, and with null after signing out. */
export const listen = (heard: typeof onToken): void => {
  onToken = heard;
};

/**
 * How long a call may take, its answer included: on a network that went silent it would take for
 * ever. The server gives none more than 30 seconds, so none is asked again that still runs there.
 */
const CALL_MS = 35_000;
/** The same of a table, which may be long and the network slow. */
const TABLE_MS = 300_000;

/** As `AbortSignal.timeout`, which older browsers lack. */
function within(ms: number): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => limit.abort(), ms);
  return limit.signal;
}

const offline = () => new Refusal(0, "offline", messages.errors.offline);
/** A body to its end; one that stops half way is no answer. */
const whole = <T>(body: Promise<T>): Promise<T> =>
  body.catch(() => {
    throw offline();
  });
const read = <T>(answer: Response): Promise<T> => whole(answer.json());

async function send(path: string, init: RequestInit = {}, auth = token): Promise<Response> {
  const headers = new Headers(init.headers);
  if (auth) headers.set("authorization", `Bearer ${auth}`);
  if (init.body) headers.set("content-type", "application/json");
  const signal = init.signal ?? within(CALL_MS);
  const answer = await fetch(path, { ...init, headers, signal }).catch(() => null);
  if (!answer) throw offline();
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const detail = answer.status === 429 ? messages.errors.busy : problem.detail;
  throw new Refusal(answer.status, problem.code ?? "internal", detail ?? answer.statusText);
}

/** Goes on with new tokens of sign-in `mine`, unless it is over by now. */
async function take(pair: Omit<SignedIn, "refresh_token">, mine: number): Promise<void> {
  if (mine !== signIn) return;
  token = pair.access_token;
  goodUntil = performance.now() + pair.expires_in * 1_000;
  if (!player()) {
    const known = await read<TokenValid>(await send(`${AUTH}/validate`));
    if (mine !== signIn) return;
    setPlayer({ id: known.user_id, name: known.username });
  }
  localStorage.setItem(MARK, "1");
  setSignedOut(false);
  onToken(token);
}

/** From here on another sign-in counts, or none. */
function turn(): number {
  signIn += 1;
  refreshing = null;
  return signIn;
}

function forget(elsewhere: boolean): void {
  turn();
  token = null;
  setSignedOut(elsewhere);
  setPlayer(null);
  localStorage.removeItem(MARK);
  onToken(null);
}

// Who signs out in one tab does so in all, and who signs in, too.
addEventListener("storage", ({ key, newValue }) => {
  if (key !== MARK) return;
  if (newValue === null && token) forget(true);
  if (newValue !== null && !token) void refresh();
});

/** The next token for the cookie's, or null where the sign-in is over; one call at a time. */
export function refresh(): Promise<string | null> {
  refreshing ??= (async () => {
    const mine = signIn;
    try {
      const answer = await send(`${AUTH}/cookie/refresh`, { method: "POST" }, null);
      await take(await read(answer), mine);
    } catch (error) {
      const isOver = error instanceof Refusal && error.status === 401;
      if (isOver && mine === signIn) forget(!leaving);
    } finally {
      if (mine === signIn) refreshing = null;
    }
    return token;
  })();
  return refreshing;
}

/** A token good for half a minute more, or null. */
export async function freshToken(): Promise<string | null> {
  if (!settled()) await started;
  if (token && performance.now() > goodUntil - 30_000) return refresh();
  return token;
}

const started: Promise<void> = (async () => {
  if (localStorage.getItem(MARK)) await refresh();
  setSettled(true);
})();
setInterval(() => {
  if (token && performance.now() > goodUntil - 120_000) void refresh();
}, 30_000);

/**
 * Calls with our token; where it is not taken any more, once more with a fresh one, but never with
 * the token of whoever signed in meanwhile.
 */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const auth = await freshToken();
  const mine = signIn;
  try {
    return await send(path, init, auth);
  } catch (error) {
    const codes: string[] = ["token_expired", "unauthenticated"];
    const isOurs = auth !== null && mine === signIn;
    if (!isOurs || !(error instanceof Refusal) || !codes.includes(error.code)) throw error;
    const next = await refresh();
    if (next && mine === signIn) return send(path, init, next);
    // Who left by himself knows.
    if (!signedOut()) throw error;
    throw new Refusal(error.status, error.code, messages.errors.signedOut);
  }
}
export const get = async <T>(path: string): Promise<T> => read(await call(path));
/** How long until a call is sent again, and how long one that still runs is asked for. */
const AGAIN_MS = 1_000;
const RUNS_MS = 40_000;
export async function submit<T>(method: string, path: string, body: unknown): Promise<T> {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const isOnce = /balance$|lobby$/.test(path);
  const headers: Record<string, string> = isOnce ? { "idempotency-key": key } : {};
  const init = { method, headers, body: JSON.stringify(body) };
  // Under its key a call is done once, however often it is sent.
  let [tries, rest] = [2, RUNS_MS];
  const mine = signIn;
  for (;;) {
    try {
      return await read(await call(path, init));
    } catch (error) {
      if (!isOnce || !(error instanceof Refusal)) throw error;
      const runs = error.code === "idempotency_running" && rest > 0;
      if (!runs && (tries === 0 || ![0, 503].includes(error.status))) throw error;
      if (runs) rest -= AGAIN_MS;
      else tries -= 1;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      // What one asked for is not asked for again with the token of another.
      if (mine !== signIn) throw error;
    }
  }
}

export async function logIn(username: string, password: string): Promise<void> {
  const body = JSON.stringify({ username, password });
  const answer = await send(`${AUTH}/cookie/login`, { method: "POST", body }, null);
  await take(await read(answer), turn());
}
export async function register(username: string, password: string): Promise<void> {
  const body = JSON.stringify({ username, password });
  await send(`${AUTH}/register`, { method: "POST", body }, null);
  await logIn(username, password);
}
export async function logOut(everywhere: boolean): Promise<void> {
  const body = JSON.stringify(everywhere ? { everywhere } : {});
  leaving = true;
  try {
    await call(`${AUTH}/cookie/logout`, { method: "POST", body });
  } catch (error) {
    // Whose sign-in is over already is signed out.
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
  } finally {
    leaving = false;
  }
  forget(false);
}
/** Ends all other sign-ins; this one goes on with the new password. */
export async function changePassword(old: string, fresh: string): Promise<void> {
  const name = player()?.name ?? "";
  const body = JSON.stringify({ old_password: old, new_password: fresh });
  await call(`${AUTH}/password`, { method: "POST", body });
  await logIn(name, fresh);
}

/** Saves what `path` answers as a table. */
export async function saveCsv(path: string, name: string): Promise<void> {
  const signal = within(TABLE_MS);
  const answer = await call(path, { headers: { accept: "text/csv" }, signal });
  const url = URL.createObjectURL(await whole(answer.blob()));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // Not every browser has begun to read by now.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
