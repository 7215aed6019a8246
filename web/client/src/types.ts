// Written by scripts/types.mjs from the server's own documents. Do not edit: `make types`.

/** Why a chain was given up. */
export type AbandonReason = "beacon_missing" | "published_late" | "store_behind" | "restored";

/** How a chain was given up. */
export type Abandoned = {
  "reason": AbandonReason;
  "at": number;
  "lost_rounds"?: LostRounds | null;
};

/** An abandoned chain in a line. */
export type AbandonedChain = {
  "chain": number;
  "reason": AbandonReason;
};

/** `PUT …/user/v1/balance`: adds to what can be staked. Unknown fields are ignored. */
export type AddToBalance = {
  "ammount": Amount | string;
};

/** The answer where all roles work. */
export type AllWork = {
  "message": string;
  "workingServices": string[];
};

/** An amount of at most four decimals; answered as a number. */
export type Amount = number;

/** `GET …/user/v1/balance`. */
export type Balance = {
  "balance": Amount;
  "held": Amount;
  "currency": string;
};

/** The answer to both. */
export type BalanceUpdated = {
  "message": string;
};

/** A bet, unique for one player. */
export type BetId = string;

/** One of a player's bets. */
export type BetLine = {
  "bet_id": BetId;
  "lobby_id": LobbyId;
  "round": number;
  "stake": Stake;
  "auto_cash_out"?: Multiplier | null;
  "state": BetState;
  "multiplier"?: Multiplier | null;
  "payout"?: Amount | null;
  "placed_at": number;
};

/** How a bet ended. */
export type BetOutcome = "win" | "lost" | "released";

/** Where a bet stands, in history and in a player's own list. */
export type BetState = "accepted" | "cashed_out" | "lost" | "cancelled" | "released";

/** How far a chain is. */
export type ChainState = "awaiting" | "ready" | "playing" | "used_up" | "abandoned";

/** One of a lobby's chains, `GET …/lobby/{id}/chains`. */
export type ChainView = {
  "commitment": CommitmentView;
  "state": ChainState;
  "public_seed_kind": PublicSeedKind;
  "anchored": boolean;
  "public_seed"?: string | null;
  "beacon_signature"?: string | null;
  "used": number;
  "skipped"?: Skipped[];
  "abandoned"?: Abandoned | null;
  "promised_at": number;
};

/** Why something was refused. */
export type Code = "invalid_amount" | "too_precise" | "below_min" | "above_max" | "invalid_target" | "insufficient_funds" | "exposure_full" | "bet_limit" | "unknown_lobby" | "betting_closed" | "wrong_round" | "no_open_bet" | "too_early" | "too_late" | "already_cashed_out" | "bet_id_reused" | "unauthenticated" | "token_expired" | "forbidden" | "rate_limited" | "malformed" | "unknown_type" | "too_large" | "wallet_unavailable" | "not_owner" | "draining" | "seeds_exhausted" | "lobby_limit" | "user_exists" | "invalid_credentials" | "not_found" | "idempotency_mismatch" | "idempotency_running" | "internal";

/** The signed promise about a seed chain, published before its public seed is known. */
export type CommitmentView = {
  "lobby_id": LobbyId;
  "chain": number;
  "terminal": string;
  "length": number;
  "house_edge_bps": number;
  "formula": number;
  "beacon_round"?: number | null;
  "public_key": string;
  "signature": string;
};

/** The body of `register` and `login`. */
export type Credentials = {
  "username": string;
  "password": string;
};

/** The name of a curve. */
export type CurveName = "exponential" | "linear";

/** Why a round did not end by its crash. */
export type EndReason = "quiet" | "shutdown" | "stalled" | "owner_lost";

/** A line of `GET …/lobby/{id}/export`: first the lobby's chains, then its rounds that are over. */
export type ExportLine = {
  "chain": ChainView;
} | {
  "round": RoundExport;
};

