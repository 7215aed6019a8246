// A round of ours or of another site, from what its player pastes.
import { SALTS, type Site, showCenti, site, typed, waxwing } from "@client";
import { createSignal, For, Show } from "solid-js";
import { messages as m } from "../messages";

export function Paste() {
  const [whose, setWhose] = createSignal<Site | "waxwing">("waxwing");
  const [hash, setHash] = createSignal("");
  const [salt, setSalt] = createSignal("");
  const [edge, setEdge] = createSignal("1");
  const [result, setResult] = createSignal("");
  const compute = async () => {
    if (!/^[0-9a-f]{64}$/i.test(hash().trim())) return setResult(m.fairness.badHash);
    // Hundredths of a percent are what a formula takes, and a percentage what people know.
    const bps = typed(edge().replace("%", ""));
    if (bps === null || bps >= 10_000) return setResult(m.fairness.badEdge);
    const name = whose();
    const of =
      name === "waxwing"
        ? await waxwing(hash().trim().toLowerCase(), salt().trim(), bps)
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
      <Field label={m.fairness.hash} name="hash" value={hash()} set={setHash} />
      <Field label={m.fairness.salt} name="salt" value={salt()} set={setSalt} />
      <Show when={whose() === "waxwing"}>
        <Field label={m.fairness.edge} name="edge" decimal value={edge()} set={setEdge} />
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

function Field(props: {
  label: string;
  name: string;
  decimal?: boolean;
  value: string;
  set: (text: string) => void;
}) {
  return (
    <label>
      {props.label}
      <input
        name={props.name}
        inputmode={props.decimal ? "decimal" : undefined}
        spellcheck={false}
        value={props.value}
        onInput={(event) => props.set(event.currentTarget.value)}
      />
    </label>
  );
}
