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

export { player, settled };

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
let refreshing: Promise<string | null> | null = null;
let onToken: (token: string | null) => void = () => {};
/** Called with each new token, and with null after signing out. */
export const listen = (heard: typeof onToken): void => {
  onToken = heard;
};

async function send(path: string, init: RequestInit = {}, auth = token): Promise<Response> {
  const headers = new Headers(init.headers);
  if (auth) headers.set("authorization", `Bearer ${auth}`);
  if (init.body) headers.set("content-type", "application/json");
  const answer = await fetch(path, { ...init, headers }).catch(() => null);
  if (!answer) throw new Refusal(0, "offline", messages.errors.offline);
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const detail = answer.status === 429 ? messages.errors.busy : problem.detail;
  throw new Refusal(answer.status, problem.code ?? "internal", detail ?? answer.statusText);
}

async function take(pair: Omit<SignedIn, "refresh_token">): Promise<void> {
  token = pair.access_token;
  goodUntil = performance.now() + pair.expires_in * 1_000;
  if (!player()) {
    const known: TokenValid = await (await send(`${AUTH}/validate`)).json();
    setPlayer({ id: known.user_id, name: known.username });
  }
  localStorage.setItem(MARK, "1");
  onToken(token);
}

function forget(): void {
  token = null;
  setPlayer(null);
  localStorage.removeItem(MARK);
  onToken(null);
}

// Who signs out in one tab does so in all.
addEventListener("storage", ({ key, newValue }) => {
  if (key === MARK && newValue === null && token) forget();
});

/** The next token for the cookie's, or null where the sign-in is over; one call at a time. */
export function refresh(): Promise<string | null> {
  refreshing ??= (async () => {
    try {
      await take(await (await send(`${AUTH}/cookie/refresh`, { method: "POST" }, null)).json());
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) forget();
    } finally {
      refreshing = null;
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

/** Calls with our token; where it is not taken any more, once more with a fresh one. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const auth = await freshToken();
  try {
    return await send(path, init, auth);
  } catch (error) {
    const codes: string[] = ["token_expired", "unauthenticated"];
    if (!auth || !(error instanceof Refusal) || !codes.includes(error.code)) throw error;
    const next = await refresh();
    if (next) return send(path, init, next);
    throw new Refusal(error.status, error.code, messages.errors.signedOut);
  }
}
export const get = async <T>(path: string): Promise<T> => (await call(path)).json();
export async function submit<T>(method: string, path: string, body: unknown): Promise<T> {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const headers: Record<string, string> = /balance$|lobby$/.test(path)
    ? { "idempotency-key": key }
    : {};
  const init = { method, headers, body: JSON.stringify(body) };
  try {
    return await (await call(path, init)).json();
  } catch (error) {
    // Under its key a call is done once, however often it is sent.
    const again = error instanceof Refusal && (error.status === 0 || error.status === 503);
    if (!again || !headers["idempotency-key"]) throw error;
    return (await call(path, init)).json();
  }
}

export async function logIn(username: string, password: string): Promise<void> {
  const body = JSON.stringify({ username, password });
  await take(await (await send(`${AUTH}/cookie/login`, { method: "POST", body }, null)).json());
}
export async function register(username: string, password: string): Promise<void> {
  const body = JSON.stringify({ username, password });
  await send(`${AUTH}/register`, { method: "POST", body }, null);
  await logIn(username, password);
}
export async function logOut(everywhere: boolean): Promise<void> {
  const body = JSON.stringify(everywhere ? { everywhere } : {});
  // Whose sign-in is over already is signed out.
  await call(`${AUTH}/cookie/logout`, { method: "POST", body }).catch((error) => {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
  });
  forget();
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
  const answer = await call(path, { headers: { accept: "text/csv" } });
  const url = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
