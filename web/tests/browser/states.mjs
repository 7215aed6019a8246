// What is only there once something has happened, looked at by axe: `node states.mjs BASE_URL`.
import { strict as assert } from "node:assert";
import { findings } from "./axe.mjs";
import { base, launch, openLobby, person, register, run, until, wire } from "./stage.mjs";

const wrong = [];
const LOOKS = [
  ["light", 360, 740],
  ["dark", 360, 740],
  ["light", 1440, 900],
  ["dark", 1440, 900],
];
/** Both widths and both colours, for what is made of parts that are looked at elsewhere. */
const PAIR = [LOOKS[0], LOOKS[3]];
const words = async (where) => (await where.textContent()) ?? "";
const face = (who) => who.test("slot-1").locator('[data-test="press"]');

/**
 * Looks at what is shown now, in every way that is left to be looked in; what does not stay until it
 * was looked at is left for another time. Whether nothing is left.
 */
async function look(who, state, left = [...LOOKS], stays = async () => true) {
  while (left.length > 0) {
    const [colorScheme, width, height] = left[0];
    await who.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await who.page.setViewportSize({ width, height });
    const found = await findings(who);
    const over = await who.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (!(await stays())) return false;
    left.shift();
    wrong.push(...found.map((one) => `${state} ${colorScheme} ${width}: ${one}`));
    if (over > 0) wrong.push(`${state} ${colorScheme} ${width}: ${over} px too wide`);
    await who.shoot(`state-${state}-${colorScheme}-${width}`, { fullPage: true });
  }
  return true;
}

/** The account of nobody, with either form, and of somebody whom money was refused. */
async function account(who, name) {
  await who.page.goto(`${base}/#/account`);
  await who.page.locator('input[name="password"]').waitFor();
  await look(who, "account-logged-out");
  await who.test("switch").click();
  await who.page.fill('input[name="username"]', name);
  await who.page.fill('input[name="password"]', "not the word");
  await who.page.click("form button.button");
  await until("it is refused", async () => (await words(who.test("said-by-form"))) !== "");
  await look(who, "account-refused");
  await who.test("switch").click();
  await register(who, base, name);
  await who.page.reload();
  await who.page.locator("table").waitFor();
  await look(who, "account-logged-in");
}

/** A bet that stands: before its climb and in it; and what is left of it. */
async function bet(who) {
  await openLobby(who, base, { name: "Looked at", betting: "8" });
  await who.test("second").click();
  const takes = () => face(who).filter({ hasText: /^Bet \d[\d.,]*$/ });
  // The button offers a bet again; what the last one came to may be gone by then.
  const over = async () => /^Bet \d/.test(await words(face(who)));
  const stands = async () => /take back$/.test(await words(face(who)));
  const climbs = async () => /^Cash out/.test(await words(face(who)));
  // A climb may be short: two looks at it are enough.
  const [before, during] = [[...LOOKS], [...PAIR]];
  for (let tries = 0; before.length + during.length > 0; tries += 1) {
    assert(tries < 30, `not looked at: ${JSON.stringify([before, during])}`);
    await takes().click({ timeout: 60_000 });
    await until("the bet is in", stands);
    await look(who, "bet-open", before, stands);
    await until("the climb", async () => (await climbs()) || (await over()));
    await look(who, "bet-climbs", during, climbs);
    await until("the end", over);
  }
  await until("the history has it", async () => (await who.page.locator("td").count()) > 0);
  await look(who, "history");
}

/** Auto bet with limits that are refused, and a stake that is. */
async function faults(who) {
  const lobby = who.page.url();
  await who.page.goto(`${base}/#/account`);
  await who.test("allow-auto").check();
  await who.page.goto(lobby);
  const slot = who.test("slot-1");
  await slot.locator("summary").click();
  await slot.locator('[data-test="auto-rounds"]').fill("some");
  await slot.locator('[data-test="auto-bet"]').click();
  await slot.locator('[data-test="stake"]').fill("1.234");
  await until("both are refused", async () => {
    const said = await words(slot.locator('[data-test="hint"]'));
    return /whole number/.test(said) && /two decimals/.test(said);
  });
  await look(who, "slip-refused", [...PAIR]);
}

