// Money as integers. JSON brings amounts of at most 11 digits before and 4 behind the point, which a
// double holds exactly enough to be read back; nothing is computed before it is an integer.

/** An amount in units of 0.0001. */
export const units = (amount: number | string): number => Math.round(Number(amount) * 10_000);
/** A multiplier or stake in hundredths. */
export const centi = (value: number | string): number => Math.round(Number(value) * 100);
/** stake × multiplier, exact: hundredths times hundredths are units of 0.0001. */
export const payout = (stakeCenti: number, multiplierCenti: number): number =>
  stakeCenti * multiplierCenti;

const group = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** `12 345.60`: two decimals, more where there are more. */
export function showUnits(value: number): string {
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  const part = String(size % 10_000)
    .padStart(4, "0")
    .replace(/0{1,2}$/, "");
  return `${sign}${group(String(Math.floor(size / 10_000)))}.${part}`;
}

/** `2.41×` */
export const showCenti = (value: number): string =>
  `${group(String(Math.floor(value / 100)))}.${String(value % 100).padStart(2, "0")}×`;

/** `10`, `10.5`: as a request wants it. */
export const wire = (valueCenti: number): string => {
  const part = String(valueCenti % 100)
    .padStart(2, "0")
    .replace(/0+$/, "");
  return `${Math.floor(valueCenti / 100)}${part && `.${part}`}`;
};

/** Hundredths of what somebody typed or pasted, a comma or a point before two decimals; or null. */
export function typed(value: string): number | null {
  // Amounts are shown with spaces between thousands, and are copied with them.
  const clean = value.replace(/\s/g, "").replace(",", ".");
  return /^\d{1,9}(\.\d{1,2})?$/.test(clean) ? centi(clean) : null;
}
