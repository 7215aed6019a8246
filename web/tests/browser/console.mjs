// A newcomer plays a round from each tab of the console with nothing but what it shows:
// `node console.mjs BASE_URL`.
import { strict as assert } from "node:assert";
import { base, launch, person, run, until } from "./stage.mjs";

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

  await who.page.click("#tab-http");
  const call = who.page.locator(".swagger .opblock", {
    has: who.page.locator('[data-path="/gateway/user/v1/balance"]'),
    hasText: "GET",
  });
  await call.first().waitFor();
  await who.shoot("console-http");
  // A call from the documents goes out with the token that the log-in filled in.
  await call.first().locator(".opblock-summary-control").click();
  await call.first().locator("button.execute").click();
  const answer = call.first().locator(".live-responses-table .response").first();
  await answer.waitFor();
  const said = (await answer.textContent()) ?? "";
  assert(/^200/.test(said) && /"currency": "PLAY"/.test(said), said);
  assert.deepEqual(who.faults, []);
  await browser.close();
});
