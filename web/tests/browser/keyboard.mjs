// With the keyboard alone, from an empty browser to a cash-out: `node keyboard.mjs BASE_URL`. At
// every key the focus is somewhere, in sight, and shown.
import { strict as assert } from "node:assert";
import { asked, base, launch, money, person, run, until } from "./stage.mjs";

const name = `keys-${Date.now().toString(36)}`;
const words = async (where) => (await where.textContent()) ?? "";
const face = (who) => who.test("slot-1").locator('[data-test="press"]');

/** Where the focus is, and whether somebody who looks can tell. */
const focus = ({ page }) =>
  page.evaluate(() => {
    const on = document.activeElement;
    if (on === null || on === document.body) return { what: "nothing", isLost: true };
    const { outlineStyle, outlineWidth } = getComputedStyle(on);
    const box = on.getBoundingClientRect();
    const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return {
      what: `${on.tagName} ${on.id || on.dataset.test || on.textContent?.slice(0, 30)}`,
      isLost: false,
      // Where a view begins; the next Tab goes to its first control.
      isPlace: on.tabIndex < 0,
      isShown: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
      isInSight: at !== null && (on.contains(at) || at.contains(on)),
    };
  });

async function press(who, key) {
  await who.page.keyboard.press(key);
  const now = await focus(who);
  assert(!now.isLost, `the focus is lost after ${key}`);
  return now;
}

/** A key that is held longer than it need be, which repeats. */
async function hold(who, key) {
  for (let times = 0; times < 6; times += 1) await who.page.keyboard.down(key);
  await who.page.keyboard.up(key);
  assert(!(await focus(who)).isLost, `the focus is lost while ${key} is held`);
}

/** Goes on with Tab, or another `key`, until `wanted` has the focus. */
async function tabTo(who, wanted, key = "Tab") {
  const passed = [];
  for (let keys = 0; keys < 60; keys += 1) {
    const now = await press(who, key);
    assert(now.isPlace || (now.isShown && now.isInSight), JSON.stringify(now));
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
    passed.push(now.what);
  }
  assert.fail(`not reached: ${passed.join(" | ")}`);
}

/** The focus stays where it is, however what is there changes, until it `holds`. */
async function stays(who, where, what, holds) {
  await until(what, async () => {
    const on = await focus(who);
    assert(!on.isLost, `the focus is lost before ${what}`);
    assert(await where.evaluate((one) => one === document.activeElement), `it is on ${on.what}`);
    return holds();
  });
}

async function register(who) {
  await tabTo(who, who.page.locator('nav a[href="#/account"]'));
  await press(who, "Enter");
  await who.page.locator('input[name="username"]').waitFor();
  await tabTo(who, who.page.locator('input[name="username"]'));
  await who.page.keyboard.type(name);
  await tabTo(who, who.page.locator('input[name="password"]'));
  await who.page.keyboard.type("correct horse");
  await press(who, "Enter");
  await who.test("balance").waitFor();
  await until("the game is shown", async () => (await face(who).count()) === 1);
  assert(!(await focus(who)).isLost, "the focus is lost after signing in");
}

async function topUp(who) {
  // What leads to other views stands before this one.
  await tabTo(who, who.page.locator('nav a[href="#/account"]'), "Shift+Tab");
  await press(who, "Enter");
  const amount = who.page.locator('input[name="amount"]');
  await amount.waitFor();
  await tabTo(who, amount);
  await press(who, "Control+a");
  await who.page.keyboard.type("500");
  await tabTo(who, who.page.locator('form button:has-text("Top up play money")'));
  await press(who, "Space");
  await until("the money is there", async () => (await money(who)) === 500);
  const lines = who.page.locator("tbody tr", { hasText: "Top-up" });
  await until("the statement has it", async () => (await lines.count()) === 1);
  assert(!(await focus(who)).isLost, "the focus is lost after a top-up");
}

