// A connection of `waxwing.v1` that comes back by itself: it signs in and joins again, repairs gaps
// of the sequence with `sync`, and knows how far away the server is.

import type * as types from "./types.js";

/** What this file needs of a WebSocket; browsers' own, `ws` and undici's all have it. */
export interface SocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number): void;
  // biome-ignore lint/suspicious/noExplicitAny: each library has event types of its own.
  onopen: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  onmessage: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  onclose: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  onerror: any;
}
export type SocketClass = new (url: string, protocol: string) => SocketLike;

export interface Options {
  /** `ws://HOST/gateway/game/v1/ws` */
  url: string;
  WebSocket: SocketClass;
  /** A token that is good now, or null to watch; asked for at every connection. */
  token?: () => Promise<string | null>;
  /** Milliseconds on a clock that never steps; `performance.now` unless given. */
  now?: () => number;
}

export type Quality = "good" | "fair" | "poor" | "lost";
/** An open connection with a reason is in no lobby, for the one asked for does not exist. */
export type Status = { state: "connecting" | "open" | "waiting" | "ended"; reason?: string };

/** A request that was refused. */
export class Refused extends Error {
  constructor(
    readonly code: types.RefusedReply["code"],
    detail: string,
  ) {
    super(detail);
  }
}
/** A request whose answer was lost with its connection. Its outcome is unknown. */
export class Lost extends Error {}

type Requests = {
  place_bet: [types.PlaceBetRequest, types.PlaceBetReply];
  cancel_bet: [types.CancelBetRequest, types.CancelBetReply];
  cash_out: [types.CashOutRequest, types.CashOutReply];
  authenticate: [types.AuthenticateRequest, types.AuthenticateReply];
  join: [types.JoinRequest, types.JoinReply];
  leave: [types.LeaveRequest, types.LeaveReply];
  sync: [types.SyncRequest, types.SyncReply];
  ping: [types.PingRequest, types.PingReply];
};
type Fields<K extends keyof Requests> = Omit<Requests[K][0], "type" | "id">;
interface Waiting {
  resolve(frame: never): void;
  reject(error: Error): void;
}

const PING_MS = 2_500;
const PATIENCE_MS = 4_000;
const SAMPLES = 12;
/** Closes of this range say: not at once. */
const LATER = 4_100;

export class Connection {
  /** The last measured round trips, newest last, in milliseconds. */
  private trips: number[] = [];
  private socket: SocketLike | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private attempt = 0;
  private lobby: number | null = null;
  private head = { epoch: 0, seq: -1 };
  private syncing = false;
  private ended = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pinger: ReturnType<typeof setInterval> | undefined;
  private readonly now: () => number;
  /** When anything was heard last, on `now`'s clock. */
  heardAt = 0;
  /** The server's Unix time minus `now`, in milliseconds; null before the first ping. */
  offset: number | null = null;

  onEvent: (event: types.PlainEvent, at: number) => void = () => {};
  onStatus: (status: Status) => void = () => {};
  onPlayer: (player: types.AuthenticateReply | null) => void = () => {};
  onTrip: (ms: number, quality: Quality) => void = () => {};

  constructor(private readonly options: Options) {
    this.now = options.now ?? (() => performance.now());
  }

  /** Connects, and again whenever the connection is lost, until `close`. */
  open(lobby: number | null = this.lobby): void {
    this.ended = false;
    this.lobby = lobby;
    clearTimeout(this.timer);
    this.connect();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.drop("closed");
    this.onStatus({ state: "ended" });
  }

  /** Comes back at once, e.g. when the browser is online again. */
  hurry(): void {
    if (this.ended || this.socket?.readyState === 1) return;
    this.attempt = 0;
    clearTimeout(this.timer);
    this.connect();
  }

  /** The smallest round trip of late, in milliseconds. */
  get trip(): number {
    return this.trips.length === 0 ? 0 : Math.min(...this.trips);
  }

  get quality(): Quality {
    if (this.socket?.readyState !== 1) return "lost";
    const sorted = [...this.trips].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    return median < 120 ? "good" : median < 350 ? "fair" : "poor";
  }

  async join(lobby: number): Promise<void> {
    this.lobby = lobby;
    this.head = { epoch: 0, seq: -1 };
    if (this.socket?.readyState === 1) await this.request("join", { lobby_id: lobby });
  }

  /** Asks for a snapshot; once, however often it is called meanwhile. */
  async sync(): Promise<void> {
    if (this.syncing || this.socket?.readyState !== 1 || this.lobby === null) return;
    this.syncing = true;
    try {
      await this.request("sync", {});
    } catch {
      // A lost connection brings a snapshot of its own.
    } finally {
      this.syncing = false;
    }
  }

  /** Signs in on the open connection, e.g. with a fresh token. */
  async authenticate(token: string): Promise<void> {
    this.onPlayer(await this.request("authenticate", { token }));
  }

