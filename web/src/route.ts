// Where we are, in the part of the address that the server never sees.
import { createSignal } from "solid-js";

export type Route =
  | { view: "play" }
  | { view: "lobbies" }
  | { view: "account" }
  | { view: "fairness"; lobby?: number; round?: number };

const MAIN = 1;
const [lobby, setLobby] = createSignal(MAIN);

/** The lobby played or watched; it stays while other views are looked at. */
export { lobby };

function read(): Route {
  const [view, first, second] = location.hash.replace(/^#\/?/, "").split("/");
  const number = (text: string | undefined) =>
    /^[1-9]\d{0,15}$/.test(text ?? "") ? Number(text) : undefined;
  const [one, two] = [number(first), number(second)];
  if (view === "lobby" && one) setLobby(one);
  if (view === "lobbies" || view === "account") return { view };
  if (view !== "fairness") return { view: "play" };
  return { view, ...(one ? { lobby: one } : {}), ...(two ? { round: two } : {}) };
}
const [route, setRoute] = createSignal<Route>(read());

export { route };

addEventListener("hashchange", () => setRoute(read()));

export const playHref = (): string => `#/lobby/${lobby()}`;
export const go = (hash: string): void => {
  location.hash = hash;
};
