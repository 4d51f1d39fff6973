/** What a host sets for every session that comes to it, whatever its client asks for. */

import { quotePath, UserError } from "../errors.ts";

export interface SessionLimits {
  /** The folder that it is confined to; may begin with "~". */
  readonly root?: string;
  /** What clients may do; undefined: both. */
  readonly allow?: readonly ("push" | "pull")[];
}

/** @throws {UserError} when clients may not do that here. */
export function checkDirection(direction: "push" | "pull", { allow }: SessionLimits): void {
  if (allow === undefined || allow.includes(direction)) return;
  throw new UserError(`Cannot start: that host does not allow copies ${direction === "push" ? "to" : "from"} it`, {
    hint: 'The key "allow" in the configuration there says so',
  });
}

/**
 * Refuses a log where a client may not write wherever it likes.
 *
 * @throws {UserError}
 */
export function checkLog(log: string, { root, allow }: SessionLimits): void {
  if (root === undefined && allow?.includes("push") !== false) return;
  throw new UserError(`Cannot open the log file ${quotePath(log)}: that host lets nobody choose one`, {
    hint: 'The key "root" or "allow" in the configuration there says so; leave out --remote-log',
  });
}