/** The answer to the `login` and `refresh` of our own page: the rest is in a cookie. */
export type KeptSignIn = {
  "access_token": string;
  "token_type": string;
  "expires_in": number;
};

/** A finished round in a line. */
export type LastRound = {
  "round": number;
  "crash_point": Multiplier;
};

/** What a lobby takes and pays at most. */
export type Limits = {
  "stake_min": Stake;
  "stake_max": Stake;
  "payout_max": Amount;
  "multiplier_max": Multiplier;
  "bets_per_player": number;
};

/** A lobby. */
export type LobbyId = number;

/** A lobby in the list. */
export type LobbyLine = {
  "lobby_id": LobbyId;
  "name": string;
  "mode": LobbyMode;
  "curve": CurveName;
  "bets": number;
  "players": number;
  "stake_sum": Amount;
  "stake_min": Stake;
  "stake_max": Stake;
};

/** When rounds follow each other. */
export type LobbyMode = "continuous" | "on_first_bet";

/** The answer to [`OpenLobby`]. */
export type LobbyOpened = {
  "lobby_id": LobbyId;
  "websocket_url": string;
  "native_url": string;
};

/** `GET …/lobby/{id}`: where its sockets live, and how it stands. */
export type LobbyView = Snapshot & {
  "websocket_url": string;
};

/** The answer to `logout`. */
export type LoggedOut = {
  "message": string;
};

/** The body of `logout`. */
export type LogoutRequest = {
  "everywhere"?: boolean;
};

/** Rounds that were played but whose records are lost. */
export type LostRounds = {
  "from": number;
  "to": number;
};

/** A multiplier of at most two significant decimals; answered as a number. */
export type Multiplier = number;

/** The answer where one does not. */
export type OneFails = {
  "message": string;
  "workingServices": string[];
  "failedService": string;
};

/** `POST …/lobby`. Unknown fields are ignored, as the original does. */
export type OpenLobby = {
  "lobby_id"?: number | string;
  "name"?: string | null;
  "visibility"?: Visibility | null;
  "mode"?: LobbyMode | null;
  "curve"?: CurveName | null;
  "betting_ms"?: number | null;
  "stake_min"?: Stake | string | null;
  "stake_max"?: Stake | string | null;
};

/** A player's own bet. */
export type OwnBet = {
  "bet_id": BetId;
  "stake": Stake;
  "auto_cash_out"?: Multiplier | null;
  "cap": Multiplier;
  "state": BetState;
  "payout"?: Amount | null;
};

/** One bet that a `cash_out` paid. */
export type PaidBet = {
  "bet_id": BetId;
  "multiplier": Multiplier;
  "payout": Amount;
};

/** The body of `password`. */
export type PasswordChange = {
  "old_password": string;
  "new_password": string;
};

/** How far a round is. */
export type Phase = "open" | "locked" | "running" | "crashed" | "settled" | "voided" | "interrupted";

/** A player. */
export type PlayerId = number;

/** A problem as it goes out. */
export type ProblemBody = {
  "type": string;
  "title": string;
  "status": number;
  "detail": string;
  "code": Code;
  "error": string;
};

/** Where a public seed comes from. */
export type PublicSeedKind = "local" | "drand";

/** The body of `refresh`. */
export type RefreshRequest = {
  "refresh_token": string;
};

/** One bet of a round. */
export type RoundBet = {
  "user_id": PlayerId;
  "name": string;
  "bet_id": BetId;
  "stake": Stake;
  "auto_cash_out"?: Multiplier | null;
  "state": BetState;
  "multiplier"?: Multiplier | null;
  "payout"?: Amount | null;
};

