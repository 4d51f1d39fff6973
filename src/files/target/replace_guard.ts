/** Protects entries that a directory of the source would replace. */

import { FileError } from "../../errors.ts";
import type { ReplacedKinds } from "../engine/target_options.ts";
import { type FileIdentity, isSameFile } from "../stat/file_identity.ts";
import { createFilter } from "../walk/filter.ts";

/**
 * Checks an entry that is not a directory before it is removed.
 *
 * @param path Path relative to the root.
 * @param text Path for messages.
 * @param identity Identity of the entry.
 * @throws {FileError} Operation "remove", if it is excluded, or a source on this machine.
 */
export type ReplaceGuard = (path: string, text: string, identity: FileIdentity) => void;

/** Returns the check for these options. */
export function replaceGuard({ filters, sources }: ReplacedKinds): ReplaceGuard {
  const accept = filters.length > 0 ? createFilter(filters) : undefined;
  return (path, text, identity) => {
    if (accept && !accept(path, false)) {
      throw new FileError("remove", text, "it is excluded, and a directory of the source has its name", {
        code: "EEXIST",
        hint: "Remove it, or use --delete-excluded",
      });
    }
    if (identity.inode !== 0 && sources.some((source) => isSameFile(source, identity))) {
      throw new FileError("remove", text, "it is a source of this copy", { code: "EEXIST" });
    }
  };
}
