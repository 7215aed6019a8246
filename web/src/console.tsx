// The console at /gateway/docs/: the HTTP calls in Swagger UI, the sockets by forms of our own.
import { createSignal, onMount, Show } from "solid-js";
import { render } from "solid-js/web";
import { type Document, read } from "./console/document";
import { createLive, type Line } from "./console/live";
import { messages as m } from "./console/messages";
import { Panel } from "./console/panel";
import "./style.css";
import "./console/console.css";

type Tab = "plain" | "socket_io" | "http";
const TABS: Tab[] = ["plain", "socket_io", "http"];
const [token, setToken] = createSignal("");
const [document, setDocument] = createSignal<Document | null>(null);

interface Swagger {
  preauthorizeApiKey(scheme: string, key: string): void;
}
declare global {
  var SwaggerUIBundle: ((options: Record<string, unknown>) => Swagger) | undefined;
}

/** One of our own HTTP calls, noted like a frame. */
async function call(
  note: (kind: Line["kind"], name: string, content: unknown) => void,
  method: string,
  path: string,
  body: unknown,
): Promise<Record<string, unknown> | null> {
  note("sent", `${method} ${path}`, path.includes("/auth/") ? "{ name and password }" : body);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token()) headers["authorization"] = `Bearer ${token()}`;
  try {
    const answer = await fetch(`/gateway/user/v1/${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    note("received", `${answer.status} ${path}`, told);
    return answer.ok ? told : null;
  } catch {
    note("note", path, m.refused);
    return null;
  }
}

function You(props: { note: (kind: Line["kind"], name: string, content: unknown) => void }) {
  const [name, setName] = createSignal("");
  const [password, setPassword] = createSignal("");
  const who = () => ({ username: name(), password: password() });
  const logIn = async () => {
    const told = await call(props.note, "POST", "auth/login", who());
    if (told) setToken(String(told["access_token"]));
  };
  return (
    <form class="card you" aria-label={m.you.title} onSubmit={(event) => event.preventDefault()}>
      <label>
        {m.you.name}
        <input
          name="username"
          autocomplete="username"
          value={name()}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        {m.you.password}
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          value={password()}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <div class="buttons">
        <button
          type="button"
          data-test="register"
          onClick={() => void call(props.note, "POST", "auth/register", who()).then(logIn)}
        >
          {m.you.register}
        </button>
        <button type="button" class="button" data-test="log-in" onClick={() => void logIn()}>
          {m.you.logIn}
        </button>
      </div>
      <label class="token">
        {m.you.token}
        <input
          name="token"
          spellcheck={false}
          autocomplete="off"
          placeholder={m.you.none}
          value={token()}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      <button
        type="button"
        data-test="top-up"
        disabled={!token()}
        onClick={() => void call(props.note, "PUT", "balance", { amount: "100" })}
      >
        {m.you.topUp}
      </button>
    </form>
  );
}

/** Swagger UI out of the server's binary, with our token. */
function Http() {
  let box!: HTMLDivElement;
  onMount(() => {
    const style = Object.assign(window.document.createElement("link"), {
      rel: "stylesheet",
      href: "/gateway/docs/swagger-ui.css",
    });
    const script = Object.assign(window.document.createElement("script"), {
      src: "/gateway/docs/swagger-ui-bundle.js",
    });
    script.onload = () => {
      const swagger = globalThis.SwaggerUIBundle?.({
        url: "/gateway/openapi.json",
        domNode: box,
        // Its own validator would send the document to another origin.
        validatorUrl: null,
        tryItOutEnabled: true,
        deepLinking: false,
        onComplete: () => token() && swagger?.preauthorizeApiKey("token", token()),
      });
    };
    window.document.head.append(style, script);
  });
  return <div class="swagger" ref={box} data-test="swagger" />;
}

function Console() {
  const [tab, setTab] = createSignal<Tab>("plain");
  const lives = {
    plain: createLive("plain", token),
    socket_io: createLive("socket_io", token),
  };
  void read().then(setDocument, () => {});
  const choose = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
    const next = TABS[(TABS.indexOf(tab()) + step + TABS.length) % TABS.length];
    if (step === 0 || !next) return;
    setTab(next);
    window.document.getElementById(`tab-${next}`)?.focus();
  };
  const socket = () => (tab() === "http" ? null : (tab() as "plain" | "socket_io"));
  return (
    <>
      <header class="top">
        <a class="brand" href="/" aria-label={m.name}>
          <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M25 22C18 21 9 17 5 6" />
            <path d="M25 22c-6 1-12-1-16-7" />
            <path d="M25 22c-4 2-8 2-12-1" />
            <circle cx="25.5" cy="22.5" r="3.5" />
          </svg>
          <span>{m.name}</span>
        </a>
        <nav aria-label={m.name}>
          <a href="/">{m.play}</a>
          <a href="/gateway/docs/" aria-current="page">
            {m.title}
          </a>
        </nav>
        <div class="money faint">
          <a href="/gateway/openapi.json">OpenAPI</a>
          <a href="/gateway/asyncapi.json">AsyncAPI</a>
        </div>
      </header>
      <main id="main">
        <h1>{m.title}</h1>
        <p class="lead">{m.lead}</p>
        <You note={(...line) => lives[socket() ?? "plain"].note(...line)} />
        <div class="tabs" role="tablist" aria-label={m.title} onKeyDown={choose}>
          {TABS.map((one) => (
            <button
              type="button"
              role="tab"
              id={`tab-${one}`}
              aria-selected={tab() === one}
              aria-controls="panel"
              tabindex={tab() === one ? 0 : -1}
              onClick={() => setTab(one)}
            >
              {m.tabs[one]}
            </button>
          ))}
        </div>
        <div role="tabpanel" id="panel" aria-labelledby={`tab-${tab()}`}>
          <Show when={tab() === "http"}>
            <Http />
          </Show>
          <Show when={document()}>
            {(known) => (
              <Show when={socket()} keyed>
                {(channel) => (
                  <Panel
                    channel={channel}
                    document={known()}
                    live={lives[channel]}
                    token={token()}
                  />
                )}
              </Show>
            )}
          </Show>
        </div>
      </main>
    </>
  );
}

const root = window.document.getElementById("app");
const theme = localStorage.getItem("waxwing.theme");
if (theme) window.document.documentElement.dataset["theme"] = theme;
if (root) render(() => <Console />, root);
