// Every round computed again in the browser, ours and other sites'.
import {
  centi,
  type PromiseVerdict,
  type RoundExport,
  SALTS,
  type Site,
  showCenti,
  signed,
  site,
  units,
  walk,
  waxwing,
} from "@client";
import { createEffect, createSignal, For, Show, untrack } from "solid-js";
import { get } from "../api";
import { state } from "../game";
import { messages as m } from "../messages";
import { promises } from "../promises";
import { lobby, route } from "../route";

type Verdict = boolean | null;
interface Check {
  words: string;
  verdict: Verdict;
  /** Why there is no verdict. */
  why?: string;
}
interface Proof {
  round: RoundExport;
  outcome: { centi: number; hmac: string; r: string } | null;
  verdicts: Check[];
}
/** What this browser was told beforehand, against what is shown now. */
function remembered(round: RoundExport): Check[] {
  const { chain, bets } = promises(round);
  const { checks, unseen } = m.fairness;
  const check = (words: string, is: PromiseVerdict): Check =>
    is === "unseen" ? { words, verdict: null, why: unseen } : { words, verdict: is === "kept" };
  return [check(checks.promise, chain), check(checks.lock, bets)];
}
const percent = (bps: number) => `${(bps / 100).toFixed(2)} %`;

/** Payouts of the list are stake × multiplier, and none lies above the crash point. */
function fairlyPaid(round: RoundExport): boolean {
  const crash = centi(round.crash_point ?? 0);
  return (round.bets ?? []).every((bet) => {
    if (bet.state !== "cashed_out") return true;
    const [stake, at] = [centi(bet.stake), centi(bet.multiplier ?? 0)];
    return units(bet.payout ?? 0) === stake * at && at <= crash;
  });
}

function Tick(props: Check) {
  return (
    <li class={props.verdict === null ? "maybe" : props.verdict ? "yes" : "no"} data-test="verdict">
      <span aria-hidden="true">{props.verdict === null ? "?" : props.verdict ? "✓" : "✗"}</span>
      {props.words}
      <Show when={props.verdict === null}> ({props.why ?? m.fairness.cannot})</Show>
    </li>
  );
}

function Value(props: { name: string; children: string | number | undefined | null }) {
  return (
    <Show when={props.children !== undefined && props.children !== null}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </Show>
  );
}

