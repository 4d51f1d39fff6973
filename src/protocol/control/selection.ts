/** Selection of files by a sender, besides filters of paths. Feature "select". */

import * as shape from "./shape.ts";

/** A file is sent if it meets all of these conditions. */
export interface Selection {
  /** Minimum size. In bytes. */
  minSize?: number;
  /** Maximum size. In bytes. */
  maxSize?: number;
  /** Earliest modification time. In milliseconds since 1970. */
  fromMs?: number;
  /** The modification time must be earlier. In milliseconds since 1970. */
  beforeMs?: number;
  /** Entries that `.gitignore` files in the sources ignore are not sent. The other conditions are for regular files. */
  ignoreFiles?: boolean;
}

/** Checks a selection from the peer. @throws {ProtocolError} code "bad-message". */
export function parseSelection(fields: shape.Fields, name: string): Selection {
  const selection = shape.asObject(fields[name], name);
  const time = (field: string) => shape.optional(selection, field, shape.whole, Number.MIN_SAFE_INTEGER);
  return {
    minSize: shape.optional(selection, "minSize", shape.whole),
    maxSize: shape.optional(selection, "maxSize", shape.whole),
    fromMs: time("fromMs"),
    beforeMs: time("beforeMs"),
    ignoreFiles: shape.optional(selection, "ignoreFiles", shape.flag),
  };
}
