// What goes wrong on the way: `node trouble.mjs BASE_URL WHAT`, WHAT being `cut`, `frozen` or `late`.
import { strict as assert } from "node:assert";
import { base, launch, person, register, run, until, wire } from "./stage.mjs";

const what = process.argv[3];

const face = (who) => who.test("slot-1").locator('[data-test="press"]');
const outcome = async (who) =>
  (await who.test("slot-1").locator('[data-test="outcome"]').textContent()) ?? "";
const shown = async (who) => Number.parseFloat((await who.test("multiplier").textContent()) || "0");

/** A lobby of one's own, in which one bets until the climb lives for `ms`. */
async function climbing(who, origin, ms) {
  await register(who, origin, `${what}-${Date.now().toString(36)}`);
  await who.page.goto(`${origin}/#/lobbies`);
  await who.page.fill('form input[name="betting"]', "3");
  await who.test("create").click();
  await who.page.waitForURL(/#\/lobby\/\d+$/);
  await rideAgain(who, ms);
}

/** The climb as a socket right beside the server hears it. */
function witness(lobby) {
  const heard = [];
  const socket = new (globalThis.WebSocket ?? WS)(
    `${base.replace(/^http/, "ws")}/gateway/game/v1/ws`,
    "waxwing.v1",
  );
  socket.onopen = () => socket.send(JSON.stringify({ type: "join", id: 1, lobby_id: lobby }));
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    const started =
      frame.elapsed_ms !== undefined && ["tick", "round_started"].includes(frame.type);
    if (started) heard.push(performance.timeOrigin + performance.now() - frame.elapsed_ms);
    if (frame.type === "betting_opened") heard.length = 0;
  };
  return { began: () => Math.min(...heard), close: () => socket.close() };
}

const { WebSocket: WS } = await import("ws");
const { centiAt } = await import("../../client/dist/index.js");

