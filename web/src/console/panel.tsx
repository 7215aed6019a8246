// One kind of socket: connect, choose a message, fill its form, send it, and read the frames.
import { createMemo, createSignal, For, Show } from "solid-js";
import { code, LANGUAGES, type Language } from "./code";
import { type Channel, type Document, type Field, forms, payload } from "./document";
import { isTick, known, type Line, type Live, shownPhase } from "./live";
import { messages as m } from "./messages";

const time = (at: number): string => {
  const date = new Date(at);
  const clock = date.toTimeString().slice(0, 8);
  return `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

export function Panel(props: { channel: Channel; document: Document; live: Live; token: string }) {
  const all = createMemo(() => forms(props.document, props.channel));
  const [chosen, setChosen] = createSignal(0);
  const [typed, setTyped] = createSignal<Record<string, string>>({});
  const [shown, setShown] = createSignal<Language | null>(null);
  const [copied, setCopied] = createSignal("");
  const form = () => all()[chosen()];
  const value = (field: Field): string => {
    const own = typed()[`${form()?.name}.${field.name}`];
    if (own !== undefined) return own;
    const found = known(props.live, props.token, form()?.name ?? "", field.name);
    if (found !== null) return found;
    const example = form()?.example[field.name];
    return example === undefined || example === null ? "" : String(example);
  };
  const type = (field: Field, text: string | undefined) => {
    const { [`${form()?.name}.${field.name}`]: _, ...rest } = typed();
    setTyped(text === undefined ? rest : { ...rest, [`${form()?.name}.${field.name}`]: text });
  };
  const made = () => {
    const now = form();
    return now ? payload(now, value) : {};
  };
  const program = (language: Language) =>
    code(language, {
      channel: props.channel,
      origin: location.origin,
      token: props.token,
      lobby: Number(props.live.heard.lobby_id) || 1,
      name: form()?.name ?? "",
      payload: made(),
      fields: form()?.fields.map((field) => field.name) ?? [],
    });
  const copy = async (language: Language) => {
    setShown(language);
    try {
      await navigator.clipboard.writeText(program(language));
    } catch {
      // Without a clipboard it is copied by hand: it is shown.
      return;
    }
    setCopied(m.form.copied);
    setTimeout(() => setCopied(""), 1_500);
  };
  return (
    <div class="panel" data-test={`panel-${props.channel}`}>
      <div class="column">
        <section class="card">
          <div class="wire">
            <span class={`dot ${props.live.state()}`} aria-hidden="true" />
            <strong data-test="state">{m.socket.states[props.live.state()]}</strong>
            <button
              type="button"
              class={props.live.state() === "closed" ? "button small" : "quiet"}
              data-test="connect"
              onClick={() =>
                props.live.state() === "closed" ? props.live.connect() : props.live.disconnect()
              }
            >
              {props.live.state() === "closed" ? m.socket.connect : m.socket.disconnect}
            </button>
          </div>
          <p class="faint heard" data-test="heard">
            {props.live.heard.phase
              ? m.socket.heard(
                  String(props.live.heard.lobby_id),
                  String(props.live.heard.round),
                  shownPhase(props.live.heard.phase),
                )
              : m.socket.greet}
          </p>
        </section>
        <section class="card">
          <div class="names" role="group" aria-label={m.form.messages}>
            <For each={all()}>
              {(one, i) => (
                <button
                  type="button"
                  class="name"
                  aria-pressed={chosen() === i()}
                  data-test={`message-${one.name}`}
                  onClick={() => {
                    setChosen(i());
                    setShown(null);
                  }}
                >
                  {one.name}
                  <Show when={props.live.done[one.name]}>
                    <span aria-hidden="true"> ✓</span>
                  </Show>
                </button>
              )}
            </For>
          </div>
          <Show when={form()}>
            {(now) => (
              <form
                onSubmit={(event) => {
                  event.preventDefault();
                  props.live.send(now().name, made());
                }}
              >
                <p class="faint">{now().summary}</p>
                <For each={now().fields}>
                  {(field) => <Input field={field} value={value(field)} type={type} />}
                </For>
                <div class="actions">
                  <button class="button" data-test="send" disabled={props.live.state() !== "open"}>
                    {m.form.send}
                  </button>
                  <span class="copies" role="group" aria-label={m.form.code}>
                    <small>{m.form.code}</small>
                    <For each={LANGUAGES}>
                      {(language) => (
                        <button
                          type="button"
                          class="quiet"
                          aria-label={`${m.form.code}: ${language}`}
                          data-test={`copy-${language}`}
                          onClick={() => void copy(language)}
                        >
                          {language}
                        </button>
                      )}
                    </For>
                  </span>
                  <span class="faint" role="status">
                    {copied()}
                  </span>
                </div>
              </form>
            )}
          </Show>
          <Show when={shown()}>
            {(language) => (
              <>
                <p class="faint">{m.form.shown}</p>
                <pre class="code" tabindex="0" data-test="code">
                  {program(language())}
                </pre>
              </>
            )}
          </Show>
        </section>
      </div>
      <Log live={props.live} />
    </div>
  );
}

function Input(props: {
  field: Field;
  value: string;
  type: (field: Field, text: string | undefined) => void;
}) {
  const label = () => (
    <>
      <code>{props.field.name}</code>
      <Show when={!props.field.required}> · {m.form.optional}</Show>
      <Show when={props.field.about}>
        <small> {props.field.about}</small>
      </Show>
    </>
  );
  return (
    <label class="input">
      <span>{label()}</span>
      <Show
        when={props.field.choices.length > 0}
        fallback={
          <input
            name={props.field.name}
            spellcheck={false}
            autocomplete="off"
            inputmode={props.field.kind === "integer" ? "numeric" : "text"}
            value={props.value}
            onInput={(event) => props.type(props.field, event.currentTarget.value)}
          />
        }
      >
        <select
          name={props.field.name}
          value={props.value}
          onChange={(event) => props.type(props.field, event.currentTarget.value)}
        >
          <option value="" />
          <For each={props.field.choices}>{(one) => <option value={one}>{one}</option>}</For>
        </select>
      </Show>
    </label>
  );
}

function Log(props: { live: Live }) {
  const [ticks, setTicks] = createSignal(false);
  const lines = () => props.live.lines().filter((line) => ticks() || !isTick(line));
  const sign = { sent: "→", received: "←", note: "·" };
  const first = (line: Line) => line.text.replace(/\s+/g, " ").slice(0, 140);
  return (
    <section class="card log" aria-label={m.log.title}>
      <h2>
        {m.log.title}
        <span class="tools">
          <label class="check">
            <input
              type="checkbox"
              checked={ticks()}
              onChange={(event) => setTicks(event.currentTarget.checked)}
            />
            {m.log.ticks}
          </label>
          <button type="button" class="quiet" data-test="clear" onClick={props.live.clear}>
            {m.log.clear}
          </button>
        </span>
      </h2>
      <div class="frames" tabindex="0" role="log" aria-label={m.log.title} data-test="log">
        <For each={lines()} fallback={<p class="faint pad">{m.log.empty}</p>}>
          {(line) => (
            <details class={`frame ${line.kind}`} data-test="frame" data-name={line.name}>
              <summary>
                <time>{time(line.at)}</time>
                <span class="sign" aria-hidden="true">
                  {sign[line.kind]}
                </span>
                <span class="visually-hidden">{m.log[line.kind]}</span>
                <strong>{line.name}</strong>
                <span class="brief">{first(line)}</span>
              </summary>
              {/* A long frame is scrolled, also with keys. */}
              <pre tabindex="0">{line.text}</pre>
            </details>
          )}
        </For>
      </div>
    </section>
  );
}
