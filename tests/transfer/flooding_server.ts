/**
 * A remote end that sends more messages than fit into memory: `flooding_server.ts TRICK REPORT ...`, instead of ssh. It
 * writes the bytes that it sent, and the peak memory of its client, to the file REPORT.
 */

import type { Message, WireSource } from "../../src/protocol/control/messages.ts";
import { formatMessage } from "../../src/protocol/control/message_codec.ts";
import { openHostileEnd, play } from "./hostile_end.ts";
import { peakMemory } from "./peak_memory.ts";

const [trick, report] = Deno.args;
const session = await openHostileEnd({ lifeMs: 120_000 });
const { control } = session;

/** Returns a text that differs from all others. */
const long = (index: number, length: number) => `${index} `.padEnd(length, "x");

const TRICKS: Record<string, { count: number; message(index: number): Message }> = {
  "long failures": {
    count: 2_200,
    message: (index) => ({
      type: "failed",
      failure: { code: "", path: "", message: long(index, 96 << 10), hint: "" },
    }),
  },
  "many failures": {
    count: 6_000,
    message: (index) => ({
      type: "failed",
      failure: { code: "", path: "", message: long(index, 32 << 10), hint: long(index, 4 << 10) },
    }),
  },
  "long notes": { count: 2_200, message: (index) => ({ type: "note", message: long(index, 96 << 10) }) },
  "many sources": {
    count: 2_000,
    message(index) {
      const source = (number: number): WireSource => ({
        ...{ operand: 0, kind: "file", dev: 1, inode: 2 },
        name: long(index * 1_000 + number, 200),
      });
      const sources = Array.from({ length: 1_000 }, (_, number) => source(number));
      return { type: "sources", sources, operands: 1, host: "", files: 1, bytes: 1, complete: true, last: false };
    },
  },
};

/** Interval of the report. */
const REPORT_BYTES = 16 << 20;

let sent = 0;
let reported = 0;
const { count, message } = TRICKS[trick];
const answers = control.next().then(() => true, () => true);
await play(session, async () => {
  for (let index = 0; index < count; index++) {
    const line = formatMessage(message(index));
    control.sendLine(line);
    await control.flushed();
    sent += line.length;
    if (sent - reported < REPORT_BYTES && index < count - 1) continue;
    reported = sent;
    const peak = peakMemory(Deno.ppid);
    if (peak > 0) Deno.writeTextFileSync(report, JSON.stringify({ sent, peak }));
    if (await Promise.race([answers, false])) return;
  }
  control.send({ type: "abort", code: "failed", message: "That was all" });
});
