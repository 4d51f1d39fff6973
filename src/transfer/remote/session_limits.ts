/** Limits that a host sets for the sessions of all clients. */

import { quotePath, UserError } from "../../errors.ts";
import type { TransferEvent } from "../events.ts";

/** Restrictions of one host. */
export interface SessionLimits {
  /** Directory that confines sessions; may start with "~". */
  readonly root?: string;
  /**
   * Whether `escp --serve` has set the limits. Then `root` must be a path without symbolic links, because clients may be able to
   * change the directory above it.
   */
  readonly isServed?: boolean;
  /** Directions that are allowed. Default: both. */
  readonly allow?: readonly ("push" | "pull")[];
  /** Maximum rate of a session in each direction, in bytes per second. Default: unlimited. */
  readonly bytesPerSecond?: number;
}

const FORBIDDEN = {
  push: "copies to it",
  pull: "copies from it",
  clean: "clients to write, which includes --clean",
};

/** @throws {UserError} if this host does not allow the direction. Removing requires write permission. */
export function checkDirection(direction: "push" | "pull" | "clean", limits: SessionLimits): void {
  const { allow } = limits;
  if (allow === undefined || allow.includes(direction === "clean" ? "push" : direction)) return;
  throw new UserError(`Cannot start: the remote host does not allow ${FORBIDDEN[direction]}`, {
    hint: whereAllowed(limits),
  });
}

/** @throws {UserError} if this host does not allow clients to remove the sources of a copy from it. */
export function checkRemoval(removesSources: boolean | undefined, limits: SessionLimits): void {
  const { allow } = limits;
  if (!removesSources || allow === undefined || allow.includes("push")) return;
  throw new UserError("Cannot remove source files: the remote host allows only copies from it", {
    hint: `Omit --remove-source-files. ${whereAllowed(limits)}`,
  });
}

/** Returns which settings of a host choose the directions. */
function whereAllowed({ isServed }: SessionLimits): string {
  return isServed
    ? 'See --allow of escp --serve on that host, and the option "allow" before the key of this client'
    : 'See the key "allow" in the configuration of that host';
}

/** Returns the rate limit of a session, in bytes per second: the lower one of the client's and that of the host; 0: unlimited. */
export function limitRate(requested: number, { bytesPerSecond }: SessionLimits): number {
  if (bytesPerSecond === undefined) return requested;
  return requested === 0 ? bytesPerSecond : Math.min(requested, bytesPerSecond);
}

/** Returns whether clients have fewer rights than their user. A client that may write any file can also run any program. */
export function isConfined({ root, allow }: SessionLimits): boolean {
  return root !== undefined || allow?.includes("push") === false;
}

/** Refuses a log file that the client has chosen if sessions are confined. @throws {UserError} */
export function checkLog(log: string, limits: SessionLimits): void {
  if (!isConfined(limits)) return;
  throw new UserError(
    `Cannot open the log file ${quotePath(log)}: that host does not allow clients to choose a log file`,
    {
      hint: limits.isServed
        ? "Omit --remote-log: a server confines its clients, and has a log of its own"
        : 'Omit --remote-log; see the keys "root" and "allow" in the configuration of that host',
    },
  );
}

/** Task of a session, for its log. */
export interface SessionTask {
  readonly task: "push" | "pull" | "clean" | "measurement";
  /** A task that writes nothing, or makes up contents. */
  readonly variant?: "dry run" | "dummy";
  /** Paths on this host, as the client wrote them. */
  readonly paths: readonly string[];
}

/** Settings and callbacks of a remote end that its jobs need. */
export interface RemoteJobOptions {
  /** Whether a client on this machine has started this end without ssh. */
  local: boolean;
  /** Process of that client. Default: the parent process. */
  clientPid?: number;
  limits: SessionLimits;
  /** Called with the task of the client, again if further paths have arrived. */
  tasked?: (task: SessionTask) => void;
  /** Writes to the log. */
  note: (text: string) => void;
  emit: (event: TransferEvent) => void;
}
