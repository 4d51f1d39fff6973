/** Limits that a host sets for the sessions of all clients. */

import { quotePath, UserError } from "../../errors.ts";
import type { TransferEvent } from "../events.ts";

/** Restrictions of one host. */
export interface SessionLimits {
  /** Directory that confines sessions; may start with "~". */
  readonly root?: string;
  /** Whether `root` must be a path without symbolic links. Clients may be able to change the directory above it. */
  readonly isRealRoot?: boolean;
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
export function checkDirection(direction: "push" | "pull" | "clean", { allow }: SessionLimits): void {
  if (allow === undefined || allow.includes(direction === "clean" ? "push" : direction)) return;
  throw new UserError(`Cannot start: the remote host does not allow ${FORBIDDEN[direction]}`, {
    hint: 'See the key "allow" in the configuration of that host',
  });
}

/** @throws {UserError} if this host does not allow clients to remove the sources of a copy from it. */
export function checkRemoval(removesSources: boolean | undefined, { allow }: SessionLimits): void {
  if (!removesSources || allow === undefined || allow.includes("push")) return;
  throw new UserError("Cannot remove source files: the remote host allows only copies from it", {
    hint: 'Omit --remove-source-files; see the key "allow" in the configuration of that host',
  });
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
export function checkLog(log: string, { root, allow }: SessionLimits): void {
  if (!isConfined({ root, allow })) return;
  throw new UserError(
    `Cannot open the log file ${quotePath(log)}: that host does not allow clients to choose a log file`,
    {
      hint: 'Omit --remote-log; see the keys "root" and "allow" in the configuration of that host',
    },
  );
}

/** Settings and callbacks of a remote end that its jobs need. */
export interface RemoteJobOptions {
  /** Whether a client on this machine has started this end without ssh. */
  local: boolean;
  /** Process of that client. Default: the parent process. */
  clientPid?: number;
  limits: SessionLimits;
  /** Writes to the log. */
  note: (text: string) => void;
  emit: (event: TransferEvent) => void;
}