/** A lobby of one's own, so that rounds wait for the bet. */
async function open(who) {
  await tabTo(who, who.page.locator('nav a[href="#/lobbies"]'), "Shift+Tab");
  await press(who, "Enter");
  await who.test("create").waitFor();
  await tabTo(who, who.page.locator('input[name="betting"]'));
  await press(who, "Control+a");
  await who.page.keyboard.type("3");
  await tabTo(who, who.test("create"));
  await press(who, "Enter");
  await who.page.waitForURL(/#\/lobby\/\d+$/);
  await until("the game is shown", async () => (await face(who).count()) === 1);
  assert(!(await focus(who)).isLost, "the focus is lost in a new lobby");
}

const says = (who, pattern) => async () => pattern.test(await words(face(who)));
const newest = async () => (await asked(name, "/gateway/game/v1/bets?limit=1"))[0];
const free = (who) => async () =>
  (await says(who, /^Bet 2\.00$/)()) && (await face(who).isEnabled());

/** A second bet comes and goes by one button, which keeps the focus. */
async function second(who) {
  const button = who.test("second");
  await tabTo(who, button);
  for (const count of [1, 0]) {
    await press(who, "Enter");
    await stays(
      who,
      button,
      `${count} more`,
      async () => (await who.test("slot-2").count()) === count,
    );
  }
}

/** Who bets by the shortcut out of a field stays in it, and changes no bet that is in. */
async function fromTheField(who) {
  const stake = who.test("slot-1").locator('[data-test="stake"]');
  await tabTo(who, stake, "Shift+Tab");
  await press(who, "Control+a");
  await who.page.keyboard.type("2");
  await stays(who, stake, "a bet can be placed", free(who));
  const before = await newest();
  await press(who, "Alt+1");
  await who.page.keyboard.type("7");
  await stays(who, stake, "the bet is over", async () => {
    if (await says(who, /^Cash out/)()) await press(who, "Alt+1");
    const bet = await newest();
    return bet !== undefined && bet.bet_id !== before?.bet_id && bet.state !== "accepted";
  });
  assert.equal(await stake.inputValue(), "2");
}

/** Bets and leaves with the one button, until a cash-out came before the crash. */
async function play(who) {
  await tabTo(who, face(who));
  for (let tries = 0; tries < 30; tries += 1) {
    await stays(who, face(who), "a bet can be placed", free(who));
    const before = await newest();
    await hold(who, tries % 2 ? "Space" : "Enter");
    await stays(who, face(who), "the bet is over", async () => {
      // Before 1.01x there is nothing to be had.
      if ((await says(who, /^Cash out/)()) && (await face(who).isEnabled()))
        await press(who, "Space");
      const bet = await newest();
      return bet !== undefined && bet.bet_id !== before?.bet_id && bet.state !== "accepted";
    });
    const { state } = await newest();
    if (state === "cashed_out") return;
    assert.equal(state, "lost", "a key that was held has taken the bet back");
  }
  assert.fail("no climb lasted");
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  // No mouse: whatever would use one fails.
  for (const kind of ["mousedown", "pointerdown"]) {
    await who.page.addInitScript((kind) => {
      addEventListener(kind, () => console.error(`a ${kind}`), true);
    }, kind);
  }
  await who.page.goto(`${base}/`);
  await until("the lobby is there", async () => (await words(who.test("phase"))) !== "Loading …");
  await register(who);
  await topUp(who);
  await open(who);
  await second(who);
  await fromTheField(who);
  await play(who);
  await who.shoot("keyboard");
  // What happened was said, one after the other.
  assert((await who.test("said").locator("p").count()) > 1);
  let book;
  const agree = async () => {
    book = await asked(name, "/gateway/user/v1/balance");
    return book.held === 0 && (await money(who)) === Math.floor(book.balance * 100) / 100;
  };
  await until(() => `page and server agree: ${JSON.stringify(book)}`, agree);
  assert.deepEqual(who.faults, []);
  await browser.close();
});
