/** Opens the directory that a host confines its sessions to. */

import { quotePath, UserError } from "../../errors.ts";
import type { PathCalls } from "../../files/engine/engine.ts";
import { componentsOf } from "../../files/path/local_path.ts";
import { Confinement } from "../../files/target/confinement.ts";
import { ownUser } from "../../files/target/directory_access.ts";
import { checkPrivatePlaces } from "../../files/target/private_places.ts";
import type { SessionLimits } from "./session_limits.ts";

/**
 * Returns the directory that the host confines its sessions to; undefined if there is none.
 *
 * @param base directory of relative paths if sessions are not confined.
 * @throws {UserError} if the directory does not exist, or contains keys or settings of the account.
 */
export function confine({ root, isServed }: SessionLimits, base: string, paths: PathCalls): Confinement | undefined {
  if (root === undefined) return undefined;
  const confinement = new Confinement(root, base, paths);
  if (isServed && componentsOf(confinement.root).join("/") !== componentsOf(root).join("/")) {
    throw new UserError(`Cannot confine the session to ${quotePath(root)}: it contains a symbolic link`);
  }
  checkPrivatePlaces(confinement.root, ownUser(), (name) => Deno.env.get(name));
  return confinement;
}
