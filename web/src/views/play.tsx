// The play view: the climb, the bets, and who else is there.
import { centi, type Limits, type Quality, showCenti, showUnits, units } from "@client";
import { createEffect, createSignal, For, Index, onCleanup, onMount, Show } from "solid-js";
import { player } from "../api";
import { type Frame, lengthOf, Painter } from "../climb";
import {
  absent,
  bets,
  climb,
  elapsed,
  end,
  last,
  quality,
  say,
  stakeSum,
  stale,
  state,
  trip,
} from "../game";
import { messages as m } from "../messages";
import { lobby } from "../route";
import { slots } from "../slip";
import { History } from "./history";
import { Controls } from "./slot";

function frame(now: number): Frame | null {
  const known = state();
  if (!known) return null;
  const { curve, phase } = known;
  const at = climb(now);
  if (phase === "running") return { curve, phase: "climb", ms: elapsed(now), centi: at };
  const over = end();
  if (!over || phase === "open") return { curve, phase: "wait", ms: 0, centi: 100 };
  return { curve, phase: "end", ms: over.ms ?? lengthOf(curve, over.centi), centi: at };
}

const ANNOUNCED = [150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 100_000];

function Climb() {
  let canvas!: HTMLCanvasElement;
  let number!: HTMLDivElement;
  let count!: HTMLDivElement;
  onMount(() => {
    const painter = new Painter(canvas);
    let wanted = 0;
    let told = 0;
    let drawn = "";
    const step = (now: number) => {
      wanted = requestAnimationFrame(step);
      const next = frame(Math.max(now, performance.now()));
      if (!next) return;
      const text = next.phase === "wait" ? "" : showCenti(next.centi);
      if (number.textContent !== text) number.textContent = text;
      countdown(count);
      if (next.phase === "climb") {
        const mark = ANNOUNCED.filter((one) => one <= next.centi).length;
        if (mark > told) say(m.announce.at(showCenti(ANNOUNCED[mark - 1] ?? next.centi)));
        told = mark;
      } else told = 0;
      // Only a climb moves by itself.
      const key = `${next.phase} ${next.centi}`;
      if (next.phase === "climb" || key !== drawn || painter.stale) painter.draw(next);
      drawn = key;
    };
    const recolour = () => painter.recolour();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", recolour);
    const themed = new MutationObserver(recolour);
    themed.observe(document.documentElement, { attributes: true });
    wanted = requestAnimationFrame(step);
    onCleanup(() => {
      cancelAnimationFrame(wanted);
      scheme.removeEventListener("change", recolour);
      themed.disconnect();
    });
  });
  const over = () => state()?.phase !== "running" && end() !== null;
  const phase = () => {
    const known = state();
    if (absent()) return m.phase.absent(lobby());
    if (!known) return m.phase.loading;
    if (stale()) return m.connection.stale;
    const words = {
      voided: m.phase.voided,
      interrupted: end() ? m.phase.interrupted : m.phase.stopped,
      locked: m.phase.locked,
      crashed: m.phase.crashed,
      settled: m.phase.crashed,
      running: "",
      open: "",
    };
    return words[known.phase];
  };
  return (
    <section class="climb" classList={{ over: over(), stale: stale() }} aria-label={m.nav.play}>
      <canvas ref={canvas} aria-hidden="true" />
      <div class="reading">
        <div class="multiplier" ref={number} data-test="multiplier" aria-hidden="true" />
        <div class="phase" data-test="phase">
          {phase()}
        </div>
        <div class="count" ref={count} data-test="count" />
      </div>
    </section>
  );
}

function countdown(into: HTMLElement): void {
  const known = state();
  let text = "";
  if (known?.phase === "open") {
    const left = known.closesAt === null ? null : known.closesAt - performance.now();
    if (left === null) text = m.phase.rests;
    else text = left > 0 ? m.phase.open((left / 1_000).toFixed(1)) : m.phase.closing;
  }
  if (into.textContent !== text) into.textContent = text;
}

