// Lobbies: those that are open, one of your own, and the way into one by its number.
import { type LobbyLine, type LobbyOpened, showUnits, units } from "@client";
import { createSignal, For, onCleanup, Show } from "solid-js";
import { get, player, submit } from "../api";
import { messages as m } from "../messages";
import { go, lobby } from "../route";

export default function Lobbies() {
  const [trouble, setTrouble] = createSignal("");
  const [list, setList] = createSignal<LobbyLine[] | null>(null);
  const refetch = async () => {
    try {
      setList(await get<LobbyLine[]>("/gateway/game/v1/lobbies"));
      setTrouble("");
    } catch (error) {
      // What was listed last stays.
      setTrouble(error instanceof Error ? error.message : m.errors.offline);
    }
  };
  void refetch();
  const timer = setInterval(() => void refetch(), 3_000);
  onCleanup(() => clearInterval(timer));
  const [number, setNumber] = createSignal("");
  const [words, setWords] = createSignal("");
  const create = async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? "").trim();
    const wish = {
      ...(text("name") ? { name: text("name") } : {}),
      mode: text("mode"),
      curve: text("curve"),
      visibility: fields.get("hidden") ? "private" : "public",
      betting_ms: Math.round(Number(text("betting")) * 1_000),
      ...(text("min") ? { stake_min: text("min") } : {}),
      ...(text("max") ? { stake_max: text("max") } : {}),
    };
    try {
      const opened = await submit<LobbyOpened>("POST", "/gateway/game/v1/lobby", wish);
      go(`#/lobby/${opened.lobby_id}`);
    } catch (error) {
      setWords(error instanceof Error ? error.message : m.errors.offline);
    }
  };
  const share = async (id: number) => {
    const link = `${location.origin}/#/lobby/${id}`;
    try {
      await navigator.clipboard.writeText(link);
      setWords(m.lobbies.shared);
    } catch {
      // Without a secure connection, or leave, there is no clipboard.
      setWords(m.lobbies.copyThis(link));
    }
  };
  return (
    <div class="page">
      <h1>{m.lobbies.title}</h1>
      <p class="outcome" role="status">
        {trouble() || words()}
      </p>
      <div class="columns">
        <section class="card">
          <ul class="lobbies">
            <For
              each={list() ?? []}
              fallback={<li class="faint">{list() ? m.lobbies.none : m.lobbies.loading}</li>}
            >
              {(one) => (
                <li classList={{ here: one.lobby_id === lobby() }}>
                  <div>
                    <strong>{one.name}</strong> <span class="faint">{one.lobby_id}</span>
                    <small>
                      {m.lobbies.modes[one.mode]} · {m.lobbies.curves[one.curve]} ·{" "}
                      {m.lobbies.stakes(
                        showUnits(units(one.stake_min)),
                        showUnits(units(one.stake_max)),
                      )}
                    </small>
                    <small class="crowd" classList={{ busy: one.players > 0 }}>
                      {m.lobbies.crowd(one.players, one.bets, showUnits(units(one.stake_sum)))}
                    </small>
                  </div>
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`${m.lobbies.share}: ${one.name}`}
                    onClick={() => void share(one.lobby_id)}
                  >
                    {m.lobbies.share}
                  </button>
                  <a
                    class="button small"
                    href={`#/lobby/${one.lobby_id}`}
                    aria-label={`${m.lobbies.join}: ${one.name}`}
                  >
                    {m.lobbies.join}
                  </a>
                </li>
              )}
            </For>
          </ul>
          <form
            class="line"
            onSubmit={(event) => {
              event.preventDefault();
              if (/^[1-9]\d*$/.test(number())) go(`#/lobby/${number()}`);
            }}
          >
            <label>
              {m.lobbies.number}
              <input
                inputmode="numeric"
                value={number()}
                onInput={(event) => setNumber(event.currentTarget.value)}
              />
            </label>
            <button>{m.lobbies.open}</button>
          </form>
        </section>
        <Show when={player()} fallback={<p class="card">{m.lobbies.needsAccount}</p>}>
          <form
            class="card"
            onSubmit={(event) => {
              event.preventDefault();
              void create(event.currentTarget);
            }}
          >
            <h2>{m.lobbies.create}</h2>
            <label>
              {m.lobbies.name}
              <input name="name" maxlength={40} />
            </label>
            <div class="two">
              <label>
                {m.lobbies.mode}
                <select name="mode">
                  <option value="on_first_bet">{m.lobbies.modes.on_first_bet}</option>
                  <option value="continuous">{m.lobbies.modes.continuous}</option>
                </select>
              </label>
              <label>
                {m.lobbies.curve}
                <select name="curve">
                  <option value="exponential">{m.lobbies.curves.exponential}</option>
                  <option value="linear">{m.lobbies.curves.linear}</option>
                </select>
              </label>
              <label>
                {m.lobbies.betting}
                <input name="betting" type="number" min="3" max="60" value="6" />
              </label>
              <label>
                {m.lobbies.stakeMin}
                <input name="min" inputmode="decimal" />
              </label>
              <label>
                {m.lobbies.stakeMax}
                <input name="max" inputmode="decimal" />
              </label>
            </div>
            <label class="check">
              <input type="checkbox" name="hidden" />
              {m.lobbies.hidden}
            </label>
            <button class="button" data-test="create">
              {m.lobbies.submit}
            </button>
          </form>
        </Show>
      </div>
    </div>
  );
}
