/** The directory of `--shard-report`, which all shards of a copy share. */

import { quotePath, UserError } from "../../errors.ts";
import { failedDeno } from "../../files/stat/file_failure.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { newPartialName } from "../../files/path/private_names.ts";
import { writeAll } from "../../log/write_all.ts";
import { openOwnFile } from "../../resume/own_file.ts";
import { failureReason } from "../failure_reason.ts";

/** Maximum size of a report. In bytes. */
const MAX_REPORT_BYTES = 256 << 20;
const OPERATION = "write the shard report";
const GROUP_AND_OTHERS_WRITE = 0o022;

/** Files of this user in a directory that nobody else can change. */
export class ReportDirectory {
  readonly path: string;

  /** @throws {UserError} if the directory is missing, or others can change it. */
  constructor(path: string, { create = false } = {}) {
    this.path = path;
    const refuse = (reason: string, options: { hint?: string; cause?: unknown } = {}) => {
      throw new UserError(`Cannot use the directory ${quotePath(path)} of "--shard-report": ${reason}`, options);
    };
    let info: Deno.FileInfo;
    try {
      if (create) makeDirectory(path);
      info = Deno.statSync(path);
    } catch (cause) {
      return refuse(failureReason(cause), { cause });
    }
    if (!info.isDirectory) refuse("it is not a directory");
    if (Deno.build.os === "windows") return;
    if (info.uid !== Deno.uid()) refuse("it belongs to another user", { hint: "Use a directory of your own" });
    if (((info.mode ?? 0) & GROUP_AND_OTHERS_WRITE) === 0) return;
    refuse("other users can write to it", { hint: `Run: chmod go-w ${quotePath(path)}` });
  }

  /** Writes a file, complete or not at all, which only this user can read. @throws {FileError} */
  write(name: string, text: string): void {
    const path = joinPath(this.path, name);
    const temporary = joinPath(this.path, newPartialName());
    try {
      const mode = Deno.build.os === "windows" ? undefined : 0o600;
      using file = Deno.openSync(temporary, { write: true, createNew: true, mode });
      writeAll(file, new TextEncoder().encode(text));
      file.syncDataSync();
      Deno.renameSync(temporary, path);
    } catch (cause) {
      try {
        Deno.removeSync(temporary);
      } catch {
        // The file was not created.
      }
      throw failedDeno(OPERATION, path, cause);
    }
  }

  /** Reads a file of this user; undefined if there is none. @throws {Error} the reason if it cannot be read. */
  read(name: string): string | undefined {
    using file = openOwnFile(joinPath(this.path, name));
    if (!file) return undefined;
    const { size } = file.statSync();
    if (size > MAX_REPORT_BYTES) throw new Error("it is too large");
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let read: number | null; length < size && (read = file.readSync(bytes.subarray(length)));) length += read;
    return new TextDecoder().decode(bytes.subarray(0, length));
  }
}

/** Creates the directory unless it exists. Several shards may do so at the same time. */
function makeDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}
