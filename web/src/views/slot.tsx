// One bet: what is staked, where it leaves by itself, and the one button.
import {
  highestStake,
  payout,
  showCenti,
  showUnits,
  stakeWithin,
  target,
  typed,
  wire,
} from "@client";
import { createEffect, createSignal, createUniqueId, onCleanup, onMount, Show } from "solid-js";
import { player } from "../api";
import { climb, end, stale, state, wallet } from "../game";
import { messages as m } from "../messages";
import { go } from "../route";
import { cap, fault, type Index, isShort, keep, setSlots, slots } from "../slip";
import { press, rides, step } from "../slots";

export function Controls(props: { slot: Index }) {
  const n = props.slot;
  const slot = () => slots[n];
  const bet = () => slot().bet;
  const [about, setAbout] = createSignal(0);
  const ids = { stake: createUniqueId(), auto: createUniqueId() };
  let button!: HTMLButtonElement;
  let handled = false;

  // What it would pay now, as often as it changes while it can be pressed.
  createEffect(() => {
    const known = bet();
    if (known?.state !== "riding" || state()?.phase !== "running") return;
    let wanted = 0;
    const show = () => {
      setAbout(payout(known.stake, Math.min(climb(), known.cap || Number.POSITIVE_INFINITY)));
      wanted = requestAnimationFrame(show);
    };
    show();
    onCleanup(() => cancelAnimationFrame(wanted));
  });
  onMount(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.altKey && event.key === String(n + 1)) {
        event.preventDefault();
        button.click();
      }
    };
    addEventListener("keydown", pressed);
    onCleanup(() => removeEventListener("keydown", pressed));
  });

  const money = () => showUnits((typed(slot().stake) ?? 0) * 100);
  const running = () => state()?.phase === "running";
  const broke = () => isShort(slot()) && wallet()?.balance === 0 && wallet()?.held === 0;
  const face = (): { text: string; kind: string; off: boolean } => {
    if (!player()) return { text: m.bet.logIn, kind: "bet", off: false };
    const known = bet();
    if (known?.state === "placing") return { text: m.bet.placing, kind: "wait", off: true };
    if (known?.state === "cancelling") return { text: m.bet.cancelling, kind: "wait", off: true };
    if (known?.state === "cashing")
      return { text: m.bet.cashing(showUnits(known.paid)), kind: "wait", off: true };
    if (known?.state === "unknown") return { text: m.bet.unknown, kind: "wait", off: true };
    if (known?.state === "riding") {
      const now = state();
      if (now && (known.lobby !== now.id || known.round !== now.round))
        return { text: m.bet.elsewhere, kind: "wait", off: true };
      if (running() && stale()) return { text: m.bet.checking, kind: "wait", off: true };
      if (running())
        return {
          text: m.bet.cashOut(showUnits(about())),
          kind: "out",
          off: about() < known.stake * 101,
        };
      if (state()?.phase === "open") return { text: m.bet.placed, kind: "in", off: false };
      return { text: m.bet.riding, kind: "wait", off: true };
    }
    if (slot().queued) return { text: m.bet.queued, kind: "in", off: false };
    // Whoever has nothing at all is shown where to get some.
    if (broke()) return { text: m.bet.topUp, kind: "bet", off: false };
    const off = fault(slot()) !== null || !state();
    return {
      text: state()?.phase === "open" ? m.bet.place(money()) : m.bet.next(money()),
      kind: "bet",
      off,
    };
  };
  const outcome = () => {
    const known = bet();
    if (slot().note) return { text: slot().note, tone: "" };
    if (known?.state === "won")
      return { text: m.bet.won(showUnits(known.paid), showCenti(known.at)), tone: "won" };
    // While its climb is drawn a loss is not told before its end; whoever was away has no end to see.
    const climbs = state()?.phase === "running" && state()?.round === known?.round;
    if (known?.state === "lost" && (end() || !climbs))
      return { text: m.bet.lost(showUnits(known.stake * 100)), tone: "lost" };
    if (known?.state === "released") return { text: m.bet.released, tone: "" };
    return { text: "", tone: "" };
  };
  const locked = () => rides(bet()) || slot().queued;
  const hint = () => {
    const limits = state()?.limits;
    const most = cap(slot());
    if (player() && !locked() && fault(slot())) return fault(slot()) ?? "";
    if (!limits || !most) return "";
    const stake = typed(slot().stake) ?? 0;
    const words = target(slot().auto) === most ? m.bet.target : m.bet.cap;
    return words(showCenti(most), showUnits(payout(stake, most)));
  };
  const change = (stake: number) => {
    const limits = state()?.limits;
    if (!limits) return;
    setSlots(n, { stake: wire(stakeWithin(stake, limits, wallet()?.balance ?? null)) });
    keep();
  };
  const now = () => typed(slot().stake) ?? 0;
  const most = () => {
    const limits = state()?.limits;
    return limits && wallet() ? highestStake(limits, wallet()?.balance ?? 0) : 0;
  };
  return (
    <form class="slot" data-test={`slot-${n + 1}`} onSubmit={(event) => event.preventDefault()}>
      <h2 class="visually-hidden">{m.bet.title(n + 1)}</h2>
      <div class="fields">
        <div class="field">
          <label for={ids.stake}>{m.bet.stake}</label>
          <div class="with">
            <input
              id={ids.stake}
              inputmode="decimal"
              autocomplete="off"
              value={slot().stake}
              disabled={locked()}
              data-test="stake"
              onInput={(event) => setSlots(n, { stake: event.currentTarget.value })}
              onChange={keep}
            />
            <button
              type="button"
              disabled={locked()}
              aria-label={m.bet.halfLabel}
              onClick={() => change(Math.floor(now() / 2))}
            >
              {m.bet.half}
            </button>
            <button
              type="button"
              disabled={locked()}
              aria-label={m.bet.doubleLabel}
              onClick={() => change(now() * 2)}
            >
              {m.bet.double}
            </button>
            <button
              type="button"
              disabled={locked() || most() === 0}
              aria-label={m.bet.maxLabel}
              onClick={() => change(most())}
            >
              {m.bet.max}
            </button>
          </div>
        </div>
        <div class="field narrow">
          <label for={ids.auto}>{m.bet.auto}</label>
          <input
            id={ids.auto}
            inputmode="decimal"
            autocomplete="off"
            placeholder={m.bet.autoOff}
            value={slot().auto}
            disabled={locked()}
            data-test="auto"
            onInput={(event) => setSlots(n, { auto: event.currentTarget.value })}
            onChange={keep}
          />
        </div>
      </div>
      <button
        type="button"
        ref={button}
        class={`main ${face().kind}`}
        disabled={face().off}
        data-test="press"
        aria-keyshortcuts={`Alt+${n + 1}`}
        onPointerDown={(event) => {
          handled = false;
          // A thumb that comes down on a cash-out has decided.
          if (face().kind !== "out" || face().off || event.button !== 0) return;
          handled = true;
          press(n);
        }}
        onClick={(event) => {
          // The click that ends a press which has already cashed out must not bet again.
          const done = handled && event.detail > 0;
          handled = false;
          if (done) return;
          if (!player() || (broke() && !rides(bet()) && !slot().queued)) go("#/account");
          else press(n);
        }}
      >
        {face().text}
      </button>
      <p class={`outcome ${outcome().tone}`} data-test="outcome">
        {outcome().text || hint()}
      </p>
      <AutoBet slot={n} />
    </form>
  );
}

