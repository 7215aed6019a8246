// Two people in two browsers in one lobby: `node people.mjs BASE_URL`. One cashes out by hand, one
// by a target and loses by one too high; both see each other, agree with the ledger, verify.
import { strict as assert } from "node:assert";
import { asked, base, launch, money, person, register, run, until } from "./stage.mjs";
import { witness } from "./witness.mjs";

const slot = (who, n) => who.test(`slot-${n}`);
const face = (who, n) => slot(who, n).locator('[data-test="press"]');
const outcome = async (who, n) => slot(who, n).locator('[data-test="outcome"]').textContent();

/** The page computes a round again, and walks down its chain to the end, one hash a round. */
async function verify(who, name, lobby, round) {
  await who.page.goto(`${base}/#/fairness/${lobby}/${round}`);
  const signs = () =>
    who.page.locator(".verdicts li").evaluateAll((all) => all.map((one) => one.className));
  const right = ["yes", "yes", "yes", "yes"];
  await until(
    () => `${name} verifies round ${round}`,
    async () => String(await signs()) === String(right),
  );
  assert.match((await who.test("anchored").textContent()) ?? "", /Not anchored/);
  const walk = who.page.locator(".walk progress");
  const ends = async () => walk.evaluate(({ value, max }) => [value, max]);
  const [done, steps] = await ends();
  assert(done === steps && steps >= round, `${done} of ${steps}`);
}

