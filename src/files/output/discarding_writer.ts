/** A writer for files that must not be written: a file that is its own source, and files of the null engine. */

import type { RangeWriter } from "../engine/partial_file.ts";

/** Returns a writer that accepts and discards everything. @param path Final path, for messages. */
export function discardingWriter(path: string): RangeWriter {
  return {
    path,
    writeAt() {},
    zerosAt() {},
    writeAsync: (_buffer, _at, length) => Promise.resolve(length),
    copyFrom: (_reader, _offset, length) => Promise.resolve(length),
    close() {},
  };
}
