import { Interrupted, OutputClosed, StartError, UsageError } from "../errors.ts";

/** Exit statuses of escp. They never change, because scripts depend on them. */
export const EXIT_STATUS = {
  /** Everything was copied. */
  ok: 0,
  /** Something was not copied. */
  failed: 1,
  /** Invalid command line or configuration file. */
  usage: 2,
  /** Stopped by Ctrl-C (128 + SIGINT) or another signal. */
  interrupted: 130,
  /** The reader of standard output has exited (128 + SIGPIPE). */
  closed: 141,
  /** ssh failed, or escp could not be started on the remote host. */
  start: 255,
} as const;

export type ExitStatus = typeof EXIT_STATUS[keyof typeof EXIT_STATUS];

/** Returns the exit status for an error that ended a run. */
export function exitStatusOf(error: unknown): ExitStatus {
  if (error instanceof UsageError) return EXIT_STATUS.usage;
  if (error instanceof StartError) return EXIT_STATUS.start;
  if (error instanceof OutputClosed) return EXIT_STATUS.closed;
  if (error instanceof Interrupted) return EXIT_STATUS.interrupted;
  return EXIT_STATUS.failed;
}
