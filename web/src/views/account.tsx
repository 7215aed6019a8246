// Who you are here: signing in and out, play money, the statement, settings.
import { showUnits, units } from "@client";
import { createEffect, createSignal, For, type JSX, on, Show } from "solid-js";
import { changePassword, logIn, logOut, player, register, submit, wordsOf } from "../api";
import { allowAuto, isAutoAllowed } from "../auto";
import { messages as m } from "../messages";
import { go, playHref } from "../route";
import { statement, TRANSFERS } from "../statement";
import { readWallet, wallet } from "../wallet";
import { SaveCsv } from "./save";

const BALANCE = "/gateway/user/v1/balance";
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
          setWords(wordsOf(error));
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

/** How far from its end a statement may be scrolled and still be read there. */
const NEAR_PX = 8;

function Statement() {
  const { lines, whole, more, renew } = statement();
  const [words, setWords] = createSignal("");
  let box: HTMLDivElement | undefined;
  const said = (reading: Promise<void>) =>
    reading.then(
      () => setWords(""),
      (error) => setWords(wordsOf(error)),
    );
  // Whatever moves money moves the balance.
  createEffect(on(wallet, () => void said(renew())));
  /** Whether the last line is in sight; who reads above is not taken there. */
  let atEnd = true;
  const look = (where: HTMLDivElement) => {
    atEnd = where.scrollHeight - where.scrollTop - where.clientHeight < NEAR_PX;
  };
  // The newest is last.
  const follow = () => {
    if (whole() && atEnd && box) box.scrollTop = box.scrollHeight;
  };
  createEffect(on(lines, follow, { defer: true }));
  const readOn = async () => {
    await said(more());
    // The button that has the focus is gone with the last line.
    if (whole()) box?.focus();
  };
  return (
    <section class="card">
      <h2>
        {m.account.statement}
        <SaveCsv path={TRANSFERS} name="statement.csv" />
      </h2>
      <p class="outcome" role="status">
        {words()}
      </p>
      <Show when={lines().length > 0} fallback={<p class="faint">{m.account.none}</p>}>
        <div
          class="scroll"
          ref={box}
          tabindex="0"
          role="group"
          aria-label={m.account.statement}
          onScroll={(event) => look(event.currentTarget)}
        >
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
          <button type="button" class="quiet" onClick={() => void readOn()}>
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
  const [words, setWords] = createSignal("");
  const leave = (everywhere: boolean) => {
    setWords("");
    logOut(everywhere).catch((error) => setWords(wordsOf(error)));
  };
  return (
    <section class="card">
      <h2>{m.account.settings}</h2>
      <label class="check">
        <input
          type="checkbox"
          data-test="allow-auto"
          checked={isAutoAllowed()}
          onChange={(event) => allowAuto(event.currentTarget.checked)}
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
        <button type="button" data-test="log-out" onClick={() => leave(false)}>
          {m.logOut}
        </button>
        <button type="button" data-test="log-out-everywhere" onClick={() => leave(true)}>
          {m.everywhere}
        </button>
      </div>
      <p class="outcome" role="status">
        {words()}
      </p>
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
                await readWallet().catch(() => {});
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
