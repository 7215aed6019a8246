// 2,000 live bets, of which every tick sees some leave, over 100 rounds: `node crowd.mjs BASE_URL`.
// The lobby's socket is played by this test, so that each round is the same and a page that is slow
// finds no excuse in a server that is; all else comes from the server. How the page is judged on a
// machine that does other work stands in pace.mjs.
import { strict as assert } from "node:assert";
import { bare, measure, verdict } from "./pace.mjs";
import { base, front, launch, person, run, until } from "./stage.mjs";

const CROWD = 2_000;
/** A window holds a whole round: bets that come, a climb that they leave, its end. */
const [WINDOWS, WINDOW_S, CLIMB_MS] = [5, 6, 5_200];
const [LEAST_FRAMES, LONGEST_MS] = [55, 50];
const view = await (await fetch(`${base}/gateway/game/v1/lobby/1`)).json();
const { websocket_url: _, mine: __, ...known } = view;
const crowd = Array.from({ length: CROWD }, (_, i) => ({
  user_id: i + 1,
  name: `player-${i + 1}`,
  stake: 1 + (i % 500) / 100,
}));

/** The lobby behind one socket. */
function lobby(socket) {
  let [seq, round, joined] = [0, 0, false];
  const tell = (type, fields) => {
    if (socket.readyState !== 1) return;
    seq += 1;
    socket.send(JSON.stringify({ type, lobby_id: 1, epoch: 9, seq, round, ...fields }));
  };
  const open = { commitment: known.commitment, seed_index: 1, anchored: false };
  /** A round of `ms` milliseconds, with a tick every `every`. */
  const play = (ms, every) => {
    round += 1;
    tell("betting_opened", { ...open, closes_in_ms: 0 });
    for (let i = 0; i < CROWD; i += 200) tell("bets_accepted", { bets: crowd.slice(i, i + 200) });
    tell("round_started", { elapsed_ms: 0, curve: "exponential" });
    const began = performance.now();
    let left = 0;
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const elapsed_ms = Math.round(performance.now() - began);
        if (elapsed_ms >= ms) {
          clearInterval(timer);
          tell("crashed", { crash_point: 1.5, multiplier: 1.5, elapsed_ms });
          resolve();
          return;
        }
        const out = crowd.slice(left, left + 100);
        left += 100;
        const cash_outs = out.map((bet) => ({
          ...bet,
          multiplier: 1.2,
          payout: Number((bet.stake * 1.2).toFixed(4)),
        }));
        tell("tick", { elapsed_ms, multiplier: 1.2, cash_outs });
      }, every);
    });
  };
  socket.on("message", (text) => {
    const { type, id } = JSON.parse(String(text));
    const reply = { type: "reply", id, lobby_id: 1, unix_ms: Date.now() };
    socket.send(JSON.stringify(reply));
    if (type !== "join") return;
    const state = { lobby_id: 1, epoch: 9, seq, round, phase: "open", bets: [], mine: [] };
    socket.send(JSON.stringify({ type: "snapshot", ...known, ...state }));
    joined = true;
  });
  return { play, joined: () => joined, round: () => round };
}

/** The pace of the page: what is asserted, and what one wants to see if it is not so. */
async function pace(browser, who, table) {
  const control = await bare(browser);
  const how = { browser, page: who.page, control, seconds: WINDOW_S, count: WINDOWS };
  const windows = await measure(how, () => table().play(CLIMB_MS, 250));
  await who.shoot("crowd");
  // Whether what is judged here would be noticed: a page that stutters on purpose.
  await who.page.evaluate(() => {
    setInterval(() => {
      const end = performance.now() + 150;
      while (performance.now() < end);
    }, 200);
  });
  const short = { ...how, seconds: 3, count: 1 };
  const stutters = await measure(short, () => table().play(2_500, 250));
  const [judged, slow] = [verdict(windows), verdict(stutters)];
  console.log(JSON.stringify({ windows, judged, slow }));
  assert(judged.frames >= LEAST_FRAMES, `${judged.frames} frames a second`);
  assert(judged.longest <= LONGEST_MS, `a task of ${judged.longest} ms`);
  assert(slow.frames < LEAST_FRAMES, "a page that stutters is seen to be slow");
  assert(slow.longest > LONGEST_MS, "a page that stutters is seen to hold its thread");
}

/** What the page holds after 20 and after 120 rounds, in bytes. */
async function memory(who, table) {
  const session = await who.context.newCDPSession(who.page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  const rounds = async (count) => {
    for (let i = 0; i < count; i += 1) await table().play(150, 50);
    const last = `#${table().round()}`;
    const shown = async () => (await who.page.locator(".where .faint").textContent()) === last;
    await until("the page has seen them", shown);
    return heap();
  };
  const [early, late] = [await rounds(20), await rounds(100)];
  console.log(JSON.stringify({ heap_after_20_rounds: early, heap_after_120: late }));
  assert(late - early < 1_000_000, `memory grew from ${early} to ${late}`);
}

run(async () => {
  const browser = await launch();
  const who = await person(browser);
  let table = null;
  const door = await front(base, (socket) => {
    table = lobby(socket);
  });
  const sit = async () => {
    table = null;
    await who.page.goto(`${door.origin}/?${Date.now()}`);
    await until("the page is in the lobby", () => table?.joined());
    await table.play(500, 50);
    await until("the crowd is there", async () =>
      /2000 bets/.test((await who.test("bets-count").textContent()) ?? ""),
    );
  };
  await sit();
  await pace(browser, who, () => table);
  // A page that stutters no more.
  await sit();
  await memory(who, () => table);
  assert.deepEqual(who.faults, []);
  door.close();
  await browser.close();
});
