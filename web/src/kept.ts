// What this browser keeps between visits. What was written by another hand, or cannot be written at
// all, is as if it had never been.

/** What was kept under `key`, or `otherwise`, which also says whether a list or an object is due. */
export function recall<T extends object>(key: string, otherwise: T): T {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    const fits = kept instanceof Object && Array.isArray(kept) === Array.isArray(otherwise);
    return fits ? kept : otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(key: string, value: object): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden store is no reason not to play.
  }
}