/** `GET …/lobby/{id}/rounds/{n}`. Absent fields are not known yet, or never will be: the crash point is told from `crashed` on, the seed from `settled` or `interrupted` on, and a voided round has neither. Times are Unix milliseconds, for display only. */
export type RoundExport = {
  "lobby_id": LobbyId;
  "round": number;
  "state": Phase;
  "seed_index"?: number | null;
  "house_edge_bps": number;
  "curve": CurveName;
  "multiplier_max": Multiplier;
  "commitment": CommitmentView;
  "public_seed"?: string | null;
  "public_seed_kind": PublicSeedKind;
  "anchored": boolean;
  "beacon_signature"?: string | null;
  "crash_point"?: Multiplier | null;
  "multiplier"?: Multiplier | null;
  "seed"?: string | null;
  "interrupted_at"?: Multiplier | null;
  "would_have_paid"?: Amount | null;
  "count": number;
  "stake_sum": Amount;
  "payout_sum": Amount;
  "bets_hash"?: string | null;
  "bets": RoundBet[];
  "opened_at": number;
  "locked_at"?: number | null;
  "ended_at"?: number | null;
};

/** A round in a lobby's list. */
export type RoundLine = {
  "round": number;
  "state": Phase;
  "crash_point"?: Multiplier | null;
  "multiplier"?: Multiplier | null;
  "count": number;
  "stake_sum": Amount;
  "payout_sum": Amount;
  "ended_at"?: number | null;
};

/** A round, named. */
export type RoundName = {
  "lobby_id": LobbyId;
  "round": number;
};

/** Somebody's bet as everyone may see it. */
export type SeenBet = {
  "user_id": PlayerId;
  "name": string;
  "stake": Stake;
  "cashed_out"?: Multiplier | null;
};

/** Somebody's cash-out as everyone may see it. */
export type SeenCashOut = {
  "user_id": PlayerId;
  "name": string;
  "multiplier": Multiplier;
  "payout": Amount;
};

/** The answer to `status` of a service. */
export type ServiceStatus = {
  "status": string;
};

/** `POST …/user/v1/balance`: sets what can be staked. Unknown fields are ignored. */
export type SetBalance = {
  "ammount": Amount | string;
};

/** The answer to `login`. */
export type SignedIn = {
  "access_token": string;
  "token_type": string;
  "expires_in": number;
  "refresh_token": string;
};

/** What a take-over left out, on a store that may lose its last records. */
export type Skipped = {
  "seeds"?: SkippedSeeds | null;
  "rounds"?: SkippedRounds | null;
};

/** Rounds that were never opened because others of their numbers may have been shown and lost. */
export type SkippedRounds = {
  "from": number;
  "to": number;
};

/** Seeds that are never played because they may have been shown and lost. */
export type SkippedSeeds = {
  "from": number;
  "to": number;
  "seed": string;
};

/** A lobby as it stands: what `Play::snapshot` answers and `GET …/lobby/{id}` embeds. */
export type Snapshot = {
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "name": string;
  "mode": LobbyMode;
  "phase": Phase;
  "closes_in_ms"?: number | null;
  "elapsed_ms"?: number | null;
  "multiplier"?: Multiplier | null;
  "crash_point"?: Multiplier | null;
  "curve": CurveName;
  "limits": Limits;
  "commitment": CommitmentView;
  "seed_index": number;
  "anchored"?: boolean;
  "next_commitment"?: CommitmentView | null;
  "abandoned"?: AbandonedChain[];
  "bets": SeenBet[];
  "mine"?: OwnBet[];
  "last"?: LastRound[];
  "balance"?: Amount | null;
};

/** A stake of at most two significant decimals; answered as a number. */
export type Stake = number;

/** The answer to `validate`. */
export type TokenValid = {
  "status": string;
  "user_id": PlayerId;
  "username": string;
};

/** Sums of a round. */
export type Totals = {
  "count": number;
  "stake_sum": Amount;
  "payout_sum": Amount;
};

/** What a line of a statement is for. */
export type TransferKind = "top_up" | "take_out" | "stake" | "payout" | "release";

