/** Sources that filters would exclude. They are copied, because the user has named them. */

import { quotePath } from "../../../errors.ts";
import type { SourceRoot } from "../../../files/engine/source.ts";
import type { Filter } from "../../../files/walk/filter.ts";
import { MAX_MESSAGE_TEXT } from "../../../protocol/limits.ts";
import { cutText } from "../../../protocol/control/texts.ts";

/** Returns a note about the first source whose name a filter excludes; undefined if there is none. */
export function noteOfExcludedSource(
  roots: readonly Pick<SourceRoot, "path" | "name" | "kind">[],
  filter: Filter,
): string | undefined {
  const excluded = roots.find(({ name, kind }) => {
    // Rules such as `--exclude '*'` concern the contents of the only directory.
    const hasName = kind === "file" || (kind === "folder" && name !== "." && roots.length > 1);
    return hasName && !filter(name, kind === "folder");
  });
  if (!excluded) return undefined;
  const path = quotePath(excluded.path);
  return cutText(
    `${path} is copied although a filter excludes it: filters do not apply to named sources`,
    MAX_MESSAGE_TEXT,
  );
}
