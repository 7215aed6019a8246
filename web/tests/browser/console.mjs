// A newcomer plays a round from each tab of the console with nothing but what it shows:
// `node console.mjs BASE_URL`. Then the programs it offers to copy are run.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { base, launch, person, run, until } from "./stage.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const tag = Date.now().toString(36);

/** Names of the frames in the log, newest first. */
const frames = (panel) =>
  panel.locator('[data-test="frame"]').evaluateAll((all) => all.map((one) => one.dataset.name));
const heard = async (panel, name) => (await frames(panel)).includes(name);

/** Chooses a message, looks at its form, sends it. */
async function send(panel, name, typed = {}) {
  await panel.locator(`[data-test="message-${name}"]`).click();
  for (const [field, text] of Object.entries(typed)) {
    await panel.locator(`[name="${field}"]`).fill(text);
  }
  await panel.locator('[data-test="send"]').click();
}
const state = (panel, words) =>
  until(`the panel says ${words}`, async () =>
    ((await panel.locator('[data-test="heard"]').textContent()) ?? "").includes(words),
  );

/** One round, again until a cash-out came before the crash. */
async function round(panel, leave) {
  for (let tries = 0; tries < 30; tries += 1) {
    await state(panel, "bets are open");
    await panel.locator('[data-test="clear"]').click();
    await send(panel, "place_bet", panel.stake);
    await until(
      "the bet is in",
      async () => (await heard(panel, panel.placed)) || (await heard(panel, "refused")),
    );
    // Betting closed while this machine did something else: no bet, so nothing to wait for.
    if (!(await heard(panel, panel.placed))) continue;
    await until("the climb began, or is over", async () => {
      const said = (await panel.locator('[data-test="heard"]').textContent()) ?? "";
      return said.includes("climbing") || (await heard(panel, "bet_result"));
    });
    await panel.locator("xpath=.").page().waitForTimeout(600);
    await send(panel, leave);
    await until("the bet ended", () => heard(panel, "bet_result"));
    const text = await panel
      .locator('[data-test="frame"][data-name="bet_result"] pre')
      .first()
      .textContent();
    const result = JSON.parse(text ?? "");
    if (result.result === "win") return result;
    assert.equal(result.result, "lost", text ?? "");
  }
  return assert.fail("no climb lasted");
}

/** Runs a program until it printed what `wanted` matches. */
function prints(command, arguments_, wanted, where) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, arguments_, { cwd: where });
    let said = "";
    const late = setTimeout(() => child.kill("SIGKILL"), 90_000);
    const listen = (data) => {
      said += data;
      if (!wanted.test(said)) return;
      clearTimeout(late);
      child.removeAllListeners("exit");
      child.kill("SIGKILL");
      resolve(said);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`${command} never printed ${wanted}:\n${said}`)));
  });
}

/** Copies `message` as a program. */
async function copied(panel, message, language) {
  await panel.locator(`[data-test="message-${message}"]`).click();
  await panel.locator(`[data-test="copy-${language}"]`).click();
  return (await panel.locator('[data-test="code"]').textContent()) ?? "";
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  await who.page.goto(`${base}/gateway/docs/`);
  await who.test("message-place_bet").waitFor();
  await who.shoot("console");
  await who.page.fill('[name="username"]', `newcomer-${tag}`);
  await who.page.fill('[name="password"]', "secret word");
  await who.test("register").click();
  await until("the token box is filled", async () =>
    /^eyJ/.test(await who.page.inputValue('[name="token"]')),
  );
  await who.test("top-up").click();

  const plain = who.test("panel-plain");
  Object.assign(plain, { stake: { stake: "1", auto_cash_out: "" }, placed: "reply" });
  await until("the balance is topped up", () => heard(plain, "200 balance"));
  await plain.locator('[data-test="connect"]').click();
  await until("the socket is ours", () => heard(plain, "reply"));
  await send(plain, "join");
  await until("the lobby is seen", () => heard(plain, "snapshot"));
  const won = await round(plain, "cash_out");
  assert(won.payout >= 1 && won.coefficient >= 1.01, JSON.stringify(won));
  await who.shoot("console-plain");

  await who.page.click("#tab-socket_io");
  const original = who.test("panel-socket_io");
  const stake = { amount: "1" };
  Object.assign(original, { stake, placed: "bet_placed" });
  await original.locator('[data-test="connect"]').click();
  await until("the lobby is seen", () => heard(original, "joined"));
  const paid = await round(original, "withdraw");
  assert(paid.payout >= 1 && paid.coefficient >= 1.01, JSON.stringify(paid));
  await who.shoot("console-socket-io");

  // Times, both ways, of frames that were sent and received.
  const times = await original.locator("time").allTextContents();
  assert(times.length > 4 && times.every((time) => /^\d\d:\d\d:\d\d\.\d{3}$/.test(time)));
  assert((await original.locator(".frame.sent").count()) > 1);
  assert((await original.locator(".frame.received").count()) > 1);

  // What is copied runs as it stands. Its libraries are found beside it.
  const folder = await mkdtemp(here("../../node_modules/.console-"));
  const python = here("../../../target/venv/bin/python");
  try {
    for (const [tab, panel, bet, sign] of [
      ["plain", plain, "place_bet", /"type":"reply","id":3,"bet_id"/],
      ["socket_io", original, "place_bet", /bet_placed/],
    ]) {
      await who.page.click(`#tab-${tab}`);
      // A round takes two bets of a player: these two go into the next.
      await state(panel, "climbing");
      const script = await copied(panel, bet, "JavaScript");
      await writeFile(`${folder}/${tab}.mjs`, script);
      await prints(process.execPath, [`${folder}/${tab}.mjs`], sign, folder);
      await writeFile(`${folder}/${tab}.py`, await copied(panel, bet, "Python"));
      await prints(python, [`${folder}/${tab}.py`], sign, folder);
      const rust = await copied(panel, bet, "Rust");
      assert.match(rust, /connect_async/);
      await writeFile(here(`../../shots/${tab}.rs`), rust);
    }
  } finally {
    await rm(folder, { recursive: true });
  }

  await who.page.click("#tab-http");
  await who.page.locator(".swagger .opblock").first().waitFor();
  await who.shoot("console-http");
  assert.deepEqual(who.faults, []);
  await browser.close();
});
