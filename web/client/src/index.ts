export * from "./bet.js";
export * from "./connection.js";
export * from "./curve.js";
export * from "./fairness.js";
export * from "./money.js";
export * from "./promises.js";
export type * from "./types.js";
export * from "./watch.js";
