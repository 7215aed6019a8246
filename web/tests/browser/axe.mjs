// What axe finds in a page as it stands.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";

const axe = await readFile(
  new URL("../../node_modules/axe-core/axe.min.js", import.meta.url),
  "utf8",
);

/** What axe calls serious or worse. It runs outside of the page's policy. */
export async function findings({ page }) {
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression) => {
    const how = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", how);
    assert(!exceptionDetails, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await evaluate(`globalThis.axe || (() => { ${axe} })(); 0`);
  const found = await evaluate(
    `axe.run().then(({ violations }) => violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`,
  );
  await session.detach();
  return found;
}
