/** The `.gitignore` files of a walk: those of the current directory and of the directories above it, up to the root. */

import { FileError, UserError } from "../../errors.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import type { IgnoredEntries, SourceReader, SourceRoot } from "../engine/source.ts";
import { joinPath } from "../path/local_path.ts";
import { type IgnoreTest, parseIgnoreRules } from "./ignore_rules.ts";

/** Maximum size of a file. In bytes. */
const MAX_BYTES = 1 << 20;
/** Codes of entries that are not rules: missing, not a regular file, or a link that is not followed. */
const WITHOUT_RULES: readonly (string | undefined)[] = ["ENOENT", "EISDIR", "ESPECIAL", "ELOOP"];

const NAME = encodeName(".gitignore\0");

/** Rules of one directory. */
interface Level {
  root: number;
  /** Path of the directory with a slash at the end; "" for the root. */
  prefix: string;
  test: IgnoreTest;
}

/** Follows one walk, which is depth first. */
export class IgnoreFiles implements IgnoredEntries {
  readonly #reader: SourceReader;
  readonly #roots: readonly Pick<SourceRoot, "path">[];
  /** The directories with rules on the path to the current one, the innermost last. */
  readonly #levels: Level[] = [];
  #buffer?: Uint8Array<ArrayBuffer>;

  /** @param reader reads the sources of the walk; closed by `close`. */
  constructor(reader: SourceReader, roots: readonly Pick<SourceRoot, "path">[]) {
    this.#reader = reader;
    this.#roots = roots;
  }

  /** Enters a directory, and reads its file. @throws {FileError} if there is one that cannot be read. */
  enter(root: number, path: string): void {
    const prefix = path === "" ? "" : `${path}/`;
    while (this.#levels.length > 0 && !isBelow(this.#levels.at(-1)!, root, prefix)) this.#levels.pop();
    const test = this.#read(root, path);
    if (test) this.#levels.push({ root, prefix, test });
  }

  /** Returns whether an entry of the current directory is ignored. The innermost file with a matching rule decides. */
  ignores(path: string, isDirectory: boolean): boolean {
    for (let at = this.#levels.length - 1; at >= 0; at--) {
      const { prefix, test } = this.#levels[at];
      const ignored = test(path.slice(prefix.length), isDirectory);
      if (ignored !== undefined) return ignored;
    }
    return false;
  }

  close(): void {
    this.#reader.close();
  }

  #read(root: number, path: string): IgnoreTest | undefined {
    const directory = encodeName(`${path}\0`);
    this.#reader.enter(root, directory, 0, directory.length - 1);
    const buffer = this.#buffer ??= new Uint8Array(MAX_BYTES);
    try {
      const length = this.#reader.readWhole(NAME, 0, NAME.length - 1, buffer, 0, MAX_BYTES);
      return parseIgnoreRules(decodeName(buffer.subarray(0, length)));
    } catch (error) {
      if (error instanceof FileError && WITHOUT_RULES.includes(error.code)) return undefined;
      if (error instanceof FileError || !(error instanceof UserError)) throw error;
      throw new FileError("read", joinPath(joinPath(this.#roots[root].path, path), ".gitignore"), error.message, {
        code: "EFBIG",
      });
    }
  }
}

function isBelow({ root, prefix }: Level, otherRoot: number, path: string): boolean {
  return root === otherRoot && path.startsWith(prefix) && path !== prefix;
}
