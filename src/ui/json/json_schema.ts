/** `--json-schema`: the JSON Schema of all events of `--json`, and of the files of `--report`. */

import { CLEAN_EVENTS } from "./clean_events.ts";
import { COPY_EVENTS } from "./copy_events.ts";
import { DOCTOR_EVENTS } from "./doctor_events.ts";
import type { EventForm, Schema, TaskEvents } from "./event_table.ts";
import { REPORT_SCHEMA } from "./report_schema.ts";

/** Events of all tasks. */
export const TASK_EVENTS: readonly TaskEvents[] = [COPY_EVENTS, CLEAN_EVENTS, DOCTOR_EVENTS];

/** Returns the schema of one line of `--json`, with that of reports in `$defs`. Further fields are allowed, because later versions may add some. */
export function jsonSchema(version: string): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `A line of escp ${version} --json`,
    anyOf: TASK_EVENTS.flatMap(({ forms }) => forms.map(formSchema)),
    $defs: { report: REPORT_SCHEMA },
  };
}

function formSchema({ event, when, fields }: EventForm): Schema {
  const entries = Object.entries(fields);
  return {
    type: "object",
    description: when,
    properties: {
      event: { const: event },
      ...Object.fromEntries(entries.map(([name, { schema, help }]) => [name, { ...schema, description: help }])),
    },
    required: ["event", ...entries.filter(([, { optional }]) => !optional).map(([name]) => name)],
  };
}