function AutoBet(props: { slot: Index }) {
  const auto = () => slots[props.slot].autoBet;
  const field = (name: "rounds" | "loss" | "profit", label: string) => (
    <label>
      <span>{label}</span>
      <input
        inputmode="decimal"
        placeholder="–"
        value={auto()[name]}
        disabled={auto().on}
        onInput={(event) => setSlots(props.slot, "autoBet", name, event.currentTarget.value)}
      />
    </label>
  );
  return (
    <Show when={localStorage.getItem("waxwing.auto-bet") === "1" && player()}>
      <details class="auto">
        <summary>{m.autoBet.title}</summary>
        <div class="three">
          {field("rounds", m.autoBet.rounds)}
          {field("loss", m.autoBet.loss)}
          {field("profit", m.autoBet.profit)}
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={auto().on}
            data-test="auto-bet"
            onChange={(event) => {
              const on = event.currentTarget.checked;
              setSlots(props.slot, "autoBet", { on, ...(on ? { played: 0, won: 0 } : {}) });
              const next = step(props.slot);
              if (on ? next === "place" || next === "queue" : next === "unqueue") press(props.slot);
            }}
          />
          {m.autoBet.enable}
          <Show when={auto().played > 0}>
            <small>{m.autoBet.profitNow(showUnits(auto().won))}</small>
          </Show>
        </label>
      </details>
    </Show>
  );
}
