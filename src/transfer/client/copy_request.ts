/** Options of a copy that the user chooses, the same for every route of the data. */

import type { FilterRule } from "../../files/walk/filter.ts";
import type { JobOptions } from "../../protocol/control/job.ts";
import { BLOCK_BYTES } from "../../protocol/limits.ts";

/** Options of a job that the user chooses, checked. A field is described where the job has it. */
export interface CopyRequest extends
  Omit<
    JobOptions,
    "salt" | "linkRoots" | "lends" | "probe" | "blockBytes" | "bytesPerSecond" | "timeoutMs" | "filters"
  > {
  /** MIN_BLOCK_BYTES to MAX_BLOCK_BYTES. Default: BLOCK_BYTES. */
  blockBytes?: number;
  bytesPerSecond: number;
  timeoutMs: number;
  filters: readonly FilterRule[];
}

/** Returns the options of a new job. Each job has a salt of its own. */
export function jobOptions(request: CopyRequest): JobOptions {
  const { filters, blockBytes = BLOCK_BYTES } = request;
  return { ...request, filters: [...filters], blockBytes, salt: crypto.randomUUID() };
}
