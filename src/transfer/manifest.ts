/** `--manifest`: lines for `sha256sum -c` of what a copy has put in place, by reading the files of this side once more. */

import { FileError } from "../errors.ts";
import { digestRange } from "../files/content_digest.ts";
import type { FileEngine, SourceRoot, TargetRoot } from "../files/engine.ts";
import { failedDeno } from "../files/file_failure.ts";
import { UNKNOWN_FILE } from "../files/file_identity.ts";
import { baseName, joinPath } from "../files/local_path.ts";
import { rootFolder } from "../files/target_name.ts";
import { encodeName } from "../protocol/names.ts";

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
  readonly #copied = new Map<string, { root: number; path: string }>();
  #renamed = false;

  readonly copied = (root: number, path: string): void => {
    this.#copied.set(`${root}/${path}`, { root, path });
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
    { roots, follow, names, target }: {
      roots: ListedRoot[];
      /** Whether symbolic links below the roots are followed. */
      follow: boolean;
      names: readonly string[];
      target: string;
    },
  ): Promise<FileError[]> {
    const failures: FileError[] = [];
    const reader = files.sourceReader(roots, { follow });
    try {
      for (const { root, path } of this.#copied.values()) {
        const { kind, file } = roots[root];
        const isFolder = kind === "folder" && file === undefined;
        const own = this.#renamed ? (isFolder ? "" : baseName(target)) : names[root];
        try {
          const digest = await digestOf(reader.openRanged(root, file ?? path));
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
}

/** A root whose files are listed in a manifest. */
export interface ListedRoot extends SourceRoot {
  /** Name of a single file in the directory of the root; undefined if the root is the directory or file itself. */
  file?: string;
}

/** Returns roots to read the files of a target, beneath the directories that they were written to. */
export function asSources(roots: readonly TargetRoot[]): ListedRoot[] {
  return roots.map((root) => {
    const listed = { name: "", identity: UNKNOWN_FILE, size: 0 };
    if (root.kind === "device") return { ...listed, kind: "file", path: root.path };
    const identity = root.identity ?? UNKNOWN_FILE;
    const file = root.kind === "file" ? { file: root.name } : {};
    return { ...listed, ...file, kind: "folder", path: rootFolder(root), identity };
  });
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
