/** Opens partial files, with `Deno.*Sync`. */

import type { RangeReader } from "../../engine/source.ts";
import type { Partial, RangeWriter } from "../../engine/partial_file.ts";
import { codeOf, failedDeno } from "../../stat/file_failure.ts";
import { identityOf, isSameFile, planted } from "../../stat/file_identity.ts";
import type { KnownFile, PartialCalls } from "../../write/target_directory.ts";
import { refersTo } from "../access.ts";
import { PortableRangeWriter } from "../range_writer.ts";
import { PortableRangeReader } from "../reader.ts";
import type { StagedFile } from "./staging.ts";
import type { PortableTargetDirectory } from "./directory.ts";

export class PortablePartialCalls implements PartialCalls<StagedFile> {
  readonly #directory: PortableTargetDirectory;

  constructor(directory: PortableTargetDirectory) {
    this.#directory = directory;
  }

  openStaged(known: KnownFile, text: string): StagedFile {
    const file = new PortableRangeWriter(this.#open(known, text, "write"), text);
    return { path: this.#pathOf(known), identity: known.identity, inPlace: known.inPlace, file };
  }

  openWriter(partial: Partial, text: string): RangeWriter {
    return new PortableRangeWriter(this.#open(partial, text, "write"), text);
  }

  openReader(partial: Partial, text: string): RangeReader {
    return new PortableRangeReader(this.#open(partial, text, "read"), text);
  }

  hasName(file: KnownFile): boolean {
    return refersTo(this.#pathOf(file), file.identity, { follow: false });
  }

  /** @throws {FileError} If the temporary name refers to another file. */
  #open(known: KnownFile, text: string, operation: "read" | "write"): Deno.FsFile {
    if (!this.hasName(known)) throw planted(operation, text);
    let file: Deno.FsFile;
    try {
      // Writers read too: contents that become a hole are examined.
      file = Deno.openSync(this.#pathOf(known), { read: true, write: operation === "write" });
    } catch (error) {
      throw codeOf(error) === "ENOENT" ? planted(operation, text) : failedDeno(operation, text, error);
    }
    try {
      if (!isSameFile(identityOf(file.statSync()), known.identity)) throw planted(operation, text);
      if (this.#directory.isSwappable) this.#directory.checkUnchanged();
      return file;
    } catch (error) {
      file.close();
      throw failedDeno(operation, text, error);
    }
  }

  #pathOf({ temporary }: KnownFile): string {
    return this.#directory.nameOf(temporary);
  }
}
