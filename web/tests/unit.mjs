// Runs the tests that need no browser; what they compare with stands in `fixtures/`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const folder = new URL("unit/", import.meta.url).pathname;
const files = readdirSync(folder).map((name) => `${folder}${name}`);
// A call's time limit that nothing waits for any more would keep a file running for half a minute.
const how = ["--test", "--test-force-exit", ...files];
process.exit(spawnSync(process.execPath, how, { stdio: "inherit" }).status ?? 1);
