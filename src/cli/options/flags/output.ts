/** Options for what is printed and logged. */

import type { FlagRow } from "../flag.ts";

export const OUTPUT = [
  { name: "quiet", short: "q", kind: "boolean", forwarded: true, help: "Print errors only" },
  {
    name: "log",
    aliases: ["logfile"],
    kind: "string",
    argument: "FILE",
    help: "Append a log of the copy to a file",
  },
  {
    name: "remote-log",
    kind: "string",
    argument: "FILE",
    forwarded: true,
    help: "Like --log, for the log of escp on the remote host, in a file of that host",
  },
  { name: "bits", kind: "boolean", help: "Show rates in bits per second" },
  {
    name: "stats",
    kind: "boolean",
    help: "Print the summary, and for each host the times of login, scan, transfer and verification",
  },
  {
    name: "report",
    kind: "string",
    argument: "FILE",
    once: true,
    help: "Write a report of the run to a file: a page with charts (.html), or its data (.json)",
  },
  {
    name: "report-from",
    kind: "string",
    argument: "FILE",
    once: true,
    help: "Copy nothing; print the page of a report in JSON, or write it to the file of --report",
  },
  { name: "json", kind: "boolean", help: "Print one JSON object per line on standard output, for programs" },
  {
    name: "json-schema",
    kind: "boolean",
    once: true,
    help: "Print the JSON Schema of the objects that --json prints",
  },
  {
    name: "verbose",
    short: "v",
    kind: "count",
    forwarded: true,
    help: "Print what is done; -vv prints more, and runs ssh -v; -vvv prints everything",
  },
] as const satisfies readonly FlagRow[];
