/** Operations on existing targets, with `Deno.*Sync`. */

import type { RangeReader } from "../../engine/source.ts";
import type { AttributeChanges } from "../../engine/target_comparer.ts";
import { joinPath } from "../../path/local_path.ts";
import { failedWith } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile } from "../../stat/file_identity.ts";
import type { Attributes, FileStat } from "../../stat/file_stat.ts";
import type { CompareCalls } from "../../write/target_comparer.ts";
import { refersTo } from "../access.ts";
import { PortableRangeReader } from "../reader.ts";
import type { PortableTargetDirectory } from "./directory.ts";
import { existingAt, tryLink } from "./entries.ts";

export class PortableCompareCalls implements CompareCalls<string> {
  readonly user = Deno.build.os === "windows" ? null : Deno.uid();
  readonly #directory: PortableTargetDirectory;

  constructor(directory: PortableTargetDirectory) {
    this.#directory = directory;
  }

  open(path: string, stat: FileStat): RangeReader {
    const file = Deno.openSync(path);
    if (isSameFile(identityOf(file.statSync()), stat)) return new PortableRangeReader(file, path);
    file.close();
    throw failedWith("read", path, "ESTALE");
  }

  sync(path: string, stat: FileStat): void {
    using file = Deno.openSync(path);
    if (!isSameFile(identityOf(file.statSync()), stat)) throw failedWith("write", path, "ESTALE");
    file.syncSync();
  }

  setAttributes(path: string, stat: FileStat, source: Attributes, { owner, mode, time }: AttributeChanges): void {
    if (!owner && !mode && !time) return;
    const { attributes, options: { preserve } } = this.#directory;
    const check = () => {
      if (!refersTo(path, stat, { follow: false })) throw failedWith("set the attributes of", path, "ESTALE");
    };
    check();
    const timeFailure = preserve
      ? attributes.preserve(path, source, path)
      : attributes.setModificationTime(path, source, path);
    check();
    if (timeFailure) throw timeFailure;
  }

  identityOf(name: string): FileIdentity | undefined {
    const info = existingAt(this.#pathOf(name));
    return info && identityOf(info);
  }

  link(path: string, other: string): boolean {
    return tryLink(path, this.#pathOf(other));
  }

  rename(path: string, other: string): void {
    Deno.renameSync(path, this.#pathOf(other));
  }

  unlink(path: string): void {
    Deno.removeSync(path);
  }

  restore(backup: string, path: string, kept: FileIdentity): boolean {
    if (!refersTo(this.#pathOf(backup), kept, { follow: false })) return false;
    Deno.renameSync(this.#pathOf(backup), path);
    if (refersTo(path, kept, { follow: false })) return true;
    // Another file replaced the backup before the rename.
    Deno.removeSync(path);
    return true;
  }

  #pathOf(name: string): string {
    return joinPath(this.#directory.place, name);
  }
}
