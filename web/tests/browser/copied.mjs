// What the console offers to copy runs as it stands: `node copied.mjs BASE_URL`. Each program is
// built with the libraries that its own first lines name, in the versions that this repository
// locks, and bets in a round of the server.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { base, launch, person, run, until } from "./stage.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const tag = Date.now().toString(36);
const TABS = ["plain", "socket_io"];
/** What each kind of socket answers a bet with. */
const SIGNS = { plain: /"type":"reply","id":3,"bet_id"/, socket_io: /bet_placed/ };
const PATIENCE_MS = 90_000;

/** Runs a program to its end, or until it printed what `wanted` matches. */
function prints(command, arguments_, where, wanted = null) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, arguments_, { cwd: where });
    let said = "";
    const late = wanted ? setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS) : undefined;
    const listen = (data) => {
      said += data;
      if (!wanted?.test(said)) return;
      clearTimeout(late);
      child.removeAllListeners("exit");
      child.kill("SIGKILL");
      resolve(said);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0 && !wanted) resolve(said);
      else reject(new Error(`${command} ${arguments_.join(" ")}: ${code}, not ${wanted}\n${said}`));
    });
  });
}

/** Runs a program until its bet is in; again, if it was not in time on a busy machine. */
async function bets(command, arguments_, where, tab) {
  for (let tries = 0; tries < 5; tries += 1) {
    const either = new RegExp(`${SIGNS[tab].source}|betting_closed`);
    if (SIGNS[tab].test(await prints(command, arguments_, where, either))) return;
  }
  assert.fail(`${command} ${arguments_.join(" ")} always came too late`);
}

/** A package of the two programs, whose dependencies were added as their first lines say. */
async function crate(programs) {
  const folder = here("../../../target/console");
  await mkdir(`${folder}/src/bin`, { recursive: true });
  // A workspace of its own, or the one around it would want to know.
  const manifest =
    '[package]\nname = "copied"\nedition = "2024"\n\n[workspace]\n\n[lints.rust]\nwarnings = "deny"\n';
  await writeFile(`${folder}/Cargo.toml`, manifest);
  await copyFile(here("../../../Cargo.lock"), `${folder}/Cargo.lock`);
  for (const [i, tab] of TABS.entries()) {
    await writeFile(`${folder}/src/bin/${tab}.rs`, programs[i]);
  }
  const added = [...programs[0].matchAll(/^\/\/ (cargo add .*)$/gm)].map(([, line]) => line);
  assert(added.length > 0, programs[0]);
  for (const line of added) {
    const [cargo, ...words] = line.split(" ");
    await prints(cargo, [...words, "--offline", "--quiet"], folder);
  }
  await prints("cargo", ["build", "--offline", "--quiet", "--target-dir", folder], folder);
  return (tab) => `${folder}/debug/${tab}`;
}

/** Copies `message` as a program of `language`. */
async function copied(panel, message, language) {
  await panel.locator(`[data-test="message-${message}"]`).click();
  await panel.locator(`[data-test="copy-${language}"]`).click();
  return (await panel.locator('[data-test="code"]').textContent()) ?? "";
}

/** Somebody with money, signed in at the console and connected in both tabs. */
async function newcomer(who, name) {
  await who.page.goto(`${base}/gateway/docs/`);
  await who.page.fill('[name="username"]', name);
  await who.page.fill('[name="password"]', "secret word");
  await who.test("register").click();
  await until("the token box is filled", async () =>
    /^eyJ/.test(await who.page.inputValue('[name="token"]')),
  );
  await who.test("top-up").click();
  await until("there is money", async () =>
    ((await who.test("panel-plain").textContent()) ?? "").includes("200 balance"),
  );
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  const programs = {};
  // A round takes two bets of a player, one from each tab: so each language has a player.
  for (const language of ["JavaScript", "Python", "Rust"]) {
    await newcomer(who, `${language}-${tag}`);
    programs[language] = [];
    for (const tab of TABS) {
      await who.page.click(`#tab-${tab}`);
      programs[language].push(await copied(who.test(`panel-${tab}`), "place_bet", language));
    }
  }
  const built = await crate(programs.Rust);
  // The others find their libraries beside them.
  const folder = await mkdtemp(here("../../node_modules/.console-"));
  const python = here("../../../target/venv/bin/python");
  try {
    const runs = TABS.map(async (tab, i) => {
      await writeFile(`${folder}/${tab}.mjs`, programs.JavaScript[i]);
      await writeFile(`${folder}/${tab}.py`, programs.Python[i]);
      return Promise.all([
        bets(process.execPath, [`${folder}/${tab}.mjs`], folder, tab),
        bets(python, [`${folder}/${tab}.py`], folder, tab),
        bets(built(tab), [], folder, tab),
      ]);
    });
    await Promise.all(runs);
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.deepEqual(who.faults, []);
  await browser.close();
});
