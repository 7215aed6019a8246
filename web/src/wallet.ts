// What the player has, as the server said last.
import { type PlainEvent, units } from "@client";
import { createSignal } from "solid-js";
import { get, player } from "./api";

/** In units of 0.0001. */
export interface Wallet {
  balance: number;
  held: number;
  currency: string;
}
const [wallet, setWallet] = createSignal<Wallet | null>(null);

export { wallet };

type Told = Omit<Extract<PlainEvent, { type: "balance" }>, "type">;
let told = 0;

const put = ({ balance, held, currency }: Told): void => {
  setWallet({ balance: units(balance), held: units(held), currency });
};
export function hearBalance(event: Told): void {
  told += 1;
  put(event);
}
export const emptyWallet = (): void => {
  setWallet(null);
};
export async function readWallet(): Promise<void> {
  const [before, whose] = [told, player()?.id];
  const read = await get<Told>("/gateway/user/v1/balance");
  // What was told meanwhile is newer, and what was another's is nobody's.
  if (before === told && whose === player()?.id) put(read);
}
