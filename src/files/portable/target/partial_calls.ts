/** Opens partial files, with `Deno.*Sync`. */

import type { RangeReader } from "../../engine/source.ts";
import type { Partial, RangeWriter } from "../../engine/target.ts";
import { codeOf, failedDeno } from "../../stat/file_failure.ts";
import { identityOf, isSameFile, planted } from "../../stat/file_identity.ts";
import type { KnownFile, PartialCalls } from "../../write/target_directory.ts";
import { leadsTo } from "../access.ts";
import { PortableRangeWriter } from "../range_writer.ts";
import { PortableRangeReader } from "../reader.ts";
import type { StagedFile } from "./staging.ts";
import { type PortableTargetDirectory, remove } from "./directory.ts";

export class PortablePartialCalls implements PartialCalls<StagedFile> {
  readonly #directory: PortableTargetDirectory;

  constructor(directory: PortableTargetDirectory) {
    this.#directory = directory;
  }

  openStaged(known: KnownFile, text: string): StagedFile {
    const file = new PortableRangeWriter(this.#open(known, text, "write"), text);
    return { path: this.#pathOf(known), identity: known.identity, file };
  }

  openWriter(partial: Partial, text: string): RangeWriter {
    return new PortableRangeWriter(this.#open(partial, text, "write"), text);
  }

  openReader(partial: Partial, text: string): RangeReader {
    return new PortableRangeReader(this.#open(partial, text, "read"), text);
  }

  hasName(file: KnownFile): boolean {
    return leadsTo(this.#pathOf(file), file.identity, { follow: false });
  }

  remove(partial: Partial): void {
    remove(this.#pathOf(partial));
  }

  /** @throws {FileError} If the temporary name refers to another file. */
  #open(known: KnownFile, text: string, operation: "read" | "write"): Deno.FsFile {
    if (!this.hasName(known)) throw planted(operation, text);
    try {
      // Writers read too: contents that become a hole are examined.
      const file = Deno.openSync(this.#pathOf(known), { read: true, write: true });
      if (isSameFile(identityOf(file.statSync()), known.identity)) return file;
      file.close();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw failedDeno(operation, text, error);
    }
    throw planted(operation, text);
  }

  #pathOf({ temporary }: KnownFile): string {
    return this.#directory.nameOf(temporary);
  }
}
