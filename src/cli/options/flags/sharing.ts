/** Options that divide a copy among several processes. */

import type { FlagRow } from "../flag.ts";

export const SHARING = [
  {
    name: "shard",
    kind: "string",
    argument: "I/N",
    once: true,
    help: "Copy only share I of N (from 0), chosen by path; finish/N completes the copy; auto asks the scheduler",
  },
  {
    name: "shard-report",
    kind: "string",
    argument: "DIR",
    once: true,
    help: "Directory of the reports of all shards, which --shard finish/N reads",
  },
] as const satisfies readonly FlagRow[];