function Chips() {
  const tone = (centi: number) => (centi < 200 ? "low" : centi < 1_000 ? "middle" : "high");
  return (
    <section class="chips" aria-label={m.last}>
      <Show when={last().length > 0} fallback={<span class="faint">{m.noLast}</span>}>
        <ul>
          <For each={last()}>
            {(one) => (
              <li>
                <a class={`chip ${tone(one.centi)}`} href={`#/fairness/${lobby()}/${one.round}`}>
                  {showCenti(one.centi)}
                </a>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}

/** How far away the server is, in words for those who cannot see bars. */
function Signal() {
  const words = () => m.quality[quality() satisfies Quality];
  return (
    <span class="trip" role="img" aria-label={`${words()}, ${m.quality.trip(trip())}`}>
      <span class={`signal ${quality()}`} title={words()}>
        <i />
        <i />
        <i />
      </span>
      {m.quality.trip(trip())}
    </span>
  );
}

/** What may be staked and won here, before anybody stakes it. */
function Terms(props: { limits: Limits }) {
  const amount = (value: number | string) => showUnits(units(value));
  return (
    <p class="terms">
      {m.bet.limits(
        amount(props.limits.stake_min),
        amount(props.limits.stake_max),
        amount(props.limits.payout_max),
        showCenti(centi(props.limits.multiplier_max)),
      )}
    </p>
  );
}

const ROW = 34;

/** Only the rows in sight exist, so that 2,000 bets cost what 20 do. */
function Bets() {
  const [top, setTop] = createSignal(0);
  const [height, setHeight] = createSignal(340);
  let box!: HTMLDivElement;
  onMount(() => {
    const seen = new ResizeObserver(() => setHeight(box.clientHeight));
    seen.observe(box);
    onCleanup(() => seen.disconnect());
  });
  const rows = () => {
    const first = Math.max(0, Math.floor(top() / ROW) - 3);
    const shown = bets().slice(first, first + Math.ceil(height() / ROW) + 6);
    return shown.map((bet, i) => ({ bet, out: bet.out, y: (first + i) * ROW }));
  };
  return (
    <section class="bets" aria-label={m.bets.title}>
      <h2>
        {m.bets.title}
        <small data-test="bets-count">{m.bets.count(bets().length, showUnits(stakeSum()))}</small>
      </h2>
      <div
        class="list"
        ref={box}
        tabindex="0"
        role="group"
        aria-label={m.bets.title}
        onScroll={() => setTop(box.scrollTop)}
      >
        <Show when={bets().length > 0} fallback={<p class="faint pad">{m.bets.none}</p>}>
          <div class="tall" style={{ height: `${bets().length * ROW}px` }}>
            {/* The rows in sight stay, and only what they show changes. */}
            <Index each={rows()}>
              {(row) => (
                <div
                  class="row"
                  classList={{ out: row().out > 0, own: row().bet.user === player()?.id }}
                  style={{ transform: `translateY(${row().y}px)` }}
                >
                  <span class="who">{row().bet.name}</span>
                  <span class="stake">{showUnits(row().bet.stake * 100)}</span>
                  <span class="at">{row().out ? showCenti(row().out) : ""}</span>
                </div>
              )}
            </Index>
          </div>
        </Show>
      </div>
    </section>
  );
}

export function Play() {
  const [second, setSecond] = createSignal(
    localStorage.getItem("waxwing.second") === "1" || slots[1].bet !== null,
  );
  createEffect(() => {
    if (slots[1].bet) setSecond(true);
    localStorage.setItem("waxwing.second", second() ? "1" : "");
  });
  return (
    <div class="play">
      <h1 class="visually-hidden">{state()?.name ?? m.name}</h1>
      <div class="controls" classList={{ both: second() }}>
        <Controls slot={0} />
        <Show
          when={second()}
          fallback={
            <button type="button" class="quiet wide" onClick={() => setSecond(true)}>
              {m.bet.second}
            </button>
          }
        >
          <Controls slot={1} />
          <Show when={!slots[1].bet}>
            <button type="button" class="quiet wide" onClick={() => setSecond(false)}>
              {m.bet.removeSecond}
            </button>
          </Show>
        </Show>
        <Show when={state()?.limits}>{(limits) => <Terms limits={limits()} />}</Show>
      </div>
      <div class="stage">
        <p class="where">
          <strong>{state()?.name ?? "…"}</strong>
          <Show when={absent()}>
            <a href="#/lobbies">{m.phase.others}</a>
          </Show>
          <Show when={state()}>
            {(known) => (
              <>
                <span class="faint">#{known().round}</span>
                <Signal />
                <a
                  class="seal"
                  classList={{ local: !known().anchored }}
                  href={`#/fairness/${known().id}`}
                >
                  {known().anchored ? m.seal.anchored : m.seal.local}
                </a>
              </>
            )}
          </Show>
        </p>
        <Climb />
        <Chips />
      </div>
      <div class="side">
        <Bets />
        <Show when={player()}>
          <History />
        </Show>
      </div>
    </div>
  );
}
