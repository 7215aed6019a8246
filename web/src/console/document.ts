// What /gateway/asyncapi.json says one may send, as forms.

export type Channel = "plain" | "socket_io";
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  oneOf?: Schema[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
  format?: string;
  maxLength?: number;
}
interface Message {
  name: string;
  summary?: string;
  payload: Schema;
  examples?: { payload: Record<string, unknown> }[];
}
export interface Document {
  operations: Record<string, { action: string; summary?: string }>;
  components: { messages: Record<string, Message>; schemas: Record<string, Schema> };
}
export interface Field {
  name: string;
  about: string;
  required: boolean;
  /** What goes into JSON as a number, `true` or text. */
  kind: "integer" | "flag" | "text";
  choices: string[];
}
export interface Form {
  name: string;
  summary: string;
  /** Fields with one possible value, e.g. the type. */
  fixed: Record<string, unknown>;
  fields: Field[];
  example: Record<string, unknown>;
}

export async function read(): Promise<Document> {
  return (await fetch("/gateway/asyncapi.json")).json();
}

/** The forms of what a client sends over `channel`, in the document's order. */
export function forms(document: Document, channel: Channel): Form[] {
  return Object.entries(document.operations)
    .filter(([key, operation]) => key.startsWith(`${channel}.`) && operation.action === "receive")
    .map(([key, operation]) => {
      const message = document.components.messages[key];
      return form(document, key.slice(channel.length + 1), operation.summary ?? "", message);
    });
}

function form(
  document: Document,
  name: string,
  summary: string,
  message: Message | undefined,
): Form {
  const fixed: Record<string, unknown> = {};
  const fields: Field[] = [];
  for (const [key, schema] of Object.entries(message?.payload.properties ?? {})) {
    const whole = resolve(document, schema);
    const only = whole.const ?? (whole.enum?.length === 1 ? whole.enum[0] : undefined);
    if (only !== undefined) fixed[key] = only;
    // Requests are numbered by whoever sends them.
    else if (key !== "id") fields.push(field(key, whole, schema.description, message?.payload));
  }
  return { name, summary, fixed, fields, example: message?.examples?.[0]?.payload ?? {} };
}

function field(
  name: string,
  schema: Schema,
  description: string | undefined,
  of: Schema | undefined,
): Field {
  const types = schema.oneOf ?? schema.anyOf ?? [schema];
  const is = (type: string) => types.every((one) => one.type === type || one.type === "null");
  return {
    name,
    about: description ?? schema.description ?? "",
    required: of?.required?.includes(name) ?? false,
    kind: is("integer") ? "integer" : is("boolean") ? "flag" : "text",
    choices: (schema.enum ?? []).map(String),
  };
}

/** Follows references, also those of alternatives. */
function resolve(document: Document, schema: Schema): Schema {
  if (schema.$ref) {
    const found = document.components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {};
    return resolve(document, found);
  }
  const several = schema.oneOf ?? schema.anyOf;
  if (!several) return schema;
  const flat = several.map((one) => resolve(document, one));
  const inner = flat.flatMap((one) => one.oneOf ?? [one]);
  const about = schema.description ?? flat.find((one) => one.description)?.description;
  return { ...schema, oneOf: inner, ...(about ? { description: about } : {}) };
}

/** What a form says as JSON; empty fields are left out. */
export function payload(form: Form, value: (field: Field) => string): Record<string, unknown> {
  const made: Record<string, unknown> = { ...form.fixed };
  for (const field of form.fields) {
    const text = value(field).trim();
    if (text === "") continue;
    if (field.kind === "integer" && /^-?\d+$/.test(text)) made[field.name] = Number(text);
    else if (field.kind === "flag") made[field.name] = text === "true";
    else made[field.name] = text;
  }
  return made;
}