/** Without a clipboard the link is shown, and hides nothing; pressed again it is gone. */
async function share(who) {
  await who.page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
  });
  await who.test("share").click();
  await who.test("link").waitFor();
  await look(who, "link-by-hand", [...PAIR]);
  await who.page.setViewportSize({ width: 360, height: 740 });
  assert.equal(await words(who.test("link")), who.page.url());
  const boxes = await Promise.all(
    [".where strong", ".trip", ".seal", '[data-test="link"]'].map((one) =>
      who.page.locator(one).boundingBox(),
    ),
  );
  for (const box of boxes) {
    assert(box && box.width > 20 && box.x >= 0 && box.x + box.width <= 360, JSON.stringify(boxes));
  }
  await who.test("share").click();
  assert.equal(await who.test("link").count(), 0);
}

/** Whoever only watches, over a connection that is lost; and whoever was signed out elsewhere. */
async function gone(who) {
  const line = await wire(base);
  const guest = await person(who.page.context().browser());
  await guest.page.goto(`${line.origin}/#/lobby/1`);
  await until("there is a lobby", async () => /Log in to bet/.test(await words(face(guest))));
  await look(guest, "play-guest", [...PAIR]);
  line.cut();
  const isLost = async () => (await words(guest.test("trouble"))) !== "";
  await until("it is lost", isLost);
  await look(guest, "connection-lost", [...PAIR], isLost);
  line.close();
  wrong.push(...guest.faults.filter((one) => !/WebSocket|ERR_/.test(one)));
  await guest.context.close();
  await who.page.goto(`${base}/#/lobby/1`);
  await who.test("balance").waitFor();
  const tab = await who.context.newPage();
  await tab.goto(`${base}/#/account`);
  await tab.locator('[data-test="log-out"]').click();
  await until("it is told", async () => /signed out/.test(await words(who.test("signed-out"))));
  await look(who, "signed-out", [...PAIR]);
  await tab.close();
}

/** A round computed again, and one that was pasted. */
async function fairness(who) {
  const number = Number(who.page.url().split("/").at(-1));
  await who.page.goto(`${base}/#/fairness/${number}/1`);
  await until(
    "it is computed",
    async () => (await who.page.locator(".verdicts li.yes").count()) === 4,
  );
  await who.page.selectOption('select[name="site"]', "stake_crash");
  await who.page.fill('input[name="hash"]', "0".repeat(64));
  await who.test("compute").click();
  await until("a result", async () => (await words(who.test("computed"))) !== "");
  await look(who, "fairness-computed");
}

async function lobbies(who) {
  await who.page.goto(`${base}/#/lobbies`);
  await until("the lobbies", async () => (await who.page.locator(".lobbies li a").count()) > 1);
  await look(who, "lobbies-logged-in");
  const guest = await person(who.page.context().browser());
  await guest.page.goto(`${base}/#/lobbies`);
  await until("the lobbies", async () => (await guest.page.locator(".lobbies li a").count()) > 1);
  await look(guest, "lobbies-guest");
  await guest.page.goto(`${base}/#/lobby/987654`);
  await until("it is missing", async () => /no lobby/.test(await words(guest.test("phase"))));
  await look(guest, "lobby-absent");
  wrong.push(...guest.faults);
}

/** The console's tabs with frames in their logs, one of them open, and a program to copy. */
async function tabs(who, name) {
  await who.page.goto(`${base}/gateway/docs/`);
  await who.page.fill('[name="username"]', name);
  await who.page.fill('[name="password"]', "correct horse");
  await who.test("log-in").click();
  await until("the token", async () => /^eyJ/.test(await who.page.inputValue('[name="token"]')));
  for (const [tab, told] of [
    ["plain", "snapshot"],
    ["socket_io", "joined"],
  ]) {
    await who.page.click(`#tab-${tab}`);
    const panel = who.test(`panel-${tab}`);
    await panel.locator('[data-test="connect"]').click();
    if (tab === "plain") {
      await until("it is signed in", async () => /reply/.test(await words(panel)));
      await panel.locator('[data-test="message-join"]').click();
      await panel.locator('[data-test="send"]').click();
    }
    const frame = panel.locator(`[data-test="frame"][data-name="${told}"]`).first();
    await frame.waitFor();
    await frame.locator("summary").click();
    await panel.locator('[data-test="message-place_bet"]').click();
    await panel.locator('[data-test="copy-Rust"]').click();
    await panel.locator('[data-test="code"]').waitFor();
    await look(who, `console-${tab}`);
  }
  await who.page.click("#tab-http");
  await who.page.locator(".swagger .opblock").first().waitFor();
  await look(who, "console-http");
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  const name = `states-${Date.now().toString(36)}`;
  await account(who, name);
  await bet(who);
  await faults(who);
  await share(who);
  await fairness(who);
  await lobbies(who);
  await tabs(who, name);
  await gone(who);
  wrong.push(...who.faults);
  assert.deepEqual(wrong, []);
  await browser.close();
});
