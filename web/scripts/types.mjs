// Writes `client/src/types.ts` from the documents that a running server describes itself with, which
// are made of the Rust types: `node scripts/types.mjs BASE_URL`. With `--check` nothing is written,
// and a file that differs is an error.
import { readFile, writeFile } from "node:fs/promises";

const [base, mode] = process.argv.slice(2);
const file = new URL("../client/src/types.ts", import.meta.url);
const document = async (name) => (await fetch(`${base}/gateway/${name}.json`)).json();
const [http, sockets] = [await document("openapi"), await document("asyncapi")];

const last = (reference) => reference.split("/").at(-1);
/** Numbers that come in as text too, and go out as numbers. */
const loose = (schema) =>
  schema.oneOf?.some((one) => one.type === "string") &&
  schema.oneOf.some((one) => one.type === "number" || one.type === "integer");

/** The type of `schema`; `asked` where a client writes it. */
function type(schema, asked) {
  if (schema.$ref)
    return asked && isLoose(last(schema.$ref))
      ? `${last(schema.$ref)} | string`
      : last(schema.$ref);
  if (loose(schema)) return asked ? "number | string" : "number";
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return several.map((one) => type(one, asked)).join(" | ");
  if (schema.allOf) return schema.allOf.map((one) => type(one, asked)).join(" & ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((one) => type({ ...schema, type: one }, asked)).join(" | ");
  }
  if (schema.type === "array") {
    const item = type(schema.items ?? {}, asked);
    return /[ |&]/.test(item) && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
  }
  if (schema.properties) return fields(schema, asked);
  if (schema.type === "object") return "Record<string, unknown>";
  return (
    { integer: "number", number: "number", string: "string", boolean: "boolean", null: "null" }[
      schema.type
    ] ?? "unknown"
  );
}

function fields(schema, asked) {
  const lines = Object.entries(schema.properties).map(([name, one]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    return `  ${JSON.stringify(name)}${optional}: ${type(one, asked).replace(/\n/g, "\n  ")};`;
  });
  return `{\n${lines.join("\n")}\n}`;
}

const schemas = { ...http.components.schemas, ...sockets.components.schemas };
const isLoose = (name) => schemas[name] && loose(schemas[name]);
const requests = new Set();
for (const path of Object.values(http.paths)) {
  for (const operation of Object.values(path)) {
    const body = operation.requestBody?.content?.["application/json"]?.schema;
    if (body?.$ref) requests.add(last(body.$ref));
  }
}
const camel = (name) => name.replace(/(^|_)(\w)/g, (_, __, letter) => letter.toUpperCase());
const parts = [
  "// Written by scripts/types.mjs from the server's own documents. Do not edit: `make types`.",
];
for (const [name, schema] of Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))) {
  const about = schema.description ? `/** ${schema.description.replace(/\s+/g, " ")} */\n` : "";
  parts.push(`${about}export type ${name} = ${type(schema, requests.has(name))};`);
}
const { messages } = sockets.components;
const here = sockets.channels.plain.messages;
const told = new Set(sockets.operations["plain.told"].messages.map(({ $ref }) => last($ref)));
const events = [];
for (const key of Object.keys(here)) {
  const { payload, summary } = messages[`plain.${key}`];
  const kind = told.has(key)
    ? "Event"
    : key === "refused"
      ? "Reply"
      : key.endsWith("_reply")
        ? ""
        : "Request";
  const name = `${camel(key)}${kind}`;
  if (kind === "Event") events.push(name);
  parts.push(`/** ${summary} */\nexport type ${name} = ${type(payload, kind === "Request")};`);
}
parts.push(
  `/** What the server tells unasked. */\nexport type PlainEvent = ${events.join(" | ")};`,
);
const codes = sockets["x-close-codes"].map(
  (one) => `  ${one.code}: ${JSON.stringify(one.come_back)},`,
);
parts.push(`export type CloseCodes = {\n${codes.join("\n")}\n};`);
const made = `${parts.join("\n\n")}\n`;

if (mode !== "--check") await writeFile(file, made);
else if ((await readFile(file, "utf8")) !== made) {
  console.error("client/src/types.ts is not what the server says: run `make types`");
  process.exit(1);
}