function Round() {
  const at = () => route() as { lobby?: number; round?: number };
  const [where, setWhere] = createSignal({ lobby: "", round: "" });
  const [proof, setProof] = createSignal<Proof | null>(null);
  const [walked, setWalked] = createSignal<[number, number] | null>(null);
  const [words, setWords] = createSignal("");
  let wanted = 0;
  const check = async () => {
    wanted += 1;
    const mine = wanted;
    setWords(m.fairness.checking);
    setProof(null);
    setWalked(null);
    try {
      const path = `/gateway/game/v1/lobby/${where().lobby}/rounds/${where().round}`;
      const round = await get<RoundExport>(path);
      if (mine === wanted) await prove(round, () => mine === wanted);
      if (mine === wanted) setWords("");
    } catch (error) {
      if (mine === wanted) setWords(error instanceof Error ? error.message : m.errors.offline);
    }
  };
  const prove = async (round: RoundExport, current: () => boolean) => {
    const { seed, public_seed: publicSeed, commitment: promise } = round;
    const own = { ...promise, signature: promise.signature ?? null };
    const verdicts: Check[] = [{ words: m.fairness.checks.signature, verdict: await signed(own) }];
    if (!current()) return;
    if (!seed || !publicSeed || !promise) {
      setProof({ round, outcome: null, verdicts });
      return;
    }
    const outcome = await waxwing(seed, publicSeed, promise.house_edge_bps);
    if (!current()) return;
    const same = outcome.centi === centi(round.crash_point ?? 0);
    const checks = m.fairness.checks;
    verdicts.unshift({ words: checks.crash, verdict: same });
    verdicts.push({ words: checks.bets, verdict: fairlyPaid(round) });
    setProof({ round, outcome, verdicts });
    const steps = round.seed_index ?? 0;
    const end = await walk(seed, steps, (done) => {
      if (current()) setWalked([done, steps]);
    });
    if (!current()) return;
    const reached = { words: checks.seed, verdict: end === promise.terminal };
    setProof({ round, outcome, verdicts: [...verdicts, reached] });
  };
  createEffect(() => {
    const newest = Math.max(0, (state()?.round ?? 1) - 1);
    const { lobby: room, round } = at();
    setWhere({
      lobby: String(room ?? lobby()),
      round: String(round ?? (untrack(where).round || newest || "")),
    });
    if (round) void untrack(check);
  });
  const names = m.fairness.values;
  return (
    <section class="card">
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault();
          void check();
        }}
      >
        <label>
          {m.fairness.lobby}
          <input
            inputmode="numeric"
            value={where().lobby}
            onInput={(event) => setWhere({ ...where(), lobby: event.currentTarget.value })}
          />
        </label>
        <label>
          {m.fairness.round}
          <input
            inputmode="numeric"
            value={where().round}
            onInput={(event) => setWhere({ ...where(), round: event.currentTarget.value })}
          />
        </label>
        <button class="button" data-test="check">
          {m.fairness.check}
        </button>
      </form>
      <p class="outcome" role="status">
        {words()}
      </p>
      <Show when={proof()}>
        {(known) => (
          <>
            <p class={known().round.anchored ? "note" : "note warn"} data-test="anchored">
              {known().round.anchored ? m.fairness.anchored : m.fairness.notAnchored}
            </p>
            <ul class="verdicts">
              <For each={known().verdicts}>{(one) => <Tick {...one} />}</For>
            </ul>
            <Show when={walked()}>
              {(steps) => (
                <p class="walk">
                  <progress
                    max={steps()[1]}
                    value={steps()[0]}
                    aria-label={m.fairness.checks.seed}
                  />
                  <small>{m.fairness.walk(steps()[0], steps()[1])}</small>
                </p>
              )}
            </Show>
            <h2>{m.fairness.remembered}</h2>
            <ul class="remembered">
              <For each={remembered(known().round)}>{(one) => <Tick {...one} />}</For>
            </ul>
            <dl class="values">
              <Value name={names.state}>{known().round.state}</Value>
              <Value name={names.shown}>
                {known().round.crash_point
                  ? showCenti(centi(known().round.crash_point ?? 0))
                  : undefined}
              </Value>
              <Value name={names.terminal}>{known().round.commitment?.terminal}</Value>
              <Value name={names.seed}>
                {known().round.seed ??
                  (known().round.state === "voided" ? m.fairness.voided : m.fairness.open)}
              </Value>
              <Value name={names.publicSeed}>{known().round.public_seed}</Value>
              <Value name={names.index}>{known().round.seed_index}</Value>
              <Value name={names.edge}>{percent(known().round.house_edge_bps)}</Value>
              <Value name={names.hmac}>{known().outcome?.hmac}</Value>
              <Value name={names.r}>{known().outcome?.r}</Value>
              <Value name={names.crash}>
                {known().outcome
                  ? m.fairness.formula(
                      String(10_000 - known().round.house_edge_bps),
                      known().outcome?.r ?? "",
                      String(known().outcome?.centi),
                    )
                  : undefined}
              </Value>
            </dl>
          </>
        )}
      </Show>
    </section>
  );
}

