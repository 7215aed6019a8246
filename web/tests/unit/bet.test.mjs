// What a bet's button does, what may be staked, and what answers make of a bet under way.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import * as client from "../../client/dist/index.js";

const limits = {
  stake_min: 1,
  stake_max: 500,
  payout_max: 10_000,
  multiplier_max: 1_000,
  bets_per_player: 2,
};
const units = (amount) => amount * 10_000;

test("a stake is read with a comma, with copied spaces, and never beyond two decimals", () => {
  const read = (text) => client.typed(text);
  assert.equal(read(" 10,5 "), 1_050);
  assert.equal(read("1\u202f234.56"), 123_456);
  assert.equal(read("0.1"), 10);
  for (const bad of ["", "1.234", "1,234.5", "1e3", "-1", "Infinity", "0x10", "9999999999", "٣"]) {
    assert.equal(read(bad), null, bad);
  }
});

test("every fault of what was typed is named", () => {
  const fault = (stake, auto = "", balance = units(1_000)) =>
    client.faultOf(stake, auto, limits, balance);
  assert.equal(fault("10"), null);
  assert.equal(fault("0"), "stake");
  assert.equal(fault("ten"), "stake");
  assert.equal(fault("10", "1"), "target");
  assert.equal(fault("10", "2.345"), "target");
  assert.equal(fault("10", "0"), null);
  assert.equal(fault("0.99"), "below");
  assert.equal(fault("500.01"), "above");
  assert.equal(fault("10.01", "", units(10)), "funds");
  assert.equal(client.faultOf("10", "", null, null), null);
  // 10,000 is not even 1.01 times this.
  assert.equal(client.faultOf("9901", "", { ...limits, stake_max: 20_000 }, null), "above");
});

test("half, double and maximum stay within the balance and the lobby's limits", () => {
  const within = (wish, balance) => client.stakeWithin(wish, limits, balance);
  assert.equal(within(50, units(100)), 100);
  assert.equal(within(90_000, units(1_000)), 50_000);
  assert.equal(within(90_000, units(12.34)), 1_234);
  assert.equal(within(90_000, null), 50_000);
  // Below the least stake the fault says why nothing can be placed.
  assert.equal(within(90_000, units(0.5)), 100);
  assert.equal(client.highestStake(limits, units(0.0099)), 0);
});

test("a bet is paid at the latest at its target, the payout's bound, or the lobby's", () => {
  assert.equal(client.capOf(1_000, 250, limits), 250);
  assert.equal(client.capOf(1_000, 0, limits), 100_000);
  assert.equal(client.capOf(50_000, 0, limits), 2_000);
  assert.equal(client.capOf(50_000, 5_000, limits), 2_000);
});

const open = { lobby: 1, round: 7, phase: "open" };
const running = { ...open, phase: "running" };
const bet = (stage, round = 7, lobby = 1) => ({ lobby, round, stage });

test("one button does one thing in every state", () => {
  const step = client.stepOf;
  assert.equal(step(null, false, null, open), "place");
  assert.equal(step(null, false, null, running), "queue");
  assert.equal(step(null, false, "funds", open), null);
  assert.equal(step(null, true, null, running), "unqueue");
  // A queued bet can be taken out of the queue whatever became of the balance.
  assert.equal(step(null, true, "funds", running), "unqueue");
  assert.equal(step(bet("riding"), false, null, open), "take_back");
  assert.equal(step(bet("riding"), false, null, running), "cash_out");
  assert.equal(step(bet("riding"), false, null, { ...open, phase: "locked" }), null);
  assert.equal(step(bet("riding"), false, null, { ...open, phase: "crashed" }), null);
  assert.equal(step(null, false, null, null), null);
  for (const stage of ["won", "lost", "released"]) {
    assert.equal(step(bet(stage), false, null, running), "queue", stage);
  }
});

test("a second press does nothing while the first is under way", () => {
  for (const stage of ["placing", "cancelling", "cashing", "unknown"]) {
    for (const now of [open, running]) {
      assert.equal(client.stepOf(bet(stage), false, null, now), null, stage);
    }
  }
});

test("a bet of another lobby or round is not acted on", () => {
  assert.equal(client.stepOf(bet("riding", 7, 2), false, null, running), null);
  assert.equal(client.stepOf(bet("riding", 6), false, null, running), null);
});

test("a refusal after a lost answer does not forget a bet that may have been taken", () => {
  assert.equal(client.afterPlace("insufficient_funds", false), "drop");
  assert.equal(client.afterPlace("betting_closed", true), "look_up");
  assert.equal(client.afterPlace("bet_id_reused", false), "look_up");
});

test("a refused cash-out rides on only while its round climbs and the bet is open", () => {
  const after = client.afterCashOut;
  assert.equal(after("too_late", true), "lose");
  assert.equal(after("rate_limited", true), "ride");
  assert.equal(after("too_early", true), "ride");
  assert.equal(after("rate_limited", false), "look_up");
  for (const code of ["already_cashed_out", "wrong_round", "no_open_bet"]) {
    assert.equal(after(code, true), "look_up", code);
  }
  assert.equal(client.afterCancel("betting_closed"), "ride");
  assert.equal(client.afterCancel("no_open_bet"), "look_up");
});

test("a snapshot settles what is unknown and does not overrule an answer on its way", () => {
  const own = (state) => ({ bet_id: "b", stake: 1, cap: 2, state });
  const after = (stage, line, asked = false, now = open) =>
    client.afterSnapshot(bet(stage), line && own(line), now, asked);
  assert.equal(after("placing", null), "send");
  assert.equal(after("placing", null, true), "keep");
  assert.equal(after("placing", "accepted"), "ride");
  assert.equal(after("cashing", "accepted", true), "keep");
  assert.equal(after("cashing", "accepted"), "ride");
  assert.equal(after("cashing", "cashed_out", true), "end");
  assert.equal(after("cancelling", "cancelled"), "end");
  assert.equal(after("riding", null), "look_up");
  assert.equal(after("placing", null, false, { ...open, round: 8 }), "look_up");
  assert.equal(after("riding", null, false, { ...open, lobby: 2 }), "look_up");
  assert.equal(after("won", "lost"), "keep");
});

test("auto bet stops on loss, on profit, after its rounds, and where a limit cannot be read", () => {
  const none = { rounds: "", loss: "", profit: "", played: 0, won: 0 };
  const on = (some) => client.goesOn({ ...none, ...some });
  assert(on({ played: 1_000, won: units(-1_000) }));
  assert(on({ rounds: "3", played: 2 }));
  assert(!on({ rounds: "3", played: 3 }));
  assert(on({ loss: "20", won: units(-19.99) }));
  assert(!on({ loss: "20", won: units(-20) }));
  assert(on({ profit: "20", won: units(19.99) }));
  assert(!on({ profit: "20", won: units(20) }));
  for (const bad of [{ rounds: "some" }, { loss: "-5" }, { profit: "1.234" }]) assert(!on(bad));
});
