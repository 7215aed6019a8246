// The link that brings somebody else into a lobby.
import { createEffect, createSignal, on, onCleanup } from "solid-js";
import { messages as m } from "../messages";
import { say } from "../said";

/** Copies the lobby's link; what to say of that. */
export async function copyLink(lobby: number): Promise<string> {
  const link = `${location.origin}/#/lobby/${lobby}`;
  try {
    await navigator.clipboard.writeText(link);
    return m.lobbies.shared;
  } catch {
    // Without a secure connection, or leave, there is no clipboard.
    return m.lobbies.copyThis(link);
  }
}

const SAID_MS = 4_000;

/** Beside the name of the lobby that is played: one that is private stands in no list. */
export function Share(props: { lobby: number }) {
  const [words, setWords] = createSignal("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  createEffect(
    on(
      () => props.lobby,
      () => setWords(""),
      { defer: true },
    ),
  );
  const copy = async () => {
    clearTimeout(timer);
    setWords(await copyLink(props.lobby));
    say(words());
    // A link that is to be copied by hand stays.
    if (words() === m.lobbies.shared) timer = setTimeout(() => setWords(""), SAID_MS);
  };
  return (
    <>
      <button
        type="button"
        class="quiet share"
        title={m.lobbies.share}
        aria-label={m.lobbies.share}
        data-test="share"
        onClick={() => void copy()}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1" />
        </svg>
      </button>
      <span class="shared" data-test="shared">
        {words()}
      </span>
    </>
  );
}