/** One line of a player's statement, oldest first. */
export type TransferLine = {
  "transfer_id": number;
  "at": number;
  "kind": TransferKind;
  "amount": Amount;
  "balance": Amount;
  "round"?: RoundName | null;
  "bet_id"?: BetId | null;
};

/** The answer to `register`. */
export type UserCreated = {
  "message": string;
};

/** Who finds a lobby in the list; whoever knows its number may join either way. */
export type Visibility = "public" | "private";

/** From now on this socket is the token's player; a fresh token of the same player renews it. */
export type AuthenticateRequest = {
  "type": "authenticate";
  "id": number;
  "token": string;
};

/** From now on this socket follows the lobby, and no other. */
export type JoinRequest = {
  "type": "join";
  "id": number;
  "lobby_id": LobbyId;
};

/** From now on this socket follows no lobby. */
export type LeaveRequest = {
  "type": "leave";
  "id": number;
};

/** Stakes on the round that takes bets. */
export type PlaceBetRequest = {
  "type": "place_bet";
  "id": number;
  "lobby_id": LobbyId;
  "round": number;
  "bet_id": BetId;
  "stake": Stake | string;
  "auto_cash_out"?: Multiplier | string | null;
};

/** Takes an accepted bet back before the lock. */
export type CancelBetRequest = {
  "type": "cancel_bet";
  "id": number;
  "lobby_id": LobbyId;
  "round": number;
  "bet_id": BetId;
};

/** Leaves the climb with stake × multiplier. */
export type CashOutRequest = {
  "type": "cash_out";
  "id": number;
  "lobby_id": LobbyId;
  "round": number;
  "bet_id"?: BetId | null;
};

/** Asks for a fresh snapshot of the lobby followed. */
export type SyncRequest = {
  "type": "sync";
  "id": number;
};

/** Asks what time it is. */
export type PingRequest = {
  "type": "ping";
  "id": number;
};

/** Who the socket is now. */
export type AuthenticateReply = {
  "type": "reply";
  "id": number;
  "user_id": PlayerId;
  "username": string;
  "expires_in": number;
};

/** The lobby is followed; a snapshot event comes next. */
export type JoinReply = {
  "type": "reply";
  "id": number;
  "lobby_id": LobbyId;
};

/** No lobby is followed. */
export type LeaveReply = {
  "type": "reply";
  "id": number;
};

/** The bet is stored. */
export type PlaceBetReply = {
  "type": "reply";
  "id": number;
  "bet_id": BetId;
  "round": number;
  "stake": Stake;
  "auto_cash_out"?: Multiplier | null;
  "cap": Multiplier;
  "balance": Amount;
};

/** The cancellation is stored; the stake comes back. */
export type CancelBetReply = {
  "type": "reply";
  "id": number;
  "bet_id": BetId;
  "round": number;
  "stake": Stake;
};

/** The cash-out is stored. */
export type CashOutReply = {
  "type": "reply";
  "id": number;
  "cashed_out": PaidBet[];
  "stamped_ms": number;
};

/** A snapshot event comes next. */
export type SyncReply = {
  "type": "reply";
  "id": number;
  "lobby_id": LobbyId;
};

/** The server's time. */
export type PingReply = {
  "type": "reply";
  "id": number;
  "unix_ms": number;
};

/** The request was refused and changed nothing; id is null where none could be read. */
export type RefusedReply = {
  "type": "refused";
  "id": number | null;
  "code": "invalid_amount" | "too_precise" | "below_min" | "above_max" | "invalid_target" | "insufficient_funds" | "exposure_full" | "bet_limit" | "unknown_lobby" | "betting_closed" | "wrong_round" | "no_open_bet" | "too_early" | "too_late" | "already_cashed_out" | "bet_id_reused" | "unauthenticated" | "token_expired" | "forbidden" | "rate_limited" | "malformed" | "unknown_type" | "too_large" | "wallet_unavailable" | "not_owner" | "draining" | "seeds_exhausted" | "lobby_limit" | "user_exists" | "invalid_credentials" | "not_found" | "idempotency_mismatch" | "idempotency_running" | "internal";
  "detail": string;
};

