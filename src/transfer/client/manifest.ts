/** `--manifest`: lines for `sha256sum -c` of the files that a copy has put in place. */

import { quotePath } from "../../errors.ts";
import { failedDeno } from "../../files/stat/file_failure.ts";
import { baseName, joinPath } from "../../files/path/local_path.ts";
import { encodeName } from "../../protocol/names.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { CopyListing } from "./copy_listing.ts";

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

  /** Digests in hexadecimal by names relative to the target directory. */
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

/** A file, or a further name of one, as a copy tells of it. */
interface ListedFile {
  root: number;
  path: string;
  isInPlace: boolean;
  digest?: string;
  /** Of a further name. */
  first?: string;
  /** There is no certain digest, which the user knows. */
  isUnlisted?: boolean;
}

/** What one copy adds to a manifest. */
export class CopiedFiles implements CopyListing {
  readonly #files = new Map<string, ListedFile>();
  /** Length of all paths; those beyond MOST_TEXT are not kept. */
  #text = 0;
  #renamed = false;

  digested(root: number, path: string, digest: Uint8Array): void {
    const file = this.#file(root, path);
    file.digest = digest.toHex();
    file.first = undefined;
    file.isUnlisted = false;
  }

  linked(root: number, path: string, first: string): void {
    const file = this.#file(root, path);
    file.first = first;
    // What the first name has later is another file.
    file.digest = this.#files.get(keyOf(root, first))?.digest;
  }

  copied(root: number, path: string): void {
    this.#file(root, path).isInPlace = true;
  }

  lost(root: number, path: string): void {
    this.#file(root, path).isInPlace = false;
  }

  unlisted(root: number, path: string): void {
    this.#file(root, path).isUnlisted = true;
  }

  readonly placed = (renamed: boolean): void => {
    this.#renamed = renamed;
  };

  /**
   * Adds the files that are in place. A further name is left out where its file was not copied now.
   *
   * @param roots of the sources: what the sender calls them, and whether they are directories.
   * @param target as the user wrote it.
   * @returns names that have no certain digest.
   */
  addTo(
    manifest: Pick<Manifest, "add">,
    { roots, target }: { roots: readonly { name: string; isDirectory: boolean }[]; target: string },
  ): Failure[] {
    const lines = new Map<string, string>();
    const failures = new Map<string, Failure>();
    if (this.#text > MOST_TEXT) failures.set(target, unlisted(target, "the paths of the files are too long together"));
    for (const { root, path, isInPlace, digest, first, isUnlisted } of this.#files.values()) {
      const { name, isDirectory } = roots[root];
      const own = this.#renamed ? (isDirectory ? "" : baseName(target)) : name;
      const line = own === "" || own === "." ? path : joinPath(own, path);
      const found = first === undefined ? digest : digest ?? this.#files.get(keyOf(root, first))?.digest;
      if (!isInPlace || isUnlisted || (first !== undefined && found === undefined)) continue;
      if (found === undefined) failures.set(line, unlisted(line, "its contents could not be read again"));
      else if ((lines.get(line) ?? found) !== found) {
        failures.set(line, unlisted(line, "several sources have a file for this name"));
      } else lines.set(line, found);
    }
    for (const [line, digest] of lines) if (!failures.has(line)) manifest.add(line, digest);
    return [...failures.values()];
  }

  #file(root: number, path: string): ListedFile {
    const key = keyOf(root, path);
    let file = this.#files.get(key);
    if (!file) {
      file = { root, path, isInPlace: false };
      this.#text += path.length;
      if (this.#text <= MOST_TEXT) this.#files.set(key, file);
    }
    return file;
  }
}

function keyOf(root: number, path: string): string {
  return `${root}/${path}`;
}

function unlisted(name: string, state: string): Failure {
  return { code: "", path: name, message: `Cannot list the digest of ${quotePath(name)}: ${state}`, hint: "" };
}
