/** Resolves operands to source files, on the end of the sender. Expands patterns that no shell has expanded. */

import type { PathCalls } from "../../../files/engine/engine.ts";
import { expandGlob, type GlobDirectories } from "../../../files/glob/expand.ts";
import { hasGlob, parseGlob } from "../../../files/glob/pattern.ts";
import { parseWindowsPattern } from "../../../files/glob/windows_pattern.ts";
import { PATH_STYLE, type PathStyle, resolvePath, rootOf, withBackslashes } from "../../../files/path/local_path.ts";
import { isPrivateName, privateName } from "../../../files/path/private_names.ts";
import { resolveSources, type SourceOptions } from "../../../files/walk/source_roots.ts";
import { expandTilde } from "../../../files/path/tilde.ts";
import { MAX_SOURCES_TEXT } from "../../../protocol/limits.ts";
import type { Failure } from "../../../protocol/failure.ts";
import { EventLoopYielder } from "../../../async/event_loop_yielder.ts";
import { toFailure } from "../../../streams/failure.ts";
import type { NumberedRoot } from "../send_options.ts";
import { type RequestedSource, tooLong } from "../../requested_sources.ts";

/** Options for resolving operands. */
export interface FindOptions extends SourceOptions {
  /** Whether to expand patterns: not if a shell has done it. */
  globs: boolean;
  /** Whether roots have `typed`. Default: false. */
  relative?: boolean;
  /** Whether private names are accepted, because nothing is sent. Default: false. */
  privateNames?: boolean;
  /** Called per directory that a pattern searches, besides yielding to the event loop; may throw to end the search. */
  turn?: () => void | Promise<void>;
  /** Syntax of paths. Windows has no shell that expands patterns. Default: that of this machine. */
  style?: PathStyle;
}

/** Sources of all operands. */
export interface ResolvedSources {
  roots: NumberedRoot[];
  /** Number of operands that could not be found or copied. */
  notFound: number;
  /** Number of paths after the expansion of patterns, found or not. */
  operands: number;
}

/**
 * Resolves operands. A pattern without a match is used as a path.
 *
 * @param failed gets each failure; the search continues when the returned promise resolves.
 * @throws {UserError} for a pattern that exceeds its limits, or has too many matches.
 */
export async function findSources(
  operands: readonly RequestedSource[],
  options: FindOptions,
  paths: PathCalls,
  failed: (failure: Failure) => void | Promise<void>,
): Promise<ResolvedSources> {
  const found: ResolvedSources = { roots: [], notFound: 0, operands: 0 };
  const yielder = new EventLoopYielder();
  const turn = () => options.turn?.() ?? yielder.yieldIfDue();
  let length = 0;
  try {
    for (const [operand, { path: text, literal }] of operands.entries()) {
      const matches = literal ? [] : await matchesOf(text, options, paths, turn);
      const meant = matches.length > 0 ? matches : [text];
      for (const typed of meant) {
        const { roots, failures } = resolveSources([typed], literal ? { ...options, tilde: false } : options, paths);
        for (const root of roots) {
          // The receiver refuses private names.
          if (!options.privateNames && isPrivateName(root.name)) failures.push(privateName("send", root.path));
          else {
            length += root.path.length;
            found.roots.push({
              ...root,
              operand,
              ...(options.relative && { typed: literal && typed.startsWith("~") ? `./${typed}` : typed }),
            });
          }
        }
        if (length > MAX_SOURCES_TEXT) throw tooLong();
        for (const failure of failures) {
          found.notFound++;
          const reporting = failed(toFailure(failure));
          if (reporting) await reporting;
        }
      }
      found.operands += meant.length;
    }
  } finally {
    yielder.close();
  }
  return found;
}

/** Returns the paths that match an operand; nothing if it is not a pattern. */
async function matchesOf(
  text: string,
  options: FindOptions,
  paths: PathCalls,
  turn: () => void | Promise<void>,
): Promise<string[]> {
  const { style = PATH_STYLE } = options;
  if (style === "windows") {
    const root = rootOf(text, style);
    const pattern = parseWindowsPattern(text.slice(root.length));
    if (!pattern) return [];
    const base = resolvePath(options.base, root, style);
    const matches = await expandGlob(pattern, directoriesOf({ ...options, base, tilde: false }, paths), { turn });
    return matches.map((match) => root + (text.includes("\\") ? withBackslashes(match) : match));
  }
  if (!options.globs || !hasGlob(text)) return [];
  return await expandGlob(parseGlob(text), directoriesOf(options, paths), { turn });
}

/** Returns access to the directories that a pattern searches. */
function directoriesOf({ base, tilde, confinement }: SourceOptions, paths: PathCalls): GlobDirectories {
  const resolve = (path: string) => {
    const expanded = tilde ? expandTilde(path, confinement?.home) : path;
    return resolvePath(base, expanded);
  };
  return {
    list(path) {
      try {
        const directory = resolve(path);
        if (confinement?.allows(directory) === false) return [];
        return Array.from(paths.list(directory));
      } catch {
        // The path is not a readable directory. A shell does not report that either.
        return [];
      }
    },
    exists(path) {
      try {
        const full = resolve(path);
        return confinement?.allows(full) !== false && paths.stat(full, { follow: false }) !== undefined;
      } catch {
        return false;
      }
    },
    identity(path) {
      try {
        const stat = paths.stat(resolve(path), { follow: true });
        return stat && `${stat.dev}:${stat.inode}`;
      } catch {
        return undefined;
      }
    },
  };
}
