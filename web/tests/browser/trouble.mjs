// What goes wrong on the way: `node trouble.mjs BASE_URL WHAT`, WHAT being `cut`, `frozen` or `late`.
import { strict as assert } from "node:assert";
import {
  asked,
  base,
  launch,
  money,
  openLobby,
  outcome,
  person,
  register,
  run,
  until,
  wire,
} from "./stage.mjs";
import { climbed, instant, truth, witness } from "./witness.mjs";

const what = process.argv[3];
const name = `${what}-${Date.now().toString(36)}`;
const STAKE = 10;
/** Of a hundredth each, what is shown and what is true may fall to either side. */
const NEAR = 1;

const words = async (where) => (await where.textContent()) ?? "";
const face = (who) => who.test("slot-1").locator('[data-test="press"]');
const end = (who, round) => outcome(who, 1, round.number);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a person sees, read in a frame right after it was drawn, and when that was. */
const look = ({ page }) =>
  page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const of = (name) => document.querySelector(`[data-test="${name}"]`)?.textContent ?? "";
    const at = performance.timeOrigin + performance.now();
    const centi = Math.round(Number.parseFloat(of("multiplier").replaceAll(",", "")) * 100);
    const trip = Number.parseInt(document.querySelector(".trip")?.textContent ?? "", 10);
    return { at, centi, trip, phase: of("phase"), face: of("press") };
  });

/** The most of a round trip that may excuse what is shown, in milliseconds: a hundredth at 2x. */
const TRIP_MAX = 200;

/**
 * Whether what was looked at is true. How much of its round trip was the way back, the page cannot
 * know; on a machine that is not busy that is less than what is allowed anyway.
 */
function isTrue({ at, centi, trip: measured }, round) {
  assert(measured > 0, `the page measures its round trip: ${measured}`);
  const trip = Math.min(measured, TRIP_MAX);
  const [least, most] = [truth(round, at - trip / 2), truth(round, at + trip / 2)];
  const words = `shown ${centi}, true ${truth(round, at)}, ${trip} ms away`;
  assert(centi >= least - NEAR && centi <= most + NEAR, words);
}

/** Bets, and again, until a climb with the bet in it has lived for `ms`: that round. */
async function ride(who, seen, ms) {
  for (let tries = 0; tries < 40; tries += 1) {
    const before = seen.last(name)?.number ?? 0;
    await until("the bet is in", async () => {
      if ((seen.last(name)?.number ?? 0) > before) return true;
      // Not once it is pressed: the button then says other things, until another round is open.
      const button = face(who).filter({ hasText: /^Bet \d[\d.,]*$/ });
      if (await button.isEnabled({ timeout: 50 }).catch(() => false)) {
        await button.click({ timeout: 1_000 }).catch(() => {});
      }
      return false;
    });
    const round = seen.last(name);
    await until("it lives, or not", () => climbed(round) >= ms || round.end !== null);
    if (round.end === null) return round;
  }
  return assert.fail("no climb was long enough");
}

/** Presses the button that cashes out, unless there is none any more; what became of it. */
async function leave(who, round) {
  const before = instant();
  const button = face(who).filter({ hasText: /^Cash out/ });
  await button.click({ timeout: 2_000 }).catch(() => {});
  const told = /^Paid|^Too late|^Lost|went back/;
  await until("it is told", async () => told.test(await end(who, round)) || round.end !== null);
  await until("it is told", async () => told.test(await end(who, round)), 10_000);
  return { said: await end(who, round), from: truth(round, before), to: truth(round, instant()) };
}

/** What was paid is the stake times a multiplier of just then, and came to what was left. */
async function paid(who, { said, from, to }, without) {
  const [, payout, multiplier] = /^Paid ([\d.,]+) at ([\d.,]+)×/.exec(said) ?? [];
  const centi = Math.round(Number.parseFloat(multiplier) * 100);
  assert(centi >= from - NEAR && centi <= to + NEAR, `${said}, true ${from} to ${to}`);
  assert.equal(Math.round(Number(payout) * 100), STAKE * centi, said);
  await agrees(who, without + Number(payout));
}

