// Who you are here: signing in and out, play money, the statement, settings.
import { showUnits, type TransferLine, units } from "@client";
import { createSignal, For, type JSX, Show } from "solid-js";
import { changePassword, get, logIn, logOut, player, register, saveCsv, submit } from "../api";
import { wallet } from "../game";
import { messages as m } from "../messages";
import { go, playHref } from "../route";
import { unqueue } from "../slots";

const BALANCE = "/gateway/user/v1/balance";
const TRANSFERS = "/gateway/user/v1/transfers";
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

/** A form that says what went wrong, and is not sent twice at once. */
function Form(props: {
  class: string;
  label: string;
  act: () => Promise<string>;
  children: JSX.Element;
}) {
  const [busy, setBusy] = createSignal(false);
  const [words, setWords] = createSignal("");
  return (
    <form
      class={props.class}
      aria-label={props.label}
      onSubmit={async (event) => {
        event.preventDefault();
        if (busy()) return;
        setBusy(true);
        setWords("");
        try {
          setWords(await props.act());
        } catch (error) {
          setWords(error instanceof Error ? error.message : m.errors.offline);
        }
        setBusy(false);
      }}
    >
      {props.children}
      <p class="outcome" role="status" data-test="said-by-form">
        {words()}
      </p>
    </form>
  );
}

function SignIn() {
  const [isNew, setNew] = createSignal(true);
  const [name, setName] = createSignal("");
  const [password, setPassword] = createSignal("");
  const act = async () => {
    await (isNew() ? register : logIn)(name(), password());
    go(playHref());
    return "";
  };
  return (
    <Form class="card narrow-card" label={m.account.title} act={act}>
      <h2>{isNew() ? m.account.register : m.logIn}</h2>
      <p class="faint">{m.account.why}</p>
      <label>
        {m.account.name}
        <input
          name="username"
          autocomplete="username"
          required
          maxlength={80}
          value={name()}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        {m.account.password}
        <input
          name="password"
          type="password"
          required
          minlength={4}
          maxlength={128}
          value={password()}
          autocomplete={isNew() ? "new-password" : "current-password"}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button class="button">{isNew() ? m.account.register : m.logIn}</button>
      <button type="button" class="quiet" data-test="switch" onClick={() => setNew(!isNew())}>
        {isNew() ? m.account.switchToLogIn : m.account.switchToRegister}
      </button>
    </Form>
  );
}

function Statement() {
  const [lines, setLines] = createSignal<TransferLine[]>([]);
  const [whole, setWhole] = createSignal(false);
  const more = async () => {
    const after = lines().at(-1)?.transfer_id;
    const next = await get<TransferLine[]>(
      `${TRANSFERS}?limit=100${after ? `&after=${after}` : ""}`,
    );
    setLines([...lines(), ...next]);
    setWhole(next.length < 100);
  };
  void more().catch(() => setWhole(true));
  return (
    <section class="card">
      <h2>
        {m.account.statement}
        <button
          type="button"
          class="quiet"
          onClick={() => void saveCsv(TRANSFERS, "statement.csv")}
        >
          {m.account.csv}
        </button>
      </h2>
      <Show when={lines().length > 0} fallback={<p class="faint">{m.account.none}</p>}>
        <div class="scroll" tabindex="0" role="group" aria-label={m.account.statement}>
          <table>
            <thead>
              <tr>
                <th>{m.account.at}</th>
                <th>{m.account.kind}</th>
                <th class="number">{m.account.change}</th>
                <th class="number">{m.account.after}</th>
              </tr>
            </thead>
            <tbody>
              <For each={lines()}>
                {(line) => (
                  <tr>
                    <td>{when.format(new Date(line.at))}</td>
                    <td>{m.account.kinds[line.kind]}</td>
                    <td class="number">{showUnits(units(line.amount))}</td>
                    <td class="number">{showUnits(units(line.balance))}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
        <Show when={!whole()}>
          <button type="button" class="quiet" onClick={() => void more()}>
            {m.account.more}
          </button>
        </Show>
      </Show>
    </section>
  );
}

function Settings() {
  const [old, setOld] = createSignal("");
  const [fresh, setFresh] = createSignal("");
  return (
    <section class="card">
      <h2>{m.account.settings}</h2>
      <label class="check">
        <input
          type="checkbox"
          data-test="allow-auto"
          checked={localStorage.getItem("waxwing.auto-bet") === "1"}
          onChange={(event) => {
            localStorage.setItem("waxwing.auto-bet", event.currentTarget.checked ? "1" : "");
            if (!event.currentTarget.checked) unqueue();
          }}
        />
        {m.account.allowAuto}
      </label>
      <Form
        class="stack"
        label={m.account.changePassword}
        act={async () => {
          await changePassword(old(), fresh());
          return m.account.changed;
        }}
      >
        <label>
          {m.account.oldPassword}
          <input
            type="password"
            required
            autocomplete="current-password"
            onInput={(event) => setOld(event.currentTarget.value)}
          />
        </label>
        <label>
          {m.account.newPassword}
          <input
            type="password"
            required
            minlength={4}
            autocomplete="new-password"
            onInput={(event) => setFresh(event.currentTarget.value)}
          />
        </label>
        <button class="button">{m.account.changePassword}</button>
      </Form>
      <div class="line">
        <button type="button" data-test="log-out" onClick={() => void logOut(false)}>
          {m.logOut}
        </button>
        <button type="button" onClick={() => void logOut(true)}>
          {m.everywhere}
        </button>
      </div>
    </section>
  );
}

export default function Account() {
  const [amount, setAmount] = createSignal("1000");
  return (
    <div class="page">
      <h1>{player() ? m.account.hello(player()?.name ?? "") : m.account.title}</h1>
      <Show when={player()} fallback={<SignIn />}>
        <div class="columns">
          <div>
            <Form
              class="card"
              label={m.account.topUp}
              act={async () => {
                await submit("PUT", BALANCE, { ammount: amount() });
                return m.account.topUpDone;
              }}
            >
              <h2>{m.account.topUp}</h2>
              <p class="big">{wallet() ? showUnits(wallet()?.balance ?? 0) : "…"}</p>
              <label>
                {m.account.amount}
                <input
                  name="amount"
                  inputmode="decimal"
                  value={amount()}
                  onInput={(event) => setAmount(event.currentTarget.value)}
                />
              </label>
              <button class="button">{m.account.topUp}</button>
            </Form>
            <Settings />
          </div>
          <Statement />
        </div>
      </Show>
    </div>
  );
}