run(async () => {
  const browser = await launch();
  const tag = Date.now().toString(36);
  const [ann, bob] = [await person(browser), await person(browser)];
  const [annName, bobName] = [`ann-${tag}`, `bob-${tag}`];
  await register(ann, base, annName);
  await register(bob, base, bobName);
  await ann.shoot("account");

  await ann.page.goto(`${base}/#/lobbies`);
  await ann.page.fill('form input[name="name"]', "Two people");
  await ann.shoot("lobbies");
  await ann.test("create").click();
  await ann.page.waitForURL(/#\/lobby\/\d+$/);
  const lobby = ann.page.url().split("/").at(-1);
  await bob.page.goto(`${base}/#/lobby/${lobby}`);
  await until(
    "both are there",
    async () => (await bob.page.locator(".where strong").textContent()) === "Two people",
  );

  let [byHand, byTarget, lost, bothSeen, outSeen] = [false, false, false, false, false];
  const seen = await witness(Number(lobby));
  // The rounds to look into afterwards: one in which somebody was paid, one in which somebody lost.
  let [paidIn, lostIn] = [0, 0];
  // The next round opened while this machine did something else: nothing is left to be seen.
  const missed = async () => /^Bet [\d.,]+$/.test((await face(ann, 1).textContent()) ?? "");
  for (let tries = 0; tries < 40 && !(byHand && byTarget && lost && outSeen); tries += 1) {
    for (const [who, n, stake, auto] of [
      [ann, 1, "10", ""],
      [bob, 1, "5.5", "1.02"],
      [bob, 2, "2", "900"],
    ]) {
      if (n === 2 && (await slot(who, 2).count()) === 0)
        await who.page.click('button:has-text("Add a second bet")');
      await until("the last bet is over", async () =>
        /^Bet /.test((await face(who, n).textContent()) ?? ""),
      );
      await slot(who, n).locator('[data-test="stake"]').fill(stake);
      await slot(who, n).locator('[data-test="auto"]').fill(auto);
      await face(who, n).click();
    }
    await until(
      "the climb began",
      async () =>
        /\d×/.test((await ann.test("multiplier").textContent()) ?? "") || (await missed()),
    );
    if (await missed()) continue;
    const round = seen.now();
    const sees = async (who, words) =>
      words.test((await who.page.locator(".list").textContent()) ?? "");
    // Whoever the server names in the round is in both lists, until the next round is open.
    for (const name of [annName, bobName].filter((one) => seen.last(one) === round)) {
      for (const who of [ann, bob]) {
        await until(
          `${name} is seen`,
          async () => seen.now() !== round || (await sees(who, new RegExp(name))),
          10_000,
        );
        bothSeen ||= seen.now() === round && seen.last(annName) === seen.last(bobName);
      }
    }
    await until(
      "ann may leave, or all is over",
      async () =>
        (/^Cash out/.test((await face(ann, 1).textContent()) ?? "") &&
          !(await face(ann, 1).isDisabled())) ||
        /Lost|Paid/.test((await outcome(ann, 1)) ?? "") ||
        (await missed()),
    );
    if (await missed()) continue;
    await ann.page.waitForTimeout(400);
    if (/^Cash out/.test((await face(ann, 1).textContent()) ?? "")) {
      if (tries === 0) await ann.shoot("climb");
      await face(ann, 1)
        .click({ timeout: 2_000 })
        .catch(() => {});
    }
    await until(
      "the round is over",
      async () => ((await ann.test("phase").textContent()) ?? "") === "Crashed" || (await missed()),
    );
    if (await missed()) continue;
    await until("all bets are told", async () => {
      const all = await Promise.all([outcome(ann, 1), outcome(bob, 1), outcome(bob, 2)]);
      return all.every((text) => /Paid|Lost|Too late/.test(text ?? ""));
    });
    if (tries === 0) await bob.shoot("crashed");
    const [first, second, third] = await Promise.all([
      outcome(ann, 1),
      outcome(bob, 1),
      outcome(bob, 2),
    ]);
    byHand ||= /Paid/.test(first ?? "");
    // A cash-out of the one stands in the list of the other, at its multiplier.
    const leaves = async (who, out) => {
      const row = who.page.locator(".list .row.out", { hasText: out.name });
      const at = out.multiplier.toFixed(2);
      return (await row.allTextContents()).some((text) => text.endsWith(`${at}×`));
    };
    for (const out of round.outs) {
      const other = out.name === annName ? bob : ann;
      await until(
        `${out.name} is seen to leave`,
        async () => seen.now() !== round || (await leaves(other, out)),
        10_000,
      );
      outSeen ||= out.name === annName && seen.now() === round;
    }
    byTarget ||= /Paid 5.61 at 1.02/.test(second ?? "");
    lost ||= /Lost/.test(third ?? "");
    if (/Paid/.test(first ?? "") || /Paid/.test(second ?? "")) paidIn = round.number;
    if (/Lost/.test(third ?? "")) lostIn = round.number;
    await until("the next round opens", async () =>
      /to begin/.test((await ann.test("count").textContent()) ?? ""),
    );
  }
  assert(byHand && byTarget && lost, `by hand ${byHand}, by target ${byTarget}, lost ${lost}`);
  assert(bothSeen && outSeen, `bets seen ${bothSeen}, a cash-out seen ${outSeen}`);
  seen.close();

  for (const [who, name] of [
    [ann, annName],
    [bob, bobName],
  ]) {
    const book = await asked(name, "/gateway/user/v1/balance");
    assert.equal(await money(who), Math.floor(book.balance * 10_000) / 10_000, `${name}'s balance`);
    assert.equal(book.held, 0);
    // The statement is the ledger: its lines add up to the balance, and the last one says it.
    const lines = await asked(name, "/gateway/user/v1/transfers?limit=200");
    const sum = lines.reduce((all, { amount }) => all + Math.round(amount * 10_000), 0);
    assert.equal(sum, Math.round(book.balance * 10_000), JSON.stringify(lines.slice(-3)));
    for (const round of [paidIn, lostIn]) await verify(who, name, lobby, round);
  }
  await bob.shoot("fairness");

  // Staying logged in: the page comes back signed in, and no script can read why.
  await ann.page.reload();
  await ann.test("balance").waitFor();
  const stored = await ann.page.evaluate(() => document.cookie + JSON.stringify(localStorage));
  assert(!/eyJ|refresh/.test(stored), stored);
  const cookies = await ann.context.cookies();
  assert(
    cookies.length === 1 &&
      cookies[0].httpOnly &&
      cookies[0].secure &&
      cookies[0].sameSite === "Strict",
  );
  await ann.page.goto(`${base}/#/account`);
  await ann.test("log-out").click();
  await ann.page.locator('input[name="password"]').waitFor();
  assert.deepEqual(await ann.context.cookies(), []);
  assert.deepEqual([...ann.faults, ...bob.faults], []);
  await browser.close();
});