  /**
   * Sends a request.
   *
   * @throws {Refused} It changed nothing. @throws {Lost} Send the same bet again under its id.
   */
  request<K extends keyof Requests>(type: K, fields: Fields<K>): Promise<Requests[K][1]> {
    const socket = this.socket;
    if (socket?.readyState !== 1) return Promise.reject(new Lost("not connected"));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ type, id, ...fields }));
    });
  }

  private connect(): void {
    this.drop("replaced");
    this.onStatus({ state: "connecting" });
    const socket = new this.options.WebSocket(this.options.url, "waxwing.v1");
    this.socket = socket;
    const late = setTimeout(() => this.lose(socket, 1006, "no answer"), PATIENCE_MS);
    socket.onopen = () => {
      clearTimeout(late);
      this.heardAt = this.now();
      void this.greet(socket);
    };
    socket.onmessage = ({ data }: { data: unknown }) => this.hear(JSON.parse(String(data)));
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      clearTimeout(late);
      this.lose(socket, code, reason);
    };
  }

  private async greet(socket: SocketLike): Promise<void> {
    this.trips = [];
    // Whoever is told of a step may have closed or replaced the connection meanwhile.
    const gone = () => socket !== this.socket;
    try {
      const token = this.options.token ? await this.options.token() : null;
      if (gone()) return;
      if (token) {
        await this.authenticate(token).catch((error: unknown) => {
          if (error instanceof Refused) this.onPlayer(null);
          else throw error;
        });
      } else {
        this.onPlayer(null);
      }
      if (gone()) return;
      this.head = { epoch: 0, seq: -1 };
      const absent = await this.enter();
      if (gone()) return;
      this.attempt = 0;
      this.pinger = setInterval(() => void this.ping(), PING_MS);
      this.onStatus({ state: "open", ...(absent ? { reason: absent } : {}) });
      if (!gone()) await this.ping();
    } catch (error) {
      // What cannot be begun now, e.g. while the server shuts down, is tried again.
      const why = error instanceof Error ? error.message : "no answer";
      this.lose(socket, LATER, why);
    }
  }

  /** Joins the lobby that is wanted; answers why not where it does not exist. */
  private async enter(): Promise<"unknown_lobby" | null> {
    if (this.lobby === null) return null;
    try {
      await this.request("join", { lobby_id: this.lobby });
      return null;
    } catch (error) {
      if (error instanceof Refused && error.code === "unknown_lobby") return error.code;
      throw error;
    }
  }

  private async ping(): Promise<void> {
    const socket = this.socket;
    const sent = this.now();
    const late = setTimeout(() => {
      if (socket && this.now() - this.heardAt > PATIENCE_MS) this.lose(socket, 1006, "silence");
    }, PATIENCE_MS);
    try {
      const { unix_ms } = await this.request("ping", {});
      const trip = this.now() - sent;
      this.trips = [...this.trips, trip].slice(-SAMPLES);
      if (trip <= this.trip) this.offset = unix_ms + trip / 2 - this.now();
      this.onTrip(trip, this.quality);
    } catch {
      // Said by the close of the connection.
    } finally {
      clearTimeout(late);
    }
  }

  private hear(frame: { type: string; id?: number | null } & Record<string, unknown>): void {
    this.heardAt = this.now();
    if (frame.type === "reply" || frame.type === "refused") {
      const waiting = this.waiting.get(frame.id ?? -1);
      this.waiting.delete(frame.id ?? -1);
      if (frame.type === "reply") waiting?.resolve(frame as never);
      else {
        const refused = frame as unknown as types.RefusedReply;
        waiting?.reject(new Refused(refused.code, refused.detail));
      }
      return;
    }
    const event = frame as unknown as types.PlainEvent;
    if (event.type === "snapshot") this.head = { epoch: event.epoch, seq: event.seq };
    else if ("seq" in event && event.seq !== undefined && event.lobby_id === this.lobby) {
      const { epoch, seq } = this.head;
      const gap = event.epoch !== epoch || (event.seq ?? 0) > seq + 1;
      if (gap && seq >= 0) void this.sync();
      this.head = { epoch: event.epoch ?? epoch, seq: Math.max(seq, event.seq ?? 0) };
    }
    this.onEvent(event, this.heardAt);
  }

  private lose(socket: SocketLike, code: number, reason: string): void {
    if (socket !== this.socket) return;
    this.drop(reason);
    if (this.ended) return;
    // The range says when to come back; 4300 and above: never.
    if (code >= 4_300 && code < 4_400) {
      this.onStatus({ state: "ended", reason });
      return;
    }
    const atOnce = code >= 4_000 && code < 4_100 && this.attempt === 0;
    const later = code >= LATER && code < 4_200 ? 3_000 : 250;
    const wait = atOnce
      ? 0
      : Math.min(later * 2 ** this.attempt, 8_000) * (0.5 + Math.random() / 2);
    this.attempt += 1;
    this.onStatus({ state: "waiting", reason });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private drop(why: string): void {
    clearInterval(this.pinger);
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = null;
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
    }
    for (const { reject } of this.waiting.values()) reject(new Lost(why));
    this.waiting.clear();
  }
}

/** A bet's id; also where the browser makes no UUIDs, outside of secure contexts. */
export function freshBetId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
