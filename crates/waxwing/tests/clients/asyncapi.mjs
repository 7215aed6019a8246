// Validates an AsyncAPI document by the rules of its own makers: `node asyncapi.mjs FILE`.
// Errors and warnings fail; what the tool merely informs of is printed.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const [file] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(await readFile(file, "utf8"));
const names = ["error", "warning", "information", "hint"];
for (const { severity, code, message, path } of diagnostics) {
  console.log(`${names[severity]}: ${path.join(".")}: ${message} (${code})`);
}
const failed = diagnostics.filter(({ severity }) => severity <= 1);
if (!document || failed.length > 0) {
  console.error(`${failed.length} findings`);
  process.exitCode = 1;
} else {
  const [operations, messages] = [document.operations().length, document.allMessages().length];
  console.log(`valid: ${operations} operations, ${messages} messages`);
}