function Paste() {
  const [whose, setWhose] = createSignal<Site | "waxwing">("waxwing");
  const [hash, setHash] = createSignal("");
  const [salt, setSalt] = createSignal("");
  const [edge, setEdge] = createSignal("100");
  const [result, setResult] = createSignal("");
  const compute = async () => {
    if (!/^[0-9a-f]{64}$/i.test(hash().trim())) return setResult(m.fairness.badHash);
    if (!/^\d{1,4}$/.test(edge().trim())) return setResult(m.fairness.badEdge);
    const name = whose();
    const of =
      name === "waxwing"
        ? await waxwing(hash().trim().toLowerCase(), salt().trim(), Number(edge()))
        : await site(name, hash(), salt().trim() || SALTS[name]);
    return setResult(of.centi === 0 ? m.fairness.instant : m.fairness.result(showCenti(of.centi)));
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void compute();
      }}
    >
      <h2>{m.fairness.paste}</h2>
      <label>
        {m.fairness.site}
        <select
          name="site"
          value={whose()}
          onChange={(event) => {
            const name = event.currentTarget.value as Site | "waxwing";
            setWhose(name);
            setSalt(name === "waxwing" ? "" : SALTS[name]);
          }}
        >
          <For each={Object.entries(m.fairness.sites)}>
            {([name, words]) => <option value={name}>{words}</option>}
          </For>
        </select>
      </label>
      <label>
        {m.fairness.hash}
        <input
          name="hash"
          spellcheck={false}
          value={hash()}
          onInput={(event) => setHash(event.currentTarget.value)}
        />
      </label>
      <label>
        {m.fairness.salt}
        <input
          name="salt"
          spellcheck={false}
          value={salt()}
          onInput={(event) => setSalt(event.currentTarget.value)}
        />
      </label>
      <Show when={whose() === "waxwing"}>
        <label>
          {m.fairness.edgeBps}
          <input
            inputmode="numeric"
            value={edge()}
            onInput={(event) => setEdge(event.currentTarget.value)}
          />
        </label>
      </Show>
      <button class="button" data-test="compute">
        {m.fairness.compute}
      </button>
      <p class="big" role="status" data-test="computed">
        {result()}
      </p>
    </form>
  );
}

/**
 * What the house keeps at a target of `at` hundredths: P(crash point >= m) is the share of 52-bit
 * numbers from the first that the formula takes to m on.
 */
function edgeAt(at: number, bps: number): number {
  const space = 2n ** 52n;
  const keep = BigInt(10_000 - bps);
  const first = space - (keep * space) / (100n * BigInt(at));
  const wins = Number(space - first) / Number(space);
  return 1 - (wins * at) / 100;
}

function Edge() {
  const bps = () => state()?.edgeBps ?? 100;
  const targets = [101, 150, 200, 500, 1_000, 10_000, 100_000];
  const points = () => targets.map((at, i) => ({ at, edge: edgeAt(at, bps()), x: 44 + i * 43 }));
  // The edge lies in the middle of the picture, whatever it is.
  const y = (edge: number) => 100 - (edge * 10_000 * 45) / Math.max(1, bps());
  return (
    <section class="card">
      <h2>{m.fairness.edgeTitle}</h2>
      <p class="faint">{m.fairness.edgeText(percent(bps()))}</p>
      <svg
        class="edge"
        viewBox="0 0 330 150"
        role="img"
        aria-label={m.fairness.edgeText(percent(bps()))}
      >
        <For each={[0, 1, 2]}>
          {(times) => (
            <>
              <line x1="40" x2="322" y1={100 - times * 45} y2={100 - times * 45} />
              <text x="0" y={104 - times * 45} class="start">
                {percent(bps() * times)}
              </text>
            </>
          )}
        </For>
        <polyline
          points={points()
            .map((one) => `${one.x},${y(one.edge)}`)
            .join(" ")}
        />
        <For each={points()}>
          {(one) => (
            <>
              <circle cx={one.x} cy={y(one.edge)} r="3" />
              <text x={one.x} y="120">
                {one.at / 100}×
              </text>
            </>
          )}
        </For>
        <text x="180" y="142">
          {m.fairness.edgeAxis}
        </text>
      </svg>
    </section>
  );
}

export default function Fairness() {
  return (
    <div class="page">
      <h1>{m.fairness.title}</h1>
      <p class="lead">{m.fairness.intro}</p>
      <Show
        when={globalThis.crypto?.subtle}
        fallback={<p class="note warn">{m.fairness.insecure}</p>}
      >
        <div class="columns">
          <Round />
          <div>
            <Paste />
            <Edge />
          </div>
        </div>
      </Show>
    </div>
  );
}
