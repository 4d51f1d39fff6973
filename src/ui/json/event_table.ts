/** Tables of the events of `--json`. The JSON Schema and the manual are generated from them. */

/** JSON Schema of a value. */
export type Schema = Readonly<Record<string, unknown>>;

/** A field of an event. */
export interface EventField {
  readonly schema: Schema;
  /** Phrase for the manual. */
  readonly help: string;
  /** Whether the field may be absent. */
  readonly optional?: true;
}

/** Fields by name, in the order of the manual. */
export type EventFields = Readonly<Record<string, EventField>>;

/** An event, or one form of an event that has several. */
export interface EventForm {
  /** Value of the field "event". */
  readonly event: string;
  /** When the event occurs. */
  readonly when: string;
  readonly fields: EventFields;
}

/** Events of a task. */
export interface TaskEvents {
  /** Heading in the manual. */
  readonly title: string;
  readonly forms: readonly EventForm[];
}

/** Any text. */
export const TEXT: Schema = { type: "string" };
/** A count, or a number of bytes. */
export const COUNT: Schema = { type: "integer", minimum: 0 };
/** A duration in seconds or milliseconds, or a rate. */
export const AMOUNT: Schema = { type: "number", minimum: 0 };
/** True; the field is absent otherwise. */
export const TRUE: Schema = { const: true };
export const BOOLEAN: Schema = { type: "boolean" };

/** Returns the schema of one of these texts. */
export function oneOf(...values: string[]): Schema {
  return values.length === 1 ? { const: values[0] } : { enum: values };
}

/** Returns the schema of the value, or of null. */
export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}

/** Returns the schema of a list. */
export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** Returns the schema of an object. @param optional names of properties that may be absent. */
export function objectOf(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required };
}

/** Returns a field that is always present. */
export function always(schema: Schema, help: string): EventField {
  return { schema, help };
}

/** Returns a field that may be absent. */
export function maybe(schema: Schema, help: string): EventField {
  return { schema, help, optional: true };
}

/** Fields of several events. */
export const MESSAGE: EventField = always(TEXT, "the reason, a whole sentence or phrase");
export const NOTE: EventField = always(TEXT, "the information, a whole sentence or phrase");
export const HINT: EventField = maybe(TEXT, "advice in the imperative");
export const EXIT_STATUS: EventField = always(COUNT, "exit status of escp");
export const SECONDS: EventField = always(AMOUNT, "duration of the run");
