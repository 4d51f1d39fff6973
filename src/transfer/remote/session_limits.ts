/** What a host sets for every session that comes to it, whatever its client asks for. */

import { quotePath, UserError } from "../../errors.ts";
import { Confinement } from "../../files/target/confinement.ts";
import type { PathCalls } from "../../files/engine/engine.ts";
import { ownUser } from "../../files/target/directory_access.ts";
import { checkPrivatePlaces } from "../../files/target/private_places.ts";
import type { TransferEvent } from "../events.ts";

export interface SessionLimits {
  /** The directory that it is confined to; may begin with "~". */
  readonly root?: string;
  /** What clients may do; undefined: both. */
  readonly allow?: readonly ("push" | "pull")[];
}

const FORBIDDEN = {
  push: "copies to it",
  pull: "copies from it",
  clean: "writing, and so no cleaning",
};

/** @throws {UserError} when clients may not do that here. Who may not write may not remove anything. */
export function checkDirection(direction: "push" | "pull" | "clean", { allow }: SessionLimits): void {
  if (allow === undefined || allow.includes(direction === "clean" ? "push" : direction)) return;
  throw new UserError(`Cannot start: that host does not allow ${FORBIDDEN[direction]}`, {
    hint: 'The key "allow" in the configuration there says so',
  });
}

/**
 * Returns the directory that the host confines its sessions to; undefined if there is none.
 *
 * @param base directory of relative paths if sessions are not confined.
 * @throws {UserError} if the directory does not exist, or contains keys or settings of the account.
 */
export function confine({ root }: SessionLimits, base: string, paths: PathCalls): Confinement | undefined {
  if (root === undefined) return undefined;
  const confinement = new Confinement(root, base, paths);
  checkPrivatePlaces(confinement.root, ownUser(), (name) => Deno.env.get(name));
  return confinement;
}

/** Whether clients may not do here what their user may: who may write every file can also run every program. */
export function isConfined({ root, allow }: SessionLimits): boolean {
  return root !== undefined || allow?.includes("push") === false;
}

/**
 * Refuses a log where a client may not write wherever it likes.
 *
 * @throws {UserError}
 */
export function checkLog(log: string, { root, allow }: SessionLimits): void {
  if (!isConfined({ root, allow })) return;
  throw new UserError(`Cannot open the log file ${quotePath(log)}: that host lets nobody choose one`, {
    hint: 'The key "root" or "allow" in the configuration there says so; leave out --remote-log',
  });
}

/** How a job is done. */
export interface RemoteJobOptions {
  /** The client is on this machine, and started this end itself. */
  local: boolean;
  limits: SessionLimits;
  /** Hears what the remote end does; for its log. */
  note: (text: string) => void;
  /** Hears what happens. */
  emit: (event: TransferEvent) => void;
}
