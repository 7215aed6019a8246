// A table to take away.
import { createSignal } from "solid-js";
import { saveCsv, wordsOf } from "../api";
import { messages as m } from "../messages";

/** Saves what `path` answers, each time anew; says so where that fails. */
export function SaveCsv(props: { path: string; name: string }) {
  const [words, setWords] = createSignal("");
  const save = async () => {
    try {
      await saveCsv(props.path, props.name);
      setWords("");
    } catch (error) {
      setWords(wordsOf(error));
    }
  };
  return (
    <span>
      <small role="status">{words()}</small>
      <button type="button" class="quiet" data-test="save" onClick={() => void save()}>
        {m.csv}
      </button>
    </span>
  );
}
