// The statement: what moved the player's money, oldest first, as far as it was read.
import type { TransferLine } from "@client";
import { createSignal } from "solid-js";
import { get } from "./api";

export const TRANSFERS = "/gateway/user/v1/transfers";
/** How many are asked for at once. */
const PAGE = 100;

/** A statement that is empty so far. */
export function statement() {
  const [lines, setLines] = createSignal<readonly TransferLine[]>([]);
  /** Whether it was read to its end. */
  const [whole, setWhole] = createSignal(true);
  let [reading, again] = [false, false];

  /** Reads on; and on, if it was asked to meanwhile and there may be more. */
  const more = async (): Promise<void> => {
    again = true;
    if (reading) return;
    reading = true;
    try {
      while (again) {
        again = false;
        const after = lines().at(-1)?.transfer_id ?? 0;
        const next = await get<TransferLine[]>(`${TRANSFERS}?after=${after}&limit=${PAGE}`);
        setWhole(next.length < PAGE);
        if (next.length > 0) setLines([...lines(), ...next]);
        again &&= whole();
      }
    } finally {
      reading = false;
    }
  };
  /** Something was moved: it is read if all before it was. */
  const renew = async (): Promise<void> => {
    if (whole()) await more();
  };
  return { lines, whole, more, renew };
}
