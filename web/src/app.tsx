import { showUnits } from "@client";
import {
  createEffect,
  createSignal,
  ErrorBoundary,
  lazy,
  Match,
  on,
  Show,
  Suspense,
  Switch,
} from "solid-js";
import { player, settled } from "./api";
import { said, state, status, wallet } from "./game";
import { messages as m } from "./messages";
import { playHref, route } from "./route";
import { Play } from "./views/play";

const Lobbies = lazy(() => import("./views/lobbies"));
const Account = lazy(() => import("./views/account"));
const Fairness = lazy(() => import("./views/fairness"));

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M25 22C18 21 9 17 5 6" />
      <path d="M25 22c-6 1-12-1-16-7" />
      <path d="M25 22c-4 2-8 2-12-1" />
      <circle cx="25.5" cy="22.5" r="3.5" />
    </svg>
  );
}

const [theme, setTheme] = createSignal(localStorage.getItem("waxwing.theme") ?? "");

export { theme };

function ThemeButton() {
  const dark = () =>
    theme() === "dark" || (theme() === "" && matchMedia("(prefers-color-scheme: dark)").matches);
  const words = () => (dark() ? m.theme.light : m.theme.dark);
  createEffect(() => {
    document.documentElement.dataset["theme"] = theme();
    localStorage.setItem("waxwing.theme", theme());
  });
  return (
    <button
      type="button"
      class="quiet theme"
      title={words()}
      aria-label={words()}
      onClick={() => setTheme(dark() ? "light" : "dark")}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="8" />
        <path d="M12 4a8 8 0 0 1 0 16z" />
      </svg>
    </button>
  );
}

function Header() {
  const here = (view: string) => (route().view === view ? "page" : undefined);
  return (
    <header class="top">
      <a class="brand" href={playHref()} aria-label={m.name}>
        <Mark />
        <span>{m.name}</span>
      </a>
      <nav aria-label={m.name}>
        <a href={playHref()} aria-current={here("play")}>
          {m.nav.play}
        </a>
        <a href="#/lobbies" aria-current={here("lobbies")}>
          {m.nav.lobbies}
        </a>
        <a href="#/fairness" aria-current={here("fairness")}>
          {m.nav.fairness}
        </a>
        <a href="#/account" aria-current={here("account")}>
          {player()?.name ?? m.nav.account}
        </a>
      </nav>
      <div class="money">
        <Show
          when={wallet()}
          fallback={
            <Show when={settled() && !player()}>
              <a class="button small" href="#/account">
                {m.logIn}
              </a>
            </Show>
          }
        >
          {(money) => (
            <span class="balance" data-test="balance">
              <span class="visually-hidden">{m.balance} </span>
              <strong>{showUnits(money().balance)}</strong> {money().currency}
              <Show when={money().held > 0}>
                <small data-test="held">{m.held(showUnits(money().held))}</small>
              </Show>
            </span>
          )}
        </Show>
        <ThemeButton />
      </div>
    </header>
  );
}

function Trouble() {
  const words = () => {
    const now = status();
    if (now.state === "waiting") return m.connection.waiting;
    if (now.state === "ended") return m.connection.ended(now.reason ?? "");
    return now.state === "connecting" && state() ? m.connection.connecting : "";
  };
  return (
    <div class="trouble" role="status" data-test="trouble">
      {words()}
    </div>
  );
}

/** Instead of a view that failed, e.g. because its part of the page could not be loaded. */
function Broken(props: { reset: () => void }) {
  createEffect(on(route, () => props.reset(), { defer: true }));
  return (
    <div class="page" role="alert">
      <section class="card narrow-card">
        <h1>{m.errors.broken}</h1>
        {/* A part that could not be loaded is asked for again with the page only. */}
        <button type="button" class="button" onClick={() => location.reload()}>
          {m.errors.again}
        </button>
        <a href={playHref()} onClick={() => props.reset()}>
          {m.errors.toGame}
        </a>
      </section>
    </div>
  );
}

export function App() {
  // Another view begins at its top.
  const view = () => route().view;
  createEffect(on(view, () => scrollTo(0, 0), { defer: true }));
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {m.skip}
      </a>
      <Header />
      <Trouble />
      <main id="main" tabindex="-1">
        <ErrorBoundary fallback={(_, reset) => <Broken reset={reset} />}>
          <Suspense>
            <Switch fallback={<Play />}>
              <Match when={route().view === "lobbies"}>
                <Lobbies />
              </Match>
              <Match when={route().view === "account"}>
                <Account />
              </Match>
              <Match when={route().view === "fairness"}>
                <Fairness />
              </Match>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <footer>
        <span>{m.tagline}</span>
        <a href="/gateway/docs/">{m.nav.api}</a>
      </footer>
      <div class="visually-hidden" aria-live="polite" data-test="said">
        {said()}
      </div>
    </>
  );
}
