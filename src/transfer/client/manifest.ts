/** `--manifest`: lines for `sha256sum -c` of copied files. */

import type { TargetPlace } from "../../files/engine/target_place.ts";
import { placeKey } from "../../files/target/name.ts";
import { quotePath } from "../../errors.ts";
import { failedDeno } from "../../files/stat/file_failure.ts";
import { baseName, joinPath } from "../../files/path/local_path.ts";
import { encodeName } from "../../protocol/names.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { CopyListing } from "./copy_listing.ts";

/** Maximum length of all paths of a manifest together, in UTF-16 units. */
const MAX_TEXT = 256 << 20;

/** The manifest file, created before anything is copied. Several copies may add to it. */
export class Manifest implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #lines = new Map<string, string>();

  /** @throws {FileError} if the file cannot be created. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (cause) {
      throw failedDeno("write the manifest", this.#path, cause);
    }
  }

  /** Adds a digest in hexadecimal. @param name path relative to the target directory. */
  add(name: string, digest: string): void {
    this.#lines.set(name, digest);
  }

  /** Writes all lines, sorted by name. @throws {FileError} */
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

/** Formats a line as sha256sum(1) does: a line with escapes in its name starts with a backslash. */
function manifestLine(name: string, digest: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === name ? "" : "\\"}${digest}  ${escaped}\n`;
}

/** A copied file, or an additional name of one. */
interface ListedFile {
  root: number;
  path: string;
  isInPlace: boolean;
  digest?: string;
  /** First name of the file, if this is an additional name. */
  first?: TargetPlace;
  /** Whether there is no certain digest. The failure was reported. */
  isUnlisted?: boolean;
}

/** Files that one copy adds to a manifest. */
export class CopiedFiles implements CopyListing {
  readonly #files = new Map<string, ListedFile>();
  /** Length of all paths. Paths beyond MAX_TEXT are not kept. */
  #text = 0;
  #renamed = false;
  #roots: { name: string; isDirectory: boolean }[] = [];

  /** Sets the roots of the sources, as the sender names them. */
  setRoots(roots: readonly { name: string; kind: string }[]): void {
    this.#roots = roots.map(({ name, kind }) => ({ name, isDirectory: kind === "folder" }));
  }

  digested(root: number, path: string, digest: Uint8Array): void {
    const file = this.#file(root, path);
    file.digest = digest.toHex();
    file.first = undefined;
    file.isUnlisted = false;
  }

  linked(root: number, path: string, first: TargetPlace): void {
    const file = this.#file(root, path);
    file.first = first;
    // A later file under the first name is another file.
    file.digest = this.#files.get(placeKey(first))?.digest;
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

  /** Sets whether the target is the name of the only source. A property, because it is passed without the object. */
  readonly placed = (renamed: boolean): void => {
    this.#renamed = renamed;
  };

  /**
   * Adds the files that are in place. An additional name is omitted if its file was not copied in this run.
   *
   * @param target as the user typed it.
   * @returns failures for names without a certain digest.
   */
  addTo(manifest: Pick<Manifest, "add">, target: string): Failure[] {
    const lines = new Map<string, string>();
    const failures = new Map<string, Failure>();
    if (this.#text > MAX_TEXT) failures.set(target, unlisted(target, "the paths of all files together are too long"));
    for (const { root, path, isInPlace, digest, first, isUnlisted } of this.#files.values()) {
      const { name, isDirectory } = this.#roots[root];
      const own = this.#renamed ? (isDirectory ? "" : baseName(target)) : name;
      const line = own === "" || own === "." ? path : joinPath(own, path);
      const found = first === undefined ? digest : digest ?? this.#files.get(placeKey(first))?.digest;
      if (!isInPlace || isUnlisted || (first !== undefined && found === undefined)) continue;
      if (found === undefined) failures.set(line, unlisted(line, "its contents could not be read again"));
      else if ((lines.get(line) ?? found) !== found) {
        failures.set(line, unlisted(line, "several sources contain a file of this name"));
      } else lines.set(line, found);
    }
    for (const [line, digest] of lines) if (!failures.has(line)) manifest.add(line, digest);
    return [...failures.values()];
  }

  #file(root: number, path: string): ListedFile {
    const key = placeKey({ root, path });
    let file = this.#files.get(key);
    if (!file) {
      file = { root, path, isInPlace: false };
      this.#text += path.length;
      if (this.#text <= MAX_TEXT) this.#files.set(key, file);
    }
    return file;
  }
}

function unlisted(name: string, state: string): Failure {
  return { code: "", path: name, message: `Cannot list the digest of ${quotePath(name)}: ${state}`, hint: "" };
}