/** The page says that the bet is lost, also when it hears of that after the next round opened. */
async function lossIsTold(who, round) {
  let slot;
  await until(
    () => `the loss of round ${round.number} is told: ${slot}`,
    async () => {
      slot = await words(who.test("slot-1"));
      return /^Lost 10|^Too late/.test(await end(who, round));
    },
    10_000,
  );
}

/** Whether the server took the bet of a climb for lost: one that reached its highest is paid. */
async function isLost(round) {
  let line;
  await until(
    () => `the bet of round ${round.number} is settled: ${JSON.stringify(line)}`,
    async () => {
      const lines = await asked(name, "/gateway/game/v1/bets?limit=20");
      line = lines.find((one) => one.round === round.number);
      return line !== undefined && line.state !== "accepted";
    },
    10_000,
  );
  return line.state === "lost";
}

/** The balance on the server is `amount`, and so is the one shown. */
async function agrees(who, amount) {
  const same = (one) => Math.abs(one - amount) < 0.005;
  let book;
  await until(
    () => `the server says ${amount}: ${JSON.stringify(book)}`,
    async () => {
      book = await asked(name, "/gateway/user/v1/balance");
      return same(book.balance) && book.held === 0;
    },
    10_000,
  );
  let shown;
  await until(
    () => `the page says ${amount}: ${shown}`,
    async () => {
      shown = await money(who);
      return same(shown);
    },
    10_000,
  );
}

/** The network is gone for three seconds of a climb, and until after the end of another. */
async function cut(who, seen, line) {
  let [alive, over] = [false, false];
  for (let tries = 0; !(alive && over); tries += 1) {
    assert(tries < 30, `outlived the cut: ${alive}, ended in it: ${over}`);
    const round = await ride(who, seen, 1_000);
    const { balance } = await asked(name, "/gateway/user/v1/balance");
    line.cut();
    await until("the page notices", async () => (await words(who.test("trouble"))) !== "");
    if (tries === 0) await who.shoot("lost");
    if (alive) await until("the climb is over", () => round.end !== null);
    else await sleep(3_000);
    line.mend();
    await until("the page is back", async () => (await words(who.test("trouble"))) === "", 20_000);
    await until(
      "one can leave, or it is over",
      async () => /^Cash out/.test(await words(face(who))) || round.end !== null,
      5_000,
    );
    const now = await look(who);
    if (round.ended > now.at) {
      assert.match(now.face, /^Cash out/, `${now.phase} ${now.centi}`);
      const left = await leave(who, round);
      // The witness has heard more of the climb by now, and knows better.
      isTrue(now, round);
      if (/^Paid/.test(left.said)) {
        await paid(who, left, balance);
        alive = true;
        continue;
      }
    }
    await until("it is over", () => round.end !== null, 5_000);
    if (!(await isLost(round))) continue;
    await lossIsTold(who, round);
    await agrees(who, balance);
    over = true;
  }
}

/** Over a slow wire what is shown is what the server would pay. */
async function late(who, seen) {
  let [worst, samples, highest] = [0, 0, 0];
  for (let tries = 0; tries < 30 && highest < 200; tries += 1) {
    const round = await ride(who, seen, 300);
    const readings = [];
    while (round.end === null && truth(round, instant()) <= 210) {
      readings.push(await look(who));
      await sleep(30);
    }
    // The witness knows best at the end: its fastest message tells when the climb began.
    assert(Number.isFinite(round.began), "the witness saw the climb begin");
    for (const { at, centi, phase } of readings) {
      const true_ = truth(round, at);
      if (phase !== "" || true_ < 110 || true_ > 210) continue;
      assert(centi > 100, `shown ${centi} at ${true_}`);
      worst = Math.max(worst, Math.abs(true_ - centi));
      highest = Math.max(highest, true_);
      samples += 1;
    }
  }
  console.log(JSON.stringify({ worst_hundredths: worst, samples, highest }));
  assert(highest >= 200 && samples > 50, `${samples} samples up to ${highest}`);
  assert(worst <= 1, `off by ${worst} hundredths`);
}

