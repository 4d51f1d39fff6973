/** Options that select which files of the sources are copied. */

import type { FlagRow } from "../flag.ts";

export const SELECTING = [
  {
    name: "include-from",
    kind: "list",
    argument: "FILE",
    ruleFile: "include",
    once: true,
    help: "Read globs of --include from a file, one per line; - is standard input",
  },
  {
    name: "exclude-from",
    kind: "list",
    argument: "FILE",
    ruleFile: "exclude",
    once: true,
    help: "Read globs of --exclude from a file, one per line; - is standard input",
  },
  {
    name: "files-from",
    kind: "string",
    argument: "FILE",
    once: true,
    help: "Copy only the listed paths below the one source, and keep them relative to it; - is standard input",
  },
  {
    name: "relative",
    kind: "boolean",
    forwarded: "changed",
    help: "Keep the whole paths of sources below the target, or their parts after /./",
  },
  {
    name: "exclude-ignore-files",
    kind: "boolean",
    forwarded: "changed",
    help: "Skip files that the .gitignore files in the sources ignore, by the rules of git",
  },
  {
    name: "max-size",
    kind: "size",
    argument: "SIZE",
    min: 0,
    max: 1024 ** 5,
    forwarded: "changed",
    help: "Skip files that are larger",
  },
  {
    name: "min-size",
    kind: "size",
    argument: "SIZE",
    min: 0,
    max: 1024 ** 5,
    forwarded: "changed",
    help: "Skip files that are smaller",
  },
  {
    name: "newer-than",
    kind: "time",
    argument: "TIME",
    once: true,
    forwarded: "changed",
    help: "Skip files that were last modified before TIME: an age such as 7d, or a time such as 2026-11-01T12:00",
  },
  {
    name: "older-than",
    kind: "time",
    argument: "TIME",
    once: true,
    forwarded: "changed",
    help:
      "Skip files that were modified at or after TIME; with --clean, keep leftovers that are not older (default then: 1d)",
  },
  {
    name: "chmod",
    kind: "list",
    argument: "MODES",
    forwarded: "changed",
    help: "Change the permissions of copied files and directories, as in D755,F644 or u+rwX,go-w",
  },
  {
    name: "chown",
    kind: "string",
    argument: "OWNER",
    forwarded: "changed",
    help: "Like -p, with this owner: USER:GROUP, USER or :GROUP, by the names or numbers of the host of the target",
  },
  {
    name: "numeric-ids",
    kind: "boolean",
    forwarded: "changed",
    help: "Preserve owner and group by number; by default they are mapped by name",
  },
  {
    name: "ignore-existing",
    kind: "boolean",
    forwarded: "changed",
    help: "Skip files that exist in the target, even if they differ",
  },
  {
    name: "existing",
    kind: "boolean",
    forwarded: "changed",
    help: "Skip files and directories that do not exist in the target",
  },
] as const satisfies readonly FlagRow[];