/** Bets are taken; again when a countdown begins or is cleared. */
export type BettingOpenedEvent = {
  "type": "betting_opened";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "closes_in_ms"?: number | null;
  "commitment": CommitmentView;
  "seed_index": number;
  "anchored"?: boolean;
  "next_commitment"?: CommitmentView | null;
};

/** Bets entered the round. */
export type BetsAcceptedEvent = {
  "type": "bets_accepted";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "bets": SeenBet[];
};

/** The accepted set is fixed. */
export type RoundLockedEvent = {
  "type": "round_locked";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "count": number;
  "sum": Amount;
  "bets_hash": string;
};

/** The climb begins. */
export type RoundStartedEvent = {
  "type": "round_started";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "elapsed_ms": number;
  "curve": CurveName;
};

/** The climb goes on, and who left it since the last tick. */
export type TickEvent = {
  "type": "tick";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "elapsed_ms": number;
  "multiplier": Multiplier;
  "cash_outs"?: SeenCashOut[];
};

/** The climb is over. */
export type CrashedEvent = {
  "type": "crashed";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "crash_point": Multiplier;
  "multiplier": Multiplier;
  "elapsed_ms": number;
};

/** The round is decided and its seed shown. */
export type SettledEvent = {
  "type": "settled";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "seed": string;
  "public_seed": string;
  "totals": Totals;
};

/** The round ended before its lock. */
export type VoidedEvent = {
  "type": "voided";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "reason": EndReason;
};

/** The climb was stopped; again once it is stored how it ends. */
export type InterruptedEvent = {
  "type": "interrupted";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "reason": EndReason;
  "multiplier"?: Multiplier | null;
  "seed"?: string | null;
  "public_seed"?: string | null;
};

/** A bet of this socket's player ended. */
export type BetResultEvent = {
  "type": "bet_result";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "user_id": PlayerId;
  "result": BetOutcome;
  "payout"?: Amount | null;
  "coefficient"?: Multiplier | null;
  "bet_id": BetId;
  "stake": Stake;
};

/** The whole lobby as it stands. */
export type SnapshotEvent = {
  "type": "snapshot";
  "lobby_id": LobbyId;
  "epoch": number;
  "seq": number;
  "round": number;
  "name": string;
  "mode": LobbyMode;
  "phase": Phase;
  "closes_in_ms"?: number | null;
  "elapsed_ms"?: number | null;
  "multiplier"?: Multiplier | null;
  "crash_point"?: Multiplier | null;
  "curve": CurveName;
  "limits": Limits;
  "commitment": CommitmentView;
  "seed_index": number;
  "anchored"?: boolean;
  "next_commitment"?: CommitmentView | null;
  "abandoned"?: AbandonedChain[];
  "bets": SeenBet[];
  "mine"?: OwnBet[];
  "last"?: LastRound[];
  "balance"?: Amount | null;
};

/** The money of this socket's player moved. */
export type BalanceEvent = {
  "type": "balance";
  "lobby_id"?: LobbyId;
  "epoch"?: number;
  "seq"?: number;
  "round"?: number;
  "balance": Amount;
  "held": Amount;
  "currency": string;
};

/** What the server tells unasked. */
export type PlainEvent = BettingOpenedEvent | BetsAcceptedEvent | RoundLockedEvent | RoundStartedEvent | TickEvent | CrashedEvent | SettledEvent | VoidedEvent | InterruptedEvent | BetResultEvent | SnapshotEvent | BalanceEvent;

export type CloseCodes = {
  4000: "at once",
  4001: "at once",
  4002: "at once",
  4100: "later",
  4200: "signed in again",
  4201: "signed in again",
  4300: "never",
  4301: "never",
};
