// The link that brings somebody else into a lobby.
import { createEffect, createSignal, on, onCleanup, Show } from "solid-js";
import { messages as m } from "../messages";
import { say } from "../said";

const linkOf = (lobby: number) => `${location.origin}/#/lobby/${lobby}`;

/** Copies the lobby's link; whether that could be done. */
async function copy(lobby: number): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(linkOf(lobby));
    return true;
  } catch {
    // Without a secure connection, or leave, there is no clipboard.
    return false;
  }
}

/** The same, and what to say of it. */
export const copyLink = async (lobby: number): Promise<string> =>
  (await copy(lobby)) ? m.lobbies.shared : m.lobbies.copyThis(linkOf(lobby));

const SAID_MS = 4_000;

/** Beside the name of the lobby that is played: one that is private stands in no list. */
export function Share(props: { lobby: number }) {
  /** What is shown: that it was copied, or the link to copy by hand. */
  const [shown, setShown] = createSignal<"" | "copied" | "link">("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  createEffect(
    on(
      () => props.lobby,
      () => setShown(""),
      { defer: true },
    ),
  );
  const press = async () => {
    clearTimeout(timer);
    // A link that is to be copied by hand stays until it is pressed away.
    if (shown() === "link") {
      setShown("");
      return;
    }
    const isCopied = await copy(props.lobby);
    setShown(isCopied ? "copied" : "link");
    say(isCopied ? m.lobbies.shared : m.lobbies.copyThis(linkOf(props.lobby)));
    if (isCopied) timer = setTimeout(() => setShown(""), SAID_MS);
  };
  return (
    <>
      <button
        type="button"
        class="quiet share"
        title={m.lobbies.share}
        aria-label={m.lobbies.share}
        data-test="share"
        onClick={() => void press()}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1" />
        </svg>
      </button>
      <Show when={shown() === "copied"}>
        <span class="shared" data-test="shared">
          {m.lobbies.shared}
        </span>
      </Show>
      <Show when={shown() === "link"}>
        <span class="link" data-test="link">
          {linkOf(props.lobby)}
        </span>
      </Show>
    </>
  );
}
