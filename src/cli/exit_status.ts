import { Interrupted, StartError, UsageError } from "../errors.ts";

/** What the exit status of escp means. Scripts depend on these: they never change. */
export const EXIT_STATUS = {
  /** Everything was copied. */
  ok: 0,
  /** Something was not copied. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** Ended by Ctrl-C (128 + SIGINT) or another signal that asks to stop. */
  interrupted: 130,
  /** ssh failed, or escp could not be started on the other side. */
  start: 255,
} as const;

export type ExitStatus = typeof EXIT_STATUS[keyof typeof EXIT_STATUS];

/** The status to exit with when `error` ended the session. */
export function exitStatusOf(error: unknown): ExitStatus {
  if (error instanceof UsageError) return EXIT_STATUS.usage;
  if (error instanceof StartError) return EXIT_STATUS.start;
  if (error instanceof Interrupted) return EXIT_STATUS.interrupted;
  return EXIT_STATUS.failed;
}
