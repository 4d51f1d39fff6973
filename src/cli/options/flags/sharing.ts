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
    name: "shard-split",
    kind: "size",
    argument: "SIZE",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 2 ** 30,
    once: true,
    help: "With --shard, split larger files into ranges that belong to different shards; 0 splits none",
  },
  {
    name: "shard-report",
    kind: "string",
    argument: "DIR",
    once: true,
    help: "Directory of the reports of all shards, which --shard finish/N reads",
  },
] as const satisfies readonly FlagRow[];
