/** `--manifest`: lines for `sha256sum -c` of what a copy has put in place, by reading the files of this side once more. */

import { FileError } from "../errors.ts";
import { digestRange } from "../files/content_digest.ts";
import type { FileEngine, SourceRoot, TargetRoot } from "../files/engine.ts";
import { failedDeno } from "../files/file_failure.ts";
import { baseName, joinPath } from "../files/local_path.ts";
import { encodeName } from "../protocol/names.ts";

/** Maximum length of all paths of a manifest together, in UTF-16 units. */
const MOST_TEXT = 256 << 20;

/** The file of the manifest, made before anything is copied. Several copies may add to it. */
export class Manifest implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #lines = new Map<string, string>();

  /** @throws {FileError} when it cannot be written. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (cause) {
      throw failedDeno("write the manifest", this.#path, cause);
    }
  }

  /** Digests in hexadecimal by names relative to the target folder. */
  add(name: string, digest: string): void {
    this.#lines.set(name, digest);
  }

  /** Writes what was added, in order of names. @throws {FileError} */
  write(): void {
    try {
      for (const name of [...this.#lines.keys()].sort()) {
        const bytes = encodeName(manifestLine(name, this.#lines.get(name)!));
        for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
      }
    } catch (cause) {
      throw failedDeno("write the manifest", this.#path, cause);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** As sha256sum(1) writes it: a backslash in front where the name has escapes. */
export function manifestLine(name: string, digest: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === name ? "" : "\\"}${digest}  ${escaped}\n`;
}

/** What one copy adds to a manifest: which files it has put in place, and under which names. */
export class CopiedFiles {
  /** Paths of copied files by root. */
  readonly #copied = new Map<number, Set<string>>();
  #text = 0;
  #renamed = false;

  readonly copied = (root: number, path: string): void => {
    const paths = this.#copied.get(root) ?? new Set();
    if (paths.has(path)) return;
    this.#text += path.length;
    if (this.#text > MOST_TEXT) return;
    this.#copied.set(root, paths.add(path));
  };

  readonly placed = (renamed: boolean): void => {
    this.#renamed = renamed;
  };

  /**
   * Reads them and adds them.
   *
   * @param roots on this side.
   * @param names what the sender calls them.
   * @param target as the user wrote it.
   * @returns what could not be read.
   */
  async addTo(
    manifest: Manifest,
    files: FileEngine,
    { roots, names, target }: { roots: SourceRoot[]; names: readonly string[]; target: string },
  ): Promise<FileError[]> {
    const failures: FileError[] = [];
    if (this.#text > MOST_TEXT) {
      failures.push(new FileError("write the manifest", target, "the names of the files are too long together"));
    }
    const reader = files.sourceReader(roots);
    try {
      for (const [root, path] of this.#all()) {
        const own = this.#renamed ? (roots[root].kind === "folder" ? "" : baseName(target)) : names[root];
        try {
          const digest = await digestOf(reader.openRanged(root, path));
          manifest.add(own === "" || own === "." ? path : joinPath(own, path), digest);
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          failures.push(error);
        }
      }
    } finally {
      reader.close();
    }
    return failures;
  }

  *#all(): Generator<[root: number, path: string]> {
    for (const [root, paths] of this.#copied) for (const path of paths) yield [root, path];
  }
}

/** Where the files of a target are to be read. */
export function asSources(roots: readonly TargetRoot[]): SourceRoot[] {
  return roots.map((root) => ({
    path: root.kind === "file" ? joinPath(root.folder, root.name) : root.path,
    name: "",
    kind: root.kind === "folder" ? "folder" : "file",
    identity: { dev: 0, inode: 0 },
    size: 0,
  }));
}

async function digestOf(reader: ReturnType<ReturnType<FileEngine["sourceReader"]>["openRanged"]>): Promise<string> {
  try {
    const digest = await digestRange(reader, 0, reader.size, () => {});
    if (!digest || reader.changed()) throw new FileError("read", reader.path, "it is changed while it is read");
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  } finally {
    reader.close();
  }
}