run(async () => {
  const browser = await launch();
  const line = await wire(base, what === "late" ? { delay: 25, jitter: 15 } : {});
  const who = await person(browser);
  if (what === "cut") {
    await climbing(who, line.origin, 1_500);
    for (let again = 0; ; again += 1) {
      const lobby = Number(who.page.url().split("/").at(-1));
      const seen = witness(lobby);
      await until("the witness hears", () => Number.isFinite(seen.began()));
      line.cut();
      await until(
        "the page notices",
        async () => ((await who.test("trouble").textContent()) ?? "") !== "",
      );
      await who.shoot("lost");
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      line.mend();
      await until(
        "the page is back",
        async () => ((await who.test("trouble").textContent()) ?? "") === "",
        15_000,
      );
      if (/^Cash out/.test((await face(who).textContent()) ?? "")) {
        const truth = () =>
          centiAt("exponential", performance.timeOrigin + performance.now() - seen.began());
        const before = truth();
        const now = Math.round((await shown(who)) * 100);
        const after = truth();
        assert(now >= before - 2 && now <= after + 2, `shown ${now}, true ${before} to ${after}`);
        await face(who).click();
        await until("it is paid", async () => /^Paid/.test(await outcome(who)));
        seen.close();
        break;
      }
      seen.close();
      assert(again < 20, "no climb outlived the cut");
      await until("the next round", async () =>
        /to begin/.test((await who.test("count").textContent()) ?? ""),
      );
      await rideAgain(who, 1_500);
    }
  }
  if (what === "late") {
    await climbing(who, line.origin, 1_000);
    const seen = witness(Number(who.page.url().split("/").at(-1)));
    await until("the witness hears", () => Number.isFinite(seen.began()));
    let [worst, samples, highest] = [0, 0, 0];
    for (let tries = 0; tries < 20 && highest < 200; tries += 1) {
      const readings = [];
      while (((await who.test("phase").textContent()) ?? "") !== "Crashed") {
        // Read in a frame, right after it was drawn, by the page's own clock: this machine's.
        const reading = await who.page.evaluate(async () => {
          await new Promise((resolve) => requestAnimationFrame(resolve));
          const text = document.querySelector('[data-test="multiplier"]')?.textContent ?? "";
          return { at: performance.timeOrigin + performance.now(), text };
        });
        readings.push(reading);
        if (centiAt("exponential", reading.at - seen.began()) > 210) break;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      // The witness knows best at the end: its fastest message tells when the climb began.
      const began = seen.began();
      for (const { at, text } of readings) {
        const truth = centiAt("exponential", at - began);
        const now = Math.round(Number.parseFloat(text || "1") * 100);
        if (truth < 110 || truth > 210 || now <= 100) continue;
        worst = Math.max(worst, Math.abs(truth - now));
        highest = Math.max(highest, truth);
        samples += 1;
      }
      if (highest >= 200) break;
      await until("the next round", async () =>
        /to begin/.test((await who.test("count").textContent()) ?? ""),
      );
      await rideAgain(who, 500);
    }
    console.log(JSON.stringify({ worst_hundredths: worst, samples, highest }));
    assert(highest >= 200 && samples > 50, `${samples} samples up to ${highest}`);
    assert(worst <= 1, `off by ${worst} hundredths`);
    seen.close();
  }
  if (what === "frozen") {
    await climbing(who, line.origin, 1_500);
    const session = await who.context.newCDPSession(who.page);
    await session.send("Page.enable");
    for (let again = 0; ; again += 1) {
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      await session.send("Page.setWebLifecycleState", { state: "active" });
      const seen = witness(Number(who.page.url().split("/").at(-1)));
      // From the first look on: the truth, or a button that waits for it.
      const first = (await face(who).textContent()) ?? "";
      const readings = [];
      for (let look = 0; look < 20; look += 1) {
        readings.push(await shown(who));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const live = ((await who.test("phase").textContent()) ?? "") !== "Crashed";
      if (live && /^(Cash out|Waiting)/.test(first)) {
        for (let i = 1; i < readings.length; i += 1) {
          const step = readings[i] - readings[i - 1];
          assert(step >= 0 && step < 0.25, `jumped ${step}: ${readings.join(" ")}`);
        }
        await until(
          "one can leave",
          async () => /^Cash out/.test((await face(who).textContent()) ?? ""),
          5_000,
        );
        await face(who).click();
        await until("it is paid", async () => /^Paid|Too late/.test(await outcome(who)));
        seen.close();
        break;
      }
      // The round ended meanwhile: no button offers a cash-out any more.
      await until(
        "no stale button",
        async () => !/^Cash out/.test((await face(who).textContent()) ?? ""),
        3_000,
      );
      seen.close();
      assert(again < 12, "no climb outlived the freeze");
      await until("the next round", async () =>
        /to begin/.test((await who.test("count").textContent()) ?? ""),
      );
      await rideAgain(who, 1_500);
    }
  }
  assert.deepEqual(
    who.faults.filter((one) => !/WebSocket|ERR_|refresh/.test(one)),
    [],
  );
  line.close();
  await browser.close();
});

/** The same again in the lobby one is in. */
async function rideAgain(who, ms) {
  for (let tries = 0; tries < 30; tries += 1) {
    await until(
      "one can bet",
      async () =>
        /^Bet \d/.test((await face(who).textContent()) ?? "") && !(await face(who).isDisabled()),
    );
    await face(who).click();
    await until(
      "the climb began",
      async () => (await shown(who)) >= 1 && ((await who.test("phase").textContent()) ?? "") === "",
    );
    const began = Date.now();
    await until(
      "it lives, or not",
      async () =>
        Date.now() - began > ms || ((await who.test("phase").textContent()) ?? "") === "Crashed",
    );
    if (((await who.test("phase").textContent()) ?? "") !== "Crashed") return;
    await until("the next round", async () =>
      /to begin/.test((await who.test("count").textContent()) ?? ""),
    );
  }
  assert.fail("no climb was long enough");
}
