/** Options of a copy: those of its job, with all defaults. */

import type { JobOptions } from "../protocol/control/job.ts";
import { type Comparison, comparisonOf } from "../protocol/data/compare.ts";
import { TIMEOUT_MS } from "../protocol/limits.ts";

/** Options of a job with all defaults. Options that are not listed here are undefined by default. */
export interface AgreedOptions extends JobOptions {
  bytesPerSecond: number;
  timeoutMs: number;
  compress: boolean;
  resume: boolean;
  xattrs: boolean;
  acls: boolean;
  sparse: boolean;
  direct: boolean;
  /** True with `verify`, because only flushed data can be read back from the disk. */
  fsync: boolean;
  verify: boolean;
  /** Comparison of files by the receiver before they are sent; undefined: every file is sent. */
  comparison?: Comparison;
}

/** Fills in the defaults. */
export function agreedOptions(job: JobOptions): AgreedOptions {
  const { verify = false } = job;
  return {
    ...job,
    bytesPerSecond: job.bytesPerSecond ?? 0,
    timeoutMs: job.timeoutMs ?? TIMEOUT_MS,
    compress: job.compress ?? false,
    resume: job.resume ?? false,
    xattrs: job.xattrs ?? false,
    acls: job.acls ?? false,
    sparse: job.sparse ?? false,
    direct: job.direct ?? true,
    fsync: verify || (job.fsync ?? false),
    verify,
    comparison: comparisonOf(job),
  };
}

/** Options that have an effect only if both ends support the feature of the same name. */
const FEATURES = ["compress", "delta", "fsync", "sparse", "verify"] as const;

/** Returns the options without those whose feature the client has not agreed on. For the remote end. */
export function withoutUnagreed(job: JobOptions, features: readonly string[]): JobOptions {
  const agreed = { ...job };
  for (const name of FEATURES) if (!features.includes(name)) delete agreed[name];
  return agreed;
}
