/** Protects entries that a directory of the source would replace. */

import { FileError } from "../../errors.ts";
import type { ReplacedKinds } from "../engine/target_options.ts";
import { type FileIdentity, isOneOf } from "../stat/file_identity.ts";
import { createFilter, type Filter } from "../walk/filter.ts";

/**
 * Checks an entry that is not a directory before it is removed.
 *
 * @param path Path relative to the root.
 * @param text Path for messages.
 * @param identity Identity of the entry.
 * @throws {FileError} Operation "remove", if it is excluded, or a source on this machine.
 */
export type ReplaceGuard = (path: string, text: string, identity: FileIdentity) => void;

/** Returns the check for these options. Most copies never use it, so it compiles the filters when it is called. */
export function replaceGuard({ filters, sources }: ReplacedKinds): ReplaceGuard {
  let accept: Filter | undefined;
  return (path, text, identity) => {
    accept ??= createFilter(filters);
    if (!accept(path, false)) {
      throw new FileError("remove", text, "it is excluded, and a directory of the source has its name", {
        code: "EEXIST",
        hint: "Remove it, or use --delete-excluded",
      });
    }
    if (isOneOf(identity, sources)) {
      throw new FileError("remove", text, "it is a source of this copy", { code: "EEXIST" });
    }
  };
}
