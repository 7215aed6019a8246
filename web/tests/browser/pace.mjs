// How smooth a page is, told apart from how busy the machine is.
//
// Frames: between the windows in which the page is watched, so is a bare page in the same browser
// that draws a canvas of that size and spends half of each frame. What a machine takes from the page
// it takes from this one, so the page is judged by the share of it that it reaches, and on a free
// machine, where the bare page has all its frames, by its own frames. Where even the bare page has
// less than half of them nothing can be said, and the window is watched again.
//
// Tasks: the browser's trace says how long its thread ran in each task of the page. That is the
// length that is judged; the rest of what a clock would show, it waited for a core or for another
// process that did.
import { strict as assert } from "node:assert";

/** What a screen asks for in a second. */
export const REFRESH = 60;
/** Below this the machine is too busy for a judgement. */
const USABLE = REFRESH / 2;
/** How long a machine may be too busy, in milliseconds. */
const PATIENCE_MS = 90_000;

export const median = (numbers) => {
  const sorted = [...numbers].sort((one, two) => one - two);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** A page that does nothing but draw, and spend half of each frame. */
export async function bare(browser) {
  const page = await (await browser.newContext()).newPage();
  await page.setContent('<canvas width="1000" height="500"></canvas>');
  await page.evaluate(() => {
    const pen = document.querySelector("canvas").getContext("2d");
    globalThis.work = (began) => {
      pen.clearRect(0, 0, 1_000, 500);
      pen.fillRect(0, 0, (began / 10) % 1_000, 500);
      while (performance.now() < began + 500 / 60);
    };
  });
  return page;
}

/** How many frames the page has in each of some seconds. */
const frames = (page, seconds) =>
  page.evaluate(async (seconds) => {
    const counted = Array(seconds).fill(0);
    const began = performance.now();
    await new Promise((resolve) => {
      const step = () => {
        const now = performance.now();
        const second = Math.floor((now - began) / 1_000);
        if (second >= seconds) return resolve();
        counted[second] += 1;
        globalThis.work?.(now);
        requestAnimationFrame(step);
        return undefined;
      };
      requestAnimationFrame(step);
    });
    return counted;
  }, seconds);

/** The tasks of a page's main thread that a trace tells of, in milliseconds. */
function tasks(trace, origin) {
  const { traceEvents } = JSON.parse(trace.toString());
  const loads = ({ name, args }) => (name === "TracingStartedInBrowser" ? args.data.frames : []);
  const known = traceEvents.flatMap(loads);
  const process = known.find(({ url }) => url.startsWith(origin))?.processId;
  const threads = traceEvents.filter(
    ({ name, pid, args }) =>
      name === "thread_name" && pid === process && args.name === "CrRendererMain",
  );
  assert.equal(threads.length, 1, "the trace names the thread of the page");
  const all = traceEvents.filter(
    ({ name, ph, pid, tid }) =>
      name === "RunTask" && ph === "X" && pid === process && tid === threads[0].tid,
  );
  // Of tasks of a few microseconds it may not say how long the thread ran, and of the one in which
  // the trace began it does not know. Both are judged by the clock.
  const unknown = all.filter(({ dur, tdur }) => tdur === undefined && dur >= 1_000);
  assert(all.length > 100 && unknown.length <= 1, `${unknown.length} of ${all.length} tasks`);
  return all.map(({ dur, tdur }) => ({ clock: dur / 1_000, own: (tdur ?? dur) / 1_000 }));
}

/** The page's frames in each second, and its tasks, over what `play` does. */
async function watch(browser, page, seconds, play) {
  const categories = ["disabled-by-default-devtools.timeline"];
  await browser.startTracing(page, { categories });
  const [counted] = await Promise.all([frames(page, seconds), play()]);
  const all = tasks(await browser.stopTracing(), new URL(page.url()).origin);
  const longest = (of) => Math.round(Math.max(...all.map((task) => task[of])));
  return { frames: counted, longest: longest("own"), longest_by_clock: longest("clock") };
}

/** `count` windows of the page, each over what `play` does, and between two of the bare page. */
export async function measure({ browser, page, control, seconds, count }, play) {
  const windows = [];
  const end = Date.now() + PATIENCE_MS;
  let before = median(await frames(control, 2));
  while (windows.length < count) {
    const seen = await watch(browser, page, seconds, play);
    const after = median(await frames(control, 2));
    const bare = (before + after) / 2;
    before = after;
    if (bare >= USABLE) windows.push({ ...seen, bare });
    else assert(Date.now() < end, `the machine is too busy: ${bare} frames of a bare page`);
  }
  return windows;
}

/** What the windows come to. */
export function verdict(windows) {
  const seconds = windows.flatMap(({ frames, bare }) =>
    frames.map((count) => ({ count, scaled: (count * REFRESH) / Math.min(bare, REFRESH) })),
  );
  return {
    /** The middle one of all seconds that were watched, as it was counted. */
    counted: median(seconds.map(({ count }) => count)),
    /** The same as it is judged: each scaled by what the bare page had around its window. */
    frames: median(seconds.map(({ scaled }) => scaled)),
    /** The longest task of all, in milliseconds that its thread ran, and those that passed. */
    longest: Math.max(...windows.map((one) => one.longest)),
    longest_by_clock: Math.max(...windows.map((one) => one.longest_by_clock)),
  };
}
