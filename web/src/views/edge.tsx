// The house's share by target, as a small chart.
import { For } from "solid-js";
import { state } from "../game";
import { messages as m } from "../messages";

export const percent = (bps: number) => `${(bps / 100).toFixed(2)} %`;

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

export function Edge() {
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
