// Your own bets, newest first.
import { type BetLine, showUnits, units } from "@client";
import { createEffect, createSignal, For, on, Show } from "solid-js";
import { get } from "../api";
import { state } from "../game";
import { messages as m } from "../messages";
import { SaveCsv } from "./save";

export function History() {
  const [lines, setLines] = createSignal<BetLine[]>([]);
  // A round that is decided has new lines.
  const decided = () => ["settled", "open"].includes(state()?.phase ?? "") && state()?.phase;
  createEffect(
    on(decided, (now) => {
      if (!now && lines().length > 0) return;
      void get<BetLine[]>("/gateway/game/v1/bets?limit=20").then(setLines, () => {});
    }),
  );
  return (
    <section class="history" aria-label={m.history.title}>
      <h2>
        {m.history.title}
        <SaveCsv path="/gateway/game/v1/bets" name="bets.csv" />
      </h2>
      <Show when={lines().length > 0} fallback={<p class="faint pad">{m.history.none}</p>}>
        <div class="scroll" tabindex="0" role="group" aria-label={m.history.title}>
          <table>
            <thead>
              <tr>
                <th>{m.history.round}</th>
                <th class="number">{m.history.stake}</th>
                <th class="number">{m.history.at}</th>
                <th class="number">{m.history.payout}</th>
              </tr>
            </thead>
            <tbody>
              <For each={lines()}>
                {(line) => (
                  <tr class={line.state}>
                    <td>
                      <a href={`#/fairness/${line.lobby_id}/${line.round}`}>
                        {line.lobby_id}/{line.round}
                      </a>
                    </td>
                    <td class="number">{showUnits(units(line.stake))}</td>
                    <td class="number">
                      {line.multiplier
                        ? `${line.multiplier.toFixed(2)}×`
                        : m.history.state[line.state]}
                    </td>
                    <td class="number">{line.payout ? showUnits(units(line.payout)) : "–"}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}
