// Every round computed again in the browser, ours and other sites'.
import {
  centi,
  type PromiseVerdict,
  type RoundExport,
  showCenti,
  signed,
  units,
  walk,
  waxwing,
} from "@client";
import { createEffect, createSignal, For, Show, untrack } from "solid-js";
import { get, wordsOf } from "../api";
import { state } from "../game";
import { messages as m } from "../messages";
import { promises } from "../promises";
import { lobby, route } from "../route";
import { Edge, percent } from "./edge";
import { Paste } from "./paste";

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
  /** Whether everything was checked that can be. */
  done: boolean;
}
/** What this browser was told beforehand, against what is shown now. */
function remembered(round: RoundExport): Check[] {
  const { chain, bets } = promises(round);
  const { checks, unseen } = m.fairness;
  const check = (words: string, is: PromiseVerdict): Check =>
    is === "unseen" ? { words, verdict: null, why: unseen } : { words, verdict: is === "kept" };
  return [check(checks.promise, chain), check(checks.lock, bets)];
}
/** All checks in one sentence. */
function headline({ round, outcome, verdicts, done }: Proof): { words: string; tone: string } {
  const words = m.fairness.headline;
  const all = [...verdicts, ...remembered(round)];
  if (all.some(({ verdict }) => verdict === false)) return { words: words.wrong, tone: "no" };
  if (!outcome) {
    // Who settled a round and shows no seed for it hides something.
    if (round.state === "settled") return { words: words.wrong, tone: "no" };
    return { words: round.state === "voided" ? words.voided : words.open, tone: "maybe" };
  }
  if (!done) return { words: words.checking, tone: "maybe" };
  // A round that was not watched can be fair; one that was not computed cannot be called so.
  const whole = verdicts.every(({ verdict }) => verdict === true);
  return whole ? { words: words.fair, tone: "yes" } : { words: words.partly, tone: "maybe" };
}

/** Payouts of the list are stake × multiplier, and none lies above the crash point. */
function fairlyPaid(round: RoundExport): boolean {
  const crash = centi(round.crash_point ?? 0);
  return (round.bets ?? []).every((bet) => {
    if (bet.state !== "cashed_out") return true;
    const [stake, at] = [centi(bet.stake), centi(bet.multiplier ?? 0)];
    return units(bet.payout ?? 0) === stake * at && at <= crash;
  });
}

const SIGNS: Record<string, string> = { yes: "✓", no: "✗", maybe: "?" };

function Tick(props: Check) {
  const tone = () => (props.verdict === null ? "maybe" : props.verdict ? "yes" : "no");
  return (
    <li class={tone()} data-test="verdict">
      <span aria-hidden="true">{SIGNS[tone()]}</span>
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
      if (mine === wanted) setWords(wordsOf(error));
    }
  };
  const prove = async (round: RoundExport, current: () => boolean) => {
    const { seed, public_seed: publicSeed, commitment: promise } = round;
    const own = { ...promise, signature: promise.signature ?? null };
    const verdicts: Check[] = [{ words: m.fairness.checks.signature, verdict: await signed(own) }];
    if (!current()) return;
    if (!seed || !publicSeed || !promise) {
      setProof({ round, outcome: null, verdicts, done: true });
      return;
    }
    const outcome = await waxwing(seed, publicSeed, promise.house_edge_bps);
    if (!current()) return;
    const same = outcome.centi === centi(round.crash_point ?? 0);
    const checks = m.fairness.checks;
    verdicts.unshift({ words: checks.crash, verdict: same });
    verdicts.push({ words: checks.bets, verdict: fairlyPaid(round) });
    setProof({ round, outcome, verdicts, done: false });
    const steps = round.seed_index ?? 0;
    const end = await walk(seed, steps, (done) => {
      if (current()) setWalked([done, steps]);
    });
    if (!current()) return;
    const reached = { words: checks.seed, verdict: end === promise.terminal };
    setProof({ round, outcome, verdicts: [...verdicts, reached], done: true });
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
            <p class={`big headline ${headline(known()).tone}`} data-test="headline">
              <span aria-hidden="true">{SIGNS[headline(known()).tone]}</span>
              {headline(known()).words}
            </p>
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
