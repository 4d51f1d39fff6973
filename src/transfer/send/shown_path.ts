/** Paths of a source as its user sees them. */

import { joinPath } from "../../files/path/local_path.ts";

/** @param rootName what the source is called. @param path relative to it. */
export function shownPath(rootName: string, path: string): string {
  return rootName === "." ? path : joinPath(rootName, path);
}
