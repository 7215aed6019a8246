// One connection of the console, over either kind of socket: what goes out and comes in, and what
// of it the forms can be filled with.
import { freshBetId } from "@client";
import { io, type Socket } from "socket.io-client";
import { createSignal } from "solid-js";
import { createStore } from "solid-js/store";
import type { Channel } from "./document";
import { messages as m } from "./messages";

export interface Line {
  at: number;
  kind: "sent" | "received" | "note";
  /** The event's name, or the frame's type. */
  name: string;
  text: string;
}
export type State = "closed" | "connecting" | "open";
type Fields = Record<string, unknown>;

/** More lines than this nobody reads; ticks have their own count, since they are so many. */
const KEPT = 500;
const KEPT_TICKS = 100;
const TICKS = new Set(["tick", "coefficient_update"]);

export const isTick = (line: Line): boolean => TICKS.has(line.name);
const isNoTick = (line: Line): boolean => !isTick(line);

export function createLive(channel: Channel, token: () => string) {
  const [state, setState] = createSignal<State>("closed");
  const [lines, setLines] = createSignal<Line[]>([]);
  const [heard, setHeard] = createStore({
    lobby_id: 1 as unknown,
    round: "" as unknown,
    phase: "",
    placed: "",
    next: freshBetId(),
  });
  /** Names of what was sent and heard, for the steps. */
  const [done, setDone] = createStore<Record<string, boolean>>({});
  let close: () => void = () => {};
  let emit: (name: string, fields: Fields) => void = () => {};
  let id = 1;

  function log(kind: Line["kind"], name: string, content: unknown): void {
    const text = typeof content === "string" ? content : JSON.stringify(content, null, 1);
    const line = { at: Date.now(), kind, name, text };
    const [full, most] = TICKS.has(name) ? [isTick, KEPT_TICKS] : [isNoTick, KEPT];
    setLines((all) => {
      const alike = all.filter(full);
      const oldest = alike.length >= most ? alike.at(-1) : null;
      return [line, ...(oldest ? all.filter((one) => one !== oldest) : all)];
    });
    setDone(name, true);
  }

  /** What was told fills the forms. */
  function learn(name: string, fields: Fields): void {
    if (typeof fields["lobby_id"] === "number") setHeard("lobby_id", fields["lobby_id"]);
    if (typeof fields["round"] === "number" && fields["type"] !== "reply") {
      setHeard("round", fields["round"]);
    }
    const phases: Record<string, string> = {
      betting_opened: "open",
      round_opened: "open",
      round_locked: "locked",
      round_started: "running",
      tick: "running",
      crashed: "crashed",
      settled: "settled",
      voided: "voided",
      interrupted: "interrupted",
    };
    const phase = phases[name] ?? fields["phase"];
    if (typeof phase === "string") setHeard("phase", phase);
  }

  function plain(): void {
    const url = `${location.origin.replace(/^http/, "ws")}/gateway/game/v1/ws`;
    const socket = new WebSocket(url, "waxwing.v1");
    socket.onopen = () => {
      setState("open");
      log("note", "open", url);
      if (token()) send("authenticate", { type: "authenticate", token: token() });
      else send("join", { type: "join", lobby_id: 1 });
    };
    socket.onmessage = ({ data }) => {
      const frame: Fields = JSON.parse(data);
      const name = String(frame["type"]);
      log("received", name, frame);
      learn(name, frame);
    };
    socket.onclose = ({ code, reason }) => ended(`${code} ${reason}`);
    emit = (_, fields) => socket.send(JSON.stringify(fields));
    close = () => socket.close(1000);
  }

  function original(): void {
    const auth = token() ? { token: token() } : {};
    const socket: Socket = io(location.origin, { auth, forceNew: true, reconnection: false });
    socket.on("connect", () => {
      setState("open");
      log("note", "open", `${location.origin}/socket.io/`);
      send("joinRoom", { lobby_id: "1" });
    });
    socket.onAny((name: string, fields: unknown) => {
      log("received", name, fields ?? "");
      if (fields && typeof fields === "object") learn(name, fields as Fields);
    });
    socket.on("connect_error", (error) => ended(error.message));
    socket.on("disconnect", (why) => ended(why));
    emit = (name, fields) => {
      socket.emit(name, fields, (...answer: unknown[]) => log("received", `ack ${name}`, answer));
    };
    close = () => socket.disconnect();
  }

  function ended(why: string): void {
    log("note", "closed", why);
    setState("closed");
  }

  function send(name: string, fields: Fields): void {
    const numbered = channel === "plain" ? { ...fields, id: id++ } : fields;
    log("sent", name, numbered);
    emit(name, numbered);
    if (name !== "place_bet") return;
    setHeard({ placed: String(fields["bet_id"] ?? heard.placed), next: freshBetId() });
  }

  return {
    state,
    lines,
    heard,
    done,
    send,
    clear: () => setLines([]),
    connect: () => {
      setState("connecting");
      if (channel === "plain") plain();
      else original();
    },
    disconnect: () => close(),
    note: log,
  };
}
export type Live = ReturnType<typeof createLive>;

/** What a field holds before anybody has typed: the example, or better, what is known by now. */
export function known(live: Live, token: string, message: string, field: string): string | null {
  if (field === "token") return live.heard.phase && message === "joinRoom" ? "" : token;
  if (field === "lobby_id") return String(live.heard.lobby_id);
  if (field === "round") return String(live.heard.round);
  if (field === "bet_id" && message === "place_bet") return live.heard.next;
  // Only a cancellation must name a bet: before one was placed, that of the example.
  if (field === "bet_id") return live.heard.placed || (message === "cancel_bet" ? null : "");
  return null;
}

export const shownPhase = (phase: string): string => m.socket.phases[phase] ?? phase;
