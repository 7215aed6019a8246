// What is said to those who do not see it. Each text is an item of its own in a list that is read
// out as it grows: so two texts of one moment are both heard, and so is the same text twice.
import { createSignal } from "solid-js";

export interface Said {
  words: string;
}
/** How many stay; nobody says more in one moment. */
const KEPT = 8;
const [said, setSaid] = createSignal<readonly Said[]>([]);

/** The last texts, the newest at the end. */
export { said };

export function say(words: string): void {
  if (words) setSaid((before) => [...before, { words }].slice(-KEPT));
}
