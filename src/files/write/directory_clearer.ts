/** Removes directories that obstruct files and links of the source. */

import { FileError } from "../../errors.ts";
import type { RemovedPlace, TargetPlace } from "../engine/target.ts";
import { splitRelativePath } from "../path/local_path.ts";
import { targetText } from "../target/name.ts";
import { createFilter } from "../walk/filter.ts";
import type { AtomicWriter } from "./atomic_writer.ts";
import { EntryRemover, finishSteps } from "./entry_remover.ts";

/**
 * Returns a function that removes a directory with its contents, and returns the places of all entries that it has removed.
 * It throws a FileError if an entry stays.
 *
 * @param writer Its current directory changes.
 */
export function directoryClearer<Name, Staged>(
  writer: AtomicWriter<Name, Staged>,
): (place: TargetPlace) => RemovedPlace[] {
  const { sources = [], filters = [] } = writer.options.replaces ?? {};
  const accept = filters.length > 0 ? createFilter(filters) : undefined;
  return (place) => {
    const { root, path } = place;
    const { directory, name } = splitRelativePath(path);
    const places: RemovedPlace[] = [];
    const removed = (each: RemovedPlace) => void places.push(each);
    const options = { accept, sources, limit: Infinity, dryRun: false, removed, yieldIfDue: () => {} };
    const remover = new EntryRemover(writer, options);
    finishSteps(remover.remove(root, directory, { name, isDirectory: true }));
    const { failures: [failure], kept } = remover.result;
    if (failure) throw failure;
    if (kept === 0) return places;
    throw new FileError("remove", targetText(writer.roots[root], path), "it contains excluded or temporary files", {
      code: "ENOTEMPTY",
      hint: "Remove it, or use --delete-excluded",
    });
  };
}
