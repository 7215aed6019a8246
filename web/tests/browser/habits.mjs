// What people do on any page, and do twice: save a table, share a link, leave everywhere, have it bet
// by itself: `node habits.mjs BASE_URL`.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { asked, base, launch, openLobby, outcome, person, register, run, until } from "./stage.mjs";

const tag = Date.now().toString(36);
const words = async (where) => (await where.textContent()) ?? "";
const bets = (name) => asked(name, "/gateway/game/v1/bets?limit=200");

/** The lines of the file that a press on `button` saves. */
async function saved({ page }, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
  assert.equal(file.suggestedFilename(), "bets.csv");
  return (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n");
}

/** Pressed twice it is saved twice; what there is none of has its columns. */
async function tables(who, name) {
  const button = who.page.locator(".history [data-test='save']");
  const known = await bets(name);
  for (const _ of ["once", "twice"]) {
    const [head, ...lines] = await saved(who, button);
    assert.match(head, /^bet_id,lobby_id,round,stake,/);
    assert.deepEqual(
      lines.map((line) => line.split(",")[0]),
      known.map((bet) => bet.bet_id),
    );
  }
}

/** The statement goes on where it is read: at its end, or above it. */
async function statement(who) {
  await who.page.goto(`${base}/#/account`);
  const box = who.page.locator(".scroll");
  const lines = box.locator("tbody tr");
  const place = () =>
    box.evaluate((one) => ({ from: one.scrollTop, above: one.scrollHeight - one.clientHeight }));
  const isAtEnd = ({ from, above }) => Math.abs(above - from) < 2;
  const topUp = async () => {
    const before = await lines.count();
    await who.page.fill('input[name="amount"]', "1");
    await who.page.click('button:has-text("Top up play money")');
    await until("it has one more", async () => (await lines.count()) > before);
  };
  await lines.first().waitFor();
  while ((await place()).above < 60) await topUp();
  await until("its end is in sight", async () => isAtEnd(await place()));
  await box.evaluate((one) => one.scrollTo(0, 0));
  await topUp();
  await topUp();
  assert.equal((await place()).from, 0, "who reads above stays there");
  await box.evaluate((one) => one.scrollTo(0, one.scrollHeight));
  await topUp();
  await until("its end is followed", async () => isAtEnd(await place()));
}

/** The link of a lobby that no list has brings a stranger there. */
async function link(browser, who) {
  await who.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const lobby = await openLobby(who, base, { name: `Private ${tag}`, hidden: true });
  await who.test("share").click();
  await until("it is copied", async () => (await words(who.test("shared"))) === "Link copied");
  const text = await who.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(text, `${base}/#/lobby/${lobby}`);
  const stranger = await person(browser);
  await stranger.page.goto(text);
  await until(
    "the stranger is there",
    async () => (await words(stranger.page.locator(".where strong"))) === `Private ${tag}`,
  );
  assert.deepEqual(stranger.faults, []);
  await stranger.context.close();
}

/** Until a limit of the slot's auto bet ends it: what it said, and the bets that it had in a round. */
async function stops(who, name, limits) {
  const slot = who.test("slot-1");
  const before = new Set((await bets(name)).map((bet) => bet.bet_id));
  for (const field of ["rounds", "loss", "profit"]) {
    await slot.locator(`[data-test="auto-${field}"]`).fill(limits[field] ?? "");
  }
  const tick = slot.locator('[data-test="auto-bet"]');
  await tick.check();
  await until("it stops", async () => !(await tick.isChecked()), 120_000);
  const said = await words(slot.locator('[data-test="hint"]'));
  // One that came too late for its round was given back, and is none.
  const placed = (await bets(name)).filter(
    (bet) => !before.has(bet.bet_id) && bet.state !== "released",
  );
  return { said, placed };
}

async function autoBet(who, name) {
  const slot = who.test("slot-1");
  assert.equal(await slot.locator(".auto").count(), 0, "off unless its player allows it");
  await who.page.goto(`${base}/#/account`);
  await who.test("allow-auto").check();
  await who.page.goto(`${base}/#/lobby/1`);
  await slot.locator("summary").click();

  // What cannot be read is no limit.
  await slot.locator('[data-test="auto-rounds"]').fill("some");
  await slot.locator('[data-test="auto-bet"]').click();
  assert.match(await words(slot.locator('[data-test="hint"]')), /whole number of rounds/);
  assert(!(await slot.locator('[data-test="auto-bet"]').isChecked()));

  await slot.locator('[data-test="stake"]').fill("10");
  await slot.locator('[data-test="auto"]').fill("1.01");
  const { said, placed } = await stops(who, name, { rounds: "2" });
  assert.match(said, /^Auto bet stopped after 2 rounds/);
  assert.equal(placed.length, 2);

  // Stopped, it begins anew, and counts from there: a bet that is won ends it, or one that is lost.
  await slot.locator('[data-test="auto"]').fill("1.5");
  const again = await stops(who, name, { loss: "10", profit: "5" });
  // A round that was interrupted pays a little, and reaches no limit.
  const gains = again.placed.map((bet) => (bet.payout ?? 0) - bet.stake).reverse();
  const sum = (some) => some.reduce((all, one) => all + one, 0);
  const before = sum(gains.slice(0, -1));
  assert(before > -10 && before < 5, `${gains}`);
  const isLost = sum(gains) <= -10;
  assert(isLost || sum(gains) >= 5, `${gains}`);
  const why = isLost ? "a loss of 10" : "a profit of 5";
  assert(again.said.startsWith(`Auto bet stopped at ${why}`), `${again.said}: ${gains}`);
  const last = await outcome(who, 1, again.placed[0].round);
  assert.match(last, isLost ? /^Lost 10/ : /^Paid 1/);
}

/** Forbidden in another tab it stops in this one, too. */
async function forbidden(who, name) {
  const slot = who.test("slot-1");
  for (const field of ["rounds", "loss", "profit"]) {
    await slot.locator(`[data-test="auto-${field}"]`).fill("");
  }
  await slot.locator('[data-test="auto-bet"]').check();
  const other = await who.context.newPage();
  await other.goto(`${base}/#/account`);
  await other.locator('[data-test="allow-auto"]').uncheck();
  await until("it is gone", async () => (await slot.locator(".auto").count()) === 0, 10_000);
  await other.close();
  const round = async () => Number((await words(who.page.locator(".where .faint"))).slice(1));
  const [now, before] = [await round(), (await bets(name)).length];
  await until("three rounds pass", async () => (await round()) >= now + 3);
  const after = (await bets(name)).length;
  assert(after <= before + 1, `${after - before} bets since`);
}

/** Who logs out everywhere ends every other page's sign-in, which says so and can begin another. */
async function everywhere(browser, who, name) {
  const there = await person(browser);
  const logIn = async () => {
    await there.page.goto(`${base}/#/account`);
    await there.test("switch").click();
    await there.page.fill('input[name="username"]', name);
    await there.page.fill('input[name="password"]', "correct horse");
    await there.page.click('form button:has-text("Log in")');
    await there.test("balance").waitFor();
  };
  await logIn();
  const tab = await who.context.newPage();
  await tab.goto(`${base}/#/lobby/1`);
  await tab.locator('[data-test="balance"]').waitFor();
  await who.page.goto(`${base}/#/account`);
  await who.test("log-out-everywhere").click();
  await who.page.locator('input[name="password"]').waitFor();
  assert.equal(await who.page.locator('[data-test="signed-out"] p').count(), 0);
  for (const page of [there.page, tab]) {
    const told = page.locator('[data-test="signed-out"]');
    await until("it is told", async () => /signed out/.test(await words(told)), 10_000);
    assert.equal(await page.locator('[data-test="balance"]').count(), 0);
  }
  await logIn();
  assert.equal(await words(there.test("signed-out")), "");
  assert.deepEqual(there.faults, []);
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  const name = `habits-${tag}`;
  await register(who, base, name);
  await statement(who);
  await who.page.goto(`${base}/#/lobby/1`);
  await tables(who, name);
  await link(browser, who);
  await who.page.goto(`${base}/#/lobby/1`);
  await autoBet(who, name);
  await forbidden(who, name);
  await tables(who, name);
  await everywhere(browser, who, name);
  assert.deepEqual(who.faults, []);
  await browser.close();
});
