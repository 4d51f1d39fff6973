/** Times that no transfer exceeds without progress. */
export const LIMITS = {
  /** Without a byte on a stream's connection it counts as broken. */
  idleTimeoutMs: 60_000,
} as const;
