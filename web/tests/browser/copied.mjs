// What the console offers to copy runs as it stands: `node copied.mjs BASE_URL`. Every message of
// every tab, in every language, is built with the libraries that the program's own first lines name,
// in the versions that this repository locks, and run: bets bet, cash-outs are paid, the rest is
// answered.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { base, launch, person, run, until } from "./stage.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const tag = Date.now().toString(36);
/** What a program prints once its message was taken, by tab and message. */
const TAKEN = {
  plain: {
    authenticate: /"type":"reply","id":3/,
    join: /"type":"reply","id":3/,
    leave: /"type":"reply","id":3/,
    sync: /"type":"reply","id":3/,
    ping: /"type":"reply","id":3/,
    place_bet: /"type":"reply","id":3,"bet_id"/,
    // There is none to be taken back.
    cancel_bet: /"type":"refused","id":3,"code":"no_open_bet"/,
    cash_out: /"type":"reply","id":3,"cashed_out"/,
  },
  socket_io: {
    // Once before it, and once for it.
    // Python tells two events at once in two threads: a word may stand right behind another's end.
    joinRoom: /joined\b[\s\S]*joined\b/,
    place_bet: /bet_placed/,
    withdraw: /withdraw_requested[\s\S]*"result":\s?"win"/,
  },
};
/** Came too late, on a busy machine or by bad luck: whoever tries again may be luckier. Or has bet. */
const LATE =
  /betting_closed|bet_limit|wrong_round|no_open_bet|too_late|already_cashed_out|"result":\s?"lost"/;
const LANGUAGES = ["JavaScript", "Python", "Rust"];
const PATIENCE_MS = 60_000;

/** Runs a program to its end, or until what it printed matches `wanted`: what it printed. */
function prints([command, ...words], where, wanted = null) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: where });
    let said = "";
    let isDone = false;
    const late = wanted ? setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS) : undefined;
    const listen = (data) => {
      said += data;
      if (isDone || !wanted?.test(said)) return;
      isDone = true;
      child.kill("SIGKILL");
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(late);
      if (isDone || (code === 0 && !wanted)) resolve(said);
      else reject(new Error(`${command} ${words.join(" ")}: ${code}, not ${wanted}\n${said}`));
    });
  });
}

/** What is to be run for each program: interpreted in `folder`, or built for all at once. */
async function install(programs, folder) {
  const crate = here("../../../target/console");
  await rm(`${crate}/src`, { recursive: true, force: true });
  await mkdir(`${crate}/src/bin`, { recursive: true });
  // A workspace of its own, or the one around it would want to know.
  const manifest =
    '[package]\nname = "copied"\nedition = "2024"\n\n[workspace]\n\n[lints.rust]\nwarnings = "deny"\n';
  await writeFile(`${crate}/Cargo.toml`, manifest);
  await copyFile(here("../../../Cargo.lock"), `${crate}/Cargo.lock`);
  const python = here("../../../target/venv/bin/python");
  const commands = new Map();
  const added = new Set();
  for (const one of programs) {
    const { language, text } = one;
    const name = `${one.tab}_${one.message}`;
    if (language === "Rust") {
      await writeFile(`${crate}/src/bin/${name}.rs`, text);
      for (const [, line] of text.matchAll(/^\/\/ (cargo add .*)$/gm)) added.add(line);
      commands.set(one, [`${crate}/debug/${name}`]);
      continue;
    }
    const [end, command] = { JavaScript: ["mjs", process.execPath], Python: ["py", python] }[
      language
    ];
    await writeFile(`${folder}/${name}.${end}`, text);
    commands.set(one, [command, `${folder}/${name}.${end}`]);
  }
  assert(added.size > 0, "a Rust program names its libraries");
  for (const line of added) await prints([...line.split(" "), "--offline", "--quiet"], crate);
  const build = ["cargo", "build", "--offline", "--quiet", "--target-dir", crate];
  await prints(build, crate);
  return commands;
}

/** Somebody with money, signed in at the console. */
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

/** Every message of a tab as a program of `language`. */
async function copied(who, tab, language) {
  await who.page.click(`#tab-${tab}`);
  const panel = who.test(`panel-${tab}`);
  const buttons = panel.locator('[data-test^="message-"]');
  const names = await buttons.evaluateAll((all) => all.map((one) => one.dataset.test.slice(8)));
  assert.deepEqual(names.sort(), Object.keys(TAKEN[tab]).sort());
  const programs = [];
  for (const message of names) {
    await panel.locator(`[data-test="message-${message}"]`).click();
    await panel.locator(`[data-test="copy-${language}"]`).click();
    const text = (await panel.locator('[data-test="code"]').textContent()) ?? "";
    programs.push({ language, tab, message, text });
  }
  return programs;
}

/** Whether the program's message was taken; if not, then because it came too late. */
async function isTaken(one, command, folder) {
  const taken = TAKEN[one.tab][one.message];
  const said = await prints(command, folder, new RegExp(`${taken.source}|${LATE.source}`));
  return taken.test(said);
}

/** A bet of whoever copied `one`, by a program whose bets have ids of their own each time. */
async function bet(one, programs, folder) {
  const is = (language) => (other) =>
    other.language === language && other.tab === one.tab && other.message === "place_bet";
  const token = (text) => /eyJ[\w.-]+/.exec(text)[0];
  const { text } = programs.find(is("JavaScript"));
  const file = `${folder}/${one.language}_${one.tab}.mjs`;
  await writeFile(file, text.replaceAll(token(text), token(one.text)));
  await isTaken({ ...one, message: "place_bet" }, [process.execPath, file], folder);
}

/** Runs one player's programs; whoever is to be cashed out has bet right before. */
async function runAll(own, programs, commands, folder) {
  const taken = async (one, before = async () => {}) => {
    for (let tries = 0; tries < 8; tries += 1) {
      await before(tries);
      if (await isTaken(one, commands.get(one), folder)) return;
    }
    assert.fail(`${one.language} ${one.tab} ${one.message} always came too late`);
  };
  const leaves = ({ message }) => message === "cash_out" || message === "withdraw";
  for (const one of own.filter((one) => !leaves(one))) await taken(one);
  for (const one of own.filter(leaves)) await taken(one, () => bet(one, programs, folder));
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  const programs = [];
  // Each language has a player, so that nobody's bets are in another's way.
  for (const language of LANGUAGES) {
    await newcomer(who, `${language}-${tag}`);
    for (const tab of Object.keys(TAKEN)) programs.push(...(await copied(who, tab, language)));
  }
  // The libraries of the others are found from here.
  const folder = await mkdtemp(here("../../node_modules/.console-"));
  try {
    const commands = await install(programs, folder);
    const of = (language) => programs.filter((one) => one.language === language);
    await Promise.all(
      LANGUAGES.map((language) => runAll(of(language), programs, commands, folder)),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.deepEqual(who.faults, []);
  await browser.close();
});
