// Recomputes rounds with WebCrypto: ours, and those of other sites by their published formulas.
// The vectors of `fixtures/fairness_vectors.json` are tests of this file and of the Rust crate.

type Bytes = Uint8Array<ArrayBuffer>;
const text = (value: string): Bytes => new TextEncoder().encode(value) as Bytes;

export const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @throws If `hex` is not pairs of hexadecimal digits. */
export function fromHex(hex: string): Bytes {
  if (!/^([0-9a-f]{2})+$/i.test(hex)) throw new RangeError("not hexadecimal");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) as Bytes;
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export async function hmac(key: Bytes, message: Bytes): Promise<Bytes> {
  const how = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", key, how, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", secret, message));
}

const SPACE = 1n << 52n;
const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const top52 = (bytes: Uint8Array): bigint => number(bytes) >> 204n;
const atLeastOne = (centi: bigint): number => Number(centi < 100n ? 100n : centi);

/** What a formula went through, for whoever wants to see the numbers. */
export interface Outcome {
  /** The crash point in hundredths; 0 pays nobody. */
  centi: number;
  hmac: string;
  /** The number taken from the HMAC, in decimal. */
  r: string;
}

/** Our own formula, `waxwing-1`. */
export async function waxwing(seed: string, publicSeed: string, edge: number): Promise<Outcome> {
  const code = await hmac(text(publicSeed), fromHex(seed));
  const r = top52(code);
  const keep = BigInt(10_000 - edge);
  const centi = (keep * SPACE) / (100n * (SPACE - r));
  const limit = (1n << 32n) - 1n;
  return { centi: atLeastOne(centi < limit ? centi : limit), hmac: toHex(code), r: String(r) };
}

export const SALTS = {
  bustabit_v1: "000000000000000007a9a31ff7f07463d91af6b5454241d5faf282e5e0fe1b3a",
  bustabit_v2: "0000000000000000004d6ec16dafe9d8370958664c1dc422f452892264c59526",
  bustabit_v4_classic: "00000000000000000001e08b7fd44f95e3e950ac65650a8031a6d5e1750e34be",
  stake_crash: "0000000000000000001b34dc6a1e86083f95500b096231436e9b25cbdd0075c4",
} as const;
export type Site = keyof typeof SALTS;

/** A round of another site from its published hash. */
export async function site(name: Site, hash: string, salt: string = SALTS[name]): Promise<Outcome> {
  const game = hash.trim().toLowerCase();
  const raw = fromHex(game);
  const classic = name === "bustabit_v2" || name === "bustabit_v4_classic";
  const code = classic ? await hmac(text(salt), raw) : await hmac(text(game), text(salt));
  if (classic) {
    const r = top52(code);
    return { centi: atLeastOne((99n * SPACE) / (SPACE - r)), hmac: toHex(code), r: String(r) };
  }
  if (name === "stake_crash") {
    const i = number(code.subarray(0, 4));
    return { centi: atLeastOne((99n * (1n << 32n)) / (i + 1n)), hmac: toHex(code), r: String(i) };
  }
  const h = top52(code);
  const bust = number(code) % 101n === 0n;
  const centi = bust ? 0 : Number((100n * SPACE - h) / (SPACE - h));
  return { centi, hmac: toHex(code), r: String(h) };
}

/**
 * Walks `steps` times SHA-256 from `seed`; tells how far it is about 100 times. The end is to be
 * compared with the commitment's `terminal`.
 */
export async function walk(
  seed: string,
  steps: number,
  progress: (done: number) => void = () => {},
): Promise<string> {
  let at = fromHex(seed);
  const part = Math.max(1, Math.ceil(steps / 100));
  for (let done = 0; done < steps; done += 1) {
    if (done % part === 0) progress(done);
    at = await sha256(at);
  }
  progress(steps);
  return toHex(at);
}

/** Whether the commitment's signature is its key's, over exactly the terms it states. */
export async function signed(promise: {
  lobby_id: number;
  chain: number;
  terminal: string;
  length: number;
  house_edge_bps: number;
  beacon_round?: number | null;
  public_key: string;
  signature?: string | null;
}): Promise<boolean | null> {
  if (!promise.signature) return false;
  const beacon = promise.beacon_round;
  const quicknet = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
  const lines = [
    `waxwing seed chain commitment ${beacon ? 2 : 1}`,
    `lobby ${promise.lobby_id}`,
    `chain ${promise.chain}`,
    `terminal ${promise.terminal}`,
    `length ${promise.length}`,
    `house_edge_bps ${promise.house_edge_bps}`,
    "formula waxwing-1",
    ...(beacon ? [`drand ${quicknet}`, `beacon_round ${beacon}`] : []),
  ];
  try {
    const raw = fromHex(promise.public_key);
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    const message = text(lines.map((line) => `${line}\n`).join(""));
    return await crypto.subtle.verify("Ed25519", key, fromHex(promise.signature), message);
  } catch {
    // A browser without Ed25519 cannot say.
    return null;
  }
}
