// Runs the tests that need no browser; what they compare with stands in `fixtures/`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const folder = new URL("unit/", import.meta.url).pathname;
const files = readdirSync(folder).map((name) => `${folder}${name}`);
process.exit(spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1);
