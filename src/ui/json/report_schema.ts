/** JSON Schema of reports. Further properties are allowed, because later versions may add some. */

import { REPORT_FORMAT, REPORT_VERSION } from "../report/report.ts";
import { DOCTOR_EVENTS, SYSTEM } from "./doctor_events.ts";
import {
  AMOUNT,
  BOOLEAN,
  COUNT,
  type EventForm,
  listOf,
  objectOf,
  oneOf,
  orNull,
  type Schema,
  TEXT,
} from "./event_table.ts";

const HEAD = { format: oneOf(REPORT_FORMAT), version: { const: REPORT_VERSION }, escp: TEXT, startedAt: TEXT };
const CELLS = listOf(orNull(AMOUNT));

const RESULT = objectOf({
  ...{ status: oneOf("ok", "failed", "error", "interrupted"), exitStatus: COUNT, message: TEXT, hint: TEXT },
  ...{ seconds: AMOUNT, files: COUNT, bytes: COUNT, resumed: COUNT, failed: COUNT, skipped: COUNT },
  ...{ verified: COUNT, deleted: COUNT, removedSources: COUNT, wireBytes: COUNT, stopped: BOOLEAN, dryRun: BOOLEAN },
  skippedAs: TEXT,
  dummy: oneOf("sender", "receiver", "both"),
}, [
  "message",
  "hint",
  "skippedAs",
  "verified",
  "deleted",
  "removedSources",
  "wireBytes",
  "stopped",
  "dryRun",
  "dummy",
]);

const END = oneOf("here", "there");
const LIMITS = oneOf(
  ...["nothing", "login", "start", "lost sessions", "verification", "rate limit", "processor", "ssh", "writing"],
  ...["network", "unknown"],
);

const SESSION = objectOf({
  ...{
    number: COUNT,
    hosts: TEXT,
    start: AMOUNT,
    streams: COUNT,
    engine: TEXT,
    address: TEXT,
    tunnel: TEXT,
    roundTripMs: AMOUNT,
  },
  ...{ outcome: oneOf("finished", "lost", "failed"), message: TEXT },
  phases: listOf(objectOf({ name: TEXT, start: AMOUNT, seconds: AMOUNT })),
}, ["streams", "engine", "address", "tunnel", "roundTripMs", "message"]);

const SERIES = objectOf({
  seconds: listOf(AMOUNT),
  ...{ written: CELLS, sent: CELLS, files: CELLS, filesFound: CELLS, bytesFound: CELLS, cpuSeconds: CELLS },
  streams: listOf(objectOf({ session: COUNT, stream: COUNT, written: CELLS })),
  connections: listOf(objectOf({
    ...{ session: COUNT, stream: COUNT, host: TEXT, carried: CELLS, roundTripMs: CELLS, retransmits: CELLS },
  })),
  connectionsOmitted: COUNT,
});

const COPY = objectOf({
  ...{ ...HEAD, task: oneOf("copy"), sources: listOf(TEXT), filelist: TEXT, target: TEXT, options: listOf(TEXT) },
  result: RESULT,
  limit: objectOf({ what: LIMITS, end: END, reasons: listOf(TEXT) }, ["end"]),
  machines: listOf(
    objectOf({ name: TEXT, end: END, version: TEXT, platform: TEXT, system: SYSTEM }, [
      "version",
      "platform",
      "system",
    ]),
  ),
  sessions: listOf(SESSION),
  sessionsOmitted: COUNT,
  series: SERIES,
  slowest: listOf(objectOf({ path: TEXT, bytes: COUNT, seconds: AMOUNT })),
  unfinished: listOf(objectOf({ path: TEXT, bytes: COUNT })),
  unfinishedOmitted: COUNT,
  failures: listOf(objectOf({ path: TEXT, message: TEXT, hint: TEXT, host: TEXT }, ["hint", "host"])),
  failuresOmitted: COUNT,
  notes: listOf(TEXT),
  notesOmitted: COUNT,
}, ["filelist", "limit", "unfinished", "unfinishedOmitted"]);

const DOCTOR = objectOf({
  ...{ ...HEAD, task: oneOf("doctor"), host: TEXT, exitStatus: COUNT, message: TEXT },
  steps: listOf({ anyOf: DOCTOR_EVENTS.forms.filter(({ event }) => event === "step").map(stepSchema) }),
}, ["message"]);

const BENCHMARK = objectOf({
  ...{ ...HEAD, task: oneOf("benchmark") },
  machine: { type: "object", additionalProperties: TEXT },
  cases: listOf(objectOf({
    ...{ title: TEXT, bytes: COUNT, files: COUNT },
    results: listOf(
      objectOf({ program: TEXT, seconds: listOf(AMOUNT), cpuSeconds: listOf(AMOUNT), failure: TEXT }, ["failure"]),
    ),
  })),
});

/** Schemas by the field `task`. */
export const REPORT_SCHEMAS: Readonly<Record<"copy" | "doctor" | "benchmark", Schema>> = {
  copy: COPY,
  doctor: DOCTOR,
  benchmark: BENCHMARK,
};

/** The schema of a report. */
export const REPORT_SCHEMA: Schema = {
  title: `A file of escp --report, version ${REPORT_VERSION}`,
  anyOf: Object.values(REPORT_SCHEMAS),
};

function stepSchema({ fields }: EventForm): Schema {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]));
  return objectOf(properties, Object.keys(fields).filter((name) => fields[name].optional));
}
