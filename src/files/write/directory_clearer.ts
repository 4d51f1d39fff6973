/** Removes directories that obstruct files and links of the source. */

import { FileError } from "../../errors.ts";
import type { RemovedPlace, TargetPlace } from "../engine/target_place.ts";
import { splitRelativePath } from "../path/local_path.ts";
import { hasEntry } from "../target/has_entry.ts";
import { targetText } from "../target/name.ts";
import { createFilter } from "../walk/filter.ts";
import type { AtomicWriter } from "./atomic_writer.ts";
import { EntryRemover, finishSteps } from "./entry_remover.ts";
import type { ClearDirectory } from "./target_directory.ts";

/**
 * Returns a function that removes a directory with its contents. It removes nothing if an entry is protected.
 *
 * @param writer Its current directory changes.
 */
export function directoryClearer<Name, Staged>(writer: AtomicWriter<Name, Staged>): ClearDirectory {
  const { sources = [], filters = [] } = writer.options.replaces ?? {};
  const accept = filters.length > 0 ? createFilter(filters) : undefined;

  function remove(place: TargetPlace, removed: (place: RemovedPlace) => void, { dryRun }: { dryRun: boolean }): void {
    const { root, path } = place;
    const { directory, name } = splitRelativePath(path);
    const options = { accept, sources, limit: Infinity, dryRun, removed, yieldIfDue: () => {} };
    const remover = new EntryRemover(writer, options);
    // A file system that ignores case also finds a directory of this copy whose name differs in case.
    if (!hasEntry(remover.list({ root, path: directory }), name)) {
      throw new FileError("write", targetText(writer.roots[root], path), "a directory has its name in another case");
    }
    finishSteps(remover.remove(root, directory, { name, isDirectory: true }));
    const { failures: [failure], kept } = remover.result;
    if (failure) throw failure;
    if (kept === 0) return;
    throw new FileError("remove", targetText(writer.roots[root], path), "it contains excluded or temporary files", {
      code: "ENOTEMPTY",
      hint: "Remove it, or use --delete-excluded",
    });
  }

  return (place, removed) => {
    if (place.path === "") throw new FileError("write", targetText(writer.roots[place.root], ""), "Is a directory");
    remove(place, () => {}, { dryRun: true });
    remove(place, removed, { dryRun: false });
  };
}
