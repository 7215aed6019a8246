// Every view, light and dark, narrow and wide: looked at by axe, kept as pictures, weighed:
// `node views.mjs BASE_URL`.
import { strict as assert } from "node:assert";
import { gzipSync } from "node:zlib";
import { findings } from "./axe.mjs";
import { base, launch, person, register, run, until } from "./stage.mjs";

const VIEWS = {
  play: "#/lobby/1",
  lobbies: "#/lobbies",
  account: "#/account",
  fairness: "#/fairness",
  console: "gateway/docs/",
};

run(async () => {
  const browser = await launch();
  const wrong = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, width, height] of [
      ["phone", 360, 740],
      ["wide", 1440, 900],
    ]) {
      const who = await person(browser, {
        colorScheme,
        viewport: { width, height },
        reducedMotion: "reduce",
      });
      await who.page.goto(`${base}/`);
      await until(
        "the lobby is there",
        async () => (await who.page.locator(".where strong").textContent()) === "Main",
      );
      await register(who, base, `view-${colorScheme}-${size}-${Date.now().toString(36)}`);
      for (const [name, hash] of Object.entries(VIEWS)) {
        await who.page.goto(`${base}/${hash}`);
        await who.page.waitForTimeout(400);
        const where = `${name}-${colorScheme}-${size}`;
        await who.shoot(where, { fullPage: true });
        for (const found of await findings(who)) wrong.push(`${where}: ${found}`);
        const over = await who.page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        if (over > 0) wrong.push(`${where}: ${over} px too wide`);
      }
      wrong.push(...who.faults);
      await who.context.close();
    }
  }
  assert.deepEqual(wrong, []);

  // Weight: what a player's page takes, and when it is first seen.
  const who = await person(browser);
  const taken = [];
  who.page.on("response", async (answer) => {
    const path = new URL(answer.url()).pathname;
    if (/^\/($|assets\/)/.test(path))
      taken.push(gzipSync(await answer.body(), { level: 9 }).length);
  });
  await who.page.goto(`${base}/`);
  await until(
    "the lobby is there",
    async () => (await who.page.locator(".where strong").textContent()) === "Main",
  );
  // The words are there before the frame that shows them is.
  const painted = await who.page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
  );
  const paint = await painted.jsonValue();
  const weight = taken.reduce((sum, one) => sum + one, 0);
  console.log(
    JSON.stringify({ gzip_bytes: weight, files: taken.length, first_paint_ms: Math.round(paint) }),
  );
  assert(weight > 1_000 && weight <= 60_000, `${weight} bytes`);
  assert(paint < 1_500, `first seen after ${paint} ms`);

  // With keys alone: from the top to the button that bets.
  await who.page.keyboard.press("Tab");
  assert.match(await who.page.evaluate(() => document.activeElement?.className ?? ""), /skip/);
  await who.page.keyboard.press("Enter");
  assert.equal(await who.page.evaluate(() => document.activeElement?.id), "main");
  let reached = false;
  for (let press = 0; press < 15 && !reached; press += 1) {
    await who.page.keyboard.press("Tab");
    reached = await who.page.evaluate(
      () => document.activeElement?.classList.contains("main") ?? false,
    );
  }
  assert(reached, "the button is reached with the keyboard");
  await browser.close();
});