/** Has the page write down what each of its frames shows, right after it was drawn. */
const record = ({ page }) =>
  page.evaluate(() => {
    const frames = [];
    globalThis.frames = frames;
    const step = (began) => {
      const of = (name) => document.querySelector(`[data-test="${name}"]`)?.textContent ?? "";
      const at = performance.timeOrigin + performance.now();
      const centi = Math.round(Number.parseFloat(of("multiplier").replaceAll(",", "")) * 100);
      // Of a frame that was held half done, what it drew is as old as its beginning.
      const drawn = performance.timeOrigin + began;
      frames.push({ drawn, at, centi, phase: of("phase"), face: of("press") });
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });

/** While the climb is on every frame shows the truth, and no more is gained than the curve gives. */
function steady(frames, round) {
  const climbs = frames.filter(({ at, phase }) => at < round.ended && phase === "");
  for (const [i, { drawn, at, centi }] of climbs.entries()) {
    // It was drawn somewhen between the two.
    const [least, most] = [truth(round, drawn), truth(round, at)];
    const words = `shown ${centi}, true ${least} to ${most}, frame ${i}`;
    assert(centi >= least - NEAR && centi <= most + NEAR, words);
    if (i === 0) continue;
    const step = centi - climbs[i - 1].centi;
    const given = most - truth(round, climbs[i - 1].drawn);
    assert(step >= 0 && step <= given + NEAR, `frame ${i} jumped by ${step}, not ${given}`);
  }
  return climbs.length;
}

/** The tab stands still for ten seconds of a climb. */
async function frozen(who, seen) {
  const session = await who.context.newCDPSession(who.page);
  // Its lifecycle state stops no tab that is in sight: a debugger holds all of its script.
  await session.send("Debugger.enable");
  await record(who);
  for (let tries = 0; ; tries += 1) {
    assert(tries < 20, "no climb outlived the freeze");
    const round = await ride(who, seen, 1_000);
    const { balance } = await asked(name, "/gateway/user/v1/balance");
    await session.send("Debugger.pause");
    const froze = instant();
    await sleep(10_000);
    const thawed = instant();
    await session.send("Debugger.resume");
    await sleep(1_500);
    const all = await who.page.evaluate(() => globalThis.frames.splice(0));
    const still = all.filter(({ at }) => at > froze + 500 && at < thawed);
    assert.equal(still.length, 0, "the tab stood still");
    const shown = all.filter(({ drawn }) => drawn >= thawed);
    const judged = steady(shown, round);
    // A second after the end, or after the tab is back, no button is left that would not pay.
    const stale = ({ at, face }) =>
      /^Cash out/.test(face) && at > Math.max(round.ended, thawed) + 1_000;
    assert.deepEqual(shown.filter(stale), []);
    if (round.end === null) {
      assert(judged > 10, `${judged} frames since the tab is back`);
      const live = async () => /^Cash out/.test(await words(face(who)));
      await until("one can leave", async () => (await live()) || round.end !== null, 5_000);
      const left = await leave(who, round);
      if (/^Paid/.test(left.said)) return paid(who, left, balance);
    }
    await until("it is over", () => round.end !== null, 5_000);
    await until("no stale button", async () => !/^Cash out/.test(await words(face(who))), 2_000);
    if (!(await isLost(round))) continue;
    await lossIsTold(who, round);
    await agrees(who, balance);
  }
}

run(async () => {
  const browser = await launch();
  const line = await wire(base, what === "late" ? { delay: 25, jitter: 15 } : {});
  const who = await person(browser);
  await register(who, line.origin, name);
  const seen = await witness(await openLobby(who, line.origin));
  const tests = { cut, frozen, late };
  await tests[what](who, seen, line);
  seen.close();
  const expected = what === "cut" ? /WebSocket|ERR_|refresh/ : /^$/;
  assert.deepEqual(
    who.faults.filter((one) => !expected.test(one)),
    [],
  );
  line.close();
  await browser.close();
});
