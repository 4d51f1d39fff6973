/** Events of `--doctor`. */

import {
  always,
  AMOUNT,
  BOOLEAN,
  COUNT,
  type EventFields,
  type EventForm,
  EXIT_STATUS,
  HINT,
  listOf,
  maybe,
  objectOf,
  oneOf,
  type Schema,
  type TaskEvents,
  TEXT,
} from "./event_table.ts";

const END = always(oneOf("here", "there"), "this machine, or the remote host");
const DIRECTION = always(oneOf("push", "pull"), "push: to the remote host");
const RATE = (help: string) => maybe(AMOUNT, help);

/** Properties of one end. */
export const SYSTEM: Schema = objectOf({
  ...{ system: TEXT, cores: COUNT, loadPercent: COUNT, threads: COUNT, files: TEXT, codecs: listOf(TEXT) },
  notes: listOf(TEXT),
  cipher: objectOf({ engine: TEXT, library: TEXT }),
  network: objectOf(
    { rmemMax: COUNT, wmemMax: COUNT, tcpRmemMax: COUNT, tcpWmemMax: COUNT, congestion: TEXT },
    ["rmemMax", "wmemMax", "tcpRmemMax", "tcpWmemMax", "congestion"],
  ),
}, ["loadPercent"]);

const DISK: Schema = objectOf({
  ...{ folder: TEXT, bytes: COUNT, writeBytesPerSecond: AMOUNT, readBytesPerSecond: AMOUNT, cached: BOOLEAN },
});

/** Returns the form of a step. Its results are absent if it failed. */
function step(name: string, when: string, fields: EventFields): EventForm {
  return {
    event: "step",
    when,
    fields: {
      step: always(oneOf(name), name),
      status: always(oneOf("ok", "warn", "fail", "skipped"), "result of the step"),
      problem: maybe(TEXT, "reason for another status than ok"),
      hint: HINT,
      ...fields,
    },
  };
}

/** Events of `--doctor`. */
export const DOCTOR_EVENTS: TaskEvents = {
  title: "`--doctor`",
  forms: [
    step("login", "login by ssh", {
      host: always(TEXT, "name of the remote host"),
      seconds: maybe(AMOUNT, "duration of the login"),
    }),
    step("escp", "start of escp", {
      version: maybe(TEXT, "version on the remote host"),
      versionHere: always(TEXT, "version on this machine"),
    }),
    step("system", "for each end", {
      end: END,
      system: maybe(SYSTEM, "processors, engines and network settings"),
    }),
    step("ports", "data connections", {
      attempts: always(listOf(objectOf({ way: TEXT, problem: TEXT }, ["problem"])), "routes that were tried"),
      address: maybe(TEXT, "address of the data connections"),
      tunnel: maybe(TEXT, "route through ssh"),
    }),
    step("round trip", "latency", {
      over: always(oneOf("control", "stream"), "connection that was measured"),
      ms: maybe(AMOUNT, "round trip in milliseconds"),
    }),
    step("throughput", "copy of synthetic files, for each direction", {
      direction: DIRECTION,
      streams: always(COUNT, "number of data connections"),
      bytesPerSecond: RATE("rate"),
      coresHere: RATE("busy cores of this machine"),
      coresThere: RATE("busy cores of the remote host"),
    }),
    step("disk", "for each end", {
      end: END,
      disk: maybe(DISK, "directory, rates, and whether it was read from memory"),
    }),
    step("cipher", "for each end", {
      end: END,
      cipher: maybe(objectOf({ name: TEXT, bytesPerSecond: AMOUNT }), "name, and rate of one core"),
    }),
    step("bottleneck", "for each direction", {
      direction: DIRECTION,
      what: always(
        oneOf("network", "one stream", "ssh", "processor", "cipher", "disk"),
        "network, one stream, ssh, processor, cipher or disk",
      ),
      end: { ...END, optional: true },
      bytesPerSecond: always(AMOUNT, "maximum rate of a copy"),
    }),
    step("advice", "for each suggestion", { text: always(TEXT, "advice in the imperative") }),
    {
      event: "end",
      when: "last",
      fields: { status: always(oneOf("ok", "failed"), "failed if a copy would not work"), exitStatus: EXIT_STATUS },
    },
  ],
};
